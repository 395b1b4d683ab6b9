//! The start of the runtime, `rt0_go`.

use gort_proc::*;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, Ordering};

type Main = Box<dyn FnOnce() + Send>;

static MAIN: StdMutex<Option<Main>> = StdMutex::new(None);
static STARTED: AtomicBool = AtomicBool::new(false);

/// The goroutine of `runtime.main`.
static MAIN_PC: Funcval = Funcval { fn_: main_goroutine };

unsafe extern "C-unwind" fn main_goroutine(_: *mut Funcval) {
    // SAFETY: started once, as goroutine 1, by `run`.
    gort_panic::run_goroutine(|| unsafe { gort_proc::main() });
}

/// The program's own main function.
#[unsafe(export_name = "gort.main_main")]
unsafe fn main_main() {
    let f = MAIN.lock().unwrap_or_else(|e| e.into_inner()).take();
    if let Some(f) = f {
        f();
    }
}

/// What `runtime.main` does before it exits: here the exit itself.
#[unsafe(export_name = "gort.run_exit_hooks")]
unsafe fn run_exit_hooks(code: i32) {
    exit_process(code)
}

/// Ends the process as Rust and C do it: buffered output is flushed (unless somebody holds its lock for a second: he may
/// never let go), `atexit` functions run.
pub(crate) fn exit_process(code: i32) -> ! {
    // gort's own
    if DEBUG.metrics.get() > 0 && has_goroutine() {
        eprint!("{}", crate::runtime::metrics::dump());
    }
    // SAFETY: m0 is never freed.
    let initial = unsafe {
        let pid = libc::getpid();
        let m0 = M0.load();
        libc::gettid() == pid || !m0.is_null() && (*m0).procid.load() == pid as u64
    };
    // std's exit unmaps the signal stack that std gave to the initial thread, whichever thread calls; a handler that
    // starts or runs there then is a fault. If that thread is m0 it has a signal stack of the runtime's own.
    if !initial {
        exit_beside(code);
    }
    // std's exit does not flush if somebody holds the lock at that very moment.
    if others() {
        flush_in_time();
    }
    std::process::exit(code)
}

/// Whether a goroutine beside this one may be printing.
fn others() -> bool {
    if has_goroutine() {
        // SAFETY: with a P, so allp stays as it is.
        unsafe { gcount() > 1 }
    } else {
        !M0.load().is_null()
    }
}

/// Flushes standard output, if its lock is to be had within a second. There is no flush that gives up when the lock is held,
/// so another thread waits for it.
fn flush_in_time() {
    use std::io::Write;
    let flush = || _ = std::io::stdout().flush();
    let (done, wait) = std::sync::mpsc::channel();
    let helper = std::thread::Builder::new().spawn(move || {
        flush();
        let _ = done.send(());
    });
    match helper {
        Ok(_) => _ = wait.recv_timeout(std::time::Duration::from_secs(1)),
        Err(_) => flush(),
    }
}

/// What `std::process::exit` does, but for signal stacks.
#[cold]
fn exit_beside(code: i32) -> ! {
    static EXITING: AtomicBool = AtomicBool::new(false);
    if EXITING.swap(true, Ordering::SeqCst) {
        loop {
            // SAFETY: waits for the end.
            unsafe { libc::pause() };
        }
    }
    flush_in_time();
    // SAFETY: one thread only gets here.
    unsafe { libc::exit(code) }
}

/// Starts the runtime on this thread and runs `f` as the main goroutine. When `f` returns the process exits
/// with status 0, whatever the other goroutines do, as a Go program does when `main.main` returns.
///
/// `GOMAXPROCS`, `GODEBUG` and `GOTRACEBACK` are read as Go reads them.
///
/// # Panics
/// If the runtime has been started before: there is one per process.
///
/// Go: asm_amd64.s:159 rt0_go
pub fn run(f: impl FnOnce() + Send + 'static) -> ! {
    run_on(StackKind::Native, f)
}

/// [`run`] with a main goroutine whose stack is of that kind: for front ends whose code checks its stack.
///
/// # Panics
/// As [`run`].
pub fn run_on(kind: StackKind, f: impl FnOnce() + Send + 'static) -> ! {
    if STARTED.swap(true, Ordering::SeqCst) {
        panic!("gort::run: the runtime is already running");
    }
    *MAIN.lock().unwrap_or_else(|e| e.into_inner()) = Some(Box::new(f));
    // SAFETY: one thread only, once: m0 and g0 are made here and never freed.
    unsafe {
        // asm_amd64.s:161 the arguments are std's to keep
        // asm_amd64.s:170 g0 on the thread's own stack: the C runtime has set it up, so the initialisation of
        // cgo (asm_amd64.s:199) is left out
        let g0 = Box::leak(Box::<G>::default()) as *mut G;
        let m0 = Box::leak(Box::<M>::default()) as *mut M;
        M0.store(m0);
        G0.store(g0);
        (*g0).stack = thread_stack(); // asm_amd64.s:174
        // asm_amd64.s:178 what the processor can do is asked where it matters
        // asm_amd64.s:226
        (*g0).stackguard0.set((*g0).stack.lo + STACK_GUARD);
        (*g0).stackguard1 = (*g0).stack.lo + STACK_GUARD;
        // asm_amd64.s:237 other systems; asm_amd64.s:258 the linker has laid out the thread-local, there is no need to
        // test it (asm_amd64.s:262)
        // asm_amd64.s:276
        (*m0).g0 = g0;
        (*g0).m = m0; // asm_amd64.s:278
        setg(g0); // asm_amd64.s:270 earlier in Go's order
        // asm_amd64.s:280 the direction flag is clear, by the C convention
        // asm_amd64.s:285 Rust's own target features are the compiler's to check
        check(); // asm_amd64.s:341
        goargs(); // asm_amd64.s:347
        osinit();
        schedinit(); // asm_amd64.s:349
        gort_panic::install_panic_hook();
        // asm_amd64.s:352 the goroutine that runs runtime.main
        newproc_kind((&raw const MAIN_PC).cast_mut(), 0, getpcspbp().0, kind);
        // asm_amd64.s:358 does not return
        mstart0();
    }
    throw("mstart returned on m0"); // asm_amd64.s:360
}
