//! proc.go: lines 5910 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5910 incidlelocked
pub unsafe fn incidlelocked(v: i32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5922 checkdead
pub unsafe fn checkdead() {
    todo!()
}
