//! proc.go: lines 5259 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5259 Breakpoint
#[doc(alias = "Breakpoint")]
pub unsafe fn breakpoint() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5268 dolockOSThread
#[doc(alias = "dolockOSThread")]
pub unsafe fn dolock_os_thread() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5293 LockOSThread
#[doc(alias = "LockOSThread")]
pub unsafe fn lock_os_thread() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5310 lockOSThread
#[doc(alias = "lockOSThread")]
pub unsafe fn lock_os_thread_int() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5320 dounlockOSThread
#[doc(alias = "dounlockOSThread")]
pub unsafe fn dounlock_os_thread() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5346 UnlockOSThread
#[doc(alias = "UnlockOSThread")]
pub unsafe fn unlock_os_thread() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5356 unlockOSThread
#[doc(alias = "unlockOSThread")]
pub unsafe fn unlock_os_thread_int() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5365 badunlockosthread
pub unsafe fn badunlockosthread() -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5369 gcount
pub unsafe fn gcount() -> i32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:5383 mcount
pub unsafe fn mcount() -> i32 {
    todo!()
}
