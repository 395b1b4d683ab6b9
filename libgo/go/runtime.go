// The part of package runtime that only Go code can be: error types, which need type descriptors,
// and the package's public interface as programs see it. Compiled by gccgo with
// -fgo-pkgpath=runtime; its export data stands in for libgo's.
package runtime

import "unsafe"

const Compiler = "gccgo"
const GOOS = "linux"
const GOARCH = "amd64"

// An Error is an error of the runtime itself.
type Error interface {
	error
	RuntimeError()
}

type errorString string

func (e errorString) RuntimeError() {}
func (e errorString) Error() string { return "runtime error: " + string(e) }

type plainError string

func (e plainError) RuntimeError() {}
func (e plainError) Error() string { return string(e) }

type errorAddressString struct {
	msg  string
	addr uintptr
}

func (e errorAddressString) RuntimeError() {}
func (e errorAddressString) Error() string { return "runtime error: " + e.msg }
func (e errorAddressString) Addr() uintptr { return e.addr }

// A PanicNilError is what panic(nil) panics with.
type PanicNilError struct {
	_ [0]func()
}

func (*PanicNilError) RuntimeError() {}
func (*PanicNilError) Error() string {
	return "panic called with nil argument"
}

// A TypeAssertionError is a type assertion that failed.
type TypeAssertionError struct {
	inter, have, want *string
	missing           string
	samePkg           bool
}

func (*TypeAssertionError) RuntimeError() {}

func (e *TypeAssertionError) Error() string {
	inter := "interface"
	if e.inter != nil {
		inter = *e.inter
	}
	switch {
	case e.have == nil:
		return "interface conversion: " + inter + " is nil, not " + *e.want
	case e.missing != "":
		return "interface conversion: " + *e.have + " is not " + *e.want + ": missing method " + e.missing
	}
	s := "interface conversion: " + inter + " is " + *e.have + ", not " + *e.want
	if *e.have == *e.want {
		if e.samePkg {
			s += " (types from different scopes)"
		} else {
			s += " (types from different packages)"
		}
	}
	return s
}

type boundsError struct {
	x      int64
	y      int
	signed bool
	code   uint8
}

func (e boundsError) RuntimeError() {}

// One text for each kind; %x and %y stand for the numbers.
var boundsTexts = [...]string{
	"index out of range [%x] with length %y",
	"slice bounds out of range [:%x] with length %y",
	"slice bounds out of range [:%x] with capacity %y",
	"slice bounds out of range [%x:%y]",
	"slice bounds out of range [::%x] with length %y",
	"slice bounds out of range [::%x] with capacity %y",
	"slice bounds out of range [:%x:%y]",
	"slice bounds out of range [%x:%y:]",
	"cannot convert slice with length %x to array or pointer to array with length %y",
}

// The same for negative numbers.
var boundsNegTexts = [...]string{
	"index out of range [%x]",
	"slice bounds out of range [:%x]",
	"slice bounds out of range [:%x]",
	"slice bounds out of range [%x:]",
	"slice bounds out of range [::%x]",
	"slice bounds out of range [::%x]",
	"slice bounds out of range [:%x:]",
	"slice bounds out of range [%x::]",
}

func (e boundsError) Error() string {
	text := boundsTexts[e.code]
	if e.signed && e.x < 0 && int(e.code) < len(boundsNegTexts) {
		text = boundsNegTexts[e.code]
	}
	s := "runtime error: "
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			s += text[i : i+1]
			continue
		}
		i++
		if text[i] == 'x' {
			s += decimal(uint64(e.x), e.signed)
		} else {
			s += decimal(uint64(e.y), true)
		}
	}
	return s
}

func decimal(v uint64, signed bool) string {
	if signed && int64(v) < 0 {
		return "-" + decimal(-v, false)
	}
	if v < 10 {
		return string(rune('0' + v))
	}
	return decimal(v/10, false) + string(rune('0'+v%10))
}

// Constructors for the Rust side.

//go:linkname mkErrorString gortgo.errorString
func mkErrorString(s string) interface{} { return errorString(s) }

//go:linkname mkPlainError gortgo.plainError
func mkPlainError(s string) interface{} { return plainError(s) }

//go:linkname mkAddressError gortgo.addressError
func mkAddressError(s string, addr uintptr) interface{} { return errorAddressString{s, addr} }

//go:linkname mkNilError gortgo.nilError
func mkNilError() interface{} { return new(PanicNilError) }

