// Prints what debug/gosym reads from tables: gosym FILE TEXT (a bare pclntab, and where its code is, in hexadecimal), or gosym FILE (a Go program). For
// each function its range, and each line of it with the places where it begins.
package main

import (
	"bufio"
	"debug/elf"
	"debug/gosym"
	"fmt"
	"log"
	"os"
	"strconv"
)

func main() {
	log.SetFlags(0)
	var data []byte
	var text uint64
	var err error
	if len(os.Args) == 3 {
		if data, err = os.ReadFile(os.Args[1]); err == nil {
			text, err = strconv.ParseUint(os.Args[2], 16, 64)
		}
	} else {
		var f *elf.File
		if f, err = elf.Open(os.Args[1]); err == nil {
			text = f.Section(".text").Addr
			data, err = f.Section(".gopclntab").Data()
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	t, err := gosym.NewTable(nil, gosym.NewLineTable(data, text))
	if err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	for i := range t.Funcs {
		f := &t.Funcs[i]
		fmt.Fprintf(w, "%s %#x-%#x\n", f.Name, f.Entry, f.End)
		last := ""
		for pc := f.Entry; pc < f.End; pc++ {
			if g := t.PCToFunc(pc); g != f {
				log.Fatalf("%#x is of %v", pc, g)
			}
			file, line, _ := t.PCToLine(pc)
			if now := fmt.Sprintf("%s:%d", file, line); now != last {
				fmt.Fprintf(w, " %#x %s\n", pc-f.Entry, now)
				last = now
			}
		}
	}
}
