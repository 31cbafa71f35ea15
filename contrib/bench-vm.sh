#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares supd, systemd and runit as PID 1 of a virtual machine, as Markdown on stdout: boot until
# 100 services run, memory, poweroff; and the smallest appliance. Needs root; takes some ten minutes.
# usage: contrib/bench-vm.sh [OPTION... of tests/bench/vm_boot.py]
set -eu

cd "$(dirname "$0")/.."
contrib/install-deps.sh bench >&2
meson=$(command -v /usr/bin/meson || command -v meson)
build=${BUILD:-build}
[ -f "$build/build.ninja" ] || "$meson" setup "$build" >&2
ninja -C "$build" >&2
SUPD_BUILD=$(cd "$build" && pwd)
export SUPD_BUILD
model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
printf '## PID 1\n\n%s, %s cores, %s under TCG, %s.\n' "${model:-$(uname -m)}" "$(nproc)" \
	"$(qemu-system-x86_64 --version | head -n 1)" "$(date +%Y-%m-%d)"
python3 tests/bench/vm_boot.py "$@"
