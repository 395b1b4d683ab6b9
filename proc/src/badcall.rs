//! proc.go: lines 538 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:538 badmcall
pub unsafe extern "C" fn badmcall(fn_: usize) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:542 badmcall2
pub unsafe extern "C" fn badmcall2(fn_: usize) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:552 badmorestackg0
pub unsafe fn badmorestackg0() -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:571 badmorestackgsignal
pub unsafe fn badmorestackgsignal() -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:594 switchToCrashStack
#[doc(alias = "switchToCrashStack")]
pub unsafe fn switch_to_crash_stack(f: unsafe fn()) {
    todo!()
}
