#!/bin/sh
# SPDX-License-Identifier: MIT
# A virtual machine with a hardware watchdog (i6300esb) and Debian's generic kernel, which has its driver:
# supd-init feeds it, and a supd-init that hangs is reset by it; and one with a disk that stops to answer, which
# goes down all the same. Needs root; fetches the kernel once (70 MB).
# usage: contrib/hardware-vm.sh
set -eu

cd "$(dirname "$0")/.."
. contrib/prologue.sh
prepare check
python3 tests/vm/hardware.py "$@"
