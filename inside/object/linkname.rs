//! Calls of Go's functions: each by an entry that `gort go` writes in assembly from its table (`inside/src/table.rs`).

use crate::*;
use core::fmt::Write;

/// The entries, with the table's names.
pub mod go {
    use crate::*;
    unsafe extern "C" {
        #[link_name = "gort_go_throw"]
        pub fn throw(s: *const u8, n: usize) -> !;
        #[link_name = "gort_go_fatal"]
        pub fn fatal(s: *const u8, n: usize) -> !;
        #[link_name = "gort_go_printstring"]
        pub fn printstring(s: *const u8, n: usize);
        #[link_name = "gort_go_printlock"]
        pub fn printlock();
        #[link_name = "gort_go_printunlock"]
        pub fn printunlock();
        #[link_name = "gort_go_lock"]
        pub fn lock(l: *mut Mutex);
        #[link_name = "gort_go_unlock"]
        pub fn unlock(l: *mut Mutex);
        #[link_name = "gort_go_nanotime"]
        pub fn nanotime() -> i64;
        #[link_name = "gort_go_usleep"]
        pub fn usleep(usec: u32);
        #[link_name = "gort_go_checkdead"]
        pub fn checkdead();
        #[link_name = "gort_go_addIdleTime"]
        pub fn add_idle_time(duration: i64);
    }
}

#[cold]
pub fn throw(s: &str) -> ! {
    // SAFETY: Go prints the text and ends the process.
    unsafe { go::throw(s.as_ptr(), s.len()) }
}

#[cold]
pub fn fatal(s: &str) -> ! {
    // SAFETY: as for throw.
    unsafe { go::fatal(s.as_ptr(), s.len()) }
}

struct Out;
impl Write for Out {
    fn write_str(&mut self, s: &str) -> core::fmt::Result {
        // SAFETY: Go does not keep the text.
        unsafe { go::printstring(s.as_ptr(), s.len()) };
        Ok(())
    }
}

#[cold]
pub fn print_args(a: core::fmt::Arguments<'_>) {
    // SAFETY: as Go's builtin print.
    unsafe {
        go::printlock();
        _ = Out.write_fmt(a);
        go::printunlock();
    }
}

#[inline(always)]
pub unsafe fn lock(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe { go::lock(l) }
}
#[inline(always)]
pub unsafe fn unlock(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe { go::unlock(l) }
}
#[inline(always)]
pub unsafe fn checkdead() {
    // SAFETY: the caller's contract.
    unsafe { go::checkdead() }
}
/// `gcCPULimiter.addIdleTime`
pub fn add_idle_time(duration: i64) {
    // SAFETY: adds to an atomic.
    unsafe { go::add_idle_time(duration) }
}
