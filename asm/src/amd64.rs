//! x86-64, System V.

use crate::asan;
use core::arch::{asm, global_asm};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use gort_runtime2::{G, Gobuf, M, StackKind, linkname};
use memoffset::offset_of;
use static_assertions::const_assert_eq;

// Offsets that the assembly below writes as numbers. G begins as Go's does.
const_assert_eq!(offset_of!(G, stackguard0), 0x10);
const_assert_eq!(offset_of!(G, stackguard1), 0x18);
const_assert_eq!(offset_of!(G, m), 0x30);
const_assert_eq!(offset_of!(G, sched), 0x38);
const_assert_eq!(offset_of!(Gobuf, sp), 0x00);
const_assert_eq!(offset_of!(Gobuf, pc), 0x08);
const_assert_eq!(offset_of!(Gobuf, g), 0x10);
const_assert_eq!(offset_of!(Gobuf, ctxt), 0x18);
const_assert_eq!(offset_of!(Gobuf, ret), 0x20);
const_assert_eq!(offset_of!(Gobuf, bp), 0x30);
const_assert_eq!(offset_of!(M, g0), 0x00);

// The thread-local g.
global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".p2align 3",
    ".globl gort_tls_g",
    ".hidden gort_tls_g",
    ".type gort_tls_g,@object",
    ".size gort_tls_g,8",
    "gort_tls_g:",
    ".zero 8",
    ".popsection",
);

// Go: asm_amd64.s:404 gogo
// Go: asm_amd64.s:410 gogo
//
// rdi = gobuf. Continues at gobuf.pc with rdi, rdx and r10 all equal to gobuf.ctxt: System V's
// first argument, Go's closure register and gcc's static chain, whichever the code there expects.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_gogo",
    ".hidden gort_gogo",
    ".type gort_gogo,@function",
    "gort_gogo:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "mov rdx, qword ptr [rdi + 0x10]", // :405 gobuf.g
    "mov rcx, qword ptr [rdx]",        // :406 faults if g is nil
    "mov rax, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov qword ptr fs:[rax], rdx", // :412
    // The guard of split-stack code is the thread's, so it comes with the goroutine: 0 unless its
    // stack has segments.
    "xor eax, eax",
    "cmp byte ptr [rdx + {kind}], {segmented}",
    "je 3f",
    "2: mov qword ptr fs:[0x70], rax",
    "mov r14, rdx",                 // :413 where managed code has g; others load theirs
    "mov rsp, qword ptr [rdi]",     // :414
    // :415 and :419 left out: gobuf.ret is the result of a call that returns twice, which nothing
    // here does.
    "mov rdx, qword ptr [rdi + 0x18]", // :416
    "mov rbp, qword ptr [rdi + 0x30]", // :417
    "mov rcx, qword ptr [rdi + 0x08]", // :422
    "xor eax, eax",
    "mov qword ptr [rdi], rax", // :418 earlier in Go's order; a stale sp must not look like a live one
    "mov qword ptr [rdi + 0x18], rax", // :420
    "mov qword ptr [rdi + 0x30], rax", // :421
    "mov rdi, rdx",
    "mov r10, rdx",
    "jmp rcx", // :423 a jump: a ret would be mispredicted
    "3: mov rax, qword ptr [rdx + {guard}]",
    "jmp 2b",
    ".cfi_endproc",
    ".size gort_gogo, . - gort_gogo",
    guard = const offset_of!(G, split_guard),
    kind = const offset_of!(G, stack_kind),
    segmented = const StackKind::Segmented as u8,
);

