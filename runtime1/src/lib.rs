//! Go's runtime1.go and env_posix.go: GODEBUG, GOTRACEBACK, environment.

use gort_runtime2::atomic::{Bool, Int32};
use gort_runtime2::*;

/// GODEBUG variables. Go: runtime1.go:309 debug
#[allow(missing_docs)]
pub struct DebugVars {
    pub dontfreezetheworld: Int32,
    pub scheddetail: Int32,
    pub schedtrace: Int32,
    pub tracebackancestors: Int32,
    pub asyncpreemptoff: Int32,
    pub asynctimerchan: Int32,
    pub panicnil: Int32,
    pub inittrace: Int32,
    pub gcshrinkstackoff: Int32,
    pub deadlockgraph: Int32,
}
/// Go: runtime1.go:309 debug
pub static DEBUG: DebugVars = DebugVars {
    dontfreezetheworld: Int32::new(0),
    scheddetail: Int32::new(0),
    schedtrace: Int32::new(0),
    tracebackancestors: Int32::new(0),
    asyncpreemptoff: Int32::new(0),
    asynctimerchan: Int32::new(0),
    panicnil: Int32::new(0),
    inittrace: Int32::new(0),
    gcshrinkstackoff: Int32::new(0),
    deadlockgraph: Int32::new(0),
};
#[allow(dead_code)]
type _B = Bool;

/// TODO
///
/// # Safety
/// TODO
pub fn gotraceback() -> (i32, bool, bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn gogetenv(key: &str) -> Option<String> {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn atoi32(s: &str) -> Option<i32> {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn parsedebugvars() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn set_traceback(level: &str) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn acquirem() -> *mut M {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn releasem(mp: *mut M) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn goargs() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn goenvs() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn check() {
    todo!()
}
