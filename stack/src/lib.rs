//! Go's stack.go: stack allocation, pools and growth.

use gort_runtime2::*;

/// Go: stack.go:101 stackGuard (value TODO)
pub const STACK_GUARD: usize = 928;

/// TODO
///
/// # Safety
/// TODO
pub fn stackinit() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn stackalloc(n: u32) -> Stack {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn stackfree(stk: Stack) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn stackcache_clear(pp: *mut P) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn preempt_check() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn starting_stack_size() -> u32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn isshrinkstacksafe(gp: *mut G) -> bool {
    todo!()
}