// Go: asm_amd64.s:429 mcall
//
// rdi = fn(g) -> !. Saves the caller in g.sched, switches to g0 and calls fn there. The resume
// label undoes the pushes and jumps to the return address.
//
// The FP control words belong to the goroutine too (System V). All runtime code on g0 has the
// default ones, so a goroutine that has them needs nothing restored; only others take the resume
// label that loads theirs.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_mcall",
    ".hidden gort_mcall",
    ".type gort_mcall,@function",
    "gort_mcall:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    "push rbx",
    ".cfi_def_cfa_offset 24",
    ".cfi_offset rbx, -24",
    "push r12",
    ".cfi_def_cfa_offset 32",
    ".cfi_offset r12, -32",
    "push r13",
    ".cfi_def_cfa_offset 40",
    ".cfi_offset r13, -40",
    "push r14",
    ".cfi_def_cfa_offset 48",
    ".cfi_offset r14, -48",
    "push r15",
    ".cfi_def_cfa_offset 56",
    ".cfi_offset r15, -56",
    "sub rsp, 8",
    ".cfi_def_cfa_offset 64",
    "stmxcsr dword ptr [rsp]",
    "fnstcw word ptr [rsp + 4]",
    "mov rcx, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rax, qword ptr fs:[rcx]",
    "lea rdx, [rip + 2f]",
    "mov r8d, dword ptr [rsp]",
    "and r8d, 0xffc0",                              // the control bits; the rest are sticky flags
    "cmp r8d, 0x1f80",
    "jne 4f",
    "cmp word ptr [rsp + 4], 0x37f",
    "jne 4f",
    "5:",
    "mov qword ptr [rax + 0x38 + 0x08], rdx",       // :436 pc
    "mov qword ptr [rax + 0x38 + 0x00], rsp",       // :438 sp
    "mov qword ptr [rax + 0x38 + 0x30], rbp",       // :440 bp
    "mov rdx, qword ptr [rax + 0x30]",              // :443 g.m
    "mov rsi, qword ptr [rdx]",                     // m.g0
    "cmp rax, rsi",                                 // :445 mcall on g0 is an error
    "je 3f",
    "mov qword ptr fs:[rcx], rsi",                  // :450
    "mov qword ptr fs:[0x70], 0",                   // g0's stack is large enough for split-stack code
    "mov rsp, qword ptr [rsi + 0x38]",              // :452
    // On g0 now: nothing to unwind to from here.
    ".cfi_remember_state",
    ".cfi_def_cfa rsp, 8",
    ".cfi_undefined rip",
    "xor ebp, ebp",
    "mov rdx, rdi",
    "mov rdi, rax",
    "call rdx",                                     // :457
    "mov rdi, rdx",
    "call {badmcall2}",                             // :461 fn returned
    "ud2",
    ".cfi_restore_state",
    ".p2align 4",
    "2:",
    "add rsp, 8",
    ".cfi_def_cfa_offset 56",
    "pop r15",
    ".cfi_def_cfa_offset 48",
    "pop r14",
    ".cfi_def_cfa_offset 40",
    "pop r13",
    ".cfi_def_cfa_offset 32",
    "pop r12",
    ".cfi_def_cfa_offset 24",
    "pop rbx",
    ".cfi_def_cfa_offset 16",
    "pop rbp",
    ".cfi_def_cfa_offset 8",
    "pop rcx",
    ".cfi_def_cfa_offset 0",
    ".cfi_register rip, rcx",
    "jmp rcx",
    ".cfi_def_cfa_offset 64",
    ".cfi_offset rip, -8",
    // Not the default control words: g0 gets the default ones, and the goroutine its own when it
    // resumes.
    "4: mov dword ptr [rsp - 8], 0x1f80",
    "mov word ptr [rsp - 4], 0x37f",
    "ldmxcsr dword ptr [rsp - 8]",
    "fldcw word ptr [rsp - 4]",
    "lea rdx, [rip + 6f]",
    "jmp 5b",
    ".p2align 4",
    "6: ldmxcsr dword ptr [rsp]",
    "fldcw word ptr [rsp + 4]",
    "jmp 2b",
    "3: call {badmcall}", // :446, out of order: a cold end
    "ud2",
    ".cfi_endproc",
    ".size gort_mcall, . - gort_mcall",
    badmcall = sym linkname::badmcall,
    badmcall2 = sym linkname::badmcall2,
);

