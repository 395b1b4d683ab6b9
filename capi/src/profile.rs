//! Profiles.

use crate::errors::not_null;
use crate::trace::{code, duplicate, text};
use core::ffi::{c_char, c_int};
use gort_rs::pprof;
use std::fs::File;
use std::io::{self, Write};

fn result(r: io::Result<()>) -> c_int {
    r.map_or_else(|e| code(&e), |()| 0)
}

/// A file that may make whoever writes wait, as a pipe does that a goroutine of the program reads.
struct Blocking(File);

impl Write for Blocking {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        gort_rs::blocking(|| self.0.write(data))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins a CPU profile.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_cpu_profile_start(fd: c_int, hz: c_int) -> c_int {
    let hz = u32::try_from(hz).unwrap_or(0);
    result(duplicate(fd).and_then(|f| pprof::start_cpu_profile_at(Blocking(f), hz)))
}

/// Ends it.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_cpu_profile_stop() -> c_int {
    result(pprof::stop_cpu_profile())
}

/// Writes a profile that is there at any time.
///
/// # Safety
/// `name` ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_profile_write(name: *const c_char, fd: c_int) -> c_int {
    not_null!("gort_profile_write", name);
    // SAFETY: the caller's contract.
    let Some(profile) = pprof::lookup(&unsafe { text(name) }) else { return -libc::ENOENT };
    result(duplicate(fd).and_then(|f| profile.write_to(Blocking(f))))
}

/// Switches the block profile on or off.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_block_profile_rate(rate: i64) {
    pprof::set_block_profile_rate(rate);
}

/// The mutex profile.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_mutex_profile_fraction(rate: i64) -> i64 {
    pprof::set_mutex_profile_fraction(rate)
}
