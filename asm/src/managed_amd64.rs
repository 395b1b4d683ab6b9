//! The ways out of managed code, and into it: code with stack maps, whose stacks move (crate
//! `stack`, docs/managed-abi.md).
//!
//! No native frame ever stands on a managed stack: each stub here saves where the goroutine goes on
//! and calls Rust on g0's stack. It finds its way back by `g.sched.sp`, which it reads again, as
//! the stack may be another one by then.
//!
//! # Registers
//! Managed code has g in r14, always, and keeps rsp, rbp and r14 across calls; all others may
//! change. Arguments are in rax, rbx, rcx, rdi, rsi, r8 to r11, as are results; rdx is the closure.
//! r12 and r13 are free at a function's entry.
//!
//! # Frames
//! The stubs have tables as any managed function has ([`managed_stubs`] says where each begins): a
//! stack may be walked, and moved, while it stands in one of these:
//!
//! | stub | where | frame |
//! |---|---|---|
//! | `gort_m_leaf` | behind its call | empty |
//! | `gort_m_step` | behind its call; where it goes on; behind its call of morestack | empty; 80 bytes of arguments |
//! | `gort_m_entry` | behind the calls of the function, of the leaf and of morestack | 96 bytes below the return address |
//! | `gort_m_goexit` | its second byte | the bottom of the stack |
//!
//! The others have stored the caller's own pc and sp before anybody can look.

use core::arch::global_asm;
use gort_runtime2::{G, Gobuf, M, linkname};
use memoffset::offset_of;
use static_assertions::const_assert_eq;

const_assert_eq!(offset_of!(M, morebuf), 8);