// Go: asm_amd64.s:483 systemstack
//
// rdi = fn, rsi = its argument. On g0 or gsignal: a plain (tail) call. On a user goroutine: saves a
// gobuf that tracebacks can start from, switches to g0, calls, switches back. The frame pointer
// stays on the goroutine's stack, so unwinders walk straight through the switch.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_systemstack",
    ".hidden gort_systemstack",
    ".type gort_systemstack,@function",
    "gort_systemstack:",
    ".cfi_startproc",
    "mov rcx, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rax, qword ptr fs:[rcx]",                  // :486
    "mov rdx, qword ptr [rax + 0x30]",              // :487 m
    "cmp rax, qword ptr [rdx + {gsignal}]",         // :489
    "je 3f",
    "mov r8, qword ptr [rdx]",                      // :492 m.g0
    "cmp rax, r8",                                  // :493
    "je 3f",
    "cmp rax, qword ptr [rdx + {curg}]",            // :496
    "jne 4f",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "lea r9, [rip + gort_systemstack_switch]",      // :501 gosave_systemstack_switch
    "mov qword ptr [rax + 0x38 + 0x08], r9",
    "mov qword ptr [rax + 0x38 + 0x00], rsp",
    "mov qword ptr [rax + 0x38 + 0x30], rbp",
    "mov qword ptr fs:[rcx], r8",                   // :504
    "mov qword ptr fs:[0x70], 0",
    "mov rsp, qword ptr [r8 + 0x38]",               // :506
    ".Lgort_systemstack_moved:",                    // see `systemstack_moved`
    "mov rax, rdi",
    "mov rdi, rsi",
    "jmp gort_systemstack_call",                    // :511 there
    ".Lgort_systemstack_moved_end:",
    ".cfi_def_cfa rsp, 8",
    ".cfi_restore rbp",
    "3:",                                           // :525 already on a system stack
    "mov rax, rdi",
    "mov rdi, rsi",
    "jmp rax",
    "4: call {bad}",                                // :537
    "ud2",
    ".cfi_endproc",
    ".size gort_systemstack, . - gort_systemstack",
    ".pushsection .rodata.gort_systemstack_moved, \"a\"",
    ".p2align 2",
    ".globl gort_systemstack_moved",
    ".hidden gort_systemstack_moved",
    "gort_systemstack_moved:",
    ".long .Lgort_systemstack_moved - gort_systemstack",
    ".long .Lgort_systemstack_moved_end - gort_systemstack",
    ".popsection",
    gsignal = const offset_of!(M, gsignal),
    curg = const offset_of!(M, curg),
    bad = sym linkname::badsystemstack,
);

// void gort_call_on_stack(fn, arg, top): calls fn(arg) on the stack that ends at rdx, a multiple
// of 16. As in systemstack the frame pointer stays behind, for unwinders, and the call itself is in
// `__morestack`, for gdb.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_call_on_stack",
    ".hidden gort_call_on_stack",
    ".type gort_call_on_stack,@function",
    "gort_call_on_stack:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "mov rsp, rdx",
    "mov rax, rdi",
    "mov rdi, rsi",
    "jmp gort_on_stack_call",
    ".cfi_endproc",
    ".size gort_call_on_stack, . - gort_call_on_stack",
);

// Go: asm_amd64.s:394 mstart
//
// The part of mstart and mstart1 that needs to know its own frame: rdi = fn (mstart1), rsi =
// &g0.sched. Saves in g0.sched a place to come back to, then calls fn, which never returns the
// ordinary way. `gogo(&g0.sched)` ends up behind the call, and mexit goes on from there.
//
// A thread inherits the FP control words of the one that made it, which may have done so for a
// goroutine with words of its own. g0 has the default ones: mcall relies on it, and a new goroutine
// starts with them.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_mstart_call",
    ".hidden gort_mstart_call",
    ".type gort_mstart_call,@function",
    "gort_mstart_call:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "push rbx",
    ".cfi_offset rbx, -24",
    "push r12",
    ".cfi_offset r12, -32",
    "push r13",
    ".cfi_offset r13, -40",
    "push r14",
    ".cfi_offset r14, -48",
    "push r15",
    ".cfi_offset r15, -56",
    "sub rsp, 8",
    "stmxcsr dword ptr [rsp]",
    "fnstcw word ptr [rsp + 4]",
    "mov dword ptr [rsp - 8], 0x1f80",
    "mov word ptr [rsp - 4], 0x37f",
    "ldmxcsr dword ptr [rsp - 8]",
    "fldcw word ptr [rsp - 4]",
    "lea rax, [rip + 2f]",
    "mov qword ptr [rsi + 0x08], rax",
    "mov qword ptr [rsi + 0x00], rsp",
    "mov qword ptr [rsi + 0x30], rbp",
    "call rdi",
    "2:",
    "ldmxcsr dword ptr [rsp]",
    "fldcw word ptr [rsp + 4]",
    "add rsp, 8",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_endproc",
    ".size gort_mstart_call, . - gort_mstart_call",
);

