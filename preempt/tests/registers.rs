//! Interrupted code goes on with every register as it was: general registers, flags, the red zone,
//! x87, SSE, AVX and AVX-512, as far as the processor has them.

use gort_asm::{set_xsave_how, xsave_mask};
use gort_proc::{allp, allp_at, linkname, nanotime};
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// What a round loads and stores. The areas are in the standard form of XSAVE.
#[repr(C, align(64))]
struct State {
    area: [u8; 8192],
    gpr: [u64; 16],
    red: [u64; 10],
    flags: u64,
}

// hammer(rdi = what to load, rsi = where to store, rdx = spins, ecx = mask of XSAVE)
//
// A leaf function: its variables are in the red zone, rsp-16 to rsp-128. Loads everything, spins,
// stores everything; then sets all flags, spins without touching them, and stores them.
std::arch::global_asm!(
    ".text",
    ".globl hammer",
    "hammer:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "mov [rsp - 16], rdx",
    "mov [rsp - 24], rsi",
    "mov [rsp - 32], rcx",
    "mov [rsp - 40], rdx",
    ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
    "mov rax, [rdi + 8192 + 128 + 8*\\i]",
    "mov [rsp - 128 + 8*\\i], rax",
    ".endr",
    "mov eax, ecx",
    "xor edx, edx",
    "xrstor64 [rdi]",
    "mov rax, [rdi + 8192]",
    "mov rbx, [rdi + 8192 + 8]",
    "mov rcx, [rdi + 8192 + 16]",
    "mov rdx, [rdi + 8192 + 24]",
    "mov rsi, [rdi + 8192 + 32]",
    "mov rbp, [rdi + 8192 + 40]",
    "mov r8, [rdi + 8192 + 48]",
    "mov r9, [rdi + 8192 + 56]",
    "mov r10, [rdi + 8192 + 64]",
    "mov r11, [rdi + 8192 + 72]",
    "mov r12, [rdi + 8192 + 80]",
    "mov r13, [rdi + 8192 + 88]",
    "mov r14, [rdi + 8192 + 96]",
    "mov r15, [rdi + 8192 + 104]",
    "mov rdi, [rdi + 8192 + 112]",
    "2: dec qword ptr [rsp - 16]",
    "jnz 2b",
    "mov [rsp - 48], rdi",
    "mov rdi, [rsp - 24]",
    "mov [rdi + 8192], rax",
    "mov [rdi + 8192 + 8], rbx",
    "mov [rdi + 8192 + 16], rcx",
    "mov [rdi + 8192 + 24], rdx",
    "mov [rdi + 8192 + 32], rsi",
    "mov [rdi + 8192 + 40], rbp",
    "mov [rdi + 8192 + 48], r8",
    "mov [rdi + 8192 + 56], r9",
    "mov [rdi + 8192 + 64], r10",
    "mov [rdi + 8192 + 72], r11",
    "mov [rdi + 8192 + 80], r12",
    "mov [rdi + 8192 + 88], r13",
    "mov [rdi + 8192 + 96], r14",
    "mov [rdi + 8192 + 104], r15",
    "mov rax, [rsp - 48]",
    "mov [rdi + 8192 + 112], rax",
    ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
    "mov rax, [rsp - 128 + 8*\\i]",
    "mov [rdi + 8192 + 128 + 8*\\i], rax",
    ".endr",
    "mov eax, [rsp - 32]",
    "xor edx, edx",
    "xsave64 [rdi]",
    "mov rcx, [rsp - 40]",
    "push 0xcd7",
    "popfq",
    "3: loop 3b",
    "pushfq",
    "pop rax",
    "cld",
    "mov [rdi + 8192 + 128 + 80], rax",
    "fninit",
    "mov dword ptr [rsp - 8], 0x1f80",
    "ldmxcsr [rsp - 8]",
    "test dword ptr [rsp - 32], 4",
    "jz 4f",
    "vzeroupper",
    "4:",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
);

unsafe extern "C" {
    fn hammer(load: *const State, store: *mut State, spins: u64, mask: u32);
}

/// Components that the test compares, with their place in the standard form: not the tiles of AMX,
/// which are off until a process asks for them.
fn components(mask: u32) -> Vec<(u32, usize, usize)> {
    let mut v = vec![(0, 0, 160), (1, 160, 256)];
    for i in 2..8 {
        if mask & 1 << i != 0 {
            let r = std::arch::x86_64::__cpuid_count(0xd, i);
            v.push((i, r.ebx as usize, r.eax as usize));
        }
    }
    v
}

fn zeroed() -> Box<State> {
    Box::new(State { area: [0; 8192], gpr: [0; 16], red: [0; 10], flags: 0 })
}