//go:linkname mkBoundsError gortgo.boundsError
func mkBoundsError(x int64, y int, signed, code uint32) interface{} {
	return boundsError{x, y, signed != 0, uint8(code)}
}

//go:linkname mkTypeAssertionError gortgo.typeAssertionError
func mkTypeAssertionError(inter, have, want *string, missing string, samePkg uint32) interface{} {
	return &TypeAssertionError{inter, have, want, missing, samePkg != 0}
}

//go:linkname toError gortgo.toError
func toError(e interface{}) error { return e.(error) }

// badPanicText ends the program: the method that panicText called has panicked.
//
//go:linkname badPanicText gortgo.badPanicText
func badPanicText(r interface{})

// panicText is the text of a panic value that has a method for it.
//
//go:linkname panicText gortgo.panicText
func panicText(v interface{}) (s string, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			badPanicText(r)
		}
	}()
	switch v := v.(type) {
	case error:
		return v.Error(), true
	case interface{ String() string }:
		return v.String(), true
	}
	return "", false
}

// What programs call, defined on the Rust side.

func Gosched()
func Goexit()
func GOMAXPROCS(n int) int
func NumCPU() int
func NumGoroutine() int
func NumCgoCall() int64
func LockOSThread()
func UnlockOSThread()
func GC()
func KeepAlive(x interface{})
func SetFinalizer(obj, finalizer interface{})
func Caller(skip int) (pc uintptr, file string, line int, ok bool)
func Callers(skip int, pc []uintptr) int
func Stack(buf []byte, all bool) int
func GoroutineProfile(p []StackRecord) (n int, ok bool)
func SetCPUProfileRate(hz int)
func SetBlockProfileRate(rate int)
func SetMutexProfileFraction(rate int) int
func Breakpoint()
func gogetenv(key string) string

//go:linkname blockProfile gortgo.blockProfile
func blockProfile(p []BlockProfileRecord) (n int, ok bool)

//go:linkname mutexProfile gortgo.mutexProfile
func mutexProfile(p []BlockProfileRecord) (n int, ok bool)

//go:linkname absent gortgo.absent
func absent(what string)

// A StackRecord is a stack in a profile; it ends at the first 0.
type StackRecord struct {
	Stack0 [32]uintptr
}

func (r *StackRecord) Stack() []uintptr { return upToZero(r.Stack0[:]) }

func upToZero(pcs []uintptr) []uintptr {
	for i, pc := range pcs {
		if pc == 0 {
			return pcs[:i]
		}
	}
	return pcs
}

// A MemProfileRecord is what a stack has allocated; there are none, as allocations are not sampled.
type MemProfileRecord struct {
	AllocBytes, FreeBytes     int64
	AllocObjects, FreeObjects int64
	Stack0                    [32]uintptr
}

func (r *MemProfileRecord) InUseBytes() int64   { return r.AllocBytes - r.FreeBytes }
func (r *MemProfileRecord) InUseObjects() int64 { return r.AllocObjects - r.FreeObjects }
func (r *MemProfileRecord) Stack() []uintptr    { return upToZero(r.Stack0[:]) }

// MemProfileRate is the rate at which allocations are sampled: not at all.
var MemProfileRate int

// A BlockProfileRecord is how long a stack has waited, or made others wait.
type BlockProfileRecord struct {
	Count  int64
	Cycles int64
	StackRecord
}

func MemProfile(p []MemProfileRecord, inuseZero bool) (n int, ok bool) {
	absent("heap")
	return 0, true
}

func BlockProfile(p []BlockProfileRecord) (n int, ok bool) {
	return blockProfile(p)
}

func MutexProfile(p []BlockProfileRecord) (n int, ok bool) {
	return mutexProfile(p)
}

// ThreadCreateProfile is empty: which stack happened to need a thread is not noted.
func ThreadCreateProfile(p []StackRecord) (n int, ok bool) { return 0, true }

func CPUProfile() []byte { panic("CPUProfile no longer available") }

// StartTrace fails if there is a trace already, be it that of GORT_TRACE.
func StartTrace() error {
	if !startTrace() {
		return errorString("tracing is already enabled")
	}
	return nil
}

//go:linkname startTrace gortgo.startTrace
func startTrace() bool
func StopTrace()
func ReadTrace() []byte

// GOROOT is where Go would be installed.
func GOROOT() string {
	if s := gogetenv("GOROOT"); s != "" {
		return s
	}
	return defaultGOROOT
}

var defaultGOROOT = "/usr/lib/go"

// The language that gccgo compiles, and on what it runs.
var buildVersion = "go1.18 gccgo gort"

