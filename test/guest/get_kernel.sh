#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# get_kernel.sh OUT: the kernel of bookworm-backports, which has vhost-vdpa, with
# what Debian leaves out built from the same source: the vDPA simulator, and a
# vfio with its no-IOMMU mode (vfio_noiommu.ko, in place of vfio.ko).
# OUT/kernel.deb, OUT/modules/*.ko; nothing is installed. Nothing is done when it
# is there already.
#
# Exit status: 0 done, 77 this machine cannot have it (reason = last line).
set -eu

out=${1:?usage: get_kernel.sh OUT}
mkdir -p "$out"
out=$(cd "$out" && pwd)
suite=bookworm-backports
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

skip() {
	echo "cannot get the kernel of $suite: $*"
	exit 77
}

# The archive that the system itself uses for Debian's main part.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n 's|^deb  *\(\[[^]]*\]\)* *\(http[^ ]*/debian\)/*  *bookworm .*|\2|p'
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
		sed -n 's|^URIs: *\(http[^ ]*/debian\)/* *$|\1|p'
}

private_apt() {
	tool=$1
	shift
	timeout 280 "$tool" -q -o Dir::Etc::SourceList="$out/sources.list" \
		-o Dir::Etc::SourceParts=- -o Dir::State::Lists="$out/lists" \
		-o Dir::Cache="$out/cache" -o APT::Sandbox::User=root "$@"
}

fetch() {
	(cd "$out/deb" && private_apt apt-get download "$@") >&2 ||
		skip "apt-get download $* failed"
}

# The kernel's own Makefile, with its folders where we unpacked them.
prepare_tree() {
	headers=$(echo "$out"/tree/usr/src/linux-headers-*-amd64)
	sed -i "s|^include /usr/src/|include $out/tree/usr/src/|" "$headers/Makefile"
	rm -f "$headers/vmlinux" # for type information, which nobody needs
	mkdir -p "$out/source" "$out/modules"
	tar -xf "$out"/tree/usr/src/linux-source-*.tar.xz -C "$out/source" \
		--strip-components=1 --wildcards '*/drivers/vdpa/vdpa_sim/*' \
		'*/drivers/vhost/vringh.c' '*/drivers/vfio/*.[ch]'
}

# build FOLDER: its Kbuild and sources are there.
build() {
	make -C "$headers" M="$1" modules >"$1.log" 2>&1 ||
		skip "its modules do not build, see $1.log"
	strip -g "$1"/*.ko
}

build_vdpa_sim() {
	mkdir -p "$out/build/vdpa"
	cp "$out"/source/drivers/vdpa/vdpa_sim/vdpa_sim*.[ch] \
		"$out/source/drivers/vhost/vringh.c" "$out/build/vdpa/"
	echo 'obj-m := vringh.o vdpa_sim.o vdpa_sim_net.o' >"$out/build/vdpa/Kbuild"
	build "$out/build/vdpa"
	cp "$out"/build/vdpa/*.ko "$out/modules/"
}

build_vfio_noiommu() {
	mkdir -p "$out/build/vfio"
	for part in vfio.h vfio_main.c group.c container.c virqfd.c; do
		cp "$out/source/drivers/vfio/$part" "$out/build/vfio/"
	done
	cat >"$out/build/vfio/Kbuild" <<END
obj-m := vfio.o
vfio-y := vfio_main.o group.o container.o virqfd.o
ccflags-y := -DCONFIG_VFIO_NOIOMMU=1
END
	build "$out/build/vfio"
	cp "$out/build/vfio/vfio.ko" "$out/modules/vfio_noiommu.ko"
}

# Its name changes with what is made.
[ ! -e "$out/done.2" ] || exit 0
. /etc/os-release
[ "${VERSION_CODENAME:-}" = bookworm ] || skip "this is not Debian 12"
for tool in gcc-12 make xz strip; do
	command -v $tool >/dev/null 2>&1 || skip "$tool is not installed"
done
archive=$(mirror | head -n 1)
[ -n "$archive" ] || skip "no Debian archive in apt's sources"
mkdir -p "$out/lists/partial" "$out/cache/archives/partial" "$out/deb" "$out/tree"
echo "deb [signed-by=$keyring] $archive $suite main" >"$out/sources.list"
private_apt apt-get update >&2 || skip "apt-get update for $archive failed"
image=$(private_apt apt-cache depends linux-image-amd64 |
	sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*-amd64\)$/\1/p' | head -n 1)
version=${image#linux-image-}
version=${version%-amd64}
[ -n "$version" ] || skip "apt knows no linux-image-amd64 of $suite"
number=$(echo "$version" | cut -d. -f1,2)
fetch "$image" "linux-headers-$version-amd64" "linux-headers-$version-common" \
	"linux-kbuild-$version" "linux-source-$number"
mv "$out"/deb/linux-image-*.deb "$out/kernel.deb"
for deb in "$out"/deb/*.deb; do
	dpkg-deb -x "$deb" "$out/tree"
done
prepare_tree
build_vdpa_sim
build_vfio_noiommu
rm -rf "$out/deb" "$out/lists" "$out/cache" "$out/tree" "$out/source" "$out/build"
touch "$out/done.2"
