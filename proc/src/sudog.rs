//! proc.go: lines 450 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:450 acquireSudog
#[doc(alias = "acquireSudog")]
pub unsafe fn acquire_sudog() -> *mut Sudog {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:488 releaseSudog
#[doc(alias = "releaseSudog")]
pub unsafe fn release_sudog(s: *mut Sudog) {
    todo!()
}
