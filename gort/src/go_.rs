//! `go` statements and blocking sections.

use core::mem::ManuallyDrop;
use gort_proc::*;

/// A closure with its code in front: Go's funcval with captured variables.
#[repr(C)]
struct Closure<F> {
    fv: Funcval,
    f: ManuallyDrop<F>,
}

/// The code of a closure that lies on the new goroutine's own stack.
unsafe extern "C-unwind" fn enter<F: FnOnce()>(fv: *mut Funcval) {
    // SAFETY: newproc_args has moved the bytes of a `Closure<F>` here, for this goroutine to take.
    let f = unsafe { ManuallyDrop::take(&mut (*fv.cast::<Closure<F>>()).f) };
    gort_panic::run_goroutine(f);
    // No tail call: the tracer knows goroutines by this frame.
    core::hint::black_box(());
}

/// The code of a closure in a box.
unsafe extern "C-unwind" fn enter_boxed<F: FnOnce()>(fv: *mut Funcval) {
    // SAFETY: `fv` is the leaked `Closure<F>` of the `go` that started this goroutine, and it runs
    // once.
    let f = unsafe {
        let c = Box::from_raw(fv.cast::<Closure<F>>());
        ManuallyDrop::into_inner(c.f)
    };
    gort_panic::run_goroutine(f);
    // No tail call: the tracer knows goroutines by this frame.
    core::hint::black_box(());
}

/// Starts a goroutine that runs `f`. Go's `go f()`.
///
/// It runs next on this processor, before what is queued, unless another one takes it over. A panic
/// that leaves `f` ends the program with Go's report and status 2; see [`recover`](crate::recover).
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// let tx = c.clone();
/// gort::go(move || tx.send(42));
/// assert_eq!(c.recv(), Some(42));
/// # })
/// ```
///
/// On a thread of the program's own it works as well, and starts the runtime if need be.
#[inline(always)]
pub fn go<F: FnOnce() + Send + 'static>(f: F) {
    let (pc, _, _) = getpcspbp();
    go_pc(StackKind::Native, f, pc);
}

/// [`go`] with a stack of that kind: a segmented one for code that was compiled with
/// `-fsplit-stack`.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// let tx = c.clone();
/// gort::go_on(gort::StackKind::Native, move || tx.send(1)); // as `go`
/// assert_eq!(c.recv(), Some(1));
/// # })
/// ```
#[inline(always)]
pub fn go_on<F: FnOnce() + Send + 'static>(kind: StackKind, f: F) {
    let (pc, _, _) = getpcspbp();
    go_pc(kind, f, pc);
}

#[inline]
fn go_pc<F: FnOnce() + Send + 'static>(kind: StackKind, f: F, pc: usize) {
    if getg().is_null() {
        // SAFETY: it borrows nothing that could end.
        return outside("go", || unsafe { start(kind, 0, f, pc) });
    }
    // SAFETY: on a goroutine; nothing is held.
    unsafe { preempt_check_on(getg(), "go") };
    // SAFETY: it borrows nothing that could end.
    unsafe { start(kind, 0, f, pc) };
}

/// [`go`] with a native stack of at least so many bytes (0: as many as others have), said to be
/// created at `pc`.
#[inline]
pub(crate) fn go_sized<F: FnOnce() + Send + 'static>(stack: usize, f: F, pc: usize) {
    // SAFETY: `f` borrows nothing that could end.
    unsafe { go_sized_borrowing(stack, f, pc) }
}

/// [`go`] for a function that borrows.
///
/// # Safety
/// What `f` borrows lives until it has returned.
#[inline]
pub(crate) unsafe fn go_borrowing<F: FnOnce() + Send>(f: F, pc: usize) {
    // SAFETY: the same contract.
    unsafe { go_sized_borrowing(0, f, pc) }
}

/// [`go_sized`] for a function that borrows.
///
/// # Safety
/// What `f` borrows lives until it has returned.
#[inline]
pub(crate) unsafe fn go_sized_borrowing<F: FnOnce() + Send>(stack: usize, f: F, pc: usize) {
    if getg().is_null() {
        // SAFETY: the caller's contract.
        return outside("go", || unsafe { start(StackKind::Native, stack, f, pc) });
    }
    // SAFETY: on a goroutine, nothing is held; the rest is the caller's.
    unsafe {
        preempt_check_on(getg(), "go");
        start(StackKind::Native, stack, f, pc);
    }
}

