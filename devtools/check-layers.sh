#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# Checks who includes whom: dependencies point down only (doc/design.md).
# Usage: devtools/check-layers.sh [ROOT]

set -eu
export LC_ALL=C
root=${1:-$(dirname "$0")/..}
cd "$root"

# The project folders whose headers a folder may include, besides its own.
allowed_folders()
{
	case $1 in
	lib/virtio|lib/flow|lib/telemetry) ;;
	lib/vring|lib/devsim) echo lib/virtio ;;
	lib/qos) echo lib/flow ;;
	drivers/net/vnic) echo lib/virtio lib/vring lib/flow lib/qos lib/telemetry ;;
	app/vnic-perf) echo lib/virtio ;;
	app/*) echo lib/qos lib/telemetry lib/flow ;;
	test/*) echo test/common lib/virtio lib/vring lib/devsim lib/flow lib/qos lib/telemetry drivers/net/vnic ;;
	esac
}

# Headers from outside the project that a folder must not know (case pattern).
is_foreign()
{
	case $1:$2 in
	lib/virtio:rte_mbuf*|lib/virtio:rte_ethdev*|lib/virtio:rte_eal*|lib/virtio:rte_mempool*) ;;
	lib/vring:rte_mbuf*|lib/vring:rte_ethdev*|lib/vring:rte_eal*|lib/vring:rte_mempool*) ;;
	lib/devsim:rte_mbuf*|lib/devsim:rte_ethdev*|lib/devsim:rte_eal*|lib/devsim:rte_mempool*) ;;
	lib/flow:rte_ethdev*) ;;
	lib/*:ethdev_*|lib/*:*_driver.h) ;;
	app/*:ethdev_*|app/*:*_driver.h) ;;
	*) return 1 ;;
	esac
}

list_folders()
{
	for dir in lib/* drivers/net/vnic app/* test/*; do
		[ ! -d "$dir" ] || echo "$dir"
	done
}

# "FILE LINE HEADER" for every include below a folder.
list_includes()
{
	find "$1" \( -name '*.c' -o -name '*.h' \) -exec grep -HnE '^[[:space:]]*#[[:space:]]*include' {} + |
		sed -nE 's/^([^:]+):([0-9]+):[^<"]*[<"]([^>"]+)[>"].*/\1 \2 \3/p'
}

# The project folder that holds a header, by name; nothing for a foreign one.
owner_of()
{
	echo "$owners" | awk -v name="$1" '$1 == name { print $2 }'
}

# One line for every include that breaks a rule.
check_folder()
{
	allow=" $1 $(allowed_folders "$1") "
	list_includes "$1" | while read -r file line header; do
		where="$file:$line: <$header>:"
		case $header in
		../*|*/../*) echo "$where leaves its folder by '../'" ;;
		esac
		if is_foreign "$1" "$(basename "$header")"; then
			echo "$where $1 must not know this part of DPDK"
		fi
		# A header of the same folder hides one of the same name elsewhere.
		[ ! -e "$(dirname "$file")/$header" ] || continue
		for owner in $(owner_of "$(basename "$header")"); do
			case $allow in
			*" $owner "*) ;;
			*) echo "$where $1 may not depend on $owner (may on:$allow)" ;;
			esac
		done
	done
}

folders=$(list_folders)
owners=$(for dir in $folders; do
	find "$dir" -name '*.h' | sed "s|^.*/||; s|\$| $dir|"
done)
[ -n "$owners" ] || { echo "check-layers: no header found below $(pwd)" >&2; exit 1; }

broken=$(for dir in $folders; do check_folder "$dir"; done)
if [ -n "$broken" ]; then
	echo "$broken"
	echo "check-layers: $(echo "$broken" | wc -l) forbidden includes"
	exit 1
fi
echo "check-layers: $(echo "$folders" | wc -w) folders, no forbidden include"
