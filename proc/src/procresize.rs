//! proc.go: lines 5565 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5565 init
#[doc(alias = "init")]
pub unsafe fn p_init(pp: *mut P, id: i32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5605 destroy
#[doc(alias = "destroy")]
pub unsafe fn p_destroy(pp: *mut P) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5683 procresize
pub unsafe fn procresize(nprocs: i32) -> *mut P {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5832 acquirep
pub unsafe fn acquirep(pp: *mut P) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5855 wirep
pub unsafe fn wirep(pp: *mut P) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5883 releasep
pub unsafe fn releasep() -> *mut P {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5893 releasepNoTrace
#[doc(alias = "releasepNoTrace")]
pub unsafe fn releasep_no_trace() -> *mut P {
    todo!()
}
