//! proc.go: lines 6557 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6591 pidleput
pub unsafe fn pidleput(pp: *mut P, now: i64) -> i64 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6620 pidleget
pub unsafe fn pidleget(now: i64) -> (*mut P, i64) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6648 pidlegetSpinning
#[doc(alias = "pidlegetSpinning")]
pub unsafe fn pidleget_spinning(now: i64) -> (*mut P, i64) {
    todo!()
}
