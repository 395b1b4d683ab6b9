//! The start of the runtime, `rt0_go`.

use crate::host::{Body, Config};
use gort_proc::*;
use std::process::{ExitCode, Termination};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex as StdMutex};

/// The program's main function: what [`main_main`] returns.
type Main = Box<dyn FnOnce() -> i32 + Send>;

static MAIN: StdMutex<Option<Main>> = StdMutex::new(None);

/// How far the runtime is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody has started it.
    Down,
    /// Somebody does.
    Starting,
    /// The main goroutine has got as far as its function.
    Up,
    /// [`shut_down`]: for good.
    Over,
}

static PHASE: StdMutex<Phase> = StdMutex::new(Phase::Down);
static CHANGED: Condvar = Condvar::new();
/// `PHASE` is `Up`: for those who only want to know that.
static IS_UP: AtomicBool = AtomicBool::new(false);

/// Whether the caller is the one to start the runtime. If not it runs when this returns.
fn claim() -> bool {
    let mut p = PHASE.lock().unwrap_or_else(|e| e.into_inner());
    if *p == Phase::Down {
        *p = Phase::Starting;
        return true;
    }
    while !matches!(*p, Phase::Up | Phase::Over) {
        p = CHANGED.wait(p).unwrap_or_else(|e| e.into_inner());
    }
    false
}

/// The phase is `Over`.
static SHUT: AtomicBool = AtomicBool::new(false);

/// Stops the world, and never starts it again.
pub(crate) fn shut_down() {
    static ONCE: AtomicBool = AtomicBool::new(false);
    if ONCE.swap(true, Ordering::SeqCst) {
        return;
    }
    outside("shutdown", || {
        // SAFETY: on this thread's own goroutine. It gives up its P to nobody.
        let _stopped = unsafe { stop_the_world(StwReason::Unknown) };
    });
    // Nothing runs any more, and that is no deadlock.
    HANDLES.add(1);
    SHUT.store(true, Ordering::Release);
    *PHASE.lock().unwrap_or_else(|e| e.into_inner()) = Phase::Over;
}

fn now(phase: Phase) {
    *PHASE.lock().unwrap_or_else(|e| e.into_inner()) = phase;
    IS_UP.store(phase == Phase::Up, Ordering::Release);
    CHANGED.notify_all();
}

/// The goroutine of `runtime.main`.
static MAIN_PC: Funcval = Funcval { fn_: main_goroutine };

unsafe extern "C-unwind" fn main_goroutine(_: *mut Funcval) {
    // SAFETY: started once, as goroutine 1, by `boot`.
    gort_panic::run_goroutine(|| unsafe { gort_proc::main() });
}

/// The program's own main function.
#[unsafe(export_name = "gort.main_main")]
unsafe fn main_main() -> i32 {
    let f = MAIN.lock().unwrap_or_else(|e| e.into_inner()).take();
    // No closure of std's: a traceback of the main goroutine would end in it.
    match f {
        Some(f) => gort_panic::with_locals(f),
        None => -1,
    }
}

/// Starts the runtime for an operation on a thread of the program's own that has come before
/// everything else.
#[unsafe(export_name = "gort.host_start")]
fn host_start() -> bool {
    if SHUT.load(Ordering::Acquire) {
        return false;
    }
    // Acquire: what the start has written is there. Pairs with the store in `now`.
    if !IS_UP.load(Ordering::Acquire) {
        start_beside(&Config::new(), None);
    }
    true
}

/// Starts the runtime with a thread of its own as m0, unless somebody has started it, and waits
/// until it runs. If this is the start, `first` runs as the main goroutine; otherwise it is given
/// back.
pub(crate) fn start_beside(config: &Config, first: Option<Body>) -> Option<Body> {
    if IS_UP.load(Ordering::Acquire) || !claim() {
        return first;
    }
    /// Whoever waits for the start is not to wait for ever if that fails.
    struct Failed;
    impl Drop for Failed {
        fn drop(&mut self) {
            now(Phase::Down);
        }
    }
    let failed = Failed;
    if let Some(n) = config.stack_size {
        assert!(
            gort_stack::set_default_stack_size(n),
            "gort: Config::stack_size: {n} is not between 16 KiB and 64 MiB"
        );
    }
    let procs = config.gomaxprocs;
    assert!(procs != Some(0), "gort: Config::gomaxprocs: 0");
    let (up, is_up) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let main: Main = Box::new(move || {
        if let Some(n) = procs {
            crate::runtime::gomaxprocs(n.min(i32::MAX as u32) as i32);
        }
        let _ = up.send(());
        // The caller makes its M first, so that the numbers of goroutines are the same each time.
        // It needs no P for that.
        let _ = may_go_on.recv();
        if let Some(f) = first {
            f();
        }
        -1
    });
    if config.library {
        ISCGO.set(true);
        // SAFETY: before the start, by one thread. Go (runtime): signal_unix.go:95 libpreinit
        unsafe { gort_proc::linkname::initsig(true) };
    }
    std::thread::Builder::new()
        .name("gort".into())
        .stack_size(1 << 20)
        // SAFETY: once, as the start has been claimed.
        .spawn(move || unsafe { boot(StackKind::Native, main) })
        .unwrap_or_else(|e| panic!("gort: no thread for the runtime: {e}"));
    is_up.recv().unwrap_or_else(|_| panic!("gort: the start of the runtime failed"));
    core::mem::forget(failed);
    // SAFETY: the runtime runs, and this is none of its threads.
    unsafe { bind_thread() };
    now(Phase::Up);
    let _ = go_on.send(());
    None
}

