#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares supd, systemd and runit as PID 1 of a virtual machine, as Markdown on stdout: boot until
# 100 services run, memory, poweroff; and the smallest appliance (--smallest: it alone, a minute),
# with what it says of its own boot and the picture of it (--plot FILE). Needs root, and a machine
# that does little else: three boots of each take 10 minutes there, and none is begun after 20 (-m).
# usage: contrib/bench-vm.sh [OPTION... of tests/bench/vm_boot.py]
set -eu

cd "$(dirname "$0")/.."
. contrib/prologue.sh
prepare bench
printf '## PID 1\n\n%s, %s under TCG, %s.\n' "$(this_machine)" \
	"$(qemu-system-x86_64 --version | head -n 1)" "$(date +%Y-%m-%d)"
python3 tests/bench/vm_boot.py "$@"