// Go: asm_amd64.s:1699 goexit
//
// The outermost return address of every goroutine is goexit+1, so that an unwinder which looks up
// pc-1 still lands inside. `.cfi_undefined rip` marks the end of the stack for unwinders and
// debuggers.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_goexit",
    ".hidden gort_goexit",
    ".type gort_goexit,@function",
    "gort_goexit:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "nop",                                          // :1700
    "call {goexit1}",                               // :1701 does not return
    "ud2",
    ".cfi_endproc",
    ".size gort_goexit, . - gort_goexit",
    goexit1 = sym linkname::goexit1,
);

// The structures behind these pointers are read by assembly at asserted offsets only.
#[allow(improper_ctypes)]
unsafe extern "C" {
    // It does not return. The type does not say so, as AddressSanitizer would clean the stack up
    // between `switch_to` and the switch.
    fn gort_gogo(buf: *mut Gobuf);
    fn gort_mcall(f: unsafe extern "C" fn(*mut G) -> !);
    fn gort_mstart_call(f: unsafe extern "C" fn(), sched: *mut Gobuf);
    fn gort_goexit();
    fn gort_systemstack(f: unsafe extern "C" fn(*mut c_void), arg: *mut c_void);
    fn gort_call_on_stack(f: unsafe extern "C" fn(*mut c_void), arg: *mut c_void, top: usize);
    static gort_systemstack_switch: u8;
    static gort_systemstack_call: u8;
    /// From where to where [`systemstack_moved`], from the beginning of gort_systemstack.
    static gort_systemstack_moved: [u32; 2];
    static gort_on_stack_call: u8;
    static gort_on_stack_end: u8;
}

/// Calls `f(arg)` on the stack that ends at `top`, on behalf of the same g: the runtime does not
/// know that stack.
///
/// # Safety
/// `top` is a multiple of 16, with enough writable memory below; `f` neither unwinds nor switches
/// the goroutine.
pub unsafe fn call_on_stack(f: unsafe extern "C" fn(*mut c_void), arg: *mut c_void, top: usize) {
    // SAFETY: the caller's contract.
    unsafe { gort_call_on_stack(f, arg, top) }
}

/// The name of the function that `pc` belongs to and where its part there begins, if that part is
/// where the linker's symbols say `__morestack`: a call from one stack to another.
pub fn switch_name(pc: usize) -> Option<(&'static str, usize)> {
    let [a, b, c] = [
        &raw const gort_systemstack_call,
        &raw const gort_on_stack_call,
        &raw const gort_on_stack_end,
    ]
    .map(|p| p as usize);
    match pc {
        _ if a <= pc && pc < b => Some(("gort_systemstack", a)),
        _ if b <= pc && pc < c => Some(("gort_call_on_stack", b)),
        _ => None,
    }
}

/// Whether the caller of the frame at `pc` is on another stack, above or below.
pub fn switches_stack(pc: usize) -> bool {
    switch_name(pc).is_some()
}

/// The current goroutine: g0 on a scheduler stack, gsignal in a signal handler, nil on a foreign
/// thread.
///
/// Go: stubs.go:31 getg
#[inline(always)]
pub fn getg() -> *mut G {
    let g: *mut G;
    // SAFETY: reads the thread-local word. Neither `pure` nor `nomem`: a switch may move the
    // goroutine to another thread between two reads, so each one must happen.
    unsafe {
        asm!(
            "mov {g}, qword ptr [rip + gort_tls_g@GOTTPOFF]",
            "mov {g}, qword ptr fs:[{g}]",
            g = out(reg) g,
            options(nostack, preserves_flags, readonly),
        );
    }
    g
}

