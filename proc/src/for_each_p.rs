//! proc.go: lines 1999 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1999 forEachP
#[doc(alias = "forEachP")]
pub unsafe fn for_each_p(reason: WaitReason, f: &mut dyn FnMut(*mut P)) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2025 forEachPInternal
#[doc(alias = "forEachPInternal")]
pub unsafe fn for_each_p_internal(f: &mut dyn FnMut(*mut P)) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2124 runSafePointFn
#[doc(alias = "runSafePointFn")]
pub unsafe fn run_safe_point_fn() {
    todo!()
}
