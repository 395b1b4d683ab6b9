//! proc.go: lines 3847 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3847 resetspinning
pub unsafe fn resetspinning() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3871 injectglist
pub unsafe fn injectglist(glist: *mut GList) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3966 schedule
pub unsafe fn schedule() -> ! {
    todo!()
}
