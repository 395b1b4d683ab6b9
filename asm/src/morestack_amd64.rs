//! The growth of segmented stacks: `__morestack`, as Go had it up to 1.2 and as gcc's
//! `-fsplit-stack` and gccgo call it. Go 1.23's `morestack` (asm_amd64.s:580) has the same name and
//! moment, but moves the stack instead of adding to it.
//!
//! # The contract
//! A function compiled with `-fsplit-stack` begins like this (gcc 12, x86-64), N being the size of
//! its frame:
//!
//! ```text
//!   f:      lea  r11, [rsp - N]          rsp itself if N is below 256
//!           cmp  r11, fs:[0x70]          the guard: a word of the thread's control block
//!           jb   more
//!   body:   ...
//!           ret
//!   more:   mov  r10d, N                 bytes of the frame
//!           mov  r11d, A                 bytes of the arguments that are on the stack
//!           call __morestack
//!           ret                          <- R: one byte, returns to f's caller
//!           jmp  body                    <- R+1
//! ```
//!
//! `__morestack` finds a segment with room, copies the A bytes of arguments there, and *calls* R+1
//! on it; when the body returns it goes back to the old segment and returns to R. In between all
//! registers that hold arguments keep their values (rdi rsi rdx rcx r8 r9, xmm0-7, rax with the
//! static chain or the number of vector registers), and on the way back all that hold results (rax
//! rdx, xmm0-1, x87's top). Only r10 and r11 are free. A variadic body finds the arguments on the
//! old stack at rbp+24, so rbp is our frame when it begins. Every `call` has its `ret` here, so the
//! processor's return predictor is never wrong.
//!
//! # Stacks
//! While the body runs, with one split:
//!
//! ```text
//!   the old segment                                 the new segment
//!   ...  frames of older callers                    hi    the descriptor, struct Segment
//!        [A bytes of arguments]      rbp+24                [copy of the A bytes]
//!        return address of f         rbp+16                return address: behind our call      <- sp when the body begins
//!        R                           rbp+8                 f's frame
//!        caller's rbp                rbp       <- rbp      ...
//!        rax rcx rdx rsi rdi         rbp-8 ... rbp-40
//!        A                           rbp-48
//!        (only if Rust is called)
//!        r8 r9 xmm0-7                rbp-56 ... rbp-192
//! ```
//!
//! # Unwinding
//! Before the switch the frame is an ordinary one, and f's caller's is found by way of R, in f's
//! prologue. After it the table skips that prologue (CFA = rbp+24), so that f appears once. A CFA
//! on another segment may be lower than the frame that it follows: gdb tolerates that in functions
//! of the name `__morestack` only, gcc's unwinder does not care, and gort's own unwinder asks
//! [`morestack_frame`].
//!
//! An exception that passes must leave the segment as a return would. So there is a personality
//! routine, whose landing pad does that and resumes the unwinding: a frame that catches runs with
//! its own segment's guard.
//!
//! # Signals
//! A handler may interrupt any instruction here and find `g.stack`, the guard and sp of different
//! segments. Nothing depends on their agreement: no address in here is a safe point of asynchronous
//! preemption, and what a handler prints it reads carefully.

use core::arch::global_asm;
use core::ffi::c_void;
use gort_runtime2::{G, Gobuf, M, Segment, StackKind, linkname};
use memoffset::offset_of;

