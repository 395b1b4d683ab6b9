//! proc.go: lines 714 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:748 getGodebugEarly
#[doc(alias = "getGodebugEarly")]
pub unsafe fn get_godebug_early() -> String {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:782 schedinit
pub unsafe fn schedinit() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:882 dumpgstatus
pub unsafe fn dumpgstatus(gp: *mut G) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:889 checkmcount
pub unsafe fn checkmcount() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:911 mReserveID
#[doc(alias = "mReserveID")]
pub unsafe fn m_reserve_id() -> i64 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:924 mcommoninit
pub unsafe fn mcommoninit(mp: *mut M, id: i64) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:997 becomeSpinning
#[doc(alias = "becomeSpinning")]
pub unsafe fn become_spinning(mp: *mut M) {
    todo!()
}