/// [`go`] where locks of the runtime may be held: without giving way.
#[inline(always)]
pub(crate) fn go_locked<F: FnOnce() + Send + 'static>(f: F) {
    let (pc, _, _) = getpcspbp();
    // SAFETY: it borrows nothing that could end.
    unsafe { start(StackKind::Native, 0, f, pc) };
}

/// [`go_locked`] with a stack of that kind.
#[inline(always)]
pub(crate) fn go_on_locked<F: FnOnce() + Send + 'static>(kind: StackKind, f: F) {
    let (pc, _, _) = getpcspbp();
    // SAFETY: it borrows nothing that could end.
    unsafe { start(kind, 0, f, pc) };
}

/// # Safety
/// What `f` borrows lives until it has returned.
#[inline]
unsafe fn start<F: FnOnce() + Send>(kind: StackKind, stack: usize, f: F, pc: usize) {
    if size_of::<Closure<F>>() <= MAX_ARGS && align_of::<Closure<F>>() <= 16 {
        let mut c = Closure { fv: Funcval { fn_: enter::<F> }, f: ManuallyDrop::new(f) };
        // SAFETY: the closure's bytes move to the new goroutine, which takes it from there.
        unsafe { newproc_sized((&raw mut c).cast(), size_of::<Closure<F>>(), pc, kind, stack) }
    } else {
        let c =
            Box::new(Closure { fv: Funcval { fn_: enter_boxed::<F> }, f: ManuallyDrop::new(f) });
        // SAFETY: the closure is leaked here and taken back by `enter_boxed`, on the new goroutine.
        unsafe { newproc_sized(Box::into_raw(c).cast(), 0, pc, kind, stack) }
    }
}

/// A function value for `f`, which takes it when it runs.
pub(crate) fn funcval<F: FnOnce() + Send + 'static>(f: F) -> *mut Funcval {
    let c = Box::new(Closure { fv: Funcval { fn_: enter_boxed::<F> }, f: ManuallyDrop::new(f) });
    Box::into_raw(c).cast()
}

/// Starts a goroutine on a function value; the goroutine owns what stands behind it.
///
/// ```no_run
/// // no_run: only compiled code that keeps the contract may be passed
/// # let closure: *mut gort_proc::Funcval = std::ptr::null_mut();
/// // SAFETY: a closure of a compiled language, which does not unwind.
/// unsafe { gort::go_raw(closure, 0) };
/// ```
///
/// # Safety
/// `fv` stays valid until its code has run; the code must not unwind.
#[inline]
pub unsafe fn go_raw(fv: *mut Funcval, callerpc: usize) {
    if getg().is_null() {
        // SAFETY: the caller's contract.
        return outside("go", || unsafe { newproc_pc(fv, callerpc) });
    }
    // SAFETY: the caller's contract.
    unsafe { newproc_pc(fv, callerpc) }
}

/// Runs `f`, which may block its thread (a system call, a foreign function, a file), without
/// keeping other goroutines from running: the processor is handed on if it takes long. Go does this
/// around every system call.
///
/// ```
/// # gort::run(|| {
/// let text = gort::blocking(|| std::fs::read_to_string("/proc/self/comm")).unwrap();
/// assert!(!text.is_empty());
/// # })
/// ```
///
/// Inside `f` no other function of this crate may be called but [`recover`](crate::recover), what
/// turns connections and files into std's (`into_std`, `as_fd`), and those that end the goroutine
/// or the program: one that needs the processor ends the program with
/// `gort: operation inside of gort::blocking`, its name, and a traceback. On a thread that runs no
/// goroutine, and inside another blocking section, this is a plain call.
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    if !has_goroutine() {
        return f(); // there is nobody to make room for, or the room has been made
    }
    // SAFETY: on a user goroutine; every way out of `f` passes exitsyscall, on this very frame.
    unsafe {
        may_move(getg());
        let (pc, sp, bp) = getpcspbp();
        reentersyscall(pc, sp, bp);
        let r = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        exitsyscall();
        match r {
            Ok(r) => r,
            Err(p) => std::panic::resume_unwind(p),
        }
    }
}
