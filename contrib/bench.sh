#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures supd beside plain fork+exec and its peers, as Markdown on stdout. Needs root; installs
# what is missing. Half-way quiet machines give better figures; ratios are of one run.
# usage: contrib/bench.sh [SERVICES [REPEATS]]
set -eu

services=${1:-1000}
repeats=${2:-100}
cd "$(dirname "$0")/.."
. contrib/prologue.sh
prepare bench

bench=$build/tests/bench
printf '## Benchmarks\n\n%s, Linux %s, %s. p50 / p90.\n' "$(this_machine)" "$(uname -r)" \
	"$(date +%Y-%m-%d)"
"$bench/bench_launch" "$build" "$bench/bench_true" 200
"$bench/bench_filter" "$build"
"$bench/bench_up" "$services" 7 namespaces compat standard
"$bench/bench_system" "$services" "$repeats" compat
"$bench/bench_system" "$services" "$repeats" standard
python3 tests/bench/supervisors.py "$bench/bench_payload" "$services" 50
