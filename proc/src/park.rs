//! proc.go: lines 351 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:351 Gosched
#[doc(alias = "Gosched")]
pub unsafe fn gosched() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:360 goschedguarded
pub unsafe fn goschedguarded() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:369 goschedIfBusy
#[doc(alias = "goschedIfBusy")]
pub unsafe fn gosched_if_busy() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:407 gopark
pub unsafe fn gopark(unlockf: Option<UnlockF>, lock: *mut c_void, reason: WaitReason) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:429 goparkunlock
pub unsafe fn goparkunlock(lock: *mut Mutex, reason: WaitReason) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:443 goready
pub unsafe fn goready(gp: *mut G) {
    todo!()
}
