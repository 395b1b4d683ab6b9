//! Go's `preempt_amd64.s`: the call that a signal handler injects into interrupted code.
//!
//! Go saves the sixteen SSE registers on the goroutine's stack, as its compiler uses no others.
//! Interrupted native code may use any: the whole extended state (x87, SSE, AVX, AVX-512, ...) goes
//! to an area that belongs to the G, with the best of XSAVEC, XSAVE and FXSAVE that the processor
//! has, so that a small stack needs room for the general registers only.
//!
//! ```text
//!   high   the 128 bytes below the interrupted sp: the red zone, left alone   <- CFA = the interrupted sp
//!          the interrupted pc                     CFA-136                     <- sp at the entry
//!          rbp                                    CFA-144                     <- rbp
//!          rflags                                 rbp-8
//!          rax rcx rdx rbx rsi rdi r8 ... r15     rbp-16 ... rbp-120
//!          up to 8 bytes, so that sp is a multiple of 16
//! ```
//!
//! All of it is in the CFI, as a signal frame, so an unwinder finds the interrupted instruction
//! itself.

use crate::getg;
use core::arch::asm;
use core::arch::global_asm;
use core::arch::x86_64::{__cpuid, __cpuid_count};
use gort_runtime2::G;
use gort_runtime2::atomic::{Uint32, Uint64, Uintptr};
use memoffset::offset_of;

/// Bytes below the interrupted sp that System V lets a leaf function use.
pub const RED_ZONE: usize = 128;

/// Stack that the injected call needs, with the red zone and the frames of what it calls
/// (`async_preempt2` and `mcall`).
pub const ASYNC_PREEMPT_FRAME: usize = RED_ZONE + 8 + 17 * 8 + 16 + 352;

// Go: preempt_amd64.s:7 asyncPreempt
//
// Entered as if the interrupted code had called it. gort_xsave_how chooses the instruction; the
// mask leaves PKRU alone, which belongs to the thread.
global_asm!(
    ".text",
    ".p2align 4",
    ".globl gort_async_preempt",
    ".hidden gort_async_preempt",
    ".type gort_async_preempt,@function",
    "gort_async_preempt:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    ".cfi_def_cfa rsp, 136",
    ".cfi_offset rip, -136",
    "push rbp",                                     // :8
    ".cfi_def_cfa_offset 144",
    ".cfi_offset rbp, -144",
    "mov rbp, rsp",                                 // :9
    ".cfi_def_cfa_register rbp",
    "pushfq",                                       // :11
    ".cfi_offset 49, -152",
    "cld",                                          // what System V promises to the code that is called
    "push rax",                                     // :16
    ".cfi_offset rax, -160",
    "push rcx",                                     // :17
    ".cfi_offset rcx, -168",
    "push rdx",
    ".cfi_offset rdx, -176",
    "push rbx",
    ".cfi_offset rbx, -184",
    "push rsi",                                     // :20
    ".cfi_offset rsi, -192",
    "push rdi",
    ".cfi_offset rdi, -200",
    "push r8",
    ".cfi_offset r8, -208",
    "push r9",
    ".cfi_offset r9, -216",
    "push r10",
    ".cfi_offset r10, -224",
    "push r11",
    ".cfi_offset r11, -232",
    "push r12",
    ".cfi_offset r12, -240",
    "push r13",
    ".cfi_offset r13, -248",
    "push r14",
    ".cfi_offset r14, -256",
    "push r15",                                     // :29
    ".cfi_offset r15, -264",
    "and rsp, -16",
    "mov rbx, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rbx, qword ptr fs:[rbx]",
    "mov rbx, qword ptr [rbx + {xsave}]",           // the G's area, wherever the G continues
    "mov eax, dword ptr [rip + {mask}]",            // :37
    "mov edx, dword ptr [rip + {mask} + 4]",
    "mov ecx, dword ptr [rip + {how}]",
    "test ecx, ecx",
    "je 2f",
    "cmp ecx, 1",
    "je 3f",
    "xsavec64 [rbx]",
    "jmp 4f",
    "2: fxsave64 [rbx]",
    "jmp 4f",
    "3: xsave64 [rbx]",
    "4:",
    // The rest of the runtime starts from clean: an empty x87 stack, default rounding, no upper
    // halves.
    "fninit",
    "mov dword ptr [rsp - 8], 0x1f80",
    "ldmxcsr dword ptr [rsp - 8]",
    "bt qword ptr [rip + {mask}], 2",
    "jnc 5f",
    "vzeroupper",
    "5:",
    "call qword ptr [rip + {preempt2}]",            // :53
    "mov eax, dword ptr [rip + {mask}]",
    "mov edx, dword ptr [rip + {mask} + 4]",
    "mov ecx, dword ptr [rip + {how}]",
    "test ecx, ecx",
    "jne 6f",
    "fxrstor64 [rbx]",
    "jmp 7f",
    "6: xrstor64 [rbx]",
    "7:",
    // The area is free again. A signal that comes from here on finds a pc in this function, where
    // nothing is injected.
    "mov rbx, qword ptr [rip + gort_tls_g@GOTTPOFF]",
    "mov rbx, qword ptr fs:[rbx]",
    "mov byte ptr [rbx + {injected}], 0",
    "lea rsp, [rbp - 120]",
    "pop r15",                                      // :70
    "pop r14",
    "pop r13",
    "pop r12",
    "pop r11",
    "pop r10",
    "pop r9",
    "pop r8",
    "pop rdi",
    "pop rsi",
    "pop rbx",
    "pop rdx",
    "pop rcx",
    "pop rax",                                      // :83
    "popfq",                                        // :85
    "pop rbp",                                      // :86
    ".cfi_def_cfa rsp, 136",
    ".cfi_same_value rbp",
    "ret 128",                                      // :87 and over the red zone
    ".cfi_endproc",
    ".globl gort_async_preempt_end",
    ".hidden gort_async_preempt_end",
    "gort_async_preempt_end:",
    ".size gort_async_preempt, . - gort_async_preempt",
    xsave = const offset_of!(G, xsave),
    injected = const offset_of!(G, async_injected),
    mask = sym XSAVE_MASK,
    how = sym XSAVE_HOW,
    preempt2 = sym ASYNC_PREEMPT2,
);

