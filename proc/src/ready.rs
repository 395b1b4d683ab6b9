//! proc.go: lines 1007 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:1022 ready
pub unsafe fn ready(gp: *mut G, next: bool) {
    todo!()
}
