//! Deferred calls, `panic`, `recover` and `Goexit` of compiled Go, after libgo's scheme: deferred
//! calls run on top of the stack that panicked; only when one has recovered is the stack unwound,
//! by an exception, to the landing pad of the function that had deferred it.

use crate::types::{Eface, Iface, Slice, Str, Thunk, Type, kind, yes};
use crate::unwind::{Exception, rethrow, unwind_stack};
use core::ffi::c_void;
use core::ptr::null_mut;
use gort_panic::Panic;
use gort_print::{Complex, Float, print};
use gort_proc::{DEBUG, RUNNING_PANIC_DEFERS, getg, goexit1, throw, unlock_os_thread_int};

/// A deferred call, with libgo's fields. The compiler makes room for it on the stack of the
/// function that defers, if it can.
///
/// Go: runtime2.go:992 _defer
#[repr(C)]
struct Defer {
    link: *mut Defer,
    /// Identifies the function: set to true when it shall return as if by itself.
    frame: *mut bool,
    /// The panics at the time of the `defer` statement: those do not concern the call.
    panic_stack: *mut GoPanic,
    /// The panic that runs it.
    panic: *mut GoPanic,
    /// Code; 0 once it has started.
    pfn: Option<Thunk>,
    arg: *mut c_void,
    /// Where the call returns to; tells `recover` whether it is called by the deferred function
    /// itself.
    retaddr: usize,
    _makefunccanrecover: bool,
    heap: bool,
}

/// A panic or `Goexit` of compiled Go; on the stack of [`gopanic`].
#[repr(C)]
struct GoPanic {
    link: *mut GoPanic,
    arg: Eface,
    recovered: bool,
    /// Unwinding that is not Go's.
    foreign: bool,
    /// A later panic has overtaken it.
    aborted: bool,
    goexit: bool,
}

impl GoPanic {
    fn new(link: *mut GoPanic, arg: Eface) -> Self {
        Self { link, arg, recovered: false, foreign: false, aborted: false, goexit: false }
    }
}

/// What a goroutine that runs compiled Go needs beside its G. It stands on the goroutine's stack;
/// `g.defer_` points to it.
#[repr(C)]
pub struct GoState {
    defers: *mut Defer,
    panics: *mut GoPanic,
    /// Packages are being initialised, so the thread is locked: see [`crate::init`].
    pub(crate) init: bool,
    /// The exception that unwinds it, and whether it is another language's.
    pub(crate) exception: *mut Exception,
    pub(crate) foreign: bool,
    /// Room for one: no second can be on its way, as landing pads run no Go code.
    pub(crate) own: Exception,
}

impl GoState {
    /// Nothing deferred.
    pub const fn new() -> Self {
        Self {
            defers: null_mut(),
            panics: null_mut(),
            init: false,
            exception: null_mut(),
            foreign: false,
            own: Exception::new(),
        }
    }
}

impl Default for GoState {
    fn default() -> Self {
        Self::new()
    }
}

/// The state of the current goroutine; nil on g0 and where no Go code runs.
pub fn state() -> *mut GoState {
    let gp = getg();
    // SAFETY: the current g, or nil.
    if gp.is_null() { null_mut() } else { unsafe { (*gp).defer_.cast() } }
}

/// The same where it must be there.
fn must_state() -> *mut GoState {
    let st = state();
    if st.is_null() {
        throw("defer on system stack");
    }
    st
}

/// Does away with a deferred call that has run.
unsafe fn freedefer(d: *mut Defer) {
    if !(*d).panic.is_null() {
        throw("freedefer with d._panic != nil");
    }
    if (*d).pfn.is_some() {
        throw("freedefer with d.fn != nil");
    }
    (*d).link = null_mut();
    if (*d).heap {
        libc::free(d.cast());
    }
}

/// `defer`, in a loop.
#[unsafe(export_name = "runtime.deferproc")]
unsafe extern "C-unwind" fn deferproc(frame: *mut bool, pfn: Option<Thunk>, arg: *mut c_void) {
    let d = libc::malloc(size_of::<Defer>()).cast::<Defer>();
    if d.is_null() {
        throw("runtime: cannot allocate memory");
    }
    deferproc_stack(d, frame, pfn, arg);
    (*d).heap = true;
}

