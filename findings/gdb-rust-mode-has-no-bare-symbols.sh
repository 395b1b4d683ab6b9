#!/usr/bin/env bash
# gdb 13.1 (Debian's gdb 13.1-3).
#
# A function or variable without debugging information (assembly, a stripped library) has only its
# linker's symbol. In expressions gdb takes such symbols in C, Go and D, with a note on the missing
# type. With the language Rust, which gdb sets by itself in every frame of a Rust program, it says
# that there is no such symbol, although `info address` and `break` find it at the same moment.
# `set language c`, or `info address`, helps; scripts had better not rely on the current language.
#
# Seen, for a C function compiled without -g: C, Go and D print its address, Rust "No symbol
# 'answer' in current context".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/deb/partial" "$dir/gdb"
apt-get install -qq -y --download-only --reinstall -o APT::Sandbox::User=root \
    -o Dir::Cache::archives="$dir/deb" gdb=13.1-3 >/dev/null
for p in "$dir"/deb/*.deb; do dpkg -x "$p" "$dir/gdb"; done
printf 'int answer(void) { return 42; }\nint main(void) { return answer(); }\n' >"$dir/p.c"
cc -g0 -O0 -o "$dir/p" "$dir/p.c"
export LD_LIBRARY_PATH="$dir/gdb/usr/lib/x86_64-linux-gnu:$dir/gdb/lib/x86_64-linux-gnu"
"$dir/gdb/usr/bin/gdb" --version | head -1
ask() {
    "$dir/gdb/usr/bin/gdb" --batch -nx --data-directory "$dir/gdb/usr/share/gdb" \
        -ex "set debuginfod enabled off" -ex "set language $1" -ex "$2" "$dir/p" 2>&1 || true
}
for l in c go d rust; do
    printf '%s: ' "$l"
    ask "$l" 'print &answer' | tee "$dir/$l"
done
ask rust 'info address answer' | tee "$dir/address"
for l in c go d; do grep -q 'no debug info.*<answer>' "$dir/$l"; done
grep -q "No symbol 'answer' in current context" "$dir/rust"
grep -q 'Symbol "answer" is at 0x' "$dir/address"
