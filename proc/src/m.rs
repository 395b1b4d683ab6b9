//! proc.go: lines 1730 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1765 mstart0
pub unsafe fn mstart0() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1807 mstart1
pub unsafe extern "C" fn mstart1() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1850 mstartm0
pub unsafe fn mstartm0() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1864 mPark
#[doc(alias = "mPark")]
pub unsafe fn m_park() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1880 mexit
pub unsafe fn mexit(os_stack: bool) {
    todo!()
}