global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_managed_text",
    ".hidden gort_managed_text",
    "gort_managed_text:",
    // Go: asm_amd64.s:626 morestack_noctxt
    //
    // For functions that are no closures.
    ".type gort_m_morestack_noctxt,@function",
    ".globl gort_m_morestack_noctxt",
    ".hidden gort_m_morestack_noctxt",
    "gort_m_morestack_noctxt:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "xor edx, edx",                                 // :627
    "jmp gort_m_morestack",                         // :628
    ".cfi_endproc",
    ".size gort_m_morestack_noctxt, . - gort_m_morestack_noctxt",
    // Go: asm_amd64.s:580 morestack
    //
    // Called by a prologue that has found too little room, or a request, before the function has
    // made a frame. The goroutine goes on behind this call, in the prologue, which looks again.
    ".p2align 4",
    ".type gort_m_morestack,@function",
    ".globl gort_m_morestack",
    ".hidden gort_m_morestack",
    "gort_m_morestack:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "mov r13, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rdi, qword ptr fs:[r13]",                  // :583
    "mov rbx, qword ptr [rdi + {m}]",               // :584
    "mov rax, qword ptr [rsp]",                     // :587 f's pc
    "mov qword ptr [rdi + {sched_pc}], rax",
    "lea rax, [rsp + 8]",                           // :589 f's sp
    "mov qword ptr [rdi + {sched_sp}], rax",
    "mov qword ptr [rdi + {sched_bp}], rbp",        // :591
    "mov qword ptr [rdi + {sched_ctxt}], rdx",      // :592
    "mov rsi, qword ptr [rbx + {g0}]",              // :594
    "cmp rdi, rsi",
    "je 2f",
    "cmp rdi, qword ptr [rbx + {gsignal}]",         // :601
    "je 3f",
    "mov rax, qword ptr [rsp + 8]",                 // :609 f's caller's pc
    "mov qword ptr [rbx + {more_pc}], rax",
    "lea rax, [rsp + 16]",                          // :611
    "mov qword ptr [rbx + {more_sp}], rax",
    "mov qword ptr [rbx + {more_g}], rdi",          // :613
    "mov qword ptr fs:[r13], rsi",                  // :617
    "mov rsp, qword ptr [rsi + {sched_sp}]",        // :618
    "xor ebp, ebp",                                 // :619 g0's stack is empty, so it has no frame to point to
    "call {newstack}",                              // :620
    "ud2",                                          // :621
    "2: mov rsp, qword ptr [rsi + {sched_sp}]",
    "and rsp, -16",
    "call {badmorestackg0}",                        // :596 out of order: a cold end
    "ud2",
    "3: mov rsp, qword ptr [rsi + {sched_sp}]",
    "mov qword ptr fs:[r13], rsi",
    "call {badmorestackgsignal}",                   // :603 the same
    "ud2",
    ".cfi_endproc",
    ".size gort_m_morestack, . - gort_m_morestack",
    // Go: asm_amd64.s:429 mcall
    //
    // rax = fn(g) -> !, a function of the C calling convention. The goroutine goes on behind the
    // call of this.
    ".p2align 4",
    ".type gort_m_mcall,@function",
    ".globl gort_m_mcall",
    ".hidden gort_m_mcall",
    "gort_m_mcall:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "mov r12, qword ptr [rsp]",                     // :435
    "mov qword ptr [r14 + {sched_pc}], r12",
    "lea r12, [rsp + 8]",                           // :437
    "mov qword ptr [r14 + {sched_sp}], r12",
    "mov qword ptr [r14 + {sched_bp}], rbp",        // :440
    "mov r12, qword ptr [r14 + {m}]",               // :443
    "mov r12, qword ptr [r12 + {g0}]",
    "cmp r12, r14",                                 // :445
    "je 2f",
    "mov r13, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov qword ptr fs:[r13], r12",                  // :450
    "mov rsp, qword ptr [r12 + {sched_sp}]",        // :452
    "xor ebp, ebp",
    "mov rdi, r14",                                 // :454
    "call rax",                                     // :457
    "call {badmcall2}",                             // :459
    "ud2",
    "2: call {badmcall}",                           // :446 out of order: a cold end
    "ud2",
    ".cfi_endproc",
    ".size gort_m_mcall, . - gort_m_mcall",
    // Go: asm_amd64.s:483 systemstack
    //
    // rax = a function of the C calling convention, its arguments where that wants them. It runs on
    // g0 and comes back; meanwhile the goroutine neither parks nor moves.
    ".p2align 4",
    ".type gort_m_leaf,@function",
    ".globl gort_m_leaf",
    ".hidden gort_m_leaf",
    "gort_m_leaf:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "lea r12, [rip + gort_m_leaf_switch]",          // :501
    "mov qword ptr [r14 + {sched_pc}], r12",
    "mov qword ptr [r14 + {sched_sp}], rsp",
    "mov qword ptr [r14 + {sched_bp}], rbp",
    "mov r12, qword ptr [r14 + {m}]",
    "mov r12, qword ptr [r12 + {g0}]",              // :492 later than in Go
    "mov r13, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov qword ptr fs:[r13], r12",                  // :504
    "mov rsp, qword ptr [r12 + {sched_sp}]",        // :506
    "call rax",                                     // :511
    ".globl gort_m_leaf_switch",
    ".hidden gort_m_leaf_switch",
    "gort_m_leaf_switch:",
    // r13 and r14 are what the C calling convention keeps, and this is still the same thread.
    "mov qword ptr fs:[r13], r14",                  // :517
    "mov rsp, qword ptr [r14 + {sched_sp}]",        // :518
    "mov qword ptr [r14 + {sched_sp}], 0",          // :520
    "ret",
    ".cfi_endproc",
    ".size gort_m_leaf, . - gort_m_leaf",
    // A call that may park, in parts, none of which leaves a frame: gort's own. The block of ten
    // words {fn, phase, p0..p3, s0..s3} stands where arguments do, at rsp+8 on entry. fn(g) runs on
    // g0, finds the block by g.sched.sp, and either returns 0, with results in s0 and s1; or sets
    // the phase and parks, and then is called again when the goroutine runs again. The stack may
    // have moved in between.
    ".p2align 4",
    ".type gort_m_step,@function",
    ".globl gort_m_step",
    ".hidden gort_m_step",
    "gort_m_step:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "cmp rsp, qword ptr [r14 + {stackguard0}]",
    "jbe 4f",
    "2:",
    "lea r12, [rip + gort_m_step_again]",
    "mov qword ptr [r14 + {sched_pc}], r12",
    "mov qword ptr [r14 + {sched_sp}], rsp",
    "mov qword ptr [r14 + {sched_bp}], rbp",
    "mov rax, qword ptr [rsp + 8]",
    "mov rdi, r14",
    "mov r12, qword ptr [r14 + {m}]",
    "mov r12, qword ptr [r12 + {g0}]",
    "mov r13, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov qword ptr fs:[r13], r12",
    "mov rsp, qword ptr [r12 + {sched_sp}]",
    "call rax",
    ".globl gort_m_step_switch",
    ".hidden gort_m_step_switch",
    "gort_m_step_switch:",
    "mov qword ptr fs:[r13], r14",
    "mov rsp, qword ptr [r14 + {sched_sp}]",
    "mov qword ptr [r14 + {sched_sp}], 0",
    "mov rax, qword ptr [rsp + 56]",
    "mov rbx, qword ptr [rsp + 64]",
    "ret",
    "4: call gort_m_morestack_noctxt",
    "gort_m_step_more:",
    "jmp gort_m_step",
    // gogo comes here, with g in r14.
    "nop",
    "gort_m_step_again:",
    "jmp 2b",
    ".cfi_endproc",
    ".size gort_m_step, . - gort_m_step",
    // The first function of a goroutine that native code has started: its argument, on the stack,
    // is a block {fn, 9 words for rax, rbx, ..., 2 words for the results, leaf}. Calls fn, stores
    // what it returns, and calls leaf(block). gort's own.
    ".p2align 4",
    ".type gort_m_entry,@function",
    ".globl gort_m_entry",
    ".hidden gort_m_entry",
    "gort_m_entry:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "cmp rsp, qword ptr [r14 + {stackguard0}]",
    "jbe 4f",
    "push rbp",
    "gort_m_entry_pushed:",
    "mov rbp, rsp",
    "sub rsp, 80",                                  // room in which fn may spill its arguments
    "gort_m_entry_frame:",
    "mov rdx, qword ptr [rbp + 16]",
    "mov rax, qword ptr [rdx + 8]",
    "mov rbx, qword ptr [rdx + 16]",
    "mov rcx, qword ptr [rdx + 24]",
    "mov rdi, qword ptr [rdx + 32]",
    "mov rsi, qword ptr [rdx + 40]",
    "mov r8, qword ptr [rdx + 48]",
    "mov r9, qword ptr [rdx + 56]",
    "mov r10, qword ptr [rdx + 64]",
    "mov r11, qword ptr [rdx + 72]",
    "mov r12, qword ptr [rdx]",
    "xor edx, edx",
    "call r12",
    "gort_m_entry_called:",
    "mov rdi, qword ptr [rbp + 16]",
    "mov qword ptr [rdi + 80], rax",
    "mov qword ptr [rdi + 88], rbx",
    "mov rax, qword ptr [rdi + 96]",
    "call gort_m_leaf",
    "gort_m_entry_left:",
    "add rsp, 80",
    "gort_m_entry_pop:",
    "pop rbp",
    "gort_m_entry_popped:",
    "ret",
    "4: call gort_m_morestack_noctxt",
    "gort_m_entry_more:",
    "jmp gort_m_entry",
    ".cfi_endproc",
    ".size gort_m_entry, . - gort_m_entry",
    // Go: asm_amd64.s:1699 goexit
    //
    // The outermost return address of managed goroutines is this plus one. What Rust does at a
    // goroutine's end it does on g0.
    ".p2align 4",
    ".type gort_m_goexit,@function",
    ".globl gort_m_goexit",
    ".hidden gort_m_goexit",
    "gort_m_goexit:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "nop",                                          // :1700
    // By the table: the linker of a library has to leave it to the loader whose function it is.
    "mov rax, qword ptr [rip + {goexit}@GOTPCREL]",
    "call gort_m_mcall",                            // :1701
    "ud2",
    ".cfi_endproc",
    ".size gort_m_goexit, . - gort_m_goexit",
    ".globl gort_managed_etext",
    ".hidden gort_managed_etext",
    ".p2align 4",
    "gort_managed_etext:",
    // How far from the beginning of its stub each place is that the tables speak of.
    ".pushsection .rodata,\"a\"",
    ".p2align 2",
    ".globl gort_managed_places",
    ".hidden gort_managed_places",
    "gort_managed_places:",
    ".long gort_m_step_more - gort_m_step",
    ".long gort_m_entry_pushed - gort_m_entry",
    ".long gort_m_entry_frame - gort_m_entry",
    ".long gort_m_entry_called - gort_m_entry",
    ".long gort_m_entry_left - gort_m_entry",
    ".long gort_m_entry_pop - gort_m_entry",
    ".long gort_m_entry_popped - gort_m_entry",
    ".long gort_m_entry_more - gort_m_entry",
    ".popsection",
    stackguard0 = const offset_of!(G, stackguard0),
    m = const offset_of!(G, m),
    sched_sp = const offset_of!(G, sched) + offset_of!(Gobuf, sp),
    sched_pc = const offset_of!(G, sched) + offset_of!(Gobuf, pc),
    sched_ctxt = const offset_of!(G, sched) + offset_of!(Gobuf, ctxt),
    sched_bp = const offset_of!(G, sched) + offset_of!(Gobuf, bp),
    g0 = const offset_of!(M, g0),
    gsignal = const offset_of!(M, gsignal),
    more_pc = const offset_of!(M, morebuf) + offset_of!(Gobuf, pc),
    more_sp = const offset_of!(M, morebuf) + offset_of!(Gobuf, sp),
    more_g = const offset_of!(M, morebuf) + offset_of!(Gobuf, g),
    newstack = sym linkname::newstack,
    badmorestackg0 = sym linkname::badmorestackg0,
    badmorestackgsignal = sym linkname::badmorestackgsignal,
    badmcall = sym linkname::badmcall,
    badmcall2 = sym linkname::badmcall2,
    goexit = sym linkname::goexit_managed,
);

