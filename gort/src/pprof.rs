//! Profiles for `go tool pprof`, as Go's package `runtime/pprof` makes them.
//!
//! ```
//! # gort::run(|| {
//! let profile = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
//! # struct W(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);
//! # impl std::io::Write for W {
//! #     fn write(&mut self, b: &[u8]) -> std::io::Result<usize> { self.0.lock().unwrap().write(b) }
//! #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
//! # }
//! gort::pprof::start_cpu_profile(W(profile.clone()))?;
//! // ...
//! gort::pprof::stop_cpu_profile()?;
//! assert!(profile.lock().unwrap().starts_with(&[0x1f, 0x8b]));
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap()
//! ```
//!
//! `GORT_CPUPROFILE=FILE`, or `gort run --cpuprofile FILE`, takes a profile of a whole run, of any
//! program on gort; so do `GORT_BLOCKPROFILE` and `GORT_MUTEXPROFILE`, `--blockprofile` and
//! `--mutexprofile`. [`runtime::set_labels`](crate::runtime::set_labels) gives a goroutine labels,
//! by which `go tool pprof` can filter and group.
//!
//! Go: `runtime/pprof`

use std::io::{self, Write};

/// A profile that is there at any time, from [`lookup`].
///
/// ```
/// # gort::run(|| {
/// let blocked: gort::pprof::Profile = gort::pprof::lookup("block").unwrap();
/// assert_eq!((blocked.name(), blocked.count()), ("block", 0)); // it is off
/// # })
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile(gort_pprof::profile::Profile);

impl Profile {
    /// Its name: `block`, `mutex`, `goroutine`.
    ///
    /// Go's `Profile.Name`.
    ///
    /// ```
    /// # gort::run(|| {
    /// assert_eq!(gort::pprof::lookup("mutex").unwrap().name(), "mutex");
    /// # })
    /// ```
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// How many stacks it has; of goroutines how many there are.
    ///
    /// Go's `Profile.Count`.
    ///
    /// ```
    /// # gort::run(|| {
    /// gort::pprof::set_block_profile_rate(1);
    /// let c = gort::chan::<u8>(0);
    /// assert!(c.recv_timeout(std::time::Duration::from_millis(1)).is_err()); // a select, which waits
    /// assert!(gort::pprof::lookup("block").unwrap().count() > 0);
    /// # })
    /// ```
    pub fn count(self) -> usize {
        if gort_proc::getg().is_null() {
            return gort_proc::outside("pprof::Profile::count", || self.count());
        }
        // SAFETY: on a goroutine, which holds no lock.
        unsafe { self.0.count() }
    }

    /// Writes it, as a file for `go tool pprof`. A thread of its own makes the file, which takes
    /// more stack than goroutines have, and the caller writes it.
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut file = Vec::new();
    /// gort::pprof::lookup("mutex").unwrap().write_to(&mut file).unwrap();
    /// assert!(file.starts_with(&[0x1f, 0x8b])); // gzip, as `go tool pprof` reads it
    /// # })
    /// ```
    ///
    /// # Errors
    /// Those of `w`, and if there can be no thread.
    ///
    /// Go's `Profile.WriteTo`, with `debug` 0.
    pub fn write_to(self, w: impl Write) -> io::Result<()> {
        self.write(w, |profile| {
            let mut file = Vec::new();
            profile.write(&mut file).map(|()| file)
        })
    }

    /// Writes it as a text for people: what costs most first, each stack with its functions and
    /// lines. Of goroutines those with the same stack and labels are one entry, with their number;
    /// [`runtime::stack(true)`](crate::runtime::stack) has each of them, as Go's `debug` 2 does.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<()>(0);
    /// let rx = c.clone();
    /// gort::go(move || drop(rx.recv()));
    /// let mut text = Vec::new();
    /// gort::pprof::lookup("goroutine").unwrap().write_text_to(&mut text)?;
    /// assert!(text.starts_with(b"goroutine profile: total "));
    /// c.close();
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap()
    /// ```
    ///
    /// # Errors
    /// Those of [`write_to`](Profile::write_to).
    ///
    /// Go's `Profile.WriteTo`, with `debug` 1.
    pub fn write_text_to(self, w: impl Write) -> io::Result<()> {
        self.write(w, move |profile| {
            let header = self.0.header(profile.total()[0]);
            Ok((header + &profile.text()).into_bytes())
        })
    }

    /// Writes what `form` makes of it, on a thread of its own.
    fn write(
        self,
        mut w: impl Write,
        form: impl FnOnce(gort_pprof::builder::Builder) -> io::Result<Vec<u8>> + Send + 'static,
    ) -> io::Result<()> {
        if gort_proc::getg().is_null() {
            return gort_proc::outside("pprof::Profile::write_to", || self.write(w, form));
        }
        // SAFETY: on a goroutine, which holds no lock.
        let profile = unsafe { self.0.read() };
        let file = crate::blocking(|| {
            let t = std::thread::Builder::new()
                .name("gort-profile".into())
                .spawn(move || form(profile))?;
            t.join()
                .unwrap_or_else(|_| Err(io::Error::other("the writer of the profile has panicked")))
        })?;
        w.write_all(&file)?;
        w.flush()
    }
}

