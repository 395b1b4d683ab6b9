//! proc.go: lines 4055 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4055 dropg
pub unsafe fn dropg() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4062 parkunlock_c
pub unsafe fn parkunlock_c(gp: *mut G, lock: *mut c_void) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4068 park_m
pub unsafe extern "C" fn park_m(gp: *mut G) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4105 goschedImpl
#[doc(alias = "goschedImpl")]
pub unsafe fn gosched_impl(gp: *mut G, preempted: bool) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4140 gosched_m
pub unsafe extern "C" fn gosched_m(gp: *mut G) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4145 goschedguarded_m
pub unsafe extern "C" fn goschedguarded_m(gp: *mut G) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4152 gopreempt_m
pub unsafe fn gopreempt_m(gp: *mut G) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4159 preemptPark
#[doc(alias = "preemptPark")]
pub unsafe fn preempt_park(gp: *mut G) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4229 goyield
pub unsafe fn goyield() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4234 goyield_m
pub unsafe extern "C" fn goyield_m(gp: *mut G) -> ! {
    todo!()
}