unsafe extern "C" {
    static gort_managed_text: u8;
    static gort_managed_etext: u8;
    static gort_managed_places: [u32; 8];
    fn gort_m_morestack_noctxt();
    fn gort_m_morestack();
    fn gort_m_mcall();
    fn gort_m_leaf();
    static gort_m_leaf_switch: u8;
    fn gort_m_step();
    static gort_m_step_switch: u8;
    fn gort_m_entry();
    fn gort_m_goexit();
}

/// Where the stubs are, for their tables and for those who call them.
#[derive(Clone, Copy, Debug)]
pub struct ManagedStubs {
    /// Where the first begins.
    pub text: usize,
    /// Where the last ends.
    pub etext: usize,
    /// For prologues of functions that are no closures.
    pub morestack_noctxt: usize,
    /// For prologues of closures: rdx is kept.
    pub morestack: usize,
    /// rax = a function that takes the goroutine and does not return.
    pub mcall: usize,
    /// rax = a function of the C calling convention that does not park.
    pub leaf: usize,
    /// One in parts, that may park.
    pub step: usize,
    /// What a goroutine begins with that native code starts.
    pub entry: usize,
    /// The bottom of managed stacks; frames return to this plus one.
    pub goexit: usize,
    /// Bytes from `step` to where its call of morestack returns to.
    pub step_more: u32,
    /// Bytes from `entry`: rbp is saved; the frame is there; where it is called back from the
    /// function and from the leaf; the frame is gone but for rbp; rbp is restored; where its call
    /// of morestack returns to.
    pub entry_places: [u32; 7],
}

/// The stubs.
pub fn managed_stubs() -> ManagedStubs {
    let f = |p: unsafe extern "C" fn()| p as *const () as usize;
    // SAFETY: a constant table of the assembly above.
    let [step_more, rest @ ..] = unsafe { gort_managed_places };
    ManagedStubs {
        text: (&raw const gort_managed_text) as usize,
        etext: (&raw const gort_managed_etext) as usize,
        morestack_noctxt: f(gort_m_morestack_noctxt),
        morestack: f(gort_m_morestack),
        mcall: f(gort_m_mcall),
        leaf: f(gort_m_leaf),
        step: f(gort_m_step),
        entry: f(gort_m_entry),
        goexit: f(gort_m_goexit),
        step_more,
        entry_places: rest,
    }
}

/// The address of managed code's `goexit`.
pub fn managed_goexit_pc() -> usize {
    gort_m_goexit as *const () as usize
}

/// Whether `pc` is where a stub has gone to g0: on that stack, its frame is the outermost, and the
/// goroutine's stack goes on from `g.sched`.
pub fn managed_switch(pc: usize) -> bool {
    [&raw const gort_m_leaf_switch, &raw const gort_m_step_switch]
        .into_iter()
        .any(|p| p as usize == pc)
}
