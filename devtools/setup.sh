#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# Makes a Debian machine able to build vnic and to run all of its tests.
# Every step first looks whether it is needed, so running it again is cheap.

set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

SDK_ROOT=/usr/local/share/vnic/dpdk-sdk
HUGEPAGES=1024
HUGE_KB=2048

PKGS_BUILD="gcc libc6-dev meson ninja-build pkgconf libdpdk-dev libjson-c-dev
libcmocka-dev python3 xz-utils dpkg-dev ca-certificates"
PKGS_TEST="dpdk dpdk-dev python3-pyelftools qemu-system-x86 busybox-static
 gcc-aarch64-linux-gnu qemu-user-static
cpio socat procps iproute2 kmod universal-ctags binutils"

want_test=yes
want_huge=yes
want_sdk=yes

usage()
{
	cat <<TEXT
Usage: devtools/setup.sh [--build-only] [--no-hugepages] [--no-sdk] [--help]

Installs what is missing, as root, in three steps:
  1. the Debian packages to build vnic and to run its tests
     (--build-only: only those to build it)
  2. DPDK's driver headers, from the distribution's source package of exactly
     the installed libdpdk-dev, into $SDK_ROOT/VERSION/include
     (--no-sdk: not, for a DPDK that was built with enable_driver_sdk)
  3. $HUGEPAGES huge pages of 2 MB, fewer where memory is short
     (--no-hugepages: none; --build-only implies it)
TEXT
}

say() { echo "setup: $*"; }
die() { echo "setup: error: $*" >&2; exit 1; }

parse_args()
{
	for arg in "$@"; do
		case $arg in
		--build-only) want_test=no want_huge=no ;;
		--no-hugepages) want_huge=no ;;
		--no-sdk) want_sdk=no ;;
		--help|-h) usage; exit 0 ;;
		*) usage >&2; die "unknown option '$arg'" ;;
		esac
	done
}

is_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages()
{
	missing=
	for pkg in "$@"; do
		is_installed "$pkg" || missing="$missing $pkg"
	done
	if [ -z "$missing" ]; then
		say "packages: all $# are installed"
		return
	fi
	say "packages: installing$missing"
	apt-get -q update </dev/null || die "apt-get update failed: check the network and the sources in /etc/apt"
	# shellcheck disable=SC2086
	apt-get -q -y --no-install-recommends install $missing </dev/null ||
		die "apt-get install failed: see its messages above"
}

# The guest tests download a kernel package; apt has to know of it.
refresh_lists()
{
	if [ -z "$(apt-cache -q show linux-image-amd64 2>/dev/null)" ]; then
		say "packages: reading the package lists"
		apt-get -q update </dev/null || say "packages: apt-get update failed: the guest tests may be skipped"
	fi
}

# The system's sources as deb-src entries, in a folder that only we use.
write_source_lists()
{
	mkdir -p "$1/parts" "$1/lists/partial"
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$list" ] || continue
		sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$list" \
			> "$1/parts/$(basename "$list" .list).list"
	done
	for list in /etc/apt/sources.list.d/*.sources; do
		[ -f "$list" ] || continue
		sed 's/^[Tt]ypes:.*/Types: deb-src/' "$list" > "$1/parts/$(basename "$list")"
	done
}

is_public_header()
{
	[ -e "/usr/include/dpdk/$1" ] ||
		[ -e "/usr/include/$(dpkg-architecture -q DEB_HOST_MULTIARCH)/dpdk/$1" ]
}

