#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what building and testing supd on Debian 12 needs, and only what is missing.
# `install-deps.sh demo` adds the daemons of contrib/try.sh, `install-deps.sh bench` the peers of
# contrib/bench.sh.
set -eu

build="gcc libc6-dev meson ninja-build pkg-config musl-tools linux-libc-dev libsystemd-dev libcap-dev
 libseccomp-dev libinih-dev libcmocka-dev"
check="
 apache2
 avahi-daemon
 bind9
 binutils
 bird2
 chrony
 clang
 clang-format
 cron
 crun
 curl
 dbus
 dbus-daemon
 dnsmasq
 dovecot-imapd
 e2fsprogs
 fail2ban
 git
 haproxy
 kmod
 libclang-rt-14-dev
 lighttpd
 lxc
 mariadb-server
 memcached
 mmdebstrap
 mosquitto
 mount
 nginx-light
 ngircd
 nsd
 openssh-server
 php8.2-fpm
 postfix
 postgresql-15
 prometheus
 prometheus-node-exporter
 python3
 qemu-system-x86
 redis-server
 rsyslog
 snmpd
 squid
 systemd
 tinyproxy
 tor
 unbound
 util-linux
 varnish
 vsftpd
"
demo="nginx-light redis-server memcached curl iproute2 procps util-linux bash"
bench="crun runc bubblewrap runit s6 supervisor"

packages="$build"
[ $# -gt 0 ] || packages="$packages $check"
for set in "$@"; do
	case "$set" in
	build) ;;
	check) packages="$packages $check" ;;
	demo) packages="$packages $demo" ;;
	bench) packages="$packages $check $bench" ;;
	*) echo "install-deps.sh: unknown set $set (build, check, demo, bench)" >&2; exit 2 ;;
	esac
done

missing=""
for package in $packages; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "install-deps.sh: missing packages:$missing" >&2
	echo "install-deps.sh: run it as root, or: apt-get install$missing" >&2
	exit 1
fi
echo "installing:$missing"

# Tests and demo start the daemons themselves: their packages must not start them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $missing </dev/null >/dev/null 2>&1 || {
	apt-get update -q </dev/null
	apt-get install -y -q --no-install-recommends $missing </dev/null
}