func Version() string { return buildVersion }

// A location is what stands at a pc; the Rust side fills it in.
type location struct {
	function, file string
	line           int
	entry          uintptr
	inlined        bool
}

//go:linkname locate gortgo.locate
func locate(pc uintptr, index int, l *location)

// Where a pc of Caller or Callers has the index of the inlined call that it stands for, as
// symtab.rs has it.
const inlineShift = 56

func split(pc uintptr) (uintptr, int) { return pc & (1<<inlineShift - 1), int(pc >> inlineShift) }

// at finds what a pc stands for: the entry of a function, or most likely a return address, which
// may be that of the next function.
func at(pc uintptr) (l location) {
	pc, index := split(pc)
	locate(pc, -1, &l)
	if l.entry == pc && index == 0 {
		return l
	}
	outer := l
	locate(pc-1, index, &l)
	if l.function == "" {
		return outer
	}
	return l
}

// A Func is a function of the program.
type Func struct {
	name  string
	entry uintptr
}

// FuncForPC finds the function that the code at pc belongs to, also if it was inlined there.
func FuncForPC(pc uintptr) *Func {
	l := at(pc)
	if l.function == "" {
		return nil
	}
	return &Func{l.function, l.entry}
}

func (f *Func) Name() string {
	if f == nil {
		return ""
	}
	return f.name
}

func (f *Func) Entry() uintptr {
	if f == nil {
		return 0
	}
	return f.entry
}

func (f *Func) FileLine(pc uintptr) (file string, line int) {
	l := at(pc)
	return l.file, l.line
}

// A Frame is a call on a stack.
type Frame struct {
	PC       uintptr
	Func     *Func
	Function string
	File     string
	Line     int
	Entry    uintptr
}

// Frames turns the results of Callers into Frame values.
type Frames struct {
	callers   []uintptr
	last      uintptr
	lastCount int
}

func CallersFrames(callers []uintptr) *Frames { return &Frames{callers: callers} }

func (ci *Frames) Next() (frame Frame, more bool) {
	if len(ci.callers) == 0 {
		return Frame{}, false
	}
	pc := ci.callers[0]
	ci.callers = ci.callers[1:]
	more = len(ci.callers) > 0
	if pc == ci.last {
		ci.lastCount++
	} else {
		ci.last, ci.lastCount = pc, 0
	}
	var l location
	pc, index := split(pc)
	if index == 0 {
		// Those of profiles are the same for all calls inlined there.
		index = ci.lastCount
	}
	locate(pc-1, index, &l)
	if l.function == "" && l.file == "" && ci.lastCount > 0 {
		// The function called itself: the same pc, again.
		ci.lastCount = 0
		locate(pc-1, 0, &l)
	}
	if l.function == "" && l.file == "" {
		return Frame{}, more
	}
	frame = Frame{PC: pc - 1, Function: l.function, File: l.file, Line: l.line, Entry: l.entry}
	if !l.inlined {
		frame.Func = &Func{l.function, l.entry}
	}
	return frame, more
}

// A MemStats is what is known about memory. There is no collector, so fields about one stay 0, and
// what was allocated is what is in use.
type MemStats struct {
	Alloc, TotalAlloc, Sys, Lookups, Mallocs, Frees                    uint64
	HeapAlloc, HeapSys, HeapIdle, HeapInuse, HeapReleased, HeapObjects uint64
	StackInuse, StackSys, MSpanInuse, MSpanSys, MCacheInuse, MCacheSys uint64
	BuckHashSys, GCSys, OtherSys, NextGC, LastGC, PauseTotalNs         uint64
	PauseNs, PauseEnd                                                  [256]uint64
	NumGC, NumForcedGC                                                 uint32
	GCCPUFraction                                                      float64
	EnableGC, DebugGC                                                  bool
	BySize                                                             [61]struct {
		Size           uint32
		Mallocs, Frees uint64
	}
}

//go:linkname memstats gortgo.memstats
func memstats(objects, bytes, sys *uint64)

func ReadMemStats(m *MemStats) {
	*m = MemStats{}
	memstats(&m.Mallocs, &m.TotalAlloc, &m.Sys)
	m.Alloc, m.HeapAlloc, m.HeapInuse = m.TotalAlloc, m.TotalAlloc, m.TotalAlloc
	m.HeapSys, m.HeapObjects = m.Sys, m.Mallocs
	m.HeapIdle = m.HeapSys - m.HeapInuse
}

var _ unsafe.Pointer
