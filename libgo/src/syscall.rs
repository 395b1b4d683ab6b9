//! System calls: what stands around them, and what packages `os` and `syscall` ask of the runtime.

use core::arch::global_asm;
use gort_proc as proc;

// The frames that are saved must be those of the callers, which stay until the system call is over;
// so the few instructions that look at them cannot be a function of Rust's.
global_asm!(
    ".text",
    ".macro gort_around name, f, a, b, c",
    ".p2align 4",
    ".globl \\name",
    ".type \\name,@function",
    "\\name:",
    ".cfi_startproc",
    "mov rdi, [rsp]",
    "lea rsi, [rsp + 8]",
    "mov rdx, rbp",
    "jmp \\f",
    ".cfi_endproc",
    ".size \\name, . - \\name",
    ".endm",
    "gort_around syscall.Entersyscall, {enter}",
    "gort_around syscall.Exitsyscall, {exit}",
    "gort_around syscall.Cgocall, {enter}",
    "gort_around syscall.CgocallDone, {cgo_exit}",
    "gort_around syscall.CgocallBack, {cgo_exit}",
    "gort_around syscall.CgocallBackDone, {enter}",
    enter = sym enter,
    exit = sym exit,
    cgo_exit = sym cgo_exit,
);

/// `syscall.Entersyscall`: the P may be taken away while the call blocks.
unsafe extern "C-unwind" fn enter(pc: usize, sp: usize, bp: usize) {
    proc::reentersyscall(pc, sp, bp);
}

/// `syscall.Exitsyscall`. The error number of the call has been read by now.
unsafe extern "C-unwind" fn exit(_pc: usize, sp: usize, _bp: usize) {
    proc::exitsyscall_frame(sp);
}

/// `syscall.CgocallDone`, and `syscall.CgocallBack`: C code that a goroutine has called calls Go.
/// Between the two frames there may have been callbacks, so that the frame of the last entry is
/// gone.
unsafe extern "C-unwind" fn cgo_exit(_pc: usize, sp: usize, _bp: usize) {
    let gp = proc::getg();
    if gp.is_null() {
        proc::throw("C code called Go on a thread that Go has not made");
    }
    (*gp).syscallsp = sp;
    proc::exitsyscall_frame(sp);
}

/// An assertion in libgo's own C code failed.
#[unsafe(export_name = "__go_assert_fail")]
unsafe extern "C-unwind" fn assert_fail(file: *const core::ffi::c_char, line: u32) {
    let f = core::ffi::CStr::from_ptr(file).to_string_lossy();
    proc::throw(&format!("{f}:{line}: assertion failed"));
}

/// `syscall.Exit`
#[unsafe(export_name = "syscall.Exit")]
extern "C-unwind" fn syscall_exit(code: isize) {
    proc::exit(code as i32);
}

/// `syscall.Getpagesize`
#[unsafe(export_name = "syscall.Getpagesize")]
extern "C-unwind" fn getpagesize() -> isize {
    4096
}

/// Before `fork`: no signals, and the stack must not be asked to move.
#[unsafe(export_name = "syscall.runtime__BeforeFork")]
unsafe extern "C-unwind" fn before_fork() {
    proc::syscall_runtime_before_fork();
}

/// After it, in the parent.
#[unsafe(export_name = "syscall.runtime__AfterFork")]
unsafe extern "C-unwind" fn after_fork() {
    proc::syscall_runtime_after_fork();
}

/// After it, in the child.
#[unsafe(export_name = "syscall.runtime__AfterForkInChild")]
unsafe extern "C-unwind" fn after_fork_in_child() {
    proc::syscall_runtime_after_fork_in_child();
}

/// Before `exec`: no threads may be started.
#[unsafe(export_name = "syscall.runtime__BeforeExec")]
unsafe extern "C-unwind" fn before_exec() {
    proc::syscall_runtime_before_exec();
}

/// After an `exec` that failed.
#[unsafe(export_name = "syscall.runtime__AfterExec")]
unsafe extern "C-unwind" fn after_exec() {
    proc::syscall_runtime_after_exec();
}

/// Before `os.Exit(0)`.
#[unsafe(export_name = "os.runtime__beforeExit")]
unsafe extern "C-unwind" fn before_exit() {
    proc::os_before_exit(0);
}

/// A write to standard output or standard error met a closed pipe: unless the program has asked for
/// SIGPIPE it dies of it, as Go's do. Elsewhere such a write is an error like any other.
#[unsafe(export_name = "os.sigpipe")]
unsafe extern "C-unwind" fn sigpipe() {
    gort_signal::os_sigpipe();
}
