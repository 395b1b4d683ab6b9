//! proc.go: lines 6665 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6665 runqempty
pub unsafe fn runqempty(pp: *mut P) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6696 runqput
pub unsafe fn runqput(pp: *mut P, gp: *mut G, next: bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6742 runqputslow
pub unsafe fn runqputslow(pp: *mut P, gp: *mut G, h: u32, t: u32) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6785 runqputbatch
pub unsafe fn runqputbatch(pp: *mut P, q: *mut GQueue, qsize: isize) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6819 runqget
pub unsafe fn runqget(pp: *mut P) -> (*mut G, bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6844 runqdrain
pub unsafe fn runqdrain(pp: *mut P) -> (GQueue, u32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6885 runqgrab
pub unsafe fn runqgrab(pp: *mut P, batch: *mut RunqArray, batch_head: u32, steal_run_next_g: bool) -> u32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6940 runqsteal
pub unsafe fn runqsteal(pp: *mut P, p2: *mut P, steal_run_next_g: bool) -> *mut G {
    todo!()
}
