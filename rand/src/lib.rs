//! Go's rand.go: per-M random numbers.

/// TODO
///
/// # Safety
/// TODO
pub fn cheaprand() -> u32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn cheaprandn(n: u32) -> u32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn cheaprand64() -> i64 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn rand() -> u64 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn randinit() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn mrandinit(mp: *mut gort_runtime2::M) {
    todo!()
}
