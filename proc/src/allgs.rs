//! proc.go: lines 619 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:619 lockedOSThread
#[doc(alias = "lockedOSThread")]
pub unsafe fn locked_os_thread() -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:650 allgadd
pub unsafe fn allgadd(gp: *mut G) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:667 allGsSnapshot
#[doc(alias = "allGsSnapshot")]
pub unsafe fn all_gs_snapshot() -> Slice<*mut G> {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:679 atomicAllG
#[doc(alias = "atomicAllG")]
pub unsafe fn atomic_all_g() -> (*mut *mut G, usize) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:686 atomicAllGIndex
#[doc(alias = "atomicAllGIndex")]
pub unsafe fn atomic_all_g_index(ptr: *mut *mut G, i: usize) -> *mut G {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:693 forEachG
#[doc(alias = "forEachG")]
pub unsafe fn for_each_g(f: &mut dyn FnMut(*mut G)) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:705 forEachGRace
#[doc(alias = "forEachGRace")]
pub unsafe fn for_each_g_race(f: &mut dyn FnMut(*mut G)) {
    todo!()
}
