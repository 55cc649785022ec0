#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# get_qemu.sh OUT: unpack the QEMU of bookworm-backports into OUT, installing
# nothing: OUT/qemu runs it. Nothing is done when it is there already.
#
# Exit status: 0 done, 77 this machine cannot have it (reason = last line).
set -eu

out=${1:?usage: get_qemu.sh OUT}
mkdir -p "$out"
out=$(cd "$out" && pwd)
suite=bookworm-backports
packages="qemu-system-x86 qemu-system-data seabios"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

skip() {
	echo "cannot get QEMU of $suite: $*"
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
	timeout 240 "$tool" -q -o Dir::Etc::SourceList="$out/sources.list" \
		-o Dir::Etc::SourceParts=- -o Dir::State::Lists="$out/lists" \
		-o Dir::Cache="$out/cache" -o APT::Sandbox::User=root "$@" >&2
}

[ ! -x "$out/qemu" ] || exit 0
. /etc/os-release
[ "${VERSION_CODENAME:-}" = bookworm ] || skip "this is not Debian 12"
archive=$(mirror | head -n 1)
[ -n "$archive" ] || skip "no Debian archive in apt's sources"
mkdir -p "$out/lists/partial" "$out/cache/archives/partial" "$out/deb" "$out/tree"
echo "deb [signed-by=$keyring] $archive $suite main" >"$out/sources.list"
private_apt apt-get update || skip "apt-get update for $archive failed"
(cd "$out/deb" && private_apt apt-get download $packages) ||
	skip "apt-get download $packages failed"
for deb in "$out"/deb/*.deb; do
	dpkg-deb -x "$deb" "$out/tree"
done
binary=$out/tree/usr/bin/qemu-system-x86_64
missing=$(ldd "$binary" | sed -n 's/^[[:space:]]*\(.*\) => not found/\1/p' | tr '\n' ' ')
[ -z "$missing" ] || skip "libraries not installed: $missing"
cat >"$out/qemu.new" <<END
#!/bin/sh
exec "$binary" -L "$out/tree/usr/share/qemu" -L "$out/tree/usr/share/seabios" "\$@"
END
chmod +x "$out/qemu.new"
"$out/qemu.new" --version >&2 || skip "the unpacked QEMU does not run"
rm -rf "$out/deb" "$out/lists" "$out/cache"
mv "$out/qemu.new" "$out/qemu"
