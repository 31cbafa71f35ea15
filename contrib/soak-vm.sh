#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots and ends virtual machines for hours: CYCLES boots and ends (half of them power cuts at a
# random moment), then KILLS power cuts while a machine boots, writes and goes down. After each the
# root file system is checked, and the next boot must come up. Stops at the first failure with the
# machine's console. Needs root; some 30 s a cycle under TCG.
# usage: contrib/soak-vm.sh [CYCLES [KILLS]]     200 and 500 unless given
set -eu

cycles=${1:-200}
kills=${2:-500}
cd "$(dirname "$0")/.."
contrib/install-deps.sh check >&2
meson=$(command -v /usr/bin/meson || command -v meson)
build=${BUILD:-build}
[ -f "$build/build.ninja" ] || "$meson" setup "$build" >&2
ninja -C "$build" >&2
SUPD_BUILD=$(cd "$build" && pwd)
export SUPD_BUILD
[ "$cycles" -eq 0 ] || python3 tests/vm/test_power_cut.py cycles "$cycles"
[ "$kills" -eq 0 ] || python3 tests/vm/test_power_cut.py cuts "$kills"
