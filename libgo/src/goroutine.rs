//! Goroutines, and package `runtime` as far as it is about them.

use crate::panic::GoState;
use crate::types::Thunk;
use core::ffi::c_void;
use gort_proc::{Funcval, MAXSTACKSIZE, NCPU, StackKind, gcount, getg, goexit1, newproc_kind};

/// A `go` statement on its way: code and argument, behind the word that the scheduler calls.
#[repr(C)]
struct Start {
    fv: Funcval,
    code: Thunk,
    arg: *mut c_void,
}

unsafe extern "C-unwind" fn enter(fv: *mut Funcval) {
    let s = fv.cast::<Start>();
    let (code, arg) = ((*s).code, (*s).arg);
    libc::free(s.cast());
    with_state(|| code(arg));
    // The state stands on this stack, which is now done with; nothing here has a destructor.
    goexit1();
}

/// Runs Go code on a goroutine: gives it a place for its deferred calls and panics.
///
/// # Safety
/// On a goroutine that has none yet.
#[inline(always)]
pub unsafe fn with_state(f: impl FnOnce()) {
    let mut st = GoState::new();
    let gp = getg();
    (*gp).defer_ = (&raw mut st).cast();
    f();
    (*getg()).defer_ = core::ptr::null_mut();
}

core::arch::global_asm!(
    ".text",
    ".p2align 4",
    ".globl __go_go",
    ".type __go_go,@function",
    "__go_go:",
    ".cfi_startproc",
    "mov rdx, [rsp]",
    "jmp {f}",
    ".cfi_endproc",
    ".size __go_go, . - __go_go",
    f = sym go_pc,
);

/// `__go_go(code, arg)`: the `go` statement; `pc` is where it stands.
unsafe extern "C-unwind" fn go_pc(code: Option<Thunk>, arg: *mut c_void, pc: usize) -> *mut c_void {
    let Some(code) = code else { gort_proc::fatal("go of nil func value") };
    let s = libc::malloc(size_of::<Start>()).cast::<Start>();
    if s.is_null() {
        gort_proc::throw("runtime: cannot allocate memory");
    }
    s.write(Start { fv: Funcval { fn_: enter }, code, arg });
    newproc_kind(s.cast(), 0, pc, StackKind::Segmented);
    getg().cast()
}

/// `runtime.Gosched`
#[unsafe(export_name = "runtime.Gosched")]
unsafe extern "C-unwind" fn gosched() {
    gort_proc::gosched();
}

/// `runtime.GOMAXPROCS`
#[unsafe(export_name = "runtime.GOMAXPROCS")]
unsafe extern "C-unwind" fn gomaxprocs(n: isize) -> isize {
    gort_debug::gomaxprocs(n)
}

/// For `gort diff --trace`: stops and starts the world as Go's StartTrace does, so that the traces
/// of both have the same beginning.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn gort_trace_mark() {
    gort_proc::start_the_world(gort_proc::stop_the_world(gort_proc::StwReason::StartTrace));
}

/// `runtime.NumCPU`
#[unsafe(export_name = "runtime.NumCPU")]
extern "C-unwind" fn num_cpu() -> isize {
    NCPU.get() as isize
}

/// `runtime.NumGoroutine`
#[unsafe(export_name = "runtime.NumGoroutine")]
unsafe extern "C-unwind" fn num_goroutine() -> isize {
    gcount() as isize
}

/// `runtime.LockOSThread`
#[unsafe(export_name = "runtime.LockOSThread")]
unsafe extern "C-unwind" fn lock_os_thread() {
    gort_proc::lock_os_thread();
}

/// `runtime.UnlockOSThread`
#[unsafe(export_name = "runtime.UnlockOSThread")]
unsafe extern "C-unwind" fn unlock_os_thread() {
    gort_proc::unlock_os_thread();
}

/// `go f()` with a nil `f`.
#[unsafe(export_name = "runtime.panicgonil")]
extern "C-unwind" fn panicgonil() {
    gort_proc::fatal("go of nil func value");
}

/// `debug.SetMaxThreads`
#[unsafe(export_name = "runtime_1debug.setMaxThreads")]
unsafe extern "C-unwind" fn set_max_threads(n: isize) -> isize {
    gort_proc::set_max_threads(n)
}

/// `debug.SetMaxStack`
///
/// Go: rdebug.go:10 setMaxStack
#[unsafe(export_name = "runtime_1debug.setMaxStack")]
extern "C-unwind" fn set_max_stack(n: isize) -> isize {
    // :11
    let old = MAXSTACKSIZE.get();
    MAXSTACKSIZE.set(n as usize);
    old as isize
}

/// `runtime.NumCgoCall`
#[unsafe(export_name = "runtime.NumCgoCall")]
extern "C-unwind" fn num_cgo_call() -> i64 {
    gort_proc::NCGOCALL.load() as i64
}