/// Makes `g` the current goroutine of this thread.
///
/// # Safety
/// `g` must belong to this thread's M, and the stack in use must be its stack (or that of a foreign
/// thread).
///
/// Go: asm_amd64.s:1148 setg
#[inline(always)]
pub unsafe fn setg(g: *mut G) {
    // SAFETY: writes the thread-local word; the caller vouches for its meaning.
    unsafe {
        asm!(
            "mov {t}, qword ptr [rip + gort_tls_g@GOTTPOFF]",
            "mov qword ptr fs:[{t}], {g}",
            t = out(reg) _,
            g = in(reg) g,
            options(nostack, preserves_flags),
        );
    }
}

/// Continues where `buf` says, on its stack, as its goroutine. Does not return.
///
/// # Safety
/// `buf` must hold a state that `mcall` saved or `newproc1` made, which nobody else resumes. No
/// value with a destructor may be live in the caller.
#[inline(always)]
pub unsafe fn gogo(buf: *mut Gobuf) -> ! {
    // SAFETY: the caller's contract; gort_gogo does not return.
    unsafe {
        asan::leave();
        asan::switch_to((*buf).g.ptr());
        gort_gogo(buf);
        core::hint::unreachable_unchecked()
    }
}

/// Saves the current goroutine and calls `f(g)` on g0's stack. Returns when something resumes the
/// goroutine with [`gogo`], possibly on another thread.
///
/// # Safety
/// Must run on a user goroutine, not on g0. `f` must not return.
#[inline(always)]
pub unsafe fn mcall(f: unsafe extern "C" fn(*mut G) -> !) {
    // SAFETY: the caller's contract.
    unsafe {
        #[cfg(gort_asan)]
        asan::switch_to((*(*getg()).m).g0);
        gort_mcall(f)
    }
}

/// Runs `f` on the stack of this thread's g0 (on g0 and gsignal: right here) and returns what it
/// returns.
///
/// # Safety
/// `f` must not switch the goroutine away, nor need more stack than g0 has.
#[inline(always)]
pub unsafe fn systemstack<R, F: FnOnce() -> R>(f: F) -> R {
    struct Call<F, R> {
        f: Option<F>,
        r: MaybeUninit<R>,
    }
    // Not "C-unwind": a panic that left `f` would leave the thread with g0 as its current
    // goroutine, so it aborts instead.
    unsafe extern "C" fn run<F: FnOnce() -> R, R>(arg: *mut c_void) {
        // SAFETY: `arg` is the `Call` below, alive and used by nobody else until the switch
        // returns.
        let c = unsafe { &mut *arg.cast::<Call<F, R>>() };
        if let Some(f) = c.f.take() {
            c.r.write(f());
        }
    }
    let mut c = Call { f: Some(f), r: MaybeUninit::<R>::uninit() };
    // SAFETY: `run` matches `c`; the rest is the caller's contract.
    unsafe {
        #[cfg(gort_asan)]
        let switches = {
            let gp = getg();
            let mp = (*gp).m;
            gp != (*mp).g0 && gp != (*mp).gsignal
        };
        #[cfg(gort_asan)]
        if switches {
            asan::switch_to((*(*getg()).m).g0);
        }
        gort_systemstack(run::<F, R>, (&raw mut c).cast());
        #[cfg(gort_asan)]
        if switches {
            asan::switch_to(getg());
        }
    }
    // SAFETY: `run` returned, so it wrote the result (a panic would have aborted).
    unsafe { c.r.assume_init() }
}

/// Calls `f` after saving in `sched` how to return behind this call; see the assembly.
///
/// # Safety
/// `sched` is the `sched` of this thread's g0, which is the current goroutine.
pub unsafe fn mstart_call(f: unsafe extern "C" fn(), sched: *mut Gobuf) {
    // SAFETY: the caller's contract.
    unsafe { gort_mstart_call(f, sched) }
}