/// What `runtime.main` does before it exits: here the exit itself.
#[unsafe(export_name = "gort.run_exit_hooks")]
unsafe fn run_exit_hooks(code: i32) {
    exit_process(code)
}

/// Ends the process as Rust and C do it: buffered output is flushed (unless somebody holds its lock
/// for a second: he may never let go), `atexit` functions run.
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
    // std's exit unmaps the signal stack that std gave to the initial thread, whichever thread
    // calls; a handler that starts or runs there then is a fault. If that thread is m0 it has a
    // signal stack of the runtime's own.
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

/// Flushes standard output, if its lock is to be had within a second. There is no flush that gives
/// up when the lock is held, so another thread waits for it.
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

/// Starts the runtime on this thread and runs `f` as the main goroutine. When `f` returns the
/// process exits, whatever the other goroutines do, as a Go program does when `main.main` returns:
/// with status 0, or what `f`'s result means (`Result`, `ExitCode`). A panic that leaves `f` ends
/// the program with Go's report and status 2.
///
/// `GOMAXPROCS`, `GODEBUG` and `GOTRACEBACK` are read as Go reads them.
/// [`#[gort::main]`](macro@crate::main) does this for a program's `main`.
///
/// If the runtime runs already, `f` runs on a new goroutine of it, or, if the caller is one, right
/// there.
///
/// ```no_run
/// gort::run_main(|| println!("on goroutine {}", gort::runtime::goid()))
/// ```
///
/// Go: asm_amd64.s:159 rt0_go
pub fn run_main<T: Termination>(f: impl FnOnce() -> T + Send + 'static) -> ! {
    run_main_on(StackKind::Native, f)
}

/// [`run_main`] with a main goroutine whose stack is of that kind: for front ends whose code checks
/// its stack.
///
/// ```no_run
/// gort::run_main_on(gort::StackKind::Native, || println!("as run_main"))
/// ```
pub fn run_main_on<T: Termination>(kind: StackKind, f: impl FnOnce() -> T + Send + 'static) -> ! {
    if has_goroutine() {
        exit_process(status(f()));
    }
    ENDS_WITH_MAIN.store(1);
    if claim() {
        let main: Main = Box::new(move || {
            now(Phase::Up);
            status(f())
        });
        // SAFETY: once, as the start has been claimed.
        unsafe { boot(kind, main) }
    }
    outside("gort::run_main", || {
        crate::go_::go_on_locked(kind, move || exit_process(status(f())));
        // SAFETY: on this thread's own goroutine.
        unsafe { waits_for_others(|| gort_select::block()) }
    });
    unreachable!()
}

/// What a process ends with whose `main` has returned this.
fn status(r: impl Termination) -> i32 {
    let code = r.report();
    // An ExitCode does not give its number away, but can be compared.
    (0..=255u8).find(|&n| ExitCode::from(n) == code).map_or(1, i32::from)
}

/// Makes this thread m0, with `main` for the main goroutine.
///
/// # Safety
/// Once.
unsafe fn boot(kind: StackKind, main: Main) -> ! {
    *MAIN.lock().unwrap_or_else(|e| e.into_inner()) = Some(main);
    // SAFETY: one thread only, once: m0 and g0 are made here and never freed.
    unsafe {
        // asm_amd64.s:161 the arguments are std's to keep
        // asm_amd64.s:170 g0 on the thread's own stack: the C runtime has set it up, so the
        // initialisation of cgo (asm_amd64.s:199) is left out
        let g0 = Box::leak(Box::<G>::default()) as *mut G;
        let m0 = Box::leak(Box::<M>::default()) as *mut M;
        M0.store(m0);
        G0.store(g0);
        (*g0).stack = thread_stack(); // asm_amd64.s:174
        // asm_amd64.s:178 what the processor can do is asked where it matters
        // asm_amd64.s:226
        (*g0).stackguard0.set((*g0).stack.lo + STACK_GUARD);
        (*g0).stackguard1 = (*g0).stack.lo + STACK_GUARD;
        // asm_amd64.s:237 other systems; asm_amd64.s:258 the linker has laid out the thread-local,
        // there is no need to test it (asm_amd64.s:262)
        // asm_amd64.s:276
        (*m0).g0 = g0;
        (*g0).m = m0; // asm_amd64.s:278
        (*m0).pthread.store(libc::pthread_self() as u64); // see newosproc
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
