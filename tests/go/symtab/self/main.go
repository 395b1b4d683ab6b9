// Prints what the runtime says of each function of this program and each of its pcs: its own, and the runtime's. Built with
// -ldflags=-checklinkname=0, as it calls what is not exported. symtab/tests/go.rs reads the same tables from the file of this program and must
// print the same.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"unsafe"
)

type funcInfo struct {
	f *function
	m *module
}

// The beginning of runtime.moduledata.
type module struct {
	header      unsafe.Pointer
	funcnametab []byte
	cutab       []uint32
	filetab     []byte
	pctab       []byte
	pclntable   []byte
	ftab        []struct{ entryoff, funcoff uint32 }
	findfunctab uintptr
	minpc       uintptr
	maxpc       uintptr
	text        uintptr
	etext       uintptr
}

// runtime._func
type function struct {
	entryOff    uint32
	nameOff     int32
	args        int32
	deferreturn uint32
	pcsp        uint32
	pcfile      uint32
	pcln        uint32
	npcdata     uint32
	cuOffset    uint32
	startLine   int32
	funcID      uint8
	flag        uint8
	_           [1]byte
	nfuncdata   uint8
}

type inlineUnwinder struct {
	f    funcInfo
	tree unsafe.Pointer
}

type inlineFrame struct {
	pc    uintptr
	index int32
}

type srcFunc struct {
	m         *module
	nameOff   int32
	startLine int32
	funcID    uint8
}

type object struct {
	off, size, ptrdata int32
	gcdataoff          uint32
}

//go:linkname findfunc runtime.findfunc
func findfunc(pc uintptr) funcInfo

//go:linkname funcname runtime.funcname
func funcname(f funcInfo) string

//go:linkname pcvalue runtime.pcvalue
func pcvalue(f funcInfo, off uint32, pc uintptr, strict bool) (int32, uintptr)

//go:linkname pcdatavalue1 runtime.pcdatavalue1
func pcdatavalue1(f funcInfo, table uint32, pc uintptr, strict bool) int32

//go:linkname funcMaxSPDelta runtime.funcMaxSPDelta
func funcMaxSPDelta(f funcInfo) int32

//go:linkname funcdata runtime.funcdata
func funcdata(f funcInfo, i uint8) unsafe.Pointer

//go:linkname gcdata runtime.(*stackObjectRecord).gcdata
func gcdata(r *object) *byte

//go:linkname newInlineUnwinder runtime.newInlineUnwinder
func newInlineUnwinder(f funcInfo, pc uintptr) (inlineUnwinder, inlineFrame)

//go:linkname next runtime.(*inlineUnwinder).next
func next(u *inlineUnwinder, uf inlineFrame) inlineFrame

//go:linkname inlineSrcFunc runtime.(*inlineUnwinder).srcFunc
func inlineSrcFunc(u *inlineUnwinder, uf inlineFrame) srcFunc

//go:linkname fileLine runtime.(*inlineUnwinder).fileLine
func fileLine(u *inlineUnwinder, uf inlineFrame) (string, int)

//go:linkname srcFuncName runtime.srcFunc.name
func srcFuncName(s srcFunc) string

func main() {
	w := bufio.NewWriterSize(os.Stdout, 1<<16)
	defer w.Flush()
	var p = main
	m := findfunc(**(**uintptr)(unsafe.Pointer(&p))).m
	fmt.Fprintf(w, "text %#x end %#x functions %d\n", m.text, m.maxpc, len(m.ftab)-1)
	for i := range len(m.ftab) - 1 {
		entry, end := m.text+uintptr(m.ftab[i].entryoff), m.text+uintptr(m.ftab[i+1].entryoff)
		f := findfunc(entry)
		fmt.Fprintf(w, "%s %#x-%#x args=%d deferreturn=%d line=%d id=%d flag=%d sp=%d\n", funcname(f), entry, end, f.f.args, f.f.deferreturn,
			f.f.startLine, f.f.funcID, f.f.flag, maxSP(f))
		maps(w, f)
		last := ""
		for pc := entry; pc < end; pc++ {
			if findfunc(pc) != f {
				panic("another function")
			}
			if now := at(f, pc); now != last {
				fmt.Fprintf(w, " %#x%s\n", pc-entry, now)
				last = now
			}
		}
	}
}

func maxSP(f funcInfo) int32 {
	if f.f.pcsp == 0 {
		return -1
	}
	return funcMaxSPDelta(f)
}

func maps(w *bufio.Writer, f funcInfo) {
	for i := range uint8(2) {
		if p := funcdata(f, i); p != nil {
			n, nbit := *(*int32)(p), *(*int32)(unsafe.Add(p, 4))
			fmt.Fprintf(w, " maps %d: %d of %d %x\n", i, n, nbit, unsafe.Slice((*byte)(unsafe.Add(p, 8)), n*((nbit+7)/8)))
		}
	}
	if p := funcdata(f, 2); p != nil {
		for _, o := range unsafe.Slice((*object)(unsafe.Add(p, 8)), *(*uintptr)(p)) {
			fmt.Fprintf(w, " object %d size %d pointers %d", o.off, o.size, o.ptrdata)
			if o.ptrdata >= 0 {
				// Where it stands counts: gcdata looks for the module by the record's address.
				q := gcdata((*object)(p))
				q = (*byte)(unsafe.Add(unsafe.Pointer(q), int64(o.gcdataoff)-int64((*object)(p).gcdataoff)))
				fmt.Fprintf(w, " %x", unsafe.Slice(q, (o.ptrdata+63)/64))
			}
			fmt.Fprintln(w)
		}
	}
}

var names strings.Builder

// What the tables say at a pc.
func at(f funcInfo, pc uintptr) string {
	names.Reset()
	sp, from := pcvalue(f, f.f.pcsp, pc, false)
	fmt.Fprintf(&names, " sp=%d@%d", sp, int(from)-int(f.m.text))
	for i := range f.f.npcdata {
		fmt.Fprintf(&names, ",%d", pcdatavalue1(f, i, pc, false))
	}
	for u, uf := newInlineUnwinder(f, pc); uf.pc != 0; uf = next(&u, uf) {
		s := inlineSrcFunc(&u, uf)
		file, line := fileLine(&u, uf)
		fmt.Fprintf(&names, " %s(%d,%d) %s:%d", srcFuncName(s), s.startLine, s.funcID, file, line)
	}
	return names.String()
}
