//! proc.go: lines 4253 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4253 goexit1
#[unsafe(export_name = "gort.goexit1")]
pub unsafe extern "C" fn goexit1() -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4266 goexit0
pub unsafe extern "C" fn goexit0(gp: *mut G) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4271 gdestroy
pub unsafe fn gdestroy(gp: *mut G) {
    todo!()
}