unsafe extern "C" {
    fn gort_async_preempt();
    static gort_async_preempt_end: u8;
}

/// What XSAVE shall save: bits of XCR0.
static XSAVE_MASK: Uint64 = Uint64::new(0);
/// 0 FXSAVE, 1 XSAVE, 2 XSAVEC.
static XSAVE_HOW: Uint32 = Uint32::new(0);
/// Bytes of a save area.
static XSAVE_SIZE: Uint32 = Uint32::new(0);
/// `asyncPreempt2`: in Rust, in a crate above this one.
static ASYNC_PREEMPT2: Uintptr = Uintptr::new(0);

/// Bit of the protection keys in XCR0.
const XFEATURE_PKRU: u64 = 1 << 9;

/// Looks at the processor and names what the injected call shall call. May be called again.
///
/// # Safety
/// `f` may switch the goroutine away; it is called with all registers saved.
pub unsafe fn async_preempt_init(f: unsafe extern "C" fn()) {
    let (mut how, mut mask, mut size) = (0, 0, 512);
    let leaf1 = __cpuid(1);
    // CPUID.1:ECX.OSXSAVE: the system has turned XSAVE on.
    if leaf1.ecx & 1 << 27 != 0 {
        let (lo, hi): (u32, u32);
        // SAFETY: OSXSAVE says that the instruction exists.
        unsafe {
            asm!("xgetbv", in("ecx") 0, out("eax") lo, out("edx") hi, options(nomem, nostack, preserves_flags));
        }
        mask = (u64::from(hi) << 32 | u64::from(lo)) & !XFEATURE_PKRU;
        how = 1;
        // Leaf 0xD: the size for all that is enabled; XSAVEC packs the parts, and needs no more.
        size = __cpuid_count(0xd, 0).ebx;
        if __cpuid_count(0xd, 1).eax & 2 != 0 {
            how = 2;
        }
    }
    XSAVE_MASK.store(mask);
    XSAVE_SIZE.store(size);
    XSAVE_HOW.store(how);
    ASYNC_PREEMPT2.store(f as usize);
}

/// For tests: uses a lesser instruction (0 FXSAVE, 1 XSAVE, 2 XSAVEC) than the processor has. False
/// if it has not got it.
///
/// # Safety
/// After [`async_preempt_init`]; no goroutine is inside the injected call, and with 0 none uses
/// more than x87 and SSE.
pub unsafe fn set_xsave_how(how: u32) -> bool {
    if how > XSAVE_HOW.load() {
        return false;
    }
    XSAVE_HOW.store(how);
    true
}

/// The bits of XCR0 that are saved: 2 is AVX, 5 to 7 AVX-512.
pub fn xsave_mask() -> u64 {
    XSAVE_MASK.load()
}

/// Bytes of a save area: a G's `xsave` has as many, zero at first and aligned to 64.
#[inline]
pub fn xsave_size() -> usize {
    XSAVE_SIZE.load() as usize
}

/// The routine to inject: saves all registers, calls `async_preempt2`, restores them and goes on.
///
/// Go: preempt.go:299 asyncPreempt
#[inline]
pub fn async_preempt_pc() -> usize {
    gort_async_preempt as *const () as usize
}

/// Whether `pc` is in the injected routine.
#[inline]
pub fn in_async_preempt(pc: usize) -> bool {
    pc.wrapping_sub(async_preempt_pc())
        < (&raw const gort_async_preempt_end) as usize - async_preempt_pc()
}

/// Whether this goroutine was interrupted and has not gone on yet.
///
/// # Safety
/// On a goroutine.
pub unsafe fn async_injected() -> bool {
    // SAFETY: the goroutine's own G.
    unsafe { (*getg()).async_injected.get() != 0 }
}