/// `defer`, with room on the stack.
#[unsafe(export_name = "runtime.deferprocStack")]
unsafe extern "C-unwind" fn deferproc_stack(
    d: *mut Defer,
    frame: *mut bool,
    pfn: Option<Thunk>,
    arg: *mut c_void,
) {
    let st = must_state();
    d.write(Defer {
        link: (*st).defers,
        frame,
        panic_stack: (*st).panics,
        panic: null_mut(),
        pfn,
        arg,
        retaddr: 0,
        _makefunccanrecover: false,
        heap: false,
    });
    (*st).defers = d;
}

/// At the end of a function that has deferred calls: runs them.
#[unsafe(export_name = "runtime.deferreturn")]
unsafe extern "C-unwind" fn deferreturn(frame: *mut bool) {
    let st = must_state();
    while !(*st).defers.is_null() && (*(*st).defers).frame == frame {
        let d = (*st).defers;
        if let Some(f) = (*d).pfn.take() {
            f((*d).arg);
        }
        (*st).defers = (*d).link;
        freedefer(d);
        // The function now returns by the exception's way, if at all.
        *frame = true;
    }
}

/// The first thing that a deferred call does: tells where it returns to.
#[unsafe(export_name = "runtime.setdeferretaddr")]
unsafe extern "C-unwind" fn setdeferretaddr(ret: usize) -> bool {
    let st = state();
    if !st.is_null() && !(*st).defers.is_null() {
        (*(*st).defers).retaddr = ret;
    }
    false
}

/// In the landing pad of a function that defers: returns if the function is the one that goes on,
/// else the unwinding does.
#[unsafe(export_name = "runtime.checkdefer")]
unsafe extern "C-unwind" fn checkdefer(frame: *mut bool) {
    let st = must_state();
    if (*st).foreign {
        // Another language's exception passes: run what is deferred, which may even stop it.
        let mut p = GoPanic::new((*st).panics, Eface::NIL);
        p.foreign = true;
        (*st).panics = &raw mut p;
        loop {
            let d = (*st).defers;
            if d.is_null() || (*d).frame != frame || (*d).pfn.is_none() {
                break;
            }
            (*st).defers = (*d).link;
            if let Some(f) = (*d).pfn.take() {
                f((*d).arg);
            }
            freedefer(d);
            if p.recovered {
                break;
            }
        }
        (*st).panics = p.link;
        if p.recovered {
            *frame = true;
            return;
        }
        *frame = false;
    } else {
        let d = (*st).defers;
        if !d.is_null() && (*d).pfn.is_none() && (*d).frame == frame {
            (*st).defers = (*d).link;
            freedefer(d);
            *frame = true;
            return;
        }
    }
    rethrow(st)
}

/// `runtime.Goexit`: runs all deferred calls, then ends the goroutine.
///
/// Go: panic.go:617 Goexit
#[inline(never)] // `recover` looks for its name on the stack, and gopanic's
#[unsafe(export_name = "runtime.Goexit")]
unsafe extern "C-unwind" fn goexit() -> ! {
    let st = must_state();
    let mut p = GoPanic::new((*st).panics, Eface::NIL);
    p.goexit = true;
    (*st).panics = &raw mut p;
    loop {
        let d = (*st).defers;
        if d.is_null() {
            break;
        }
        let Some(f) = (*d).pfn.take() else {
            // Started by a panic that this has overtaken.
            if !(*d).panic.is_null() {
                (*(*d).panic).aborted = true;
                (*d).panic = null_mut();
            }
            (*st).defers = (*d).link;
            freedefer(d);
            continue;
        };
        // From here on a panic in the call knows that this is to be resumed.
        (*d).panic = &raw mut p;
        f((*d).arg);
        if (*st).defers != d {
            throw("bad defer entry in Goexit");
        }
        (*d).panic = null_mut();
        (*st).defers = (*d).link;
        freedefer(d);
    }
    // proc.go:206 what runtime.main has deferred
    if (*st).init {
        unlock_os_thread_int();
    }
    goexit1()
}

