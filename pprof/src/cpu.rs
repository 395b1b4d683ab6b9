//! CPU profiles: a thread that reads the samples, and the file.

use crate::builder::{Builder, CPU, Labels};
use gort_cpuprof::ProfBufReadMode;
use gort_cpuprof::cpuprof::{Owner, read_profile, set_cpu_profile_rate};
use gort_os_linux::{catch_kills, exit, nanotime, osyield, set_last_words};
use gort_proc::labels::take_labels;
use gort_runtime1::{gogetenv, is_secure_mode};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

/// Samples in a second, as in Go.
pub const HZ: u32 = 100;

/// Stands in a profile for samples that were lost, as nobody read fast enough.
#[inline(never)]
extern "C" fn lost_profile_event() {
    std::hint::black_box(4);
}

/// The profile that is being taken.
static READER: Mutex<Option<JoinHandle<io::Result<()>>>> = Mutex::new(None);

fn reader() -> std::sync::MutexGuard<'static, Option<JoinHandle<io::Result<()>>>> {
    READER.lock().unwrap_or_else(|e| e.into_inner())
}

/// Takes a profile, which [`stop`] writes to `w`, or [`last_words`](gort_os_linux::last_words).
///
/// # Errors
/// If one is being taken, there can be no thread, or `hz` is 0 or more than 1,000,000.
///
/// # Safety
/// On a goroutine that holds no lock of the runtime.
pub unsafe fn start(w: impl Write + Send + 'static, hz: u32) -> io::Result<()> {
    if !(1..=1_000_000).contains(&hz) {
        let e = format!("cpu profile rate {hz} is not in 1 to 1000000");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, e));
    }
    let mut r = reader();
    // SAFETY: the caller's contract; the reader below reads to the end.
    if r.is_some() || !unsafe { set_cpu_profile_rate(Owner::Gort, hz as isize) } {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "cpu profiling already in use"));
    }
    DONE.store(false, SeqCst);
    let t = std::thread::Builder::new().name("gort-cpuprofile".into()).spawn(move || {
        // Not a part of what it measures.
        // SAFETY: a set of its own.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut set);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        }
        // If there is no room for it, deadlocks are not reported meanwhile.
        gort_proc::never_calls_in();
        let result = write_profile(w);
        DONE.store(true, SeqCst);
        result
    });
    match t {
        Ok(t) => {
            *r = Some(t);
            Ok(())
        }
        Err(e) => {
            // SAFETY: as above; what has been written is thrown away.
            unsafe {
                set_cpu_profile_rate(Owner::Gort, 0);
                let (mut data, mut tags) = (Vec::new(), Vec::new());
                while !read_profile(Owner::Gort, ProfBufReadMode::NonBlocking, &mut data, &mut tags)
                {
                    tags.iter().for_each(|tag| drop(take_labels(*tag as *mut _)));
                }
            }
            // Nothing is left for the end of the process to wait for.
            DONE.store(true, SeqCst);
            Err(e)
        }
    }
}

/// The profile has been written.
static DONE: AtomicBool = AtomicBool::new(false);
/// The process ends: there will be no end of the samples.
static HURRY: AtomicBool = AtomicBool::new(false);

