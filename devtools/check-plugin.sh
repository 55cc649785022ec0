#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# Checks the plug-in as a file: its ABI, what it exports, its PMD information.
# Usage: devtools/check-plugin.sh librte_net_vnic.so ABI

set -eu
export LC_ALL=C
plugin=$1
abi=$2

fail() { echo "check-plugin: $plugin: $*"; exit 1; }

command -v readelf >/dev/null || { echo "readelf (binutils) is not installed"; exit 77; }
dynamic=$(readelf -dW "$plugin")

echo "$dynamic" | grep -q "SONAME.*\[librte_net_vnic\.so\.$abi\]" ||
	fail "its SONAME is not librte_net_vnic.so.$abi"
# This is what makes another DPDK refuse it: its librte_ethdev has another name.
for lib in ethdev eal; do
	echo "$dynamic" | grep -q "NEEDED.*\[librte_$lib\.so\.$abi\]" ||
		fail "it does not ask for librte_$lib.so.$abi"
done
other=$(echo "$dynamic" | grep NEEDED | grep 'librte_' | grep -v "\.so\.$abi\]" || true)
[ -z "$other" ] || fail "it asks for a library of another ABI: $other"

exported=$(readelf --dyn-syms -W "$plugin" |
	awk '$7 != "UND" && ($5 == "GLOBAL" || $5 == "WEAK") && $7 != "ABS" { print $8 }' |
	grep -vE '^(_init|_fini|_edata|_end|__bss_start)$' || true)
[ -z "$exported" ] || fail "it exports $exported"

command -v dpdk-pmdinfo.py >/dev/null || { echo "dpdk-pmdinfo.py is not installed"; exit 77; }
drivers=$(/usr/bin/python3 "$(command -v dpdk-pmdinfo.py)" "$plugin")
for driver in net_vnic net_vnic_user; do
	echo "$drivers" | grep -q "\"name\": \"$driver\"" ||
		fail "dpdk-pmdinfo.py does not show driver $driver"
done
echo "check-plugin: ABI $abi, exports nothing, shows its drivers"