/// `panic(v)`
///
/// Go: panic.go:735 gopanic
#[inline(never)]
#[unsafe(export_name = "runtime.gopanic")]
pub(crate) unsafe extern "C-unwind" fn gopanic(e: Eface) -> ! {
    // :736
    let e = if e.typ.is_null() && DEBUG.panicnil.load() != 1 { nil_error() } else { e };
    let gp = getg();
    let mp = (*gp).m;
    let refuse = |why: &str| -> ! {
        print!("panic: {}\n", text_of(e, false));
        throw(why)
    };
    if (*mp).curg.ptr() != gp || state().is_null() {
        refuse("panic on system stack");
    }
    if (*mp).mallocing != 0 {
        refuse("panic during malloc");
    }
    // :758
    let preemptoff = (*mp).preemptoff.get();
    if !preemptoff.is_empty() {
        print!("panic: {}\npreempt off reason: {preemptoff}\n", text_of(e, false));
        throw("panic during preemptoff");
    }
    if (*mp).locks.get() != 0 {
        refuse("panic holding locks");
    }
    let st = state();
    let mut p = GoPanic::new((*st).panics, e);
    (*st).panics = &raw mut p;
    RUNNING_PANIC_DEFERS.add(1);
    loop {
        let d = (*st).defers;
        if d.is_null() {
            break;
        }
        let Some(f) = (*d).pfn.take() else {
            // It was started by an earlier panic or Goexit, which this one has overtaken.
            if !(*d).panic.is_null() {
                (*(*d).panic).aborted = true;
            }
            (*d).panic = null_mut();
            (*st).defers = (*d).link;
            freedefer(d);
            continue;
        };
        (*d).panic = &raw mut p;
        f((*d).arg);
        if (*st).defers != d {
            throw("bad defer entry in panic");
        }
        (*d).panic = null_mut();
        if p.recovered {
            (*st).panics = p.link;
            RUNNING_PANIC_DEFERS.add(u32::MAX);
            // Those that it has overtaken are over as well. But a Goexit goes on.
            while !(*st).panics.is_null() && (*(*st).panics).aborted {
                let over = (*st).panics;
                (*st).panics = (*over).link;
                if (*over).goexit {
                    goexit();
                }
                RUNNING_PANIC_DEFERS.add(u32::MAX);
            }
            if (*st).panics.is_null() {
                (*gp).sig = 0;
            }
            unwind_stack(st);
        }
        *(*d).frame = false;
        (*st).defers = (*d).link;
        freedefer(d);
    }
    // Nobody has recovered. proc.go:206 what runtime.main has deferred
    if core::mem::take(&mut (*st).init) {
        unlock_os_thread_int();
    }
    // The texts first, as they may come from methods of the program.
    fatal(st)
}

/// Hands the panics to the report.
unsafe fn fatal(st: *mut GoState) -> ! {
    let mut first: *mut Panic = null_mut();
    let mut last: *mut Panic = null_mut();
    let mut p = (*st).panics;
    while !p.is_null() {
        let b = Box::into_raw(Box::new(Panic {
            arg: if (*p).goexit { String::new() } else { text_of((*p).arg, true) },
            link: null_mut(),
            recovered: (*p).recovered,
            goexit: (*p).goexit,
            backtrace: None,
        }));
        if first.is_null() {
            first = b;
        } else {
            (*last).link = b;
        }
        last = b;
        p = (*p).link;
    }
    // panic.go:794 gort: behind the texts, as this goroutine may have no P afterwards
    if gort_proc::trace_enabled() {
        gort_proc::linkname::trace_last_advance();
    }
    gort_panic::fatalpanic(first)
}

