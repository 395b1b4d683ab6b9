//! proc.go: lines 4341 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4341 save
pub unsafe fn save(pc: usize, sp: usize, bp: usize) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4390 reentersyscall
pub unsafe fn reentersyscall(pc: usize, sp: usize, bp: usize) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4479 entersyscall
pub unsafe fn entersyscall() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4488 entersyscall_sysmon
pub unsafe fn entersyscall_sysmon() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4497 entersyscall_gcwait
pub unsafe fn entersyscall_gcwait() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4540 entersyscallblock
pub unsafe fn entersyscallblock() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4588 entersyscallblock_handoff
pub unsafe fn entersyscallblock_handoff() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4617 exitsyscall
pub unsafe fn exitsyscall() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4703 exitsyscallfast
pub unsafe fn exitsyscallfast(oldp: *mut P) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4742 exitsyscallfast_reacquired
pub unsafe fn exitsyscallfast_reacquired() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4760 exitsyscallfast_pidle
pub unsafe fn exitsyscallfast_pidle() -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4781 exitsyscall0
pub unsafe extern "C" fn exitsyscall0(gp: *mut G) -> ! {
    todo!()
}
