//! Go's package `runtime`, and `runtime/debug`.

mod labels;
pub mod metrics;

pub use labels::{Labels, labels, name, set_labels, set_name, with_labels};
pub(crate) use labels::{Name, intern, set};

use gort_proc::*;

/// Lets others run: this goroutine goes to the end of the global run queue. Go's `runtime.Gosched`.
///
/// ```
/// # gort::run(|| {
/// gort::go(|| println!("first"));
/// gort::runtime::gosched();
/// # })
/// ```
#[inline]
pub fn gosched() {
    // SAFETY: on a user goroutine.
    unsafe { gort_proc::gosched() }
}

/// Ends this goroutine, after dropping what lives on its stack; the others go on. On the main
/// goroutine the program goes on without it, and ends with
/// `fatal error: no goroutines (main called runtime.Goexit) - deadlock!` when no other is left.
/// Go's `runtime.Goexit`.
///
/// ```
/// # gort::run(|| {
/// let h = gort::task::spawn(|| {
///     let _dropped = vec![1];
///     gort::runtime::goexit();
/// });
/// assert!(h.join().is_err());
/// # })
/// ```
pub fn goexit() -> ! {
    gort_panic::goexit()
}

/// Sets how many threads may run goroutines at once, and returns the previous value; `n < 1` only
/// asks. Go's `runtime.GOMAXPROCS`.
///
/// ```
/// # gort::run(|| {
/// gort::runtime::gomaxprocs(2);
/// assert_eq!(gort::runtime::gomaxprocs(0), 2);
/// # })
/// ```
pub fn gomaxprocs(n: i32) -> i32 {
    entry_here!("GOMAXPROCS", gomaxprocs(n));
    // SAFETY: on a user goroutine; it stops the world itself.
    unsafe { gort_debug::gomaxprocs(n as isize) as i32 }
}

/// Processors that this process may use, as it was when the runtime started. Go's `runtime.NumCPU`.
///
/// ```
/// assert!(gort::runtime::num_cpu() >= 1);
/// ```
pub fn num_cpu() -> i32 {
    match NCPU.get() {
        0 => gort_os_linux::getproccount(), // not started
        n => n,
    }
}

/// Goroutines that exist, system goroutines left out. Go's `runtime.NumGoroutine`.
///
/// ```
/// # gort::run(|| {
/// let n = gort::runtime::num_goroutine();
/// let c = gort::chan::<()>(0);
/// let rx = c.clone();
/// let h = gort::task::spawn(move || rx.recv());
/// assert_eq!(gort::runtime::num_goroutine(), n + 1);
/// c.close();
/// h.join().unwrap();
/// # })
/// ```
pub fn num_goroutine() -> usize {
    entry_here!("NumGoroutine", num_goroutine());
    // SAFETY: reads counters; the goroutine's P keeps allp as it is.
    unsafe { gcount() as usize }
}

/// The number of this goroutine, as tracebacks print it. gort's own: Go hides it.
///
/// ```
/// # gort::run(|| {
/// let me = gort::runtime::goid();
/// assert_ne!(gort::task::spawn(gort::runtime::goid).join().unwrap(), me);
/// # })
/// ```
pub fn goid() -> u64 {
    let gp = getg();
    // SAFETY: a goroutine's number is its own to read; nil on threads that run none.
    if gp.is_null() { 0 } else { unsafe { (*(*(*gp).m).curg.ptr()).goid } }
}

/// Wires this goroutine to its thread until [`unlock_os_thread`] has been called as often: no other
/// goroutine runs there. If the goroutine ends wired, so does the thread. Go's
/// `runtime.LockOSThread`.
///
/// ```
/// # gort::run(|| {
/// gort::runtime::lock_os_thread();
/// let thread = std::thread::current().id();
/// gort::runtime::gosched();
/// assert_eq!(std::thread::current().id(), thread);
/// gort::runtime::unlock_os_thread();
/// # })
/// ```
pub fn lock_os_thread() {
    // SAFETY: on a user goroutine.
    unsafe { gort_proc::lock_os_thread() }
}

/// Undoes one [`lock_os_thread`]. Go's `runtime.UnlockOSThread`.
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::{lock_os_thread, unlock_os_thread};
/// lock_os_thread();
/// lock_os_thread(); // they count
/// unlock_os_thread();
/// let here = std::thread::current().id();
/// gort::runtime::gosched();
/// assert_eq!(std::thread::current().id(), here);
/// unlock_os_thread(); // free again
/// # })
/// ```
pub fn unlock_os_thread() {
    // SAFETY: on a user goroutine.
    unsafe { gort_proc::unlock_os_thread() }
}