# Copies the driver headers that libdpdk-dev lacks from a source tree, flat.
copy_driver_headers()
{
	for header in "$1"/lib/ethdev/*.h "$1"/lib/eal/include/*.h \
			"$1"/drivers/bus/pci/*.h "$1"/drivers/bus/vdev/*.h; do
		name=$(basename "$header")
		case $name in
		*private.h|*_logs.h|*_trace.h|*_profile.h|sff_*) continue ;;
		esac
		is_public_header "$name" || cp "$header" "$2/$name"
	done
	for name in ethdev_driver.h ethdev_pci.h ethdev_vdev.h dev_driver.h \
			bus_pci_driver.h bus_vdev_driver.h; do
		[ -e "$2/$name" ] || is_public_header "$name" ||
			die "the source package of DPDK $version has no $name"
	done
}

fetch_source()
{
	apt_src="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$1/parts
		-o Dir::State::Lists=$1/lists -o Dir::Cache::srcpkgcache=$1/src.bin
		-o Dir::Cache::pkgcache=$1/pkg.bin -o APT::Sandbox::User=root"
	write_source_lists "$1"
	# A third-party list without sources makes update fail as a whole; what
	# counts is whether the package is found below.
	# shellcheck disable=SC2086
	apt-get -q $apt_src update </dev/null >"$1/update.log" 2>&1 || true
	# apt checks the files against the hashes of the signed index.
	# shellcheck disable=SC2086
	(cd "$1/src" && apt-get -q $apt_src source --download-only \
		"dpdk=$2" </dev/null >"$1/source.log" 2>&1) || {
		cat "$1/update.log" "$1/source.log" >&2
		die "no source package dpdk=$2 at the system's apt sources: give the" \
			"headers by hand, meson setup -Ddpdk_sdk=DIR (see README.md)"
	}
}

install_sdk()
{
	version=$(pkg-config --modversion libdpdk) || die "libdpdk.pc is not found by pkg-config"
	sdk=$SDK_ROOT/$version/include
	if [ -e "$SDK_ROOT/$version/complete" ]; then
		say "driver headers: $sdk is complete"
		return
	fi
	is_installed libdpdk-dev || die "libdpdk-dev is not installed"
	source_version=$(dpkg-query -W -f '${source:Version}' libdpdk-dev)
	say "driver headers: from source package dpdk $source_version into $sdk"
	mkdir "$tmp/src" "$tmp/tree"
	fetch_source "$tmp" "$source_version"
	tarball=$(find "$tmp/src" -name 'dpdk_*.orig.tar.*' ! -name '*.asc')
	[ -f "$tarball" ] || die "source package dpdk $source_version has no orig tarball"
	tar -xf "$tarball" -C "$tmp/tree" --strip-components=1 --wildcards \
		'*/lib/ethdev' '*/lib/eal/include' '*/drivers/bus/pci' '*/drivers/bus/vdev'
	mkdir -p "$sdk"
	copy_driver_headers "$tmp/tree" "$sdk"
	touch "$SDK_ROOT/$version/complete"
	say "driver headers: $(find "$sdk" -name '*.h' | wc -l) headers installed"
}

reserve_hugepages()
{
	pool=/sys/kernel/mm/hugepages/hugepages-${HUGE_KB}kB/nr_hugepages
	if [ ! -r "$pool" ]; then
		say "huge pages: this kernel shows no 2 MB pool ($pool): tests that need them will be skipped"
		return
	fi
	have=$(cat "$pool")
	if [ "$have" -lt "$HUGEPAGES" ]; then
		# At most half of what is free now: the rest is for compilers and guests.
		free_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
		want=$((have + free_kb / 2 / HUGE_KB))
		[ "$want" -le "$HUGEPAGES" ] || want=$HUGEPAGES
		echo "$want" 2>/dev/null >"$pool" || true
		have=$(cat "$pool")
	fi
	if [ "$have" -eq 0 ]; then
		say "huge pages: none could be reserved (an unprivileged container?):" \
			"tests that need them will be skipped"
		return
	fi
	say "huge pages: $have of 2 MB"
	mount_hugetlbfs
}

mount_hugetlbfs()
{
	if grep -q ' hugetlbfs ' /proc/mounts; then
		return
	fi
	mkdir -p /dev/hugepages
	if mount -t hugetlbfs -o pagesize=2M hugetlbfs /dev/hugepages 2>/dev/null; then
		say "huge pages: hugetlbfs mounted at /dev/hugepages"
	else
		say "huge pages: hugetlbfs could not be mounted: run DPDK programs with --in-memory"
	fi
}

parse_args "$@"
[ "$(id -u)" -eq 0 ] || die "must run as root: sudo devtools/setup.sh"
command -v apt-get >/dev/null || die "this is no Debian: install meson, ninja, gcc, DPDK >= 22.11" \
	"and its driver headers by hand, then meson setup -Ddpdk_sdk=DIR (see README.md)"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

if [ "$want_test" = yes ]; then
	# shellcheck disable=SC2086
	install_packages $PKGS_BUILD $PKGS_TEST
	[ "$(dpkg --print-architecture)" != amd64 ] || refresh_lists
else
	# shellcheck disable=SC2086
	install_packages $PKGS_BUILD
fi
[ "$want_sdk" = no ] || install_sdk
[ "$want_huge" = no ] || reserve_hugepages
say "done"
