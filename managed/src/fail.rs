//! Ends of the program that managed code brings about.

use gort_panic::{dopanic_m, startpanic_m};
use gort_print::print;
use gort_runtime2::G;
use gort_runtime2::linkname::crash;

/// A panic of a managed goroutine, which nothing can recover yet: the report is Go's, the status 2.
///
/// # Safety
/// On g0; `gp` is the goroutine that this M runs, and has saved where it goes on.
pub(crate) unsafe fn panic(gp: *mut G, text: &str) -> ! {
    // SAFETY: the caller's contract; the goroutine's stack stands still.
    unsafe {
        if startpanic_m() {
            print!("panic: {text}\n");
        }
        if dopanic_m(gp, "", &|| gort_traceback::traceback(usize::MAX, usize::MAX, 0, gp)) {
            crash();
        }
        gort_proc::exit(2)
    }
}
