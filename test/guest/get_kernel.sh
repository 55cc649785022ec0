#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# get_kernel.sh OUT: the kernel of bookworm-backports, which has vhost-vdpa, with
# the vDPA simulator, which Debian leaves out, built from the same source.
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
build_modules() {
	headers=$(echo "$out"/tree/usr/src/linux-headers-*-amd64)
	sed -i "s|^include /usr/src/|include $out/tree/usr/src/|" "$headers/Makefile"
	rm -f "$headers/vmlinux" # for type information, which nobody needs
	mkdir -p "$out/build" "$out/source"
	tar -xf "$out"/tree/usr/src/linux-source-*.tar.xz -C "$out/source" \
		--strip-components=1 --wildcards '*/drivers/vdpa/vdpa_sim/*' '*/drivers/vhost/vringh.c'
	cp "$out"/source/drivers/vdpa/vdpa_sim/vdpa_sim*.[ch] \
		"$out/source/drivers/vhost/vringh.c" "$out/build/"
	echo 'obj-m := vringh.o vdpa_sim.o vdpa_sim_net.o' >"$out/build/Kbuild"
	make -C "$headers" M="$out/build" modules >"$out/build.log" 2>&1 ||
		skip "its modules do not build, see $out/build.log"
	mkdir -p "$out/modules"
	cp "$out"/build/*.ko "$out/modules/"
	strip -g "$out"/modules/*.ko
}

[ ! -e "$out/done" ] || exit 0
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
build_modules
rm -rf "$out/deb" "$out/lists" "$out/cache" "$out/tree" "$out/source" "$out/build"
touch "$out/done"
