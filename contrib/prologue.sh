# SPDX-License-Identifier: MIT
# What the benchmarks and long runs of this folder begin with; they read it in the source's top
# folder: . contrib/prologue.sh

# prepare SET: installs that set of install-deps.sh and builds in BUILD (build); sets build and
# SUPD_BUILD to its absolute path.
prepare() {
	contrib/install-deps.sh "$1" >&2
	meson=$(command -v /usr/bin/meson || command -v meson)
	build=${BUILD:-build}
	[ -f "$build/build.ninja" ] || "$meson" setup "$build" >&2
	ninja -C "$build" >&2
	build=$(cd "$build" && pwd)
	SUPD_BUILD=$build
	export SUPD_BUILD
}

# What the figures were measured on: processor and cores.
this_machine() {
	model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	printf '%s, %s cores' "${model:-$(uname -m)}" "$(nproc)"
}