/// The reader: takes the samples out of the ring ten times a second.
fn write_profile(w: impl Write) -> io::Result<()> {
    let mut b = None;
    let (mut data, mut tags) = (Vec::new(), Vec::new());
    loop {
        for _ in 0..4 {
            if HURRY.load(SeqCst) || STOPPED.load(SeqCst) {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        // Before the ring is read: what was written until then is in the profile.
        let hurry = HURRY.load(SeqCst);
        // Handlers do not ask the loader.
        gort_traceback::fast::renew_walks();
        let eof = loop {
            // SAFETY: the only reader.
            let eof = unsafe {
                read_profile(Owner::Gort, ProfBufReadMode::NonBlocking, &mut data, &mut tags)
            };
            if eof || data.is_empty() {
                break eof;
            }
            add(&mut b, &data, &tags);
        };
        if eof || hurry {
            break;
        }
    }
    b.unwrap_or_else(|| Builder::new(CPU, 1_000_000_000 / i64::from(HZ))).write(w)
}

/// Adds records.
fn add(b: &mut Option<Builder>, mut data: &[u64], tags: &[u64]) {
    for &tag in tags {
        let (record, rest) = data.split_at(data[0] as usize);
        data = rest;
        let (mut count, mut stk) = (record[2], &record[3..]);
        // The first one tells the rate.
        let Some(b) = b else {
            *b = Some(Builder::new(CPU, 1_000_000_000 / count.max(1) as i64));
            continue;
        };
        let lost = [lost_profile_event as *const () as u64 + 1];
        if count == 0 && stk.len() == 1 {
            count = stk[0];
            stk = &lost;
        }
        // SAFETY: the record's own, given up here.
        let labels = unsafe { take_labels(tag as *mut _) };
        let labels: Labels = labels
            .map(|l| l.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect())
            .unwrap_or_default();
        let n = count as i64;
        b.add(stk, labels, [n, n * b.period()]);
    }
}

/// The profile is being stopped.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Ends the profile, if one is being taken, and returns when it has been written.
///
/// # Errors
/// Those of the writer.
///
/// # Safety
/// As [`start`]. It waits for a thread.
pub unsafe fn stop() -> io::Result<()> {
    let mut r = reader();
    let Some(t) = r.take() else { return Ok(()) };
    // SAFETY: the caller's contract.
    unsafe { set_cpu_profile_rate(Owner::Gort, 0) };
    STOPPED.store(true, SeqCst);
    let result = t
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the writer of the profile has panicked")));
    STOPPED.store(false, SeqCst);
    result
}

/// Takes a profile of the whole process if the environment asks for it: `GORT_CPUPROFILE=FILE`,
/// with the process's number for `%p`; and the others, `GORT_BLOCKPROFILE`, `GORT_MUTEXPROFILE`. If
/// a file cannot be written the process ends, with status 1. A setuid program does not look.
///
/// # Safety
/// On the main goroutine, at its beginning.
#[unsafe(export_name = "gort.cpu_profile_env")]
#[cold]
pub unsafe fn env() {
    if is_secure_mode() {
        return;
    }
    crate::waits::env();
    let Some((name, f)) = env_file("GORT_CPUPROFILE") else { return };
    static PID: AtomicI32 = AtomicI32::new(0);
    // SAFETY: no arguments.
    PID.store(unsafe { libc::getpid() }, SeqCst);
    // SAFETY: at the beginning of the main goroutine.
    unsafe { start(f, HZ) }.unwrap_or_else(|e| cannot("GORT_CPUPROFILE", &name, &e));
    fn end() {
        // SAFETY: no arguments.
        if unsafe { libc::getpid() } != PID.load(SeqCst) {
            return;
        }
        HURRY.store(true, SeqCst);
        // No more of them: who interrupts what is being torn down?
        // SAFETY: no handler any more.
        unsafe { libc::signal(libc::SIGPROF, libc::SIG_IGN) };
        // Names take their time.
        let until = nanotime() + 10_000_000_000;
        while !DONE.load(SeqCst) && nanotime() < until {
            osyield();
        }
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

/// The file that a variable of the environment names, with its name.
pub(crate) fn env_file(variable: &str) -> Option<(String, File)> {
    let name = gogetenv(variable).filter(|f| !f.is_empty())?;
    let name = name.replace("%p", &std::process::id().to_string());
    match File::create(&name) {
        Ok(f) => Some((name, f)),
        Err(e) => cannot(variable, &name, &e),
    }
}

/// The process ends.
pub(crate) fn cannot(variable: &str, name: &str, e: &io::Error) -> ! {
    gort_print::print!("gort: {variable}: cannot write {name}: {e}\n");
    exit(1)
}
