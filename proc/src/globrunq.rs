//! proc.go: lines 6462 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6462 mput
pub unsafe fn mput(mp: *mut M) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6476 mget
pub unsafe fn mget() -> *mut M {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6492 globrunqput
pub unsafe fn globrunqput(gp: *mut G) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6504 globrunqputhead
pub unsafe fn globrunqputhead(gp: *mut G) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6517 globrunqputbatch
pub unsafe fn globrunqputbatch(batch: *mut GQueue, n: i32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:6527 globrunqget
pub unsafe fn globrunqget(pp: *mut P, max: i32) -> *mut G {
    todo!()
}
