# SPDX-License-Identifier: MIT
"""The smallest appliance: kernel and initramfs with supd and one static service (only.c), until the
host has READY=1; and where the time went, as the machine itself tells it. vm_boot.py has it."""
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import vm

READY_WITHIN, ANSWER_WITHIN = 300, 120
ONLY = """[Service]
ExecStart=/only
[Install]
WantedBy=multi-user.target
[Container]
Profile=trusted
"""
SUPCTL = "/usr/local/bin/supctl"
ASKED = ("time", "blame", "critical-chain")


def measure(repeats, plot):
    """Prints the medians, and of the last boot what it says of itself; plot: file for the picture."""
    top = tempfile.mkdtemp(prefix="supd-bench-", dir="/run")
    try:
        build(top)
        rows = [one_boot(top, plot if i == repeats - 1 else None) for i in range(repeats)]
        size = os.path.getsize(top + "/out/initrd") // 1024
        said = open(top + "/said", encoding="utf-8").read()
    finally:
        shutil.rmtree(top)
    median = {k: statistics.median(row[k] for row in rows) for k in rows[0]}
    print(f"\n### The smallest appliance: an initramfs of {size} KiB, {repeats} boots, medians\n")
    print("| | |\n|---|---|")
    for name, seconds in median.items():
        print(f"| {name} | {seconds:.2f} s |")
    print(f"\nThe last of them, by itself (picture: {plot}):\n{said}", flush=True)


def build(top):
    os.makedirs(top + "/units")
    os.makedirs(top + "/files")
    with open(top + "/units/only.service", "w", encoding="ascii") as f:
        f.write(ONLY)
    vm.run("cc", "-static", "-O", "-D_GNU_SOURCE", "-o", top + "/files/only",
           os.path.join(os.path.dirname(os.path.abspath(__file__)), "only.c"))
    vm.run(vm.SOURCE + "/contrib/vm/build", "-o", top + "/out", "--build", vm.BUILD, "--minimal",
           "--files", top + "/files", "--kernel", vm.CACHE + "/kernel", top + "/units")


def one_boot(top, plot):
    notes, port = top + "/notes", top + "/port"
    env = dict(os.environ, VM_ACCEL="tcg,thread=multi")
    qemu = [vm.SOURCE + "/contrib/vm/run", top + "/out", "-device", "virtio-serial-pci",
            "-chardev", f"file,id=note,path={notes}",
            "-device", "virtserialport,chardev=note,name=org.supd.notify",
            "-chardev", f"socket,id=port,path={port},server=on,wait=off", "-serial", "chardev:port"]
    for old in (notes, port):
        if os.path.exists(old):
            os.unlink(old)
    start = time.monotonic()
    with subprocess.Popen(qemu, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          preexec_fn=vm.die_with_parent) as p:
        try:
            with connect(p, port, start + READY_WITHIN) as s:
                text = wait_told(p, notes, start + READY_WITHIN)
                whole = time.monotonic() - start
                if plot:
                    ask(s, top + "/said", plot)
        finally:
            p.kill()
    told = {k: int(v) / 1e6 for k, v in re.findall(r"X_SUPD_(\w+)_USEC=(\d+)", text)}
    return {"qemu and kernel until hand-over": whole - (told["READY"] - told["USERSPACE"]),
            "of it by the kernel's clock": told["USERSPACE"],
            "hand-over → supd-init": told["INIT"] - told["USERSPACE"],
            "supd-init → the units are loaded": told["LOADED"] - told["INIT"],
            "units loaded → READY": told["READY"] - told["LOADED"],
            "hand-over → READY=1 at the host": told["READY"] - told["USERSPACE"]}


def wait_told(process, notes, deadline):
    """What the host was told, until all of READY's times are there."""
    text = ""
    while "X_SUPD_READY_USEC=" not in text or not text.endswith("\n\n"):
        if time.monotonic() > deadline or process.poll() is not None:
            raise vm.Failed("the appliance does not become ready: " + text)
        time.sleep(0.02)
        if os.path.exists(notes):
            with open(notes, encoding="utf-8", errors="replace") as f:
                text = f.read()
    return text


def connect(process, port, deadline):
    """The other end of the machine's second serial port, before anything can be said there."""
    while True:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(port)
            s.settimeout(ANSWER_WITHIN)
            return s
        except OSError:
            s.close()
            if time.monotonic() > deadline or process.poll() is not None:
                raise vm.Failed("qemu did not start") from None
            time.sleep(0.02)


def ask(s, said, plot):
    """What the machine itself says of its boot; it runs /only, which runs supctl for us."""
    answer(s)
    with open(said, "w", encoding="utf-8") as f:
        for verb in ASKED:
            s.sendall(f"{SUPCTL} {verb}\n".encode())
            f.write(f"\n$ supctl {verb}\n{answer(s)}")
    s.sendall(f"{SUPCTL} plot\n".encode())
    picture = answer(s)
    vm.check("plot is a picture", picture.rstrip().endswith("</svg>"), picture[-300:])
    with open(plot, "w", encoding="utf-8") as f:
        f.write(picture)


def answer(s):
    """All until EOT."""
    data = b""
    while not data.endswith(b"\4"):
        part = s.recv(4096)
        vm.check("the machine is there", part, data)
        data += part
    return data[:-1].decode(errors="replace")
