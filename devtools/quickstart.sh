#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# From a fresh Debian 12 to frames through vnic: sets up, builds, runs.

set -eu
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")

die() { echo "quickstart: error: $*" >&2; exit 1; }

for arg in "$@"; do
	case $arg in
	--help|-h)
		cat <<TEXT
Usage: sudo devtools/quickstart.sh [--seconds N] [--keep] [--devargs KEY=VALUE,...]

Sets up this machine, builds vnic, and runs two dpdk-testpmd, one with
net_vnic_user0, one with net_vhost0, that send frames to each other.
  --seconds N     measure for N seconds (default 5)
  --keep          leave both running afterwards until Ctrl-C, to be looked at
  --devargs ...   more keys for the vnic port, such as packed_vq=1
TEXT
		exit 0 ;;
	esac
done

[ "$(id -u)" -eq 0 ] || die "must run as root: sudo devtools/quickstart.sh"
echo "== 1/3 set up"
"$here/setup.sh"
echo "== 2/3 build"
if [ ! -f "$root/build/build.ninja" ]; then
	meson setup "$root/build" "$root" </dev/null
fi
meson compile -C "$root/build" rte_net_vnic:shared_library </dev/null
echo "== 3/3 run"
exec /usr/bin/python3 "$here/quickstart.py" \
	--plugin "$root/build/drivers/net/vnic/librte_net_vnic.so" "$@"
