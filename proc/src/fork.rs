//! proc.go: lines 4845 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4845 syscall_runtime_BeforeFork
#[doc(alias = "syscall_runtime_BeforeFork")]
pub unsafe fn syscall_runtime_before_fork() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4875 syscall_runtime_AfterFork
#[doc(alias = "syscall_runtime_AfterFork")]
pub unsafe fn syscall_runtime_after_fork() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4910 syscall_runtime_AfterForkInChild
#[doc(alias = "syscall_runtime_AfterForkInChild")]
pub unsafe fn syscall_runtime_after_fork_in_child() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4934 syscall_runtime_BeforeExec
#[doc(alias = "syscall_runtime_BeforeExec")]
pub unsafe fn syscall_runtime_before_exec() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:4950 syscall_runtime_AfterExec
#[doc(alias = "syscall_runtime_AfterExec")]
pub unsafe fn syscall_runtime_after_exec() {
    todo!()
}
