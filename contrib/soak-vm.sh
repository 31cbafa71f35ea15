#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots and ends virtual machines for hours: 200 boots and ends (half of them power cuts at a random
# moment), then 500 power cuts while a machine boots, writes and goes down. After each the root file
# system and what was synced are checked, and the next boot must come up. Stops at the first failure
# with the machine's console; a run that was stopped goes on where it was. Needs root; some 30 s each.
# usage: contrib/soak-vm.sh [--cycles N] [--kills N] [--fresh] [OPTION... of tests/vm/soak.py]
set -eu

cd "$(dirname "$0")/.."
. contrib/prologue.sh
prepare check
python3 tests/vm/soak.py "$@"