/// One goroutine's work: rounds of `hammer` until told to stop.
fn work(seed: u64, mask: u32, stop: &AtomicBool, rounds: &AtomicU64) {
    let mut x = seed | 1;
    let mut rnd = move || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    let parts = components(mask);
    let (mut a, mut b) = (zeroed(), zeroed());
    while !stop.load(SeqCst) {
        for c in a.area.chunks_exact_mut(8) {
            c.copy_from_slice(&rnd().to_le_bytes());
        }
        a.gpr.fill_with(&mut rnd);
        a.red.fill_with(&mut rnd);
        // x87: control word with other rounding and precision, exceptions masked, a full stack;
        // last instruction and operand.
        a.area[0..2].copy_from_slice(&(0x007f | (rnd() as u16 & 0x0c00) | 0x0200).to_le_bytes());
        a.area[2..4].copy_from_slice(&((rnd() as u16) & 0x7f00 & !0x3800).to_le_bytes());
        a.area[4] = 0xff;
        a.area[5] = 0;
        a.area[6..8].copy_from_slice(&0u16.to_le_bytes());
        a.area[8..24].fill(0);
        for r in 0..8 {
            a.area[32 + 16 * r + 10..32 + 16 * r + 16].fill(0);
            a.area[32 + 16 * r + 7] |= 0x80; // normal numbers
            a.area[32 + 16 * r + 9] = 0x3f;
        }
        // mxcsr: another rounding, some sticky flags, exceptions masked.
        a.area[24..28].copy_from_slice(&(0x1f80 | (rnd() as u32 & 0x6015)).to_le_bytes());
        a.area[28..32].fill(0);
        // the header: all of these components, standard form
        a.area[512..576].fill(0);
        a.area[512..520].copy_from_slice(&u64::from(mask).to_le_bytes());
        // SAFETY: the code of a scope: no lock, no thread-local, no runtime.
        unsafe { gort_preempt::scope(|| hammer(&raw const *a, &raw mut *b, 20_000, mask)) };
        assert_eq!(a.gpr[..15], b.gpr[..15], "general registers");
        assert_eq!(a.red[..9], b.red[..9], "red zone");
        assert_eq!(b.flags & 0xcd5, 0xcd5, "flags");
        for &(i, at, n) in &parts {
            let (mut l, mut s) = (a.area[at..at + n].to_vec(), b.area[at..at + n].to_vec());
            if i == 0 {
                // mxcsr's mask is written by XSAVE only
                l[28..32].fill(0);
                s[28..32].fill(0);
            }
            assert_eq!(l, s, "component {i}");
        }
        rounds.fetch_add(1, SeqCst);
    }
}

fn preemptions() -> u64 {
    // SAFETY: Ps are never freed, the counter is atomic.
    unsafe { (0..(*allp()).len).map(|i| (*allp_at(i)).stats.preempt.get()).sum() }
}

/// How often: 10⁴ times in a usual run; GORT_PREEMPTIONS=1000000 for the long one.
fn wanted() -> u64 {
    std::env::var("GORT_PREEMPTIONS").ok().and_then(|s| s.parse().ok()).unwrap_or(10_000)
}

/// Preempts three goroutines at work as fast as signals go.
fn storm(how: u32) {
    let want = wanted();
    gort_preempt::init();
    let mut mask = xsave_mask() as u32 & 0xe7;
    assert!(mask != 0, "no XSAVE on this processor: nothing to test");
    // SAFETY: nothing has been interrupted yet.
    if !unsafe { set_xsave_how(how) } {
        println!("not on this processor");
        return;
    }
    if how == 0 {
        mask = 3;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let rounds = Arc::new(AtomicU64::new(0));
    let wg = Arc::new(gort::sync::WaitGroup::new());
    for i in 0..3 {
        let (stop, rounds, wg) = (stop.clone(), rounds.clone(), wg.clone());
        wg.add(1);
        gort::go(move || {
            work(0x9e37_79b9 * (i + 1), mask, &stop, &rounds);
            wg.done();
        });
    }
    // This goroutine keeps its own P: the others share what is left. Nothing here looks whether it
    // should yield. It sleeps between its requests, so that the others get on where there is one
    // processor for all.
    // SAFETY: a setting of this thread.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
    let (start, began) = (preemptions(), nanotime());
    while preemptions() - start < want {
        // SAFETY: allp does not change; on a goroutine, whose own P is left alone.
        unsafe { linkname::preemptall() };
        gort_os_linux::usleep(2);
    }
    let (n, t) = (preemptions() - start, nanotime() - began);
    stop.store(true, SeqCst);
    wg.wait();
    println!(
        "{n} preemptions in {} ms, {} rounds, mask {mask:#x}",
        t / 1_000_000,
        rounds.load(SeqCst)
    );
    assert!(rounds.load(SeqCst) > 0);
}

macro_rules! storms {
    ($($name:ident $how:literal;)*) => { $(
        #[test]
        fn $name() {
            let limit = Duration::from_secs(600 + wanted() / 50);
            let o = in_child!(.procs(2).env("GODEBUG", "preemptreport=0").limit(limit), || storm($how));
            o.ok();
            println!("{}", o.stdout);
        }
    )* };
}
storms! {
    registers_survive_xsavec 2;
    registers_survive_xsave 1;
    registers_survive_fxsave 0;
}
