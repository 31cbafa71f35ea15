# SPDX-License-Identifier: MIT
"""Boots virtual machines with the supd of a build directory as PID 1. README.md says how to use it.

    vm.main(globals())       runs every test_*() of the file, or those named on the command line
    with vm.Machine(units={"x.service": "..."}) as m:
        m.sh("supctl is-active x.service")     output; raises when the status is not 0
"""
import contextlib
import ctypes
import fcntl
import glob
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("SUPD_BUILD", os.path.join(SOURCE, "build")))
CACHE = os.environ.get("SUPD_VM_CACHE", os.path.join(BUILD, "vm"))
DEBIAN_INITRD = os.path.join(CACHE, "debian-initrd")
sys.path.insert(0, os.path.join(SOURCE, "contrib/vm"))
import cpio  # noqa: E402
import standstill  # noqa: E402

QEMU = "qemu-system-x86_64"
# Guest time is slow and the host is shared: limits are for what hangs, not for what is slow.
BOOT_WITHIN, ANSWER_WITHIN, END_WITHIN, QEMU_WITHIN = 600, 300, 600, 120
REPORT_WITHIN = 60
CONSOLE_END = 100000  # of a console that was flooded: so much of its beginning and of its end
KERNEL_ARGS = ("console=ttyS0 panic=-1 quiet mitigations=off nokaslr cryptomgr.notests "
               "random.trust_cpu=on no_timer_check rcupdate.rcu_expedited=1 systemd.getty_auto=no "
               "root=/dev/nvme0n1 rootfstype=ext4")
MODULES = ["virtio_pci", "virtio_console", "softdog", "button", "evdev", "loop", "dm_mod",
           "qemu_fw_cfg"]
# What Debian's generic kernel needs for the root file system; the cloud kernel has it built in.
ROOT_MODULES = ["nvme", "crc32c_generic", "ext4"]
# A lean boot, for tests of something else: no udevd, and none of what sets up a machine's files
# and variables (half of the time to sysinit.target). test_devices.py, test_daemons.py have all of it.
QUIET = " ".join(f"supd.mask=systemd-{name}.service" for name in (
    "udev-trigger", "udevd", "tmpfiles-setup-dev", "tmpfiles-setup", "sysctl", "modules-load",
    "random-seed"))
# Enabled by packages that are there for their programs, or for the appliance of test_appliance.py.
UNASKED = ["sysinit.target.wants/apparmor.service", "multi-user.target.wants/lighttpd.service"]
AGENT = """[Unit]
Description=Hand of the test
DefaultDependencies=no
[Container]
Profile=trusted
[Service]
ExecStart=/usr/lib/vm-agent /dev/ttyS1
Restart=always
"""


def forget_the_killed(top):
    """What tests left that were killed by a signal that nobody can catch."""
    for name in os.listdir(top):
        owner = re.fullmatch(r"supd-vm-(\d+)-[\w.]+", name)
        if not owner or os.path.exists("/proc/" + owner.group(1)):
            continue
        path = os.path.join(top, name)
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.isfile(path):
            os.unlink(path)


def packages():
    with open(os.path.join(HERE, "packages"), encoding="ascii") as f:
        return [w for line in f for w in line.split("#")[0].split()]


# What is asked of a machine that did not do what a test wants, if it still answers.
REPORT = ("supctl is-system-running; supctl list --failed; supctl list-jobs; "
          "supctl logs -n 80 || journalctl -q -n 80")


class Failed(Exception):
    pass


