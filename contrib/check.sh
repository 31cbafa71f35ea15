#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds everything and runs all tests, once as shipped and once with ASan and UBSan.
# usage: sudo contrib/check.sh [--no-sanitize]
# The end of the output says of each failure what it said last; the last line is "N passed, N failed,
# N skipped"; the exit status is not 0 if anything failed.
set -eu
cd "$(dirname "$0")/.."

sanitize=yes
case "${1-}" in
"") ;;
--no-sanitize) sanitize=no ;;
*) echo "usage: contrib/check.sh [--no-sanitize]" >&2; exit 2 ;;
esac

# A user's own meson in PATH may be another version than Debian's.
meson=/usr/bin/meson
ninja=/usr/bin/ninja
failed_steps=""
logs=""

if [ "$(id -u)" -ne 0 ]; then
	echo "check.sh: not root: tests that need it are skipped with their reason"
fi
contrib/install-deps.sh build check

# run DIR SETUP-OPTIONS -- TEST-OPTIONS
run() {
	dir=$1
	shift
	setup=""
	while [ "$1" != -- ]; do
		setup="$setup $1"
		shift
	done
	shift
	echo "== $dir"
	# shellcheck disable=SC2086
	if [ -e "$dir/build.ninja" ]; then
		$meson setup --reconfigure "$dir" $setup >"$dir.setup.log" 2>&1
	else
		$meson setup "$dir" $setup >"$dir.setup.log" 2>&1
	fi || {
		cat "$dir.setup.log"
		failed_steps="$failed_steps --failed-step $dir.setup.log"
		return 0
	}
	rm -f "$dir.setup.log"
	$ninja -C "$dir" >"$dir/compile.log" 2>&1 || {
		cat "$dir/compile.log"
		failed_steps="$failed_steps --failed-step $dir/compile.log"
		return 0
	}
	rm -f "$dir/meson-logs/testlog.json"
	$meson test -C "$dir" --no-rebuild --print-errorlogs "$@" </dev/null || true
	logs="$logs $dir/meson-logs/testlog.json"
}

run build-check --
if [ "$sanitize" = yes ]; then
	run build-check-sanitize -Db_sanitize=address,undefined -Db_lundef=false -- \
		--suite unit --suite component --suite fuzz-replay
fi

# shellcheck disable=SC2086
python3 contrib/count-tests.py $failed_steps $logs
