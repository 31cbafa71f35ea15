#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures supd beside plain fork+exec and its peers, as Markdown on stdout. Needs root; installs
# what is missing. Half-way quiet machines give better figures; ratios are of one run.
# usage: contrib/bench.sh [SERVICES [REPEATS]]
set -eu

services=${1:-1000}
repeats=${2:-100}
cd "$(dirname "$0")/.."
contrib/install-deps.sh bench >&2
meson=$(command -v /usr/bin/meson || command -v meson)
build=${BUILD:-build}
[ -f "$build/build.ninja" ] || "$meson" setup "$build" >&2
ninja -C "$build" >&2

build=$(cd "$build" && pwd)
bench=$build/tests/bench
export SUPD_BUILD="$build"
model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
printf '## Benchmarks\n\n%s, %s cores, Linux %s, %s. p50 / p90.\n' "${model:-$(uname -m)}" \
	"$(nproc)" "$(uname -r)" "$(date +%Y-%m-%d)"
"$bench/bench_launch" "$build" "$bench/bench_true" 200
"$bench/bench_up" "$services" 7 namespaces compat standard
"$bench/bench_system" "$services" "$repeats" compat
"$bench/bench_system" "$services" "$repeats" standard
python3 tests/bench/supervisors.py "$bench/bench_payload" "$services" 50
