#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# Sets up what is missing, builds, runs every test. The last line is
# "N passed, N failed, N skipped"; the exit status is 0 if none failed.

set -eu
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")

usage()
{
	cat <<TEXT
Usage: sudo devtools/test.sh [--quick] [--no-setup] [--help]

  --quick      suites unit and path only, without the sanitizer builds
  --no-setup   do not run devtools/setup.sh first
Builds in build, build-asan (address, undefined), build-tsan (thread) and
build-aarch64 (cross-compiled, run under qemu-user).
TEXT
}

child=
logs=
quick=no
setup=yes

say() { echo "test: $*"; }

# In the background and waited for, so that a signal is acted on at once.
run()
{
	"$@" </dev/null &
	child=$!
	status=0
	wait "$child" || status=$?
	child=
	return "$status"
}

# meson passes SIGTERM on to the tests that run, and they clean up.
interrupted()
{
	trap '' INT TERM HUP
	if [ -n "$child" ]; then
		kill -TERM "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	fi
	[ -z "$logs" ] || rm -rf "$logs"
	say "interrupted" >&2
	exit 130
}

# build DIR TARGET MESON_ARGUMENTS...; one that fails counts as a failed test.
build()
{
	dir=$1
	target=$2
	shift 2
	say "building in $dir"
	if [ ! -f "$root/$dir/build.ninja" ]; then
		rm -rf "${root:?}/$dir"
		run meson setup "$root/$dir" "$root" -Dwerror=true "$@" >"$logs/$dir.out" 2>&1 || {
			cat "$logs/$dir.out"
			fail_build "$dir"
			return 1
		}
	fi
	# shellcheck disable=SC2086 # there may be several
	run ninja -C "$root/$dir" $target >"$logs/$dir.out" 2>&1 || {
		cat "$logs/$dir.out"
		fail_build "$dir"
		return 1
	}
}

fail_build()
{
	echo "{\"name\": \"build of $1\", \"result\": \"FAIL\"}" >"$logs/$1.build.json"
}

# Sanitizers of this compiler cannot place their shadow under some kernels'
# address randomisation, so the tests run without it where that is allowed.
fixed_addresses()
{
	if setarch -R true 2>/dev/null; then
		run setarch -R "$@"
	else
		run "$@"
	fi
}

# run_suites DIR NAME MESON_TEST_ARGUMENTS...
run_suites()
{
	dir=$1
	name=$2
	shift 2
	say "running $name in $dir"
	log=$root/$dir/meson-logs/$name.json
	flat=$(echo "$dir" | tr / -)
	rm -f "$log"
	status=0
	fixed_addresses meson test -C "$root/$dir" --no-rebuild --logbase "$name" \
		--print-errorlogs "$@" || status=$?
	if [ -f "$log" ]; then
		cp "$log" "$logs/$flat.$name.json"
	elif [ "$status" -ne 0 ]; then
		fail_build "$flat.$name"
	fi
}

# The NEON paths, cross-compiled and under qemu-user.
run_aarch64()
{
	say "building in build-aarch64"
	status=0
	run "$here/test-aarch64.sh" --build-only "$root/build-aarch64" \
		>"$logs/build-aarch64.out" 2>&1 || status=$?
	if [ "$status" -eq 77 ]; then
		echo "{\"name\": \"aarch64\", \"result\": \"SKIP\", \"stdout\": \"no arm64 packages to be had\"}" \
			>"$logs/build-aarch64.skip.json"
	elif [ "$status" -ne 0 ]; then
		cat "$logs/build-aarch64.out"
		fail_build build-aarch64
	else
		run_suites build-aarch64/build aarch64 --timeout-multiplier 5 \
			--suite unit --suite path --no-suite static
	fi
}

run_all()
{
	if build build all; then
		run_suites build fast --suite unit --suite path
		# One at a time: these poll on every core there is.
		[ "$quick" = yes ] ||
			run_suites build whole --num-processes 1 --suite system --suite guest
	fi
	[ "$quick" = no ] || return 0
	run_aarch64
	# With sanitizers test/ has no suites that need DPDK's own programs.
	# -g1: lines for the reports, without what takes a quarter of the compile time.
	sanitized="-Dapps=disabled -Doptimization=1 -Ddebug=false -Dc_args=-g1 -Db_lundef=false"
	# shellcheck disable=SC2086
	if build build-asan all -Db_sanitize=address,undefined $sanitized; then
		run_suites build-asan asan --timeout-multiplier 4 \
			--suite unit --suite path --no-suite static
	fi
	# shellcheck disable=SC2086
	if build build-tsan "test/path/test_path test/control/test_control" -Db_sanitize=thread $sanitized; then
		run_suites build-tsan tsan --timeout-multiplier 4 --suite tsan
	fi
}

for arg in "$@"; do
	case $arg in
	--quick) quick=yes ;;
	--no-setup) setup=no ;;
	--help|-h) usage; exit 0 ;;
	*) usage >&2; echo "test: error: unknown option '$arg'" >&2; exit 2 ;;
	esac
done
trap interrupted INT TERM HUP
logs=$(mktemp -d)
if [ "$setup" = yes ]; then
	run "$here/setup.sh" || { rm -rf "$logs"; exit 1; }
fi
run_all
status=0
/usr/bin/python3 "$here/test_summary.py" "$logs"/*.json || status=$?
rm -rf "$logs"
exit "$status"
