#!/bin/sh
# SPDX-License-Identifier: MIT
# What a hostile supd cannot do: random but well-formed requests to a real supd-init, then bytes that
# are no requests; every 5,000 requests the world is checked (at most one main process per unit,
# supd-init alive and with few descriptors, nobody outside the units' cgroups touched).
# usage: contrib/hostile.sh [REQUESTS [BUILD_DIRECTORY]]     (1000000, build)
set -eu
cd "$(dirname "$0")/.."
requests=${1:-1000000}
build=${2:-build}
case "$requests" in
"" | *[!0-9]*) echo "usage: contrib/hostile.sh [REQUESTS [BUILD_DIRECTORY]]" >&2; exit 2 ;;
esac
fakes=$build/tests/component/init/init_fake_
begin=$(date +%s)
SUPD_TEST_REQUESTS=$requests "$build/tests/component/init/test_component_any" \
	"$build/supd-init" "${fakes}load" "${fakes}launch" "${fakes}supd"
echo "$requests requests in $(($(date +%s) - begin)) s"