/// The address of `goexit`: the root of every goroutine's stack returns to this plus one.
///
/// Go: stubs.go:293 goexit
pub fn goexit_pc() -> usize {
    gort_goexit as *const () as usize
}

/// The pc that a goroutine shows while its thread works on the system stack on its behalf.
///
/// Go: asm_amd64.s:475 systemstack_switch
pub fn systemstack_switch_pc() -> usize {
    (&raw const gort_systemstack_switch) as usize
}

/// Whether `pc` is in [`systemstack`] behind the change to g0's stack and before the call there: a
/// signal handler that has interrupted it finds g0, whose stack is empty. gort's own.
pub fn systemstack_moved(pc: usize) -> bool {
    // SAFETY: two constants, written by the assembler.
    let [from, to] = unsafe { gort_systemstack_moved };
    let offset = pc.wrapping_sub(gort_systemstack as *const () as usize);
    (from as usize..to as usize).contains(&offset)
        || pc == (&raw const gort_systemstack_call) as usize
}

/// pc, sp and frame pointer of the function that this is inlined into: together a place from which
/// its stack can be unwound as long as that function has not returned. Go's `getcallerpc`,
/// `getcallersp` and `getcallerfp` in one, which Rust has no way to write one level further up.
///
/// Go: stubs.go:337 getcallerpc
#[inline(always)]
pub fn getpcspbp() -> (usize, usize, usize) {
    let (pc, sp, bp): (usize, usize, usize);
    // SAFETY: reads registers only.
    unsafe {
        asm!(
            "lea {pc}, [rip]",
            "mov {sp}, rsp",
            "mov {bp}, rbp",
            pc = out(reg) pc,
            sp = out(reg) sp,
            bp = out(reg) bp,
            options(nostack, preserves_flags, nomem),
        );
    }
    (pc, sp, bp)
}

/// Spins for about `cycles` PAUSE instructions.
///
/// Go: asm_amd64.s:803 procyield
#[inline]
pub fn procyield(cycles: u32) {
    // :804
    for _ in 0..cycles {
        core::hint::spin_loop();
    }
}

/// Orders earlier writes before later ones, for publication. x86 does so anyway; the compiler must
/// too.
///
/// Go: asm_amd64.s:812 publicationBarrier
#[inline(always)]
pub fn publication_barrier() {
    // :815
    core::sync::atomic::fence(core::sync::atomic::Ordering::Release);
}

/// Orders earlier writes before later reads, which x86 does not do by itself. A locked add to the
/// stack: cheaper than MFENCE.
#[inline(always)]
pub fn store_load_fence() {
    // SAFETY: adds zero to the word at the stack pointer.
    unsafe { asm!("lock or dword ptr [rsp], 0") }
}

/// Asks for the cache line at `p`, which need not be a valid address.
#[inline(always)]
pub fn prefetch<T>(p: *const T) {
    // SAFETY: a hint that never faults.
    unsafe { core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(p.cast()) }
}

/// The processor's cycle counter.
///
/// Go: asm_amd64.s:1179 cputicks
#[inline]
pub fn cputicks() -> i64 {
    // SAFETY: RDTSC has no preconditions in user mode here. Go fences it as well (:1183).
    unsafe {
        core::arch::x86_64::_mm_lfence();
        core::arch::x86_64::_rdtsc() as i64
    }
}

/// Stops in the debugger.
///
/// Go: asm_amd64.s:386 breakpoint
#[inline(always)]
pub fn breakpoint() {
    // SAFETY: a trap; the process dies of SIGTRAP unless a debugger is attached.
    unsafe { asm!("int3", options(nomem, nostack)) }
}

/// Crashes at once.
///
/// Go: asm_amd64.s:1161 abort
#[inline(always)]
pub fn abort() -> ! {
    // SAFETY: a trap that cannot be continued.
    unsafe { asm!("int3", "2: jmp 2b", options(nomem, nostack, noreturn)) }
}