/// Says of the calling thread, which is not the runtime's, that it will never use gort: a logger, a
/// watchdog, a thread of a library's. gort's own.
///
/// While a program has threads that the runtime does not know, goroutines that all wait are no
/// deadlock, for such a thread may send to one of them. So one that never ends keeps every deadlock
/// from being reported, unless it has called this. If it uses gort all the same nothing breaks, but
/// a deadlock may have been reported before. It holds until the thread ends. Returns false, and
/// changes nothing, if there are 16 such threads already, or if the thread is one of the runtime's.
///
/// ```
/// let (started, begin) = std::sync::mpsc::channel();
/// std::thread::spawn(move || {
///     gort::runtime::never_calls_in();
///     started.send(()).unwrap();
///     loop {
///         std::thread::park(); // works for ever
///     }
/// });
/// begin.recv().unwrap();
/// gort::run(|| println!("a deadlock would be reported here"));
/// ```
pub fn never_calls_in() -> bool {
    getg().is_null() && gort_proc::never_calls_in()
}

/// The stack of this goroutine, or of all, as a panic would print them. Go's `runtime.Stack`. A
/// thread that runs no goroutine has none to show: of its own it gives an empty text.
///
/// ```
/// # gort::run(|| {
/// assert!(gort::runtime::stack(false).starts_with("goroutine "));
/// # })
/// ```
pub fn stack(all: bool) -> String {
    gort_traceback::stack_string(all)
}

/// Sets how many threads the runtime may make (10,000 at first); more end the program. Returns the
/// old value. Go's `debug.SetMaxThreads`.
///
/// ```
/// # gort::run(|| {
/// let old = gort::runtime::set_max_threads(100);
/// assert_eq!(gort::runtime::set_max_threads(old), 100);
/// # })
/// ```
pub fn set_max_threads(n: i32) -> i32 {
    entry_here!("SetMaxThreads", set_max_threads(n));
    // SAFETY: on a user goroutine.
    unsafe { gort_proc::set_max_threads(n as isize) as i32 }
}

/// Exits at once with `code`, without unwinding any goroutine. Go's `os.Exit`.
///
/// ```
/// gort::run(|| {
///     gort::go(|| gort::runtime::exit(0)); // the whole program
///     gort::chan::<u8>(0).recv();
/// });
/// unreachable!();
/// ```
pub fn exit(code: i32) -> ! {
    crate::rt0::exit_process(code)
}

/// What the scheduler has done since the start, summed over all processors. gort's own.
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::{Stats, stats};
/// let before: Stats = stats();
/// gort::time::sleep(std::time::Duration::from_millis(1));
/// assert!(stats().parks > before.parks);
/// # })
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Goroutines started.
    pub goroutines: u64,
    /// Times that a goroutine was switched to.
    pub switches: u64,
    /// Times that one waited.
    pub parks: u64,
    /// Times that one gave way (`gosched`, preemption).
    pub yields: u64,
    /// Attempts to take work from another processor.
    pub steal_tries: u64,
    /// Those that got something.
    pub steals: u64,
    /// Goroutines moved that way.
    pub stolen: u64,
    /// Looks into the global queue that found something.
    pub global_polls: u64,
    /// Polls of the network.
    pub netpolls: u64,
    /// Processors handed to another thread.
    pub handoffs: u64,
    /// Blocking sections entered.
    pub syscalls: u64,
    /// Times that a thread went looking for work.
    pub spins: u64,
    /// Threads started.
    pub threads: i64,
}

/// Reads the counters. They are exact for a processor that stands still, and a moment old for
/// others.
///
/// ```
/// # gort::run(|| {
/// let before = gort::runtime::stats();
/// gort::task::spawn(|| ()).join().unwrap();
/// assert!(gort::runtime::stats().goroutines > before.goroutines);
/// # })
/// ```
pub fn stats() -> Stats {
    entry_here!("stats", stats());
    let mut s = Stats::default();
    // SAFETY: Ps are never freed, their counters are atomics; allp's array is never freed either.
    unsafe {
        lock(allp_lock());
        let ps = *allp();
        // Ps beyond gomaxprocs have counted too.
        let ps = ps.upto(ps.cap);
        for i in 0..ps.len {
            let pp = *ps.at(i);
            if pp.is_null() {
                continue;
            }
            let t = &raw const (*pp).stats;
            s.goroutines += (*t).gocreate.get();
            s.switches += (*t).execute.get();
            s.parks += (*t).park.get();
            s.yields += (*t).gosched.get() + (*t).preempt.get();
            s.steal_tries += (*t).steal_tries.get();
            s.steals += (*t).steals.get();
            s.stolen += (*t).stolen.get();
            s.global_polls += (*t).global_polls.get();
            s.netpolls += (*t).netpolls.get();
            s.handoffs += (*t).handoffs.get();
            s.syscalls += (*t).syscalls.get();
            s.spins += (*t).spins.get();
        }
        unlock(allp_lock());
        s.threads = (*sched()).mnext.get();
    }
    s
}
