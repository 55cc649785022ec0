#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# build_image.sh OUT: make OUT/vmlinuz, OUT/base.cpio and OUT/base.list (the
# paths in base.cpio) for the guest suite. Nothing is installed: the kernel
# comes from its unpacked package, the rest from the files of installed Debian
# packages. A complete image of the same inputs is left as it is.
#
# Environment:
#   VNIC_GUEST_KERNEL_DEB  kernel package to use instead of downloading Debian's
#   VNIC_GUEST_MODULES     folder of further modules for that kernel
#
# Exit status: 0 done, 77 this machine cannot do it (reason = last line).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build_image.sh OUT}
multiarch=usr/lib/x86_64-linux-gnu
modules="irqbypass vfio vfio_virqfd vfio_iommu_type1 vfio-pci-core vfio-pci"
# Loaded by the cases that want them.
more_modules="uio uio_pci_generic tun tap vhost_iotlb vhost vhost_net vdpa vhost_vdpa"
pmds="bus_pci bus_vdev mempool_ring net_virtio"

skip() {
	echo "cannot build the guest image: $*"
	exit 77
}

need_tools() {
	[ "$(uname -m)" = x86_64 ] || skip "it is made for x86_64, not $(uname -m)"
	for tool in dpkg-deb cpio ldd ldconfig; do
		command -v $tool >/dev/null 2>&1 || PATH=$PATH:/usr/sbin:/sbin
		command -v $tool >/dev/null 2>&1 || skip "$tool is not installed"
	done
	[ -x /bin/busybox ] || skip "package busybox-static is not installed"
	if ldd /bin/busybox >/dev/null 2>&1; then
		skip "/bin/busybox is dynamic, package busybox-static has the static one"
	fi
	testpmd=$(command -v dpdk-testpmd) || skip "dpdk-testpmd is not installed"
}

kernel_package() {
	apt-cache depends linux-image-amd64 2>/dev/null |
		sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*-amd64\)$/\1/p' | head -n 1
}

# Prints the path of the kernel's .deb, downloading it on the first run.
kernel_deb() {
	if [ -n "${VNIC_GUEST_KERNEL_DEB:-}" ]; then
		[ -r "$VNIC_GUEST_KERNEL_DEB" ] ||
			skip "VNIC_GUEST_KERNEL_DEB=$VNIC_GUEST_KERNEL_DEB is not readable"
		echo "$VNIC_GUEST_KERNEL_DEB"
		return
	fi
	mkdir -p "$out/deb"
	if ! ls "$out"/deb/linux-image-*.deb >/dev/null 2>&1; then
		name=$(kernel_package)
		[ -n "$name" ] || skip "apt knows no linux-image-amd64 (apt-get update?)"
		(cd "$out/deb" && timeout 240 apt-get -q -o APT::Sandbox::User=root download "$name") >&2 ||
			skip "apt-get download $name failed"
	fi
	ls "$out"/deb/linux-image-*.deb | tail -n 1
}

# Copies a file into the root at the same path, with every link on the way to it:
# a library reached by two inodes would be loaded twice, and EAL panics then.
add_file() {
	path=$1
	while :; do
		dir=$(dirname "$path")
		dir=$(readlink -f "$dir")
		path=$dir/$(basename "$path")
		mkdir -p "$root$dir"
		[ -e "$root$path" ] || [ -L "$root$path" ] || cp -P "$path" "$root$path"
		[ -L "$path" ] || break
		target=$(readlink "$path")
		case $target in
		/*) path=$target ;;
		*) path=$dir/$target ;;
		esac
	done
}

add_program() {
	add_file "$1"
	for lib in $(ldd "$1" | grep -o '/[^ ]*'); do
		add_file "$lib"
	done
}

add_dpdk() {
	add_program "$testpmd"
	for lib in /$multiarch/libgcc_s.so.1 /lib/x86_64-linux-gnu/libgcc_s.so.1; do
		[ ! -e $lib ] || add_file $lib
	done
	pmd_dir=$(dirname "$(readlink -f /$multiarch/librte_bus_pci.so)")
	for pmd in $pmds; do
		for link in "$pmd_dir"/librte_$pmd.so*; do
			[ -e "$link" ] || skip "DPDK has no librte_$pmd.so in $pmd_dir"
			add_program "$link"
		done
	done
	mkdir -p "$root/etc"
	printf '%s\n' /$multiarch "$pmd_dir" >"$root/etc/ld.so.conf"
	ldconfig -r "$root"
}

add_module() {
	found=$(find "$work/kernel" -name "$1.ko" -o -name "$1.ko.xz")
	[ -n "$found" ] || return 1
	cp "$found" "$root/modules/"
	[ "${found%.xz}" = "$found" ] || xz -d "$root/modules/$1.ko.xz"
}

add_kernel() {
	dpkg-deb -x "$deb" "$work/kernel"
	cp "$work"/kernel/boot/vmlinuz-* "$work/vmlinuz"
	mkdir -p "$root/modules"
	for module in $modules; do
		# Absent means built in, or (vfio_virqfd) folded into another one later.
		if add_module "$module"; then
			echo "$module.ko" >>"$root/modules/order"
		fi
	done
	for module in $more_modules; do
		add_module "$module" || :
	done
	for module in "${VNIC_GUEST_MODULES:-/nonexistent}"/*.ko; do
		[ ! -e "$module" ] || cp "$module" "$root/modules/"
	done
	[ -e "$root/modules/vfio-pci.ko" ] || skip "no vfio-pci module in $deb"
}

make_root() {
	mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/$multiarch" \
		"$root/usr/lib64" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" \
		"$root/var/run" "$root/run" "$root/opt/vnic" "$root/root"
	ln -s usr/lib "$root/lib"
	ln -s usr/lib64 "$root/lib64"
	cp /bin/busybox "$root/bin/busybox"
	cp "$here/rootfs/init" "$here/rootfs/agent" "$here/rootfs/bind-pci" "$root/"
	chmod 755 "$root/init" "$root/agent" "$root/bind-pci"
}

need_tools
mkdir -p "$out"
deb=$(kernel_deb) || { echo "$deb" | tail -n 1; exit 77; }
stamp=$(cat "$0" "$here"/rootfs/* "$testpmd" "$deb" \
	$(ls "${VNIC_GUEST_MODULES:-/nonexistent}"/*.ko 2>/dev/null) | sha256sum | cut -d' ' -f1)
if [ -e "$out/base.cpio" ] && [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

rm -rf "$out"/work.* # of a run that was killed
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
root=$work/root
make_root
add_kernel
add_dpdk
# Makes vDPA devices; cases that need it look.
[ ! -x /usr/sbin/vdpa ] || add_program /usr/sbin/vdpa
# Not compressed: unpacking under software emulation takes longer than loading.
(cd "$root" && find . | sort >"$work/base.list" &&
	cpio -o -H newc --quiet <"$work/base.list" >"$work/base.cpio")
rm -f "$out/stamp"
mv "$work/vmlinuz" "$work/base.cpio" "$work/base.list" "$out/"
echo "$stamp" >"$out/stamp"
echo "guest image: kernel $(basename "$deb"), $(wc -l <"$out/base.list") files"
