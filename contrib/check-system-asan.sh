#!/bin/sh
# SPDX-License-Identifier: MIT
# The system and escape tests with ASan, LSan and UBSan in every program, in the tree that check.sh
# makes for its second half; some 4 minutes on two cores when that is built.
# usage: sudo contrib/check-system-asan.sh [TEST...]
# Output and exit status are check.sh's. A report that a test took no notice of is a failure as well.
set -eu
cd "$(dirname "$0")/.."

meson=/usr/bin/meson
dir=build-check-sanitize
json=$dir/meson-logs/testlog.json
reports=$dir/meson-logs/reports.log

[ $# -gt 0 ] || set -- --suite system --suite escape
anew=--reconfigure
if [ ! -e "$dir/build.ninja" ]; then
	contrib/install-deps.sh build check
	anew=
fi
# A tree of another checkout's options would run without the sanitizers and pass.
$meson setup $anew "$dir" -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
/usr/bin/ninja -C "$dir"
rm -f "$json" "$reports"
$meson test -C "$dir" --no-rebuild --print-errorlogs -t 2 "$@" </dev/null || true

if grep -E 'Sanitizer:|runtime error: ' "$dir/meson-logs/testlog.txt" >"$reports"; then
	exec python3 contrib/count-tests.py --failed-step "$reports" "$json"
fi
exec python3 contrib/count-tests.py "$json"