global_asm!(
    ".text",
    ".p2align 4",
    ".globl __morestack",
    ".hidden __morestack",
    ".type __morestack,@function",
    ".hidden gort_morestack_old, gort_morestack_new, gort_morestack_ret, gort_morestack_end",
    ".globl gort_morestack_old, gort_morestack_new, gort_morestack_ret, gort_morestack_end",
    "__morestack:",
    ".cfi_startproc",
    ".cfi_personality 0x1b, {personality}",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "gort_morestack_old:",
    "push rax",
    "push rcx",
    "push rdx",
    "push rsi",
    "push rdi",
    "push r11",
    "mov rax, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rax, qword ptr fs:[rax]",
    "mov rdx, qword ptr [rax + {seg}]",
    "test rdx, rdx",
    "jz 2f",
    // The usual way: the segment of the last time is still there, and is large enough.
    "mov rcx, qword ptr [rdx + {next}]",
    "test rcx, rcx",
    "jz 2f",
    "lea rdi, [r10 + r11 + 16]",
    "cmp rdi, qword ptr [rcx + {space}]",
    "jbe 3f",
    // The other one: Rust is asked. rsp is rbp-48, and rbp is 8 modulo 16.
    "2:",
    "sub rsp, 152",
    "mov qword ptr [rbp - 56], r8",
    "mov qword ptr [rbp - 64], r9",
    "movups xmmword ptr [rbp - 80], xmm0",
    "movups xmmword ptr [rbp - 96], xmm1",
    "movups xmmword ptr [rbp - 112], xmm2",
    "movups xmmword ptr [rbp - 128], xmm3",
    "movups xmmword ptr [rbp - 144], xmm4",
    "movups xmmword ptr [rbp - 160], xmm5",
    "movups xmmword ptr [rbp - 176], xmm6",
    "movups xmmword ptr [rbp - 192], xmm7",
    "lea rdi, [r10 + r11 + 16]",
    "call {newsegment}",
    "mov rcx, rax",
    "mov r8, qword ptr [rbp - 56]",
    "mov r9, qword ptr [rbp - 64]",
    "movups xmm0, xmmword ptr [rbp - 80]",
    "movups xmm1, xmmword ptr [rbp - 96]",
    "movups xmm2, xmmword ptr [rbp - 112]",
    "movups xmm3, xmmword ptr [rbp - 128]",
    "movups xmm4, xmmword ptr [rbp - 144]",
    "movups xmm5, xmmword ptr [rbp - 160]",
    "movups xmm6, xmmword ptr [rbp - 176]",
    "movups xmm7, xmmword ptr [rbp - 192]",
    // The thread may be another one by now.
    "mov rax, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rax, qword ptr fs:[rax]",
    // rax = g, rcx = the segment to go on.
    "3:",
    "mov qword ptr [rcx + {frame}], rbp",
    "mov qword ptr [rax + {seg}], rcx",
    "mov rdx, qword ptr [rcx + {lo}]",
    "mov qword ptr [rax], rdx",
    "mov rdx, qword ptr [rcx + {hi}]",
    "mov qword ptr [rax + 8], rdx",
    "mov rdx, qword ptr [rcx + {guard}]",
    "mov qword ptr [rax + {split_guard}], rdx",
    "mov qword ptr fs:[0x70], rdx",
    "mov rdi, rcx",
    "mov rcx, qword ptr [rbp - 48]",
    "lea rdx, [rcx + 15]",
    "and rdx, -16",
    "sub rdi, rdx",
    "mov rdx, rdi",
    "shr rcx, 3",
    "jz 4f",
    "lea rsi, [rbp + 24]",
    "rep movsq",
    "4:",
    ".cfi_def_cfa rbp, 24",
    ".cfi_offset rbp, -24",
    "gort_morestack_new:",
    "mov rsp, rdx",
    "mov rax, qword ptr [rbp - 8]",
    "mov rcx, qword ptr [rbp - 16]",
    "mov rdx, qword ptr [rbp - 24]",
    "mov rsi, qword ptr [rbp - 32]",
    "mov rdi, qword ptr [rbp - 40]",
    "mov r11, qword ptr [rbp + 8]",
    "inc r11",
    "call r11",
    "gort_morestack_back:",
    // nop dword ptr [rax + disp32]: tells the personality routine where the landing pad is.
    ".byte 0x0f, 0x1f, 0x80",
    ".long gort_morestack_pad - gort_morestack_back",
    // Back. Only rax, rdx, xmm0 and xmm1 are of interest now.
    "mov rsi, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rsi, qword ptr fs:[rsi]",
    "mov rcx, qword ptr [rsi + {seg}]",
    "lea rsp, [rbp - 56]",
    "cmp qword ptr [rcx + {next}], 0",
    "jne 6f",
    "cmp qword ptr [rcx + {blocks}], 0",
    "jne 6f",
    "cmp byte ptr [rip + gort_split_free], 0",
    "jne 6f",
    // The usual way: the segment stays where it is, for the next time.
    "mov rcx, qword ptr [rcx + {prev}]",
    "mov qword ptr [rsi + {seg}], rcx",
    "mov rdi, qword ptr [rcx + {lo}]",
    "mov qword ptr [rsi], rdi",
    "mov rdi, qword ptr [rcx + {hi}]",
    "mov qword ptr [rsi + 8], rdi",
    "mov rdi, qword ptr [rcx + {guard}]",
    "mov qword ptr [rsi + {split_guard}], rdi",
    "mov qword ptr fs:[0x70], rdi",
    "5:",
    "mov rsp, rbp",
    ".cfi_remember_state",
    "pop rbp",
    ".cfi_def_cfa rsp, 8",
    ".cfi_restore rbp",
    "gort_morestack_ret:",
    "ret",
    ".cfi_restore_state",
    // The other one: something is to be freed.
    "6:",
    "mov qword ptr [rbp - 8], rax",
    "mov qword ptr [rbp - 16], rdx",
    "movups xmmword ptr [rbp - 32], xmm0",
    "movups xmmword ptr [rbp - 48], xmm1",
    "call {oldsegment}",
    "mov rax, qword ptr [rbp - 8]",
    "mov rdx, qword ptr [rbp - 16]",
    "movups xmm0, xmmword ptr [rbp - 32]",
    "movups xmm1, xmmword ptr [rbp - 48]",
    "jmp 5b",
    // The landing pad: rax is the exception.
    "gort_morestack_pad:",
    "lea rsp, [rbp - 56]",
    "mov qword ptr [rbp - 8], rax",
    "call {oldsegment}",
    "mov rdi, qword ptr [rbp - 8]",
    "call {resume}",
    "ud2",
    ".zero 5", // the personality routine looks at seven bytes
    ".cfi_endproc",
    "gort_morestack_end:",
    // The rest of systemstack, and of call_on_stack (amd64.rs). A caller's frame may be above or
    // below: gdb tolerates that in functions of this name only, and goes by the symbol that the
    // linker knows.
    ".globl gort_systemstack_call, gort_systemstack_switch, gort_on_stack_call, gort_on_stack_end",
    ".hidden gort_systemstack_call, gort_systemstack_switch, gort_on_stack_call, gort_on_stack_end",
    ".p2align 4",
    "gort_systemstack_call:",
    ".cfi_startproc",
    ".cfi_def_cfa rbp, 16",
    ".cfi_offset rbp, -16",
    "call rax",                                     // asm_amd64.s:511
    // Where a traceback of the goroutine finds it while its g0 works: Go's systemstack_switch, here
    // a label.
    "gort_systemstack_switch:",
    "mov rcx, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rax, qword ptr fs:[rcx]",                  // asm_amd64.s:514
    "mov rdx, qword ptr [rax + {m}]",
    "mov r8, qword ptr [rdx + {curg}]",             // asm_amd64.s:516
    "mov qword ptr fs:[rcx], r8",                   // asm_amd64.s:517
    "xor ecx, ecx",
    "cmp byte ptr [r8 + {kind}], {segmented}",
    "je 8f",
    "7: mov qword ptr fs:[0x70], rcx",
    "mov rsp, qword ptr [r8 + {sched_sp}]",         // asm_amd64.s:518
    // asm_amd64.s:519 rbp is on the goroutine's stack
    "mov qword ptr [r8 + {sched_sp}], 0",           // asm_amd64.s:520
    "mov qword ptr [r8 + {sched_bp}], 0",
    ".cfi_remember_state",
    "pop rbp",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_restore_state",
    "8: mov rcx, qword ptr [r8 + {split_guard}]",
    "jmp 7b",
    ".cfi_endproc",
    "gort_on_stack_call:",
    ".cfi_startproc",
    ".cfi_def_cfa rbp, 16",
    ".cfi_offset rbp, -16",
    "call rax",
    "leave",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_endproc",
    "gort_on_stack_end:",
    ".size __morestack, . - __morestack",
    // Whether a segment is freed as soon as it is left; see the crate stack.
    ".pushsection .bss,\"aw\",@nobits",
    ".globl gort_split_free",
    ".hidden gort_split_free",
    ".type gort_split_free,@object",
    ".size gort_split_free,1",
    "gort_split_free:",
    ".zero 1",
    ".popsection",
    m = const offset_of!(G, m),
    kind = const offset_of!(G, stack_kind),
    segmented = const StackKind::Segmented as u8,
    curg = const offset_of!(M, curg),
    sched_sp = const offset_of!(G, sched) + offset_of!(Gobuf, sp),
    sched_bp = const offset_of!(G, sched) + offset_of!(Gobuf, bp),
    seg = const offset_of!(G, seg),
    split_guard = const offset_of!(G, split_guard),
    prev = const offset_of!(Segment, prev),
    next = const offset_of!(Segment, next),
    lo = const offset_of!(Segment, stack),
    hi = const offset_of!(Segment, stack) + 8,
    guard = const offset_of!(Segment, guard),
    space = const offset_of!(Segment, space),
    frame = const offset_of!(Segment, frame),
    blocks = const offset_of!(Segment, blocks),
    newsegment = sym linkname::newsegment,
    oldsegment = sym linkname::oldsegment,
    personality = sym personality,
    resume = sym _Unwind_Resume,
);

