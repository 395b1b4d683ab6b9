//! proc.go: lines 1 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:147 main
pub unsafe fn main() -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:328 forcegchelper
pub unsafe fn forcegchelper() -> ! {
    todo!()
}