/// The method for the text of a panic's value has panicked itself, with `r`.
///
/// Go: panic.go:637 preprintpanics
#[unsafe(export_name = "gortgo.badPanicText")]
unsafe extern "C-unwind" fn bad_panic_text(r: Eface) {
    let text = "panic while printing panic value";
    let t = &*r.typ;
    if t.name() == "string" {
        // panic.go:644
        throw(&format!("{text}: {}", text_of(r, false)));
    }
    throw(&format!("{text}: type {}", t.name())); // panic.go:646
}

/// The text of a panic's value. `methods`: those of the program may be asked.
unsafe fn text_of(e: Eface, methods: bool) -> String {
    if e.typ.is_null() {
        return "nil".into();
    }
    if methods {
        let r = panic_text(e);
        if r.ok {
            return r.s.text();
        }
    }
    let t = &*e.typ;
    let name = t.name();
    let data = if t.direct() { (&raw const e.data).cast::<c_void>() } else { e.data.cast_const() };
    macro_rules! num {
        ($t:ty) => {
            (*data.cast::<$t>()).to_string()
        };
    }
    let v = match t.kind() {
        kind::BOOL => yes(u32::from(*data.cast::<u8>())).to_string(),
        kind::INT | kind::INT64 => num!(i64),
        kind::INT8 => num!(i8),
        kind::INT16 => num!(i16),
        kind::INT32 => num!(i32),
        kind::UINT | kind::UINT64 | kind::UINTPTR => num!(u64),
        kind::UINT8 => num!(u8),
        kind::UINT16 => num!(u16),
        kind::UINT32 => num!(u32),
        kind::FLOAT32 => Float(f64::from(*data.cast::<f32>())).to_string(),
        kind::FLOAT64 => Float(*data.cast::<f64>()).to_string(),
        kind::COMPLEX64 => {
            let c = *data.cast::<[f32; 2]>();
            Complex(f64::from(c[0]), f64::from(c[1])).to_string()
        }
        kind::COMPLEX128 => {
            let c = *data.cast::<[f64; 2]>();
            Complex(c[0], c[1]).to_string()
        }
        kind::STRING => {
            let s = (*data.cast::<Str>()).text();
            return if name == "string" { s } else { format!("{name}(\"{s}\")") };
        }
        _ => return format!("({name}) {:p}", e.data),
    };
    // A type of the program's own is named: `main.T(3)`.
    let named = name.contains('.');
    match t.kind() {
        kind::COMPLEX64 | kind::COMPLEX128 if named => format!("{name}{v}"),
        _ if named => format!("{name}({v})"),
        _ => v,
    }
}

/// The deferred call that runs because of a panic which has come since it was deferred.
unsafe fn current_defer() -> *mut Defer {
    let st = state();
    if st.is_null() {
        return null_mut();
    }
    let d = (*st).defers;
    if d.is_null() || (*d).panic_stack == (*st).panics { null_mut() } else { d }
}

/// Whether the function that returns to `ret` was called by `defer` itself, so that its `recover`
/// counts.
#[unsafe(export_name = "runtime.canrecover")]
unsafe extern "C-unwind" fn canrecover(ret: usize) -> bool {
    let d = current_defer();
    if d.is_null() {
        return false;
    }
    let dret = (*d).retaddr;
    // The call is followed, within a few bytes, by the label whose address the deferred code has
    // told.
    if ret <= dret && ret + 16 >= dret {
        return true;
    }
    // A method value, an interface's method or reflect may have something in between, or the
    // compiler has not told.
    crate::symtab::deferred(ret)
}

/// A function made by `reflect.MakeFunc` is called; [`canrecover`] finds that by itself.
#[unsafe(export_name = "runtime.makefuncfficanrecover")]
extern "C-unwind" fn makefuncfficanrecover(_callers: Slice) {}

/// The end of such a function.
#[unsafe(export_name = "runtime.makefuncreturning")]
extern "C-unwind" fn makefuncreturning() {}

/// `recover()`, where [`canrecover`] has said yes.
#[unsafe(export_name = "runtime.gorecover")]
unsafe extern "C-unwind" fn gorecover() -> Eface {
    let st = must_state();
    let p = (*st).panics;
    if !p.is_null() && !(*p).goexit && !(*p).recovered {
        (*p).recovered = true;
        return (*p).arg;
    }
    Eface::NIL
}