/// Bytes below `__morestack`'s frame pointer that belong to a call on its way: the arguments in
/// registers.
pub const MORESTACK_SAVED: usize = 48;

unsafe extern "C" {
    static gort_morestack_old: u8;
    static gort_morestack_new: u8;
    static gort_morestack_ret: u8;
    static gort_morestack_end: u8;
    static mut gort_split_free: u8;
}

/// If `pc`, where a frame stands or returns to, is in `__morestack` while rbp is its frame pointer:
/// what to add to that for the CFA. The return address is right below the CFA, and the caller's rbp
/// is at rbp.
#[inline]
pub fn morestack_frame(pc: usize) -> Option<usize> {
    let [old, new, ret, end] = [
        &raw const gort_morestack_old,
        &raw const gort_morestack_new,
        &raw const gort_morestack_ret,
        &raw const gort_morestack_end,
    ]
    .map(|p| p as usize);
    if pc < old || end <= pc || pc == ret { None } else { Some(if pc < new { 16 } else { 24 }) }
}

/// Says what becomes of a segment that a function returns from: it is freed if `free`, else kept
/// for the next call that needs one.
///
/// # Safety
/// Before the first goroutine runs.
pub unsafe fn set_split_free(free: bool) {
    // SAFETY: no other thread reads it yet.
    unsafe { gort_split_free = u8::from(free) }
}

