//! proc.go: lines 6424 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6424 schedEnableUser
#[doc(alias = "schedEnableUser")]
pub unsafe fn sched_enable_user(enable: bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6448 schedEnabled
#[doc(alias = "schedEnabled")]
pub unsafe fn sched_enabled(gp: *mut G) -> bool {
    todo!()
}
