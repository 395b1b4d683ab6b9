//! proc.go: lines 1046 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1055 freezetheworld
pub unsafe fn freezetheworld() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1109 readgstatus
pub unsafe fn readgstatus(gp: *mut G) -> u32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1117 casfrom_Gscanstatus
#[doc(alias = "casfrom_Gscanstatus")]
pub unsafe fn casfrom_gscanstatus(gp: *mut G, oldval: u32, newval: u32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1145 castogscanstatus
pub unsafe fn castogscanstatus(gp: *mut G, oldval: u32, newval: u32) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1175 casgstatus
pub unsafe fn casgstatus(gp: *mut G, oldval: u32, newval: u32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1279 casGToWaiting
#[doc(alias = "casGToWaiting")]
pub unsafe fn cas_g_to_waiting(gp: *mut G, old: u32, reason: WaitReason) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1289 casGToWaitingForGC
#[doc(alias = "casGToWaitingForGC")]
pub unsafe fn cas_g_to_waiting_for_gc(gp: *mut G, old: u32, reason: WaitReason) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1303 casgcopystack
pub unsafe fn casgcopystack(gp: *mut G) -> u32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1319 casGToPreemptScan
#[doc(alias = "casGToPreemptScan")]
pub unsafe fn cas_g_to_preempt_scan(gp: *mut G, old: u32, new: u32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1331 casGFromPreempted
#[doc(alias = "casGFromPreempted")]
pub unsafe fn cas_g_from_preempted(gp: *mut G, old: u32, new: u32) -> bool {
    todo!()
}