/// Whether a segment is freed as soon as it is left.
pub fn split_free() -> bool {
    // SAFETY: constant once goroutines run.
    unsafe { gort_split_free != 0 }
}

/// Sets this thread's guard for split-stack code; 0: there is always room.
///
/// # Safety
/// It must belong to the stack in use.
#[inline(always)]
pub unsafe fn set_split_guard(guard: usize) {
    // SAFETY: a word of this thread's control block that the C library keeps for this very purpose.
    unsafe {
        core::arch::asm!("mov qword ptr fs:[0x70], {}", in(reg) guard, options(nostack, preserves_flags));
    }
}

// Not `extern "C"`: that would say that it never unwinds, and with link-time optimisation of every
// call of it in the program. LLVM then leaves those calls out of the tables of call sites, and
// Rust's personality routine aborts at a call that is not in them.
unsafe extern "C-unwind" {
    fn _Unwind_Resume(exception: *mut c_void) -> !;
}
unsafe extern "C" {
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
    fn _Unwind_SetGR(context: *mut c_void, register: i32, value: usize);
    fn _Unwind_SetIP(context: *mut c_void, ip: usize);
}

/// The personality routine of `__morestack`: an exception that passes a frame whose body runs goes
/// through the landing pad. It refers to no symbol of the assembly, as unwind tables keep it in
/// every program, also in those that have nothing of the rest.
unsafe extern "C" fn personality(
    version: i32,
    actions: i32,
    _class: u64,
    exception: *mut c_void,
    context: *mut c_void,
) -> i32 {
    const FATAL_PHASE1_ERROR: i32 = 3;
    const INSTALL_CONTEXT: i32 = 7;
    const CONTINUE_UNWIND: i32 = 8;
    const SEARCH_PHASE: i32 = 1;
    if version != 1 {
        return FATAL_PHASE1_ERROR;
    }
    // SAFETY: the unwinder's own context, which these functions are for; code of `__morestack`,
    // seven bytes at least from any of its calls on, is read; the pad finds its frame by rbp, which
    // the unwinder restores.
    unsafe {
        let ip = _Unwind_GetIP(context);
        let code = (ip as *const [u8; 7]).read_unaligned();
        // The pad itself resumes the unwinding from this very frame: then there is nothing left to
        // do.
        if actions & SEARCH_PHASE != 0 || code[..3] != [0x0f, 0x1f, 0x80] {
            return CONTINUE_UNWIND;
        }
        let offset = i32::from_le_bytes([code[3], code[4], code[5], code[6]]);
        _Unwind_SetGR(context, 0, exception as usize);
        _Unwind_SetIP(context, ip.wrapping_add_signed(offset as isize));
    }
    INSTALL_CONTEXT
}