def die_with_parent():
    """In the child: qemu goes when the test is killed, however."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def check(what, condition, detail=""):
    if not condition:
        raise Failed(f"{what}" + (f": {detail}" if detail else ""))


def run(*command):
    out = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if out.returncode:
        raise Failed(f"{' '.join(command)}: status {out.returncode}\n{out.stdout}{out.stderr}")
    return out.stdout


def make_debian_initrd(tree):
    """An initramfs as initramfs-tools of that root file system makes it. Root device and file
    system are built into the kernel: no module has to be in it, which keeps its boot short."""
    version = open(os.path.join(CACHE, "kernel/version"), encoding="ascii").read().strip()
    modules = os.path.join(tree, "usr/lib/modules")
    os.makedirs(modules, exist_ok=True)
    config = os.path.join(tree, "boot/config-" + version)
    with open(config, "w", encoding="ascii") as f:
        f.write("CONFIG_RD_GZIP=y\n")  # mkinitramfs asks; the kernel has it
    # The mounts are those of a namespace that ends with the script.
    run("unshare", "-m", "sh", "-euc", 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; '
        'mount --bind "$2" "$3"; chroot "$1" /bin/sh -c "mkdir -p /tmp/conf.d && cp -r '
        '/etc/initramfs-tools/. /tmp/conf.d && echo MODULES=list >>/tmp/conf.d/initramfs.conf && '
        'echo COMPRESS=gzip >>/tmp/conf.d/initramfs.conf && '
        'mkinitramfs -d /tmp/conf.d -o /tmp/initrd $4"; cp "$1/tmp/initrd" "$5.new"; '
        'rm -rf "$1/tmp/initrd" "$1/tmp/conf.d"', "sh", tree,
        os.path.join(CACHE, "kernel/lib/modules"), modules, version, DEBIAN_INITRD)
    os.rename(DEBIAN_INITRD + ".new", DEBIAN_INITRD)
    os.rmdir(modules)
    os.unlink(config)


def appliance_builder():
    """contrib/vm/build as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "appliance", os.path.join(SOURCE, "contrib/vm/build"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("appliance", loader))
    loader.exec_module(module)
    return module


