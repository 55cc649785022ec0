#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# Builds vnic for AArch64 and runs its tests under qemu-user. See --help.

set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

say() { echo "test-aarch64: $*"; }
die() { echo "test-aarch64: error: $*" >&2; exit 1; }

build_only=no
case ${1:-} in
--build-only)
	build_only=yes
	shift ;;
--help|-h)
	cat <<TEXT
Usage: devtools/test-aarch64.sh [--build-only] WORK_DIR

Fetches Debian's arm64 DPDK and C library into WORK_DIR/sysroot (70 MB; no foreign
architecture is enabled on this machine), cross-compiles into WORK_DIR/build, and runs
the unit, path and hostile tests under qemu-user: the NEON paths among them. A second
run takes what is there. --build-only stops before the tests, and leaves with 77 if the
packages cannot be had. Needs gcc-aarch64-linux-gnu, qemu-user-static, and the driver
headers that devtools/setup.sh installs.
TEXT
	exit 0 ;;
esac
[ $# -eq 1 ] || die "usage: devtools/test-aarch64.sh [--build-only] WORK_DIR"
for tool in aarch64-linux-gnu-gcc qemu-aarch64-static meson apt-get; do
	command -v "$tool" >/dev/null || die "$tool is missing: apt-get install gcc-aarch64-linux-gnu qemu-user-static meson"
done
mkdir -p "$1"
work=$(cd "$1" && pwd)
sysroot=$work/sysroot

# An apt of its own, for which nothing is installed and arm64 is native.
fetch()
{
	apt=$work/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	: > "$apt/status"
	cat > "$apt/apt.conf" <<TEXT
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
TEXT
	export APT_CONFIG="$apt/apt.conf"
	apt-get -q update </dev/null &&
	apt-get -q install -y --download-only --no-install-recommends \
		libdpdk-dev libc6-dev libgcc-12-dev libcmocka-dev </dev/null || {
		say "skipped: the package mirror has no arm64 packages"
		exit 77
	}
	unset APT_CONFIG
	for deb in "$apt"/cache/archives/*.deb; do
		dpkg -x "$deb" "$sysroot.new"
	done
	# Absolute links would lead out of it.
	find "$sysroot.new" -type l -lname '/*' | while read -r link; do
		ln -sfn "$sysroot$(readlink "$link")" "$link"
	done
	mv "$sysroot.new" "$sysroot"
}

cross_file()
{
	lib=$sysroot/usr/lib/aarch64-linux-gnu
	cat > "$work/cross.ini" <<TEXT
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64-static', '-L', '$sysroot']
[properties]
sys_root = '$sysroot'
pkg_config_libdir = '$lib/pkgconfig:$sysroot/usr/share/pkgconfig'
[built-in options]
c_args = ['--sysroot=$sysroot']
c_link_args = ['--sysroot=$sysroot', '-Wl,-rpath-link,$lib', '-Wl,-rpath-link,$sysroot/lib/aarch64-linux-gnu']
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
TEXT
}

if [ ! -d "$sysroot" ]; then
	say "fetching arm64 packages"
	rm -rf "$sysroot.new"
	fetch
fi
cross_file
[ -f "$work/build/build.ninja" ] ||
	meson setup "$work/build" "$root" --cross-file "$work/cross.ini" -Dapps=disabled
ninja -C "$work/build"
[ "$build_only" = no ] || exit 0
# The guest, system and static suites are about this machine's own build.
meson test -C "$work/build" --no-rebuild -t 5 --no-suite static \
	--suite unit --suite path --suite hostile --suite control
say "all passed"
