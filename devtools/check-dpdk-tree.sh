#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# Builds vnic inside a copy of a DPDK source tree and checks that DPDK's own
# pmdinfogen finds its drivers. Usage: devtools/check-dpdk-tree.sh DPDK_DIR

set -eu
# DPDK's build scripts need the distribution's python3 with its modules.
export PATH="/usr/bin:/usr/sbin:/bin:$PATH" LC_ALL=C.UTF-8
root=$(cd "$(dirname "$0")/.." && pwd)

say() { echo "check-dpdk-tree: $*"; }
die() { echo "check-dpdk-tree: error: $*" >&2; exit 1; }

case ${1:-} in
--help|-h)
	cat <<TEXT
Usage: devtools/check-dpdk-tree.sh DPDK_DIR

Copies the DPDK source tree DPDK_DIR, puts drivers/net/vnic, lib/virtio and
lib/vring into the copy, adds 'vnic' to its drivers/net/meson.build, builds that
driver with warnings as errors, and checks that it registers. A few minutes; the
copy is removed. To keep vnic in a tree of yours, do the same three things by hand.
TEXT
	exit 0 ;;
esac
[ $# -eq 1 ] || die "usage: devtools/check-dpdk-tree.sh DPDK_DIR"
[ -f "$1/drivers/net/meson.build" ] || die "'$1' is no DPDK source tree: it has no drivers/net/meson.build"
source=$(cd "$1" && pwd)
/usr/bin/python3 -c 'import elftools' 2>/dev/null || die "python3-pyelftools is not installed"

tmp=$(mktemp -d)
# DPDK's build scripts leave files of theirs there.
export TMPDIR="$tmp"
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
tree=$tmp/dpdk

# What 'meson setup' and 'git' made in the tree is left behind.
copy_tree()
{
	mkdir "$tree"
	tar -C "$source" --exclude=./.git --exclude='./build*/meson-*' \
		--exclude='*.o' --exclude='*.a' --exclude='*.so*' -cf - . | tar -C "$tree" -xf -
}

drop_in()
{
	cp -r "$root/drivers/net/vnic" "$tree/drivers/net/vnic"
	cp -r "$root/lib/virtio" "$root/lib/vring" "$tree/lib/"
	sed -i "s/^\([[:space:]]*\)'virtio',/&\n\1'vnic',/" "$tree/drivers/net/meson.build"
	grep -q "'vnic'," "$tree/drivers/net/meson.build" ||
		die "could not add vnic to the list in drivers/net/meson.build"
}

say "copying $source"
copy_tree
drop_in
say "building DPDK $(cat "$tree/VERSION") with net/vnic"
meson setup "$tmp/build" "$tree" -Dwerror=true -Dtests=false -Denable_apps=none \
	-Denable_drivers=bus/pci,bus/vdev,mempool/ring,net/vnic >"$tmp/log" 2>&1 </dev/null ||
	{ tail -20 "$tmp/log"; die "meson setup failed"; }
plugin=$(ninja -C "$tmp/build" -t targets all |
	sed -n 's/^\(drivers\/librte_net_vnic\.so[.0-9]*\):.*/\1/p' | sort | tail -1)
[ -n "$plugin" ] || { tail -40 "$tmp/log"; die "DPDK did not take net/vnic in"; }
ninja -C "$tmp/build" "$plugin" >"$tmp/log" 2>&1 </dev/null ||
	{ grep -A20 FAILED "$tmp/log" || tail -40 "$tmp/log"; die "net/vnic does not compile in this tree"; }

drivers=$(/usr/bin/python3 "$tree/usertools/dpdk-pmdinfo.py" "$tmp/build/$plugin")
for driver in net_vnic net_vnic_user; do
	echo "$drivers" | grep -q "\"name\": \"$driver\"" ||
		die "built, but driver $driver does not register: dpdk-pmdinfo.py shows $drivers"
done
say "DPDK $(cat "$tree/VERSION"): net/vnic compiles and registers net_vnic and net_vnic_user"
