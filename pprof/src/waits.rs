//! `GORT_BLOCKPROFILE`, `GORT_MUTEXPROFILE`: what was waited for in a run, written at its end.

use crate::cpu::{cannot, env_file};
use crate::profile::Profile;
use gort_os_linux::{catch_kills, nanotime, osyield, set_last_words};
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::thread::Thread;

/// Whoever writes them.
static WRITER: OnceLock<Thread> = OnceLock::new();
/// The process ends.
static ENDS: AtomicBool = AtomicBool::new(false);
/// They have been written.
static DONE: AtomicBool = AtomicBool::new(false);
/// Not in children of fork.
static PID: AtomicI32 = AtomicI32::new(0);

/// Switches on what the environment asks for. If a file cannot be written the process ends.
///
/// On the main goroutine, at its beginning.
pub(crate) fn env() {
    let variables = [("GORT_BLOCKPROFILE", Profile::Block), ("GORT_MUTEXPROFILE", Profile::Mutex)];
    let files: Vec<_> = variables
        .into_iter()
        .filter_map(|(variable, profile)| {
            env_file(variable).map(|(name, file)| (variable, profile, name, file))
        })
        .collect();
    let Some((variable, _, name, _)) = files.first() else { return };
    let (variable, name) = (*variable, name.clone());
    gort_traceback::fast::renew_walks();
    for (_, profile, ..) in &files {
        match profile {
            Profile::Block => gort_mprof::set_block_profile_rate(1),
            _ => drop(gort_mprof::set_mutex_profile_fraction(1)),
        }
    }
    // SAFETY: no arguments.
    PID.store(unsafe { libc::getpid() }, SeqCst);
    // A thread of its own: names want more stack than goroutines have, and whoever ends the process
    // may be in any state.
    let t = std::thread::Builder::new().name("gort-profile".into()).spawn(move || {
        // SAFETY: a set of its own.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut set);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        }
        // If there is no room for it, deadlocks are not reported.
        gort_proc::never_calls_in();
        while !ENDS.load(SeqCst) {
            std::thread::park();
        }
        for (variable, profile, name, file) in files {
            if let Err(e) = profile.read_last().write(file) {
                eprintln!("gort: {variable}: cannot write {name}: {e}");
            }
        }
        DONE.store(true, SeqCst);
    });
    match t {
        Ok(t) => drop(WRITER.set(t.thread().clone())),
        Err(e) => cannot(variable, &name, &io::Error::other(format!("no thread: {e}"))),
    }
    extern "C" fn at_exit() {
        end();
    }
    // SAFETY: a static function. If there is no room for it, only the ends by libc's exit are not
    // covered.
    unsafe { libc::atexit(at_exit) };
    set_last_words(end);
    // SAFETY: the program begins.
    unsafe { catch_kills() };
}

/// Has them written. In any state, several times, on several threads at once.
fn end() {
    // SAFETY: no arguments.
    if unsafe { libc::getpid() } != PID.load(SeqCst) {
        return;
    }
    ENDS.store(true, SeqCst);
    let Some(writer) = WRITER.get() else { return };
    writer.unpark();
    // Names take their time.
    let until = nanotime() + 10_000_000_000;
    while !DONE.load(SeqCst) && nanotime() < until {
        osyield();
    }
}
