//! proc.go: lines 2144 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2161 allocm
pub unsafe fn allocm(pp: *mut P, f: Option<unsafe fn()>, id: i64) -> *mut M {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2273 needm
pub unsafe fn needm(signal: bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2359 needAndBindM
#[doc(alias = "needAndBindM")]
pub unsafe fn need_and_bind_m() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2370 newextram
pub unsafe fn newextram() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2383 oneNewExtraM
#[doc(alias = "oneNewExtraM")]
pub unsafe fn one_new_extra_m() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2462 dropm
pub unsafe fn dropm() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2568 cgoBindM
#[doc(alias = "cgoBindM")]
pub unsafe fn cgo_bind_m() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2592 getm
pub unsafe fn getm() -> usize {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2620 lockextra
pub unsafe fn lockextra(nilokay: bool) -> *mut M {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2650 unlockextra
pub unsafe fn unlockextra(mp: *mut M, delta: i32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2662 getExtraM
#[doc(alias = "getExtraM")]
pub unsafe fn get_extra_m() -> (*mut M, bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2673 putExtraM
#[doc(alias = "putExtraM")]
pub unsafe fn put_extra_m(mp: *mut M) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:2681 addExtraM
#[doc(alias = "addExtraM")]
pub unsafe fn add_extra_m(mp: *mut M) {
    todo!()
}
