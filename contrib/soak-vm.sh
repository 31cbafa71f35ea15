#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots and ends virtual machines for long: 200 boots with their power-off, and 500 random moments at
# which the power is cut or supd is killed while a machine boots, runs and goes down. After each the
# root file system, what was synced and the order of the stop are checked, and the next boot must come
# up. Stops at the first failure with the machine's console and what to call to do it again; a run
# that was stopped goes on where it was. Needs root; some 6 s each on a machine that does little else.
# usage: contrib/soak-vm.sh [--cycles N] [--kills N] [--seed S] [--fresh] [OPTION... of tests/vm/soak.py]
set -eu

cd "$(dirname "$0")/.."
. contrib/prologue.sh
prepare check
python3 tests/vm/soak.py "$@"
