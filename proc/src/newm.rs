//! proc.go: lines 2687 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2734 newm
pub unsafe fn newm(f: Option<unsafe fn()>, pp: *mut P, id: i64) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2783 newm1
pub unsafe fn newm1(mp: *mut M) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2812 startTemplateThread
#[doc(alias = "startTemplateThread")]
pub unsafe fn start_template_thread() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2840 templateThread
#[doc(alias = "templateThread")]
pub unsafe fn template_thread() -> ! {
    todo!()
}
