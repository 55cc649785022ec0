#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The vnic authors
#
# Checks sizes and headers of the C files: a file of 600 lines, a function of
# 70, the licence in the first line. Usage: devtools/check-style.sh [ROOT]

set -eu
export LC_ALL=C
FILE_MAX=600
FUNCTION_MAX=70
root=${1:-$(dirname "$0")/..}
cd "$root"

sources()
{
	for dir in lib drivers app test; do
		[ ! -d "$dir" ] || find "$dir" \( -name '*.c' -o -name '*.h' \)
	done
}

check_files()
{
	for file in $(sources); do
		lines=$(wc -l <"$file")
		[ "$lines" -le "$FILE_MAX" ] || echo "$file: $lines lines, at most $FILE_MAX"
		head -1 "$file" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' ||
			echo "$file:1: no SPDX-License-Identifier: BSD-3-Clause"
		[ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at its end"
		grep -HnE '[[:blank:]]+$' "$file" | sed 's/^\([^:]*:[0-9]*\):.*/\1: blanks at the end of the line/'
	done
}

check_functions()
{
	sources | ctags -x --language-force=C --c-kinds=f --_xformat='%{input} %{line} %{end} %N' -L - |
		awk -v max="$FUNCTION_MAX" '$3 - $2 + 1 > max {
			printf "%s:%d: %s has %d lines, at most %d\n", $1, $2, $4, $3 - $2 + 1, max }'
}

[ -n "$(sources)" ] || { echo "check-style: no C file found below $(pwd)" >&2; exit 1; }
broken=$(check_files)
if ctags --version 2>/dev/null | grep -q Universal; then
	broken=$broken$(check_functions)
else
	echo "check-style: function lengths not checked, universal-ctags is not installed"
fi
if [ -n "$broken" ]; then
	echo "$broken"
	exit 1
fi
echo "check-style: $(sources | wc -l) files within the limits"