/// `defer recover()`
#[unsafe(export_name = "runtime.deferredrecover")]
unsafe extern "C-unwind" fn deferredrecover() -> Eface {
    let st = must_state();
    if (*st).defers.is_null() || (*(*st).defers).panic_stack != (*st).panics {
        return Eface::NIL;
    }
    gorecover()
}

// The Go companion, go/runtime.go: values whose types only Go code can name.
#[repr(C)]
struct StrBool {
    s: Str,
    ok: bool,
}

unsafe extern "C-unwind" {
    #[link_name = "gortgo.errorString"]
    fn mk_error_string(s: Str) -> Eface;
    #[link_name = "gortgo.plainError"]
    fn mk_plain_error(s: Str) -> Eface;
    #[link_name = "gortgo.addressError"]
    fn mk_address_error(s: Str, addr: usize) -> Eface;
    #[link_name = "gortgo.boundsError"]
    fn mk_bounds_error(x: i64, y: isize, signed: u32, code: u32) -> Eface;
    #[link_name = "gortgo.typeAssertionError"]
    fn mk_type_assertion_error(
        inter: *const Str,
        have: *const Str,
        want: *const Str,
        missing: Str,
        same: u32,
    ) -> Eface;
    #[link_name = "gortgo.nilError"]
    fn mk_nil_error() -> Eface;
    #[link_name = "gortgo.panicText"]
    fn panic_text(e: Eface) -> StrBool;
}

/// The value of `panic(nil)`.
unsafe fn nil_error() -> Eface {
    mk_nil_error()
}

/// Panics with an error that reads `runtime error: msg`.
pub fn error_string(msg: &str) -> ! {
    // SAFETY: on a goroutine of Go's, or gopanic refuses.
    unsafe { gopanic(mk_error_string(Str::copy(msg.as_bytes()))) }
}

/// Panics with an error that reads `msg`.
pub fn plain_error(msg: &str) -> ! {
    // SAFETY: as above.
    unsafe { gopanic(mk_plain_error(Str::copy(msg.as_bytes()))) }
}

/// What the ported crates raise as panics of their own: send on a closed channel, and the like.
pub(crate) unsafe fn raise(msg: &str, runtime_error: bool) -> ! {
    if runtime_error { error_string(msg) } else { plain_error(msg) }
}

unsafe fn name(t: *const Type) -> *const Str {
    if t.is_null() {
        return core::ptr::null();
    }
    let s = crate::mem::alloc_runtime::<Str>();
    s.write(Str::copy((*t).name().as_bytes()));
    s
}

/// Panics because of a type assertion: `inter` holds `have` (nil: nothing), `want` was asked for;
/// or `have` lacks a method.
pub(crate) unsafe fn type_assertion_error(
    inter: *const Type,
    have: *const Type,
    want: *const Type,
    missing: Str,
) -> ! {
    let pkg = |t: *const Type| -> String {
        if t.is_null() || (*t).uncommon.is_null() || (*(*t).uncommon).pkg_path.is_null() {
            String::new()
        } else {
            (*(*(*t).uncommon).pkg_path).text()
        }
    };
    // Two types of the same name: from different packages, or from different functions.
    let same_pkg = u32::from(pkg(have) == pkg(want));
    gopanic(mk_type_assertion_error(name(inter), name(have), name(want), missing, same_pkg))
}

