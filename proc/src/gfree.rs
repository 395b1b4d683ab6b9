//! proc.go: lines 5134 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5134 gfput
pub unsafe fn gfput(pp: *mut P, gp: *mut G) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5177 gfget
pub unsafe fn gfget(pp: *mut P) -> *mut G {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5235 gfpurge
pub unsafe fn gfpurge(pp: *mut P) {
    todo!()
}
