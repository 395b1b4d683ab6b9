//! proc.go: lines 4955 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4955 malg
pub unsafe fn malg(stacksize: i32) -> *mut G {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4974 newproc
pub unsafe fn newproc(f: *mut Funcval) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4992 newproc1
pub unsafe fn newproc1(
    f: *mut Funcval,
    callergp: *mut G,
    callerpc: usize,
    parked: bool,
    waitreason: WaitReason,
) -> *mut G {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5101 saveAncestors
#[doc(alias = "saveAncestors")]
pub unsafe fn save_ancestors(callergp: *mut G) -> *mut Vec<AncestorInfo> {
    todo!()
}