/// Begins to take samples, 100 in each second that a thread has a processor, until
/// [`stop_cpu_profile`], which writes them to `w`.
///
/// A thread of its own writes, so `w` may block.
///
/// ```
/// # gort::run(|| {
/// gort::pprof::start_cpu_profile(std::io::sink()).unwrap(); // a file, say
/// let e = gort::pprof::start_cpu_profile(std::io::sink()).unwrap_err();
/// assert_eq!(e.kind(), std::io::ErrorKind::AlreadyExists);
/// gort::pprof::stop_cpu_profile().unwrap();
/// # })
/// ```
///
/// # Errors
/// `AlreadyExists` if a profile is being taken, be it that of `GORT_CPUPROFILE`.
///
/// Go's `pprof.StartCPUProfile`.
pub fn start_cpu_profile(w: impl Write + Send + 'static) -> io::Result<()> {
    start_cpu_profile_at(w, gort_pprof::cpu::HZ)
}

/// [`start_cpu_profile`] with `hz` samples in a second: 1 to 1,000,000. The kernel does not give
/// more than its clock has ticks, mostly 250 or 1,000.
///
/// ```
/// # gort::run(|| {
/// gort::pprof::start_cpu_profile_at(std::io::sink(), 500).unwrap();
/// gort::pprof::stop_cpu_profile().unwrap();
/// let e = gort::pprof::start_cpu_profile_at(std::io::sink(), 0).unwrap_err();
/// assert_eq!(e.kind(), std::io::ErrorKind::InvalidInput);
/// # })
/// ```
///
/// # Errors
/// Those of [`start_cpu_profile`]; `InvalidInput` for another `hz`.
pub fn start_cpu_profile_at(w: impl Write + Send + 'static, hz: u32) -> io::Result<()> {
    if gort_proc::getg().is_null() {
        return gort_proc::outside("pprof::start_cpu_profile", || start_cpu_profile_at(w, hz));
    }
    // SAFETY: on a goroutine, which holds no lock.
    crate::blocking(|| unsafe { gort_pprof::cpu::start(w, hz) })
}

/// Ends the profile, and returns when all of it has been written. Nothing happens if none is being
/// taken.
///
/// ```
/// # gort::run(|| {
/// gort::pprof::stop_cpu_profile().unwrap(); // none is being taken
/// # })
/// ```
///
/// # Errors
/// The first one of the writer, after which nothing was written any more.
///
/// Go's `pprof.StopCPUProfile`.
pub fn stop_cpu_profile() -> io::Result<()> {
    if gort_proc::getg().is_null() {
        return gort_proc::outside("pprof::stop_cpu_profile", stop_cpu_profile);
    }
    // SAFETY: on a goroutine, which holds no lock.
    crate::blocking(|| unsafe { gort_pprof::cpu::stop() })
}

/// The profile of that name: `block`, who has waited for channels, selects, locks and conditions,
/// and for how long; `mutex`, which unlocks others have waited for; `goroutine`, where each
/// goroutine is, for which the world is stopped. The first two are empty until
/// [`set_block_profile_rate`], [`set_mutex_profile_fraction`] switch them on.
///
/// ```
/// # gort::run(|| {
/// gort::pprof::set_block_profile_rate(1);
/// let c = gort::chan(0);
/// let tx = c.clone();
/// gort::go(move || tx.send(1));
/// c.recv();
/// let mut file = Vec::new();
/// gort::pprof::lookup("block").unwrap().write_to(&mut file)?;
/// assert!(gort::pprof::lookup("heap").is_none());
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap()
/// ```
///
/// Go's `pprof.Lookup`.
pub fn lookup(name: &str) -> Option<Profile> {
    gort_pprof::profile::Profile::lookup(name).map(Profile)
}

/// Records one wait for each `rate` nanoseconds that goroutines wait, in the profile `block`: 1 all
/// of them, 0 none, as it is at first.
///
/// Waits with a time-out, of the kinds that Go has none of, are not recorded.
///
/// Go's `runtime.SetBlockProfileRate`.
///
/// ```
/// # gort::run(|| {
/// gort::pprof::set_block_profile_rate(1_000_000); // one for each millisecond of waiting
/// gort::pprof::set_block_profile_rate(0); // no more
/// assert_eq!(gort::pprof::lookup("block").unwrap().count(), 0);
/// # })
/// ```
pub fn set_block_profile_rate(rate: i64) {
    if rate > 0 {
        gort_traceback::fast::renew_walks();
    }
    gort_mprof::set_block_profile_rate(rate);
}

/// Records one of `rate` unlocks that others have waited for, on average, in the profile `mutex`: 0
/// none, as it is at first. A negative one changes nothing. Returns what it was before.
///
/// Go's `runtime.SetMutexProfileFraction`.
///
/// ```
/// # gort::run(|| {
/// assert_eq!(gort::pprof::set_mutex_profile_fraction(5), 0);
/// assert_eq!(gort::pprof::set_mutex_profile_fraction(-1), 5); // what it is
/// # })
/// ```
pub fn set_mutex_profile_fraction(rate: i64) -> i64 {
    if rate > 0 {
        gort_traceback::fast::renew_walks();
    }
    gort_mprof::set_mutex_profile_fraction(rate)
}
