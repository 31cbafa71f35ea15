#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the libFuzzer targets tests/fuzz/fuzz_*.c with clang and runs each for a while, beginning
# with its corpus in tests/fuzz/corpus/NAME.
# usage: contrib/fuzz.sh [SECONDS_PER_TARGET [NAME...]]     (60 seconds, all targets)
# A crash is left in build-fuzz/crashes/NAME; add it to the corpus with the fix.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-60}
case "$seconds" in
"" | *[!0-9]*) echo "usage: contrib/fuzz.sh [SECONDS_PER_TARGET [NAME...]]" >&2; exit 2 ;;
esac
[ $# -eq 0 ] || shift
if [ $# -eq 0 ]; then
	for file in tests/fuzz/fuzz_*.c; do
		[ -e "$file" ] || { echo "fuzz.sh: no targets in tests/fuzz" >&2; exit 1; }
		name=${file#tests/fuzz/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi
contrib/install-deps.sh build check

# One archive per program side: two sides may use one name. main files and launch's stay out.
flags="-std=gnu11 -D_GNU_SOURCE -g -O1 -fno-strict-aliasing -w -fsanitize=address,undefined,fuzzer-no-link -Ibuild-fuzz/include -DLIBEXECDIR=\"/usr/local/libexec/supd\""
libraries="-linih -lseccomp -lcap -lsystemd"
mkdir -p build-fuzz/objects build-fuzz/crashes build-fuzz/corpus build-fuzz/include
# What meson would generate.
supervisor/mksyscallnames.py build-fuzz/include/syscallnames.inc clang
rm -f build-fuzz/*.a

# archive NAME FOLDER...
archive() {
	library=build-fuzz/$1.a
	shift
	find "$@" -name '*.c' | xargs grep -L '^int main(' | sort | while read -r file; do
		object=build-fuzz/objects/$(echo "$file" | tr / _).o
		# shellcheck disable=SC2086
		clang $flags -c "$file" -o "$object"
		ar rc "$library" "$object"
	done
}

archive common runtime/base runtime/plan
archive units units
archive supervisor supervisor
archive init runtime/init
archive envfile runtime/launch/envfile.c
archive boot runtime/boot
archive umount runtime/umount/mounts.c runtime/umount/limited.c runtime/umount/say.c

# The archives whose headers a target includes.
archives_of() {
	grep -q '"../../units/' "$1" && printf 'build-fuzz/units.a '
	grep -q '"../../supervisor/' "$1" && printf 'build-fuzz/supervisor.a '
	grep -q '"../../runtime/init/' "$1" && printf 'build-fuzz/init.a '
	grep -q '"../../runtime/launch/envfile.h"' "$1" && printf 'build-fuzz/envfile.a '
	grep -q '"../../runtime/boot/' "$1" && printf 'build-fuzz/boot.a '
	grep -q '"../../runtime/umount/' "$1" && printf 'build-fuzz/umount.a '
	printf build-fuzz/common.a
}

status=0
for name in "$@"; do
	target=build-fuzz/fuzz_$name
	mkdir -p "build-fuzz/corpus/$name" "build-fuzz/crashes/$name"
	# shellcheck disable=SC2086
	clang $flags -fsanitize=fuzzer "tests/fuzz/fuzz_$name.c" \
		$(archives_of "tests/fuzz/fuzz_$name.c") $libraries -o "$target"
	seeds=tests/fuzz/corpus/$name
	[ -d "$seeds" ] || seeds=
	# shellcheck disable=SC2086
	if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="build-fuzz/crashes/$name/" "build-fuzz/corpus/$name" $seeds \
		>"build-fuzz/$name.log" 2>&1; then
		echo "$name: $(grep -E '^(#[0-9]+.DONE|Done )' "build-fuzz/$name.log" | tail -n 1)"
	else
		echo "$name: FAILED, see build-fuzz/$name.log and build-fuzz/crashes/$name" >&2
		status=1
	fi
done
exit $status
