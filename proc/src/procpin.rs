//! proc.go: lines 7061 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:7061 setMaxThreads
#[doc(alias = "setMaxThreads")]
pub unsafe fn set_max_threads(n: i32) -> i32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:7086 procPin
#[doc(alias = "procPin")]
pub unsafe fn proc_pin() -> i32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:7106 procUnpin
#[doc(alias = "procUnpin")]
pub unsafe fn proc_unpin() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:7149 sync_runtime_canSpin
#[doc(alias = "sync_runtime_canSpin")]
pub unsafe fn sync_runtime_can_spin(i: i32) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:7176 sync_runtime_doSpin
#[doc(alias = "sync_runtime_doSpin")]
pub unsafe fn sync_runtime_do_spin() {
    todo!()
}
