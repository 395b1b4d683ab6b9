//! proc.go: lines 2869 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2869 stopm
pub unsafe fn stopm() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2890 mspinning
pub unsafe fn mspinning() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2912 startm
pub unsafe fn startm(pp: *mut P, spinning: bool, lockheld: bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3008 handoffp
pub unsafe fn handoffp(pp: *mut P) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3089 wakep
pub unsafe fn wakep() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3127 stoplockedm
pub unsafe fn stoplockedm() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3155 startlockedm
pub unsafe fn startlockedm(gp: *mut G) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3173 gcstopm
pub unsafe fn gcstopm() {
    todo!()
}
