# SPDX-License-Identifier: MIT
"""The root file system of soak.py's machines: supd, a shell, e2fsck and vm-soaker, and nothing else. The
kernel mounts it itself, read-only, and executes supd-boot; so a boot is as short as it can be."""
import os
import shutil
import stat
import tempfile

import vm

KERNEL = os.path.join(vm.CACHE, "kernel")
SIZE = "80M"
DATA, ORDER = "/var/soak/data", "/var/soak/order"
PROGRAMS = "/bin/sh /bin/cat /sbin/fsck /sbin/fsck.ext4".split()  # of this machine
TRUSTED = "[Container]\nProfile=trusted\n"
WRITER = f"""[Service]
ExecStart=/usr/lib/vm-soaker write {DATA} /dev/ttyS2
{TRUSTED}"""
PLAGUE = f"""[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/lib/vm-soaker plague
{TRUSTED}"""
FIRST = f"""[Service]
Type=oneshot
RemainAfterExit=yes
ProtectSystem=strict
ReadWritePaths=/var/soak
ExecStart=/bin/sh -c 'echo first >>{ORDER}'
ExecStop=/bin/sh -c 'echo then-first >>{ORDER}'
[Container]
Profile=compat
"""
SECOND = """[Unit]
Requires=first.service
After=first.service
""" + FIRST.replace("first", "second")
# What each boot that came up and went down leaves at the end of ORDER.
WHOLE = ["first", "second", "then-second", "then-first"]
WANTS = {"sysinit.target": ["vm-agent", "plague"],
         "multi-user.target": ["writer", "first", "second"]}
WORDS = vm.QUIET + " rootwait 8250.nr_uarts=3"
FSTAB = "/dev/nvme0n1 / ext4 defaults 0 1\n"


def put(root, path, text):
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    with open(root + path, "w", encoding="ascii") as f:
        f.write(text)


def fill(root):
    shutil.copytree(vm.installed_tree(), root, symlinks=True)
    for name in ("proc", "sys", "dev", "run", "tmp", "bin", "sbin", "var/soak", "usr/lib"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    for program in ("agent", "soaker"):
        shutil.copy(os.path.join(vm.BUILD, "tests/vm/vm-" + program), root + "/usr/lib")
    for program in PROGRAMS:
        shutil.copy(os.path.realpath(program), root + program)
    units = {"vm-agent": vm.AGENT, "writer": WRITER, "plague": PLAGUE, "first": FIRST,
             "second": SECOND}
    for name, text in units.items():
        put(root, f"/etc/supd/{name}.service", text)
    for target, names in WANTS.items():
        os.makedirs(f"{root}/etc/supd/{target}.wants")
        for name in names:
            os.symlink(f"../{name}.service", f"{root}/etc/supd/{target}.wants/{name}.service")
    put(root, "/etc/fstab", FSTAB)
    put(root, "/etc/machine-id", "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e\n")
    vm.appliance_builder().libraries(root)
    os.mknod(root + "/dev/console", stat.S_IFCHR | 0o600, os.makedev(5, 1))


def make(image):
    """A fresh one with the supd of the build directory."""
    vm.run(os.path.join(vm.SOURCE, "contrib/vm/kernel"), KERNEL)
    with tempfile.TemporaryDirectory(prefix="supd-soak-", dir="/var/tmp") as top:
        fill(top + "/root")
        vm.run("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", top + "/root", "-F", "-L", "root",
               image + ".new", SIZE)
    os.rename(image + ".new", image)


def init_path():
    """The kernel's init= in such an image."""
    return vm.libexec(vm.installed_tree()) + "/supd-boot"