def prepare():
    """Kernel and root file system, once per build directory; the first test makes them."""
    os.makedirs(CACHE, exist_ok=True)
    for tool in (QEMU, "mmdebstrap", "mke2fs", "depmod"):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Failed(f"{tool} is missing: run contrib/install-deps.sh")
    wanted = " ".join(packages())
    with open(os.path.join(CACHE, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_kernel = [os.path.join(SOURCE, "contrib/vm/kernel"), os.path.join(CACHE, "kernel")]
        image, stamp = os.path.join(CACHE, "root.ext4"), os.path.join(CACHE, "root.packages")
        ready = os.path.exists(image) and os.path.exists(DEBIAN_INITRD) and os.path.exists(stamp)
        if ready and open(stamp).read() == wanted:
            run(*make_kernel)
            return
        tree = os.path.join(CACHE, "root")
        shutil.rmtree(tree, ignore_errors=True)
        with subprocess.Popen(make_kernel, stdin=subprocess.DEVNULL) as kernel:
            appliance_builder().debian(tree, packages(), CACHE)
        check("contrib/vm/kernel", kernel.returncode == 0, f"status {kernel.returncode}")
        for link in UNASKED:
            os.unlink(os.path.join(tree, "etc/systemd/system", link))
        make_debian_initrd(tree)
        run("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", tree, "-F", "-L", "root",
            image + ".new", "1200M")
        shutil.rmtree(tree)
        os.rename(image + ".new", image)
        with open(stamp, "w", encoding="ascii") as f:
            f.write(wanted)


def built():
    """Changes with every program and file that would be installed."""
    with open(os.path.join(BUILD, "meson-info/intro-installed.json"), encoding="utf-8") as f:
        made = json.load(f)
    facts = []
    for source, target in sorted(made.items()):
        st = os.stat(source) if os.path.exists(source) else None
        facts.append((target, st and (st.st_mtime_ns, st.st_size)))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def installed_tree():
    """What `meson install` gives, without debug information; made once for each state of BUILD."""
    os.makedirs(os.path.join(BUILD, "vm"), exist_ok=True)
    tree = os.path.join(BUILD, "vm", "installed-" + built())
    with open(os.path.join(BUILD, "vm", "installed.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(tree):
            # Those of earlier states: nobody who runs with this one reads them.
            for old in glob.glob(os.path.join(BUILD, "vm", "installed-*")):
                shutil.rmtree(old)
            run("/usr/bin/meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--strip",
                "--destdir", tree + ".new")
            os.rename(tree + ".new", tree)
    return tree


def libexec(tree):
    for top, _, files in os.walk(tree):
        if "supd-init" in files:
            return "/" + os.path.relpath(top, tree)
    raise Failed("the installed tree has no supd-init")


def said(text, console):
    """The emulated UART prints a character twice when the kernel's own output cuts in."""
    return re.search("".join(re.escape(c) + "{1,2}" for c in text), console) is not None


class Machine:
    """One virtual machine. Everything it makes lies in a directory of its own that goes with it.

    units    name -> text, in /etc/supd; WantedBy=/.wants links are the test's own files
    files    path -> text, (text, mode) or None (the file is taken away, made /dev/null's link)
    append   words for the kernel command line
    qemu     more options of qemu
    smp, mem
    console  false: no ttyS0, which the command line names: no console at all
    note     false: nobody listens at the port org.supd.notify until listen_late()
    agent    the test's hand on ttyS1 (off: only console and QMP)
    early    path -> (bytes, mode): in the initramfs itself
    initrd   an initramfs of others; nothing is copied to the root file system, which has it all.
             None: the kernel mounts the root and executes what init= names
    line     a third serial port, ttyS2: connect("line") is its other end
    disk     a raw image that stays: second NVMe drive
    persist  changes of the root file system are kept in this copy of it (a path)
    boot_within  seconds until the agent has to answer
    kernel   a directory that contrib/vm/kernel made: of a kernel that has the disk's and the root's
             drivers as modules
    modules, without: names of modules to load beside MODULES, and of those that are not
    """

    boots = 0  # of this program

    def __init__(self, units=None, files=None, **how):
        top = "/run" if os.access("/run", os.W_OK) else tempfile.gettempdir()
        forget_the_killed(top)
        self.dir = tempfile.mkdtemp(prefix=f"supd-vm-{os.getpid()}-", dir=top)
        self.console_log = os.path.join(self.dir, "console.log")
        self.how = how
        self.kernel = how.get("kernel", os.path.join(CACHE, "kernel"))
        self.process = self.agent = self.console = self.qmp = self.note = None
        self.readers = []
        self.events, self.exited, self.notes = [], None, b""
        self.started = 0.0
        try:
            if "initrd" not in self.how:
                prepare()
                self.initrd(units or {}, files or {})
        except BaseException:
            self.close()
            raise

    def initrd(self, units, files):
        tree = installed_tree()
        kernel = self.kernel
        version = open(os.path.join(kernel, "version"), encoding="ascii").read().strip()
        archive = cpio.Archive(os.path.join(self.dir, "initrd"))
        for name in ("dev", "proc", "sys", "run", "sysroot"):
            archive.directory(name)
        archive.device("dev/console", 5, 1)
        archive.path(os.path.join(BUILD, "tests/vm/vm-stage"), "init")
        self.libexec = libexec(tree)
        archive.path(tree + self.libexec + "/supd-boot", "init.real")
        order = cpio.module_files(kernel, version, self.modules())
        for path in order:
            archive.path(os.path.join(kernel, path), path)
        if self.how.get("kernel"):
            needed = cpio.module_files(kernel, version, ROOT_MODULES)
            archive.data("lib/modules/vm-stage.list", "".join(p + "\n" for p in needed))
        archive.data("lib/modules/supd-boot.list", "".join(p + "\n" for p in order))
        files = dict(files)
        if self.how.get("agent", True):
            archive.path(os.path.join(BUILD, "tests/vm/vm-agent"), "payload/usr/lib/vm-agent")
            files.setdefault("/etc/supd/vm-agent.service", AGENT)
            archive.link("payload/etc/supd/sysinit.target.wants/vm-agent.service",
                         "../vm-agent.service")
        for path, text in self.how.get("early", {}).items():
            archive.data(path, text[0], text[1])
        for name, text in units.items():
            files["/etc/supd/" + name] = text
        for top, dirs, names in os.walk(tree):
            for name in names + [d for d in dirs if os.path.islink(os.path.join(top, d))]:
                path = os.path.join(top, name)
                inside = path[len(tree):]
                if inside not in files:
                    archive.path(path, "payload" + inside)
        for path, text in files.items():
            if text is None:
                archive.link("payload" + path, "/dev/null")
            elif isinstance(text, tuple):
                archive.data("payload" + path, text[0], text[1])
            else:
                archive.data("payload" + path, text)
        for path, target in self.how.get("links", {}).items():
            archive.link("payload" + path, target)
        archive.close()

    def modules(self):
        more = ROOT_MODULES if self.how.get("kernel") else []
        return [m for m in MODULES if m not in self.how.get("without", [])] + \
            self.how.get("modules", []) + more

    def console_options(self):
        if not self.how.get("console", True):
            return ["-serial", "none"]
        return ["-chardev", f"socket,id=con,path={self.dir}/console,server=on,wait=on,"
                f"logfile={self.console_log}", "-serial", "chardev:con"]

    def command(self):
        root = self.how.get("persist")
        image = root or os.path.join(CACHE, "root.ext4")
        d = self.dir
        line = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "max",
                "-smp", str(self.how.get("smp", 1)), "-m", str(self.how.get("mem", 512)),
                "-kernel", os.path.join(self.kernel, "vmlinuz"),
                "-append", f"{KERNEL_ARGS} 8250.nr_uarts={3 if self.how.get('line') else 2} "
                + self.how.get("append", ""),
                "-drive", f"if=none,id=d0,file={image},format=raw,snapshot="
                + ("off" if root else "on"), "-device", "nvme,drive=d0,serial=root",
                *self.console_options(),
                "-chardev", f"socket,id=agent,path={d}/agent,server=on,wait=off",
                "-serial", "chardev:agent",
                "-chardev", f"socket,id=note,path={d}/note,server=on,wait=off",
                "-device", "virtio-serial-pci", "-device",
                "virtserialport,chardev=note,name=org.supd.notify",
                "-qmp", f"unix:{d}/qmp,server=on,wait=off",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        if self.how.get("initrd", d):
            line += ["-initrd", self.how.get("initrd", d + "/initrd")]
        if self.how.get("line"):
            line += ["-chardev", f"socket,id=line,path={d}/line,server=on,wait=off",
                     "-serial", "chardev:line"]
        if self.how.get("disk"):
            line += ["-drive", f"if=none,id=d1,file={self.how['disk']},format=raw",
                     "-device", "nvme,drive=d1,serial=data"]
        return line + self.how.get("qemu", [])

    def connect(self, name):
        deadline = time.monotonic() + QEMU_WITHIN
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(os.path.join(self.dir, name))
                return s
            except OSError:
                s.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise Failed("qemu did not start: " + self.qemu_says()) from None
                time.sleep(0.02)

    def qemu_says(self):
        with open(os.path.join(self.dir, "qemu.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def start(self):
        self.started = time.monotonic()
        Machine.boots += 1
        with open(os.path.join(self.dir, "qemu.log"), "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=die_with_parent)
        if self.how.get("console", True):
            self.console = self.connect("console")
        qmp = self.connect("qmp")
        qmp.settimeout(ANSWER_WITHIN)
        self.qmp = qmp.makefile("rwb", buffering=0)
        self.qmp_read()
        self.command_qmp("qmp_capabilities")
        if self.how.get("note", True):
            self.note = self.connect("note")
        self.read(self.console, self.note)
        if self.how.get("agent", True) and self.how.get("wait", True):
            self.wait_agent()
        return self

    def __enter__(self):
        try:
            return self.start()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise

    def __exit__(self, kind, error, trace):
        said_last = ""
        try:
            if kind:
                said_last = self.report(kind, error)
        finally:
            self.close()
            print(said_last, end="", flush=True)

    def report(self, kind, error):
        """All there is to see of a machine that failed. Only its console when the test is ended."""
        state = ""
        if issubclass(kind, Exception) and self.agent and self.process.poll() is None:
            try:
                state = "--- its units\n" + self.try_sh(REPORT, within=REPORT_WITHIN)[1]
            except (Failed, OSError, ValueError) as e:
                state = f"--- it cannot be asked: {e}\n"
        if issubclass(kind, Exception) and self.qmp and self.process.poll() is None:
            with contextlib.suppress(Failed, OSError, ValueError, TypeError):
                state += standstill.look(self)
        text = self.console_text()
        if len(text) > 2 * CONSOLE_END:
            text = f"{text[:CONSOLE_END]}\n--- much more\n{text[-CONSOLE_END:]}"
        return (f"--- console of the machine\n{text}{state}"
                f"--- qemu\n{self.qemu_says()}--- {kind.__name__}: {error}\n")

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join()
        for sock in (self.console, self.agent, self.note):
            if sock:
                sock.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- the agent ----

    def connect_agent(self):
        """What the agent says while nobody is connected is lost."""
        if not self.agent:
            self.agent = self.connect("agent")
            self.agent.settimeout(1)

    def wait_agent(self):
        """Until the agent says hello: its unit runs, or runs again."""
        self.connect_agent()
        deadline = time.monotonic() + self.how.get("boot_within", BOOT_WITHIN)
        seen = b""
        while b"hello\n" not in seen:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Failed(f"no agent after {time.monotonic() - self.started:.0f} s")
            try:
                seen += self.agent.recv(1)
            except socket.timeout:
                pass
        self.boot_s = time.monotonic() - self.started

    def read_agent(self, n, deadline):
        data = b""
        while len(data) < n:
            if time.monotonic() > deadline:
                raise Failed("the guest does not answer")
            try:
                part = self.agent.recv(n - len(data))
            except socket.timeout:
                continue
            if not part:
                raise Failed("the machine has ended")
            data += part
        return data

    def try_sh(self, script, within=ANSWER_WITHIN):
        """(status, output) of a shell script in the guest."""
        data = script.encode()
        deadline = time.monotonic() + within
        self.agent.sendall(b"%d\n" % len(data) + data)
        head = b""
        while not head.endswith(b"\n"):
            head += self.read_agent(1, deadline)
        status, size = (int(w) for w in head.split())
        return status, self.read_agent(size, deadline).decode(errors="replace")

    def sh(self, script, within=ANSWER_WITHIN):
        status, out = self.try_sh(script, within)
        check(f"in the guest: {script}", status == 0, f"status {status}: {out}")
        return out

    def send(self, script):
        """A script whose end is not waited for: it ends the machine."""
        data = script.encode()
        self.agent.sendall(b"%d\n" % len(data) + data)

    def wait_sh(self, script, within=ANSWER_WITHIN):
        """Until the script's status is 0; its output."""
        deadline = time.monotonic() + within
        while True:
            status, out = self.try_sh(script)
            if status == 0:
                return out
            check(f"waited for: {script}", time.monotonic() < deadline, out)
            time.sleep(0.2)

    # ---- console, notifications, QMP ----

    def listen_late(self):
        """To a machine with note=False: the host's end of the port is opened now."""
        self.note = self.connect("note")
        self.read(self.note)

    def read(self, *sockets):
        self.readers.append(threading.Thread(target=self.drain, args=sockets, daemon=True))
        self.readers[-1].start()

    def drain(self, *sockets):
        """Reads what the machine says until it has ended. qemu writes the console byte by byte: a
        few hundred that nobody reads fill the socket, and who writes in the guest waits for ever."""
        open_ones = [s for s in sockets if s]
        while open_ones:
            for sock in select.select(open_ones, [], [])[0]:
                try:
                    data = sock.recv(65536)
                except ConnectionError:
                    data = b""
                if not data:
                    open_ones.remove(sock)
                elif sock is self.note:
                    self.notes += data

    def console_text(self):
        try:
            with open(self.console_log, encoding="utf-8", errors="replace") as f:
                return f.read().replace("\r", "")
        except FileNotFoundError:
            return ""

    def wait_console(self, text, within=BOOT_WITHIN, after=0):
        """after: of the console's text, what is not looked at: its length at an earlier moment."""
        deadline = time.monotonic() + within
        while not said(text, self.console_text()[after:]):
            check(f"the console should say {text!r}", time.monotonic() < deadline and
                  (self.process.poll() is None or said(text, self.console_text()[after:])))
            time.sleep(0.1)

    def wait_note(self, text, within=BOOT_WITHIN):
        """Until the host was told this line over the virtio port."""
        deadline = time.monotonic() + within
        while text.encode() not in self.notes:
            check(f"the host should be told {text!r}", time.monotonic() < deadline,
                  self.notes.decode(errors="replace"))
            time.sleep(0.1)

    def type(self, text):
        self.console.sendall(text.encode())

    def qmp_read(self):
        line = self.qmp.readline()
        message = json.loads(line) if line else {}
        if "event" in message:
            self.events.append(message)
        return message

    def command_qmp(self, name, **arguments):
        self.qmp.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self.qmp_read()
            if "return" in message or not message:
                return message.get("return")
            check(f"qmp {name}", "error" not in message, message)

    def wait_halt(self, within=END_WITHIN):
        """Until the processor stands still with interrupts off: nothing wakes it but a reset."""
        deadline = time.monotonic() + within
        while True:
            state = self.command_qmp("human-monitor-command", **{"command-line": "info registers"})
            check("the machine should be there still", state is not None)
            flags = int(re.search(r"FL=([0-9a-f]+)", state)[1], 16)
            if "HLT=1" in state and not flags & 0x200:
                return
            check("the processor should stand still", time.monotonic() < deadline, state)
            time.sleep(0.1)

    def throttle(self, drive, write_bps):
        """The second drive ("d1") or the root's ("d0") writes so many bytes a second from now on; 0:
        as it can."""
        rest = {name: 0 for name in ("bps", "bps_rd", "iops", "iops_rd", "iops_wr")}
        self.command_qmp("block_set_io_throttle", device=drive, bps_wr=write_bps, **rest)

    def key(self, *keys, hold_ms=100):
        self.command_qmp("send-key", keys=[{"type": "qcode", "data": k} for k in keys],
                         **{"hold-time": hold_ms})

    def wait_end(self, reason=None, within=END_WITHIN):
        """Until qemu has ended; reason: of QMP's SHUTDOWN event. Returns the seconds it took."""
        start = time.monotonic()
        while self.process.poll() is None:
            check("the machine should have ended", time.monotonic() < start + within)
            time.sleep(0.05)
        try:
            while self.qmp_read():
                pass
        except OSError:
            pass
        self.exited = self.process.returncode
        for reader in self.readers:
            reader.join()
        reasons = [e["data"]["reason"] for e in self.events if e["event"] == "SHUTDOWN"]
        check("how the machine ended", reason is None or reason in reasons,
              f"{reasons}, expected {reason}")
        return time.monotonic() - start


def wait_line(sock, text, within=ANSWER_WITHIN):
    """Until the other end of a serial line has said this; what it said."""
    deadline = time.monotonic() + within
    seen = ""
    sock.settimeout(1)
    while text not in seen:
        check(f"the line should say {text!r}", time.monotonic() < deadline, seen)
        try:
            part = sock.recv(4096)
            check("the machine is there", part, seen)
            seen += part.decode(errors="replace")
        except socket.timeout:
            pass
    return seen


def disk(path, size="16M", label="data"):
    """A fresh ext4 image."""
    run("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-F", "-L", label, path, size)
    return path


def root_copy(path):
    """A copy of the root file system that may change, sparse."""
    prepare()
    run("cp", "--sparse=always", "--reflink=auto", os.path.join(CACHE, "root.ext4"), path)
    return path


def root_uuid():
    """Of the root file system."""
    prepare()
    head = run("/usr/sbin/dumpe2fs", "-h", os.path.join(CACHE, "root.ext4"))
    return re.search(r"Filesystem UUID:\s+(\S+)", head)[1]


def swap_space(size=1 << 20):
    """files= value: a file that swapon takes."""
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(size)
        run("/usr/sbin/mkswap", f.name)
        return (f.read(), 0o600)


def image_text(path):
    """A text file of the root file system, for tests that put a changed one in its place."""
    prepare()
    return run("/usr/sbin/debugfs", "-R", "cat " + path, os.path.join(CACHE, "root.ext4"))


def file_in(image, path):
    """The bytes of a file of an image that no machine has."""
    out = subprocess.run(["/usr/sbin/debugfs", "-R", "cat " + path, image], capture_output=True,
                         stdin=subprocess.DEVNULL)
    return out.stdout


def mark():
    """files= for a machine with /usr/lib/vm-mark (mark.c)."""
    with open(os.path.join(BUILD, "tests/vm/vm-mark"), "rb") as f:
        return {"/usr/lib/vm-mark": (f.read(), 0o755)}


def module_tree(*names):
    """files= for a machine whose root has these modules and what finds them by name or alias."""
    prepare()
    kernel = os.path.join(CACHE, "kernel")
    version = open(os.path.join(kernel, "version"), encoding="ascii").read().strip()
    base = f"lib/modules/{version}/"
    indexes = [base + "modules." + n for n in ("dep", "dep.bin", "alias", "alias.bin", "builtin",
                                               "builtin.bin", "order", "softdep")]
    files = {}
    for path in indexes + cpio.module_files(kernel, version, names):
        if os.path.exists(os.path.join(kernel, path)):
            with open(os.path.join(kernel, path), "rb") as f:
                files["/usr/" + path] = (f.read(), 0o644)
    return files


def fsck_clean(image):
    """Clean: the journal needs no recovery and nothing is wrong."""
    head = run("/usr/sbin/dumpe2fs", "-h", image)
    check("journal is clean", "needs_recovery" not in head, head)
    run("/usr/sbin/e2fsck", "-f", "-n", image)


def cpu_of_children():
    """Seconds of those that have ended: unlike the wall time the same on a busy host."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(names):
    tests = {k: v for k, v in names.items() if k.startswith("test_")}
    chosen = sys.argv[1:] or list(tests)
    failed = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a timeout: the machines go too
    if os.geteuid() != 0:
        print("tests/vm needs root: the root file system is made with its owners")
        sys.exit(1)
    for name in chosen:
        start, cpu = time.monotonic(), cpu_of_children()
        try:
            tests[name]()
            print(f"ok   {name} {time.monotonic() - start:.1f} s, of the CPU "
                  f"{cpu_of_children() - cpu:.1f} s", flush=True)
        except Exception as error:  # the others are tried all the same
            failed += 1
            if not isinstance(error, (Failed, OSError)):
                traceback.print_exc(file=sys.stdout)
            print(f"FAIL {name} {time.monotonic() - start:.1f} s: {type(error).__name__}: {error}",
                  flush=True)
    print(f"{Machine.boots} machines started")
    sys.exit(1 if failed else 0)