macro_rules! bounds {
    ($($doc:literal $name:literal $f:ident $nameu:literal $fu:ident $code:literal;)*) => { $(
        #[doc = $doc]
        #[unsafe(export_name = $name)]
        unsafe extern "C-unwind" fn $f(x: i64, y: isize) {
            gopanic(mk_bounds_error(x, y, 1, $code));
        }
        #[doc = $doc]
        #[doc = "The index is unsigned."]
        #[unsafe(export_name = $nameu)]
        unsafe extern "C-unwind" fn $fu(x: u64, y: isize) {
            gopanic(mk_bounds_error(x as i64, y, 0, $code));
        }
    )* };
}
bounds! {
    "`s[x]` with `x` beyond `len(s) == y`." "runtime.goPanicIndex" index "runtime.goPanicIndexU" index_u 0;
    "`s[?:x]` with `x` beyond `len(s) == y`." "runtime.goPanicSliceAlen" slice_alen "runtime.goPanicSliceAlenU" slice_alen_u 1;
    "`s[?:x]` with `x` beyond `cap(s) == y`." "runtime.goPanicSliceAcap" slice_acap "runtime.goPanicSliceAcapU" slice_acap_u 2;
    "`s[x:y]` with `x > y`." "runtime.goPanicSliceB" slice_b "runtime.goPanicSliceBU" slice_b_u 3;
    "`s[::x]` with `x` beyond `len(s) == y`." "runtime.goPanicSlice3Alen" slice3_alen "runtime.goPanicSlice3AlenU" slice3_alen_u 4;
    "`s[::x]` with `x` beyond `cap(s) == y`." "runtime.goPanicSlice3Acap" slice3_acap "runtime.goPanicSlice3AcapU" slice3_acap_u 5;
    "`s[:x:y]` with `x > y`." "runtime.goPanicSlice3B" slice3_b "runtime.goPanicSlice3BU" slice3_b_u 6;
    "`s[x:y:]` with `x > y`." "runtime.goPanicSlice3C" slice3_c "runtime.goPanicSlice3CU" slice3_c_u 7;
}

/// `(*[x]T)(s)` with `len(s) == y` less than `x`; Go's own runtime is told in the other order.
#[unsafe(export_name = "runtime.goPanicSliceConvert")]
unsafe extern "C-unwind" fn slice_convert(x: i64, y: isize) {
    gopanic(mk_bounds_error(y as i64, x as isize, 1, 8));
}

// Calls of their own in Go, which `Callers` counts: none is inlined.
macro_rules! errors {
    ($($doc:literal $name:literal $f:ident $msg:expr;)*) => { $(
        #[doc = $doc]
        #[inline(never)]
        #[unsafe(export_name = $name)]
        pub(crate) extern "C-unwind" fn $f() -> ! {
            error_string($msg)
        }
    )* };
}
errors! {
    "`x / 0`" "runtime.panicdivide" panicdivide "integer divide by zero";
    "`x << -1`" "runtime.panicshift" panicshift "negative shift amount";
    "A nil pointer." "runtime.panicmem" panicmem NIL;
    "An integer overflow that the processor has found." "runtime.panicoverflow" panicoverflow "integer overflow";
    "Another arithmetic fault." "runtime.panicfloat" panicfloat "floating point error";
}

const NIL: &str = "invalid memory address or nil pointer dereference";

/// A fault at `addr`, after `debug.SetPanicOnFault`.
#[inline(never)]
#[unsafe(export_name = "runtime.panicmemAddr")]
pub(crate) extern "C-unwind" fn panicmem_addr(addr: usize) -> ! {
    // SAFETY: on a goroutine of Go's, or gopanic refuses.
    unsafe { gopanic(mk_address_error(Str::of(NIL), addr)) }
}

unsafe extern "C-unwind" {
    #[link_name = "gortgo.toError"]
    fn to_error(e: Eface) -> Iface;
}

/// The error of a division by zero, for package math/bits.
#[unsafe(export_name = "runtime.getDivideError")]
unsafe extern "C-unwind" fn get_divide_error() -> Iface {
    to_error(mk_error_string(Str::of("integer divide by zero")))
}

/// The error of an overflow, for package math/bits.
#[unsafe(export_name = "runtime.getOverflowError")]
unsafe extern "C-unwind" fn get_overflow_error() -> Iface {
    to_error(mk_error_string(Str::of("integer overflow")))
}

/// `throw`, from libgo's own C code.
#[unsafe(export_name = "runtime_throw")]
unsafe extern "C-unwind" fn c_throw(s: *const core::ffi::c_char) {
    throw(&core::ffi::CStr::from_ptr(s).to_string_lossy());
}
