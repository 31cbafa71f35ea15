#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job in one command: builds supd and runs Debian's own nginx, redis-server and memcached
# under it, in private namespaces, with their unmodified unit files; then breaks things and shows that
# nothing is lost. Leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
top=$(pwd)

bold= dim= plain=
if [ -t 1 ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s# %s%s\n' "$dim" "$*" "$plain"; "$@"; }

if [ "${SUPD_TRY_INSIDE:-}" != 1 ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "try.sh: run me as root: sudo contrib/try.sh" >&2
		exit 1
	fi
	say "Installing what is missing, building"
	contrib/install-deps.sh build demo
	build=${SUPD_BUILD:-$top/build-try}
	[ -f "$build/build.ninja" ] || /usr/bin/meson setup "$build" . -Dwerror=false >/dev/null
	if ! ninja -C "$build" >"$build/build.log" 2>&1; then
		cat "$build/build.log" >&2
		exit 1
	fi
	tail -n 1 "$build/build.log"
	# A mount and a network namespace of its own: ports 80, 6379 and 11211 and /run are free there,
	# whatever the machine itself runs, and everything is gone at the end.
	exec env SUPD_TRY_INSIDE=1 SUPD_BUILD="$build" unshare --mount --net --propagation private \
		sh "$0" "$@"
fi

build=$SUPD_BUILD
for base in /sys/fs/cgroup/unified /sys/fs/cgroup; do
	[ -f "$base/cgroup.procs" ] && break
done
cgroup=$base/supd-try-$$
init_pid=
cleanup() {
	trap - EXIT INT TERM
	if [ -n "$init_pid" ] && kill -0 "$init_pid" 2>/dev/null; then
		kill -TERM "$init_pid"
		wait "$init_pid" || true
	fi
	if [ -d "$cgroup" ]; then
		echo 1 >"$cgroup/cgroup.kill" 2>/dev/null || true
		find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
	fi
}
trap cleanup EXIT
trap 'exit 1' INT TERM

for dir in /run /tmp /var/lib/redis /var/log/redis /var/log/nginx; do
	owner=$(stat -c 'uid=%u,gid=%g,mode=%a' "$dir")
	mount -t tmpfs -o "nosuid,nodev,$owner" tmpfs "$dir"
done
ip link set lo up
mkdir -p /run/lock /run/demo/units /run/demo/systemd/system
mkdir "$cgroup"

# Exactly as the packages ship them. Units in a directory of systemd's get the profile `compat`, units of
# one's own get `standard`.
for unit in nginx redis-server memcached; do
	cp "/lib/systemd/system/$unit.service" /run/demo/systemd/system/
done
cat >/run/demo/units/hello.service <<'UNIT'
[Service]
ExecStart=/bin/sh -c 'while :; do echo hello; sleep 1; done'
Restart=always
UNIT

export SUPD_RUNTIME_DIR=/run/demo/run
supctl() { "$build/supctl" "$@"; }

say "supd-init: four units, one command"
"$build/supd-init" --unit-path /run/demo/units:/run/demo/systemd/system --runtime-dir /run/demo/run \
	--state-dir /run/demo/state --log-dir /run/demo/log --cgroup "$cgroup" \
	nginx.service redis-server.service memcached.service hello.service &
init_pid=$!
tries=0
until supctl is-system-running >/dev/null 2>&1; do
	tries=$((tries + 1))
	if [ $tries -gt 600 ] || ! kill -0 "$init_pid" 2>/dev/null; then
		echo "try.sh: supd did not come up" >&2
		supctl list --all >&2 || true
		exit 1
	fi
	sleep 0.1
done
run supctl list --type=service

say "The daemons answer"
curl -sS http://127.0.0.1/ | sed -n 's/.*<title>\(.*\)<.*/nginx: \1/p'
run redis-cli ping
run bash -c 'exec 3<>/dev/tcp/127.0.0.1/11211; echo version >&3; head -n 1 <&3'

say "hello.service asked for nothing: what it got"
run supctl status hello.service
hello=$(supctl show -p MainPID --value hello.service)
run grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$hello/status"

say "kill -9 of a service: redis-server comes back"
old=$(supctl show -p MainPID --value redis-server.service)
run kill -9 "$old"
until [ "$(supctl show -p NRestarts --value redis-server.service)" = 1 ] &&
	redis-cli ping >/dev/null 2>&1; do sleep 0.1; done
echo "main pid $old -> $(supctl show -p MainPID --value redis-server.service)"

say "kill -9 of supd itself: the services go on and nothing is started twice"
before=$(for u in nginx redis-server memcached hello; do
	supctl show -p MainPID --value $u.service; done | xargs)
supd=$(ps -o pid=,comm= --ppid "$init_pid" | awk '$2 == "supd" { print $1 }')
run kill -9 "$supd"
until supctl is-system-running >/dev/null 2>&1; do sleep 0.1; done
after=$(for u in nginx redis-server memcached hello; do
	supctl show -p MainPID --value $u.service; done | xargs)
echo "main pids before: $before"
echo "main pids after:  $after"
[ "$before" = "$after" ]
run curl -sS -o /dev/null -w 'nginx still answers: %{http_code}\n' http://127.0.0.1/
run supctl logs -n 3 hello.service

say "Leaving"
cleanup
echo "left behind: $(find "$base" -maxdepth 1 -name 'supd-try-*' | wc -l) cgroups"
