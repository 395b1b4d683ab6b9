//! Allocation of stacks without a scheduler: each test thread is an M with a P of its own. The
//! calls upward that these paths declare are defined in `model/calls.rs`.

#[path = "model/calls.rs"]
mod calls;

use calls::{become_m, child};
use gort_asm::setg;
use gort_runtime2::{G, P, Stack};
use gort_stack::*;
use std::process::Command;
use std::sync::Mutex;

/// A pseudo-random generator that needs no crate: xorshift.
struct Rng(u64);
impl Rng {
    fn next(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

fn child_mode() -> Option<String> {
    std::env::var("GORT_STACK_CHILD").ok()
}

#[test]
fn sizes_and_bounds() {
    std::thread::spawn(|| {
        become_m();
        // SAFETY: on a fake g0.
        unsafe {
            for shift in 0..8 {
                let n = fixed_stack() << shift;
                let s = stackalloc(n as u32);
                assert_eq!(s.hi - s.lo, n);
                assert_eq!(s.lo % PAGE_SIZE, 0);
                assert_eq!(stack_of(s.lo), Some((s, true)), "guard page, order {shift}");
                assert_eq!(stack_of(s.lo + guard_size(s.hi - s.lo) - 1), Some((s, true)));
                assert_eq!(stack_of(s.hi - 1), Some((s, false)));
                // Both ends of what is usable; below it 64 KiB that are not.
                let usable = s.lo + guard_size(n);
                assert_eq!(stack_of(usable - MAX_GUARD), Some((s, true)), "order {shift}");
                assert_eq!(stack_of(usable - 1), Some((s, true)));
                assert_eq!(stack_of(usable), Some((s, false)));
                let guard = (usable - MAX_GUARD) as *mut libc::c_void;
                // A read by the kernel says whether a page can be touched.
                for page in 0..MAX_GUARD / PAGE_SIZE {
                    let at = guard.wrapping_byte_add(page * PAGE_SIZE);
                    let mut p = [0; 2];
                    assert_eq!(libc::pipe(p.as_mut_ptr()), 0);
                    assert_eq!(
                        libc::write(p[1], at, 1),
                        -1,
                        "order {shift}, page {page} of the guard"
                    );
                    p.into_iter().for_each(|p| assert_eq!(libc::close(p), 0));
                }
                (usable as *mut u64).write_volatile(1);
                ((s.hi - 8) as *mut u64).write_volatile(2);
                stackfree(s);
            }
            let small = stackalloc(STACK_MIN as u32);
            assert_eq!(small.hi - small.lo, fixed_stack(), "never smaller than the fixed size");
            stackfree(small);
        }
        let local = 0u8;
        assert_eq!(stack_of((&raw const local) as usize), None, "a thread's stack is not ours");
        assert_eq!(stack_of(usize::MAX), None);
        assert_eq!(stack_of(0), None);
    })
    .join()
    .unwrap();
}

/// Stacks of managed code: 2 KiB and more, next to one another, without guards, in a heap of their
/// own.
#[test]
fn managed_sizes_and_bounds() {
    use gort_runtime2::StackKind::{Copying, Native};
    std::thread::spawn(|| {
        let pp = become_m();
        // SAFETY: on a fake g0; only live stacks are written, over their whole length.
        unsafe {
            let native = stackalloc_kind(1, Native);
            assert_eq!(native.hi - native.lo, fixed_stack());
            for shift in 0..14 {
                let n = FIXED_STACK << shift;
                let all: Vec<Stack> = (0..40).map(|_| stackalloc_kind(n as u32, Copying)).collect();
                for (i, s) in all.iter().enumerate() {
                    assert_eq!((s.hi - s.lo, s.lo % n.min(32 << 10)), (n, 0));
                    assert_eq!(stack_of(s.lo), Some((*s, false)), "order {shift}");
                    assert_eq!(stack_of(s.hi - 1), Some((*s, false)));
                    // Far from those of native code: an arena at least.
                    assert!(s.lo.abs_diff(native.lo) >> 26 > 1);
                    core::ptr::write_bytes(s.lo as *mut u8, i as u8, n.min(64 << 10));
                }
                // Nobody has written into another's.
                for (i, s) in all.iter().enumerate() {
                    let bytes = core::slice::from_raw_parts(s.lo as *const u8, n.min(64 << 10));
                    assert!(bytes.iter().all(|b| *b == i as u8), "order {shift}, stack {i}");
                }
                // No more than sixteen of the smallest in a span.
                if shift == 0 {
                    let mut spans: Vec<usize> = all.iter().map(|s| s.lo >> 15).collect();
                    spans.sort_unstable();
                    assert!(spans.chunk_by(|a, b| a == b).all(|c| c.len() <= 16));
                }
                all.into_iter().for_each(|s| stackfree_kind(s, Copying));
            }
            let small = stackalloc_kind(1, Copying);
            assert_eq!(small.hi - small.lo, FIXED_STACK, "never smaller than the fixed size");
            stackfree_kind(small, Copying);
            stackfree_kind(native, Native);
            stackcache_clear(pp);
        }
    })
    .join()
    .unwrap();
}

/// A million stacks of managed code, made and freed in rounds: the address space of one round.
#[test]
fn managed_stacks_do_not_leak() {
    use gort_runtime2::StackKind::Copying;
    if child_mode().is_none() {
        let out = child("managed_stacks_do_not_leak", "x");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        return;
    }
    let pp = become_m();
    // SAFETY: on a fake g0.
    unsafe {
        let before = stack_address_space();
        for _ in 0..8 {
            let all: Vec<Stack> = (0..125_000).map(|_| stackalloc_kind(1, Copying)).collect();
            all.iter().for_each(|s| (s.lo as *mut u64).write_volatile(s.hi as u64));
            all.iter().for_each(|s| assert_eq!((s.lo as *mut u64).read_volatile(), s.hi as u64));
            all.into_iter().for_each(|s| stackfree_kind(s, Copying));
        }
        stackcache_clear(pp);
        // 125,000 of them are 244 MiB; arenas of 64.
        assert!(stack_address_space() - before <= 256 << 20);
    }
}

#[test]
fn hundred_thousand_stacks_from_four_threads() {
    from_four_threads(gort_runtime2::StackKind::Native);
}

#[test]
fn hundred_thousand_managed_stacks_from_four_threads() {
    from_four_threads(gort_runtime2::StackKind::Copying);
}

fn from_four_threads(kind: gort_runtime2::StackKind) {
    let all: &'static Mutex<Vec<Stack>> = Box::leak(Box::default());
    let threads: Vec<_> = (0..4u64)
        .map(|t| {
            std::thread::spawn(move || {
                let pp = become_m();
                let mut rng = Rng(t + 1);
                let mut mine: Vec<Stack> = vec![];
                for i in 0..25_000 {
                    // SAFETY: on a fake g0; each stack has one owner at a time.
                    unsafe {
                        let s = stackalloc_kind(
                            if kind == gort_runtime2::StackKind::Copying {
                                1
                            } else {
                                fixed_stack() as u32
                            },
                            kind,
                        );
                        assert_eq!(stack_of(s.hi - 1), Some((s, false)));
                        if i % 16 == 0 {
                            ((s.hi - 8) as *mut u64).write_volatile(i);
                        }
                        mine.push(s);
                        if mine.len() > 64 + rng.next(64) {
                            // Some change hands, so that stacks are freed by others than who
                            // allocated them.
                            let mut a = all.lock().unwrap();
                            for _ in 0..32 {
                                a.push(mine.swap_remove(rng.next(mine.len())));
                            }
                            let give: Vec<_> =
                                if a.len() > 200 { a.drain(..64).collect() } else { vec![] };
                            drop(a);
                            for s in give {
                                stackfree_kind(s, kind);
                            }
                        }
                    }
                }
                for s in mine {
                    // SAFETY: as above.
                    unsafe { stackfree_kind(s, kind) };
                }
                // SAFETY: the P is this thread's.
                unsafe { stackcache_clear(pp) };
            })
        })
        .collect();
    for t in threads {
        t.join().unwrap();
    }
    assert!(stack_address_space() < 4 << 30, "they were reused: {}", stack_address_space());
}

/// A deep stack gives its memory back when it is freed, and the top page stays as it is.
#[test]
fn deep_pages_are_given_back() {
    std::thread::spawn(|| {
        become_m();
        // SAFETY: on a fake g0; the stack is ours.
        unsafe {
            let s = stackalloc(fixed_stack() as u32);
            let mut p = s.lo + guard_size(s.hi - s.lo);
            while p < s.hi {
                (p as *mut u64).write_volatile(7);
                p += PAGE_SIZE;
            }
            assert_eq!(resident(s), (fixed_stack() - guard_size(fixed_stack())) / PAGE_SIZE);
            stack_release_deep(s);
            assert_eq!(resident(s), 1);
            assert_eq!(((s.hi - PAGE_SIZE) as *const u64).read_volatile(), 7);
            stackfree(s);
        }
    })
    .join()
    .unwrap();
}

/// Pages of `s` that have memory.
fn resident(s: Stack) -> usize {
    let mut v = vec![0u8; (s.hi - s.lo) / PAGE_SIZE];
    // SAFETY: the range is mapped, the vector has a byte for each page.
    let r = unsafe { libc::mincore(s.lo as *mut libc::c_void, s.hi - s.lo, v.as_mut_ptr()) };
    assert_eq!(r, 0);
    v.iter().filter(|&&b| b & 1 != 0).count()
}

/// A program that locks its memory gets stacks with guards after that, which have no memory until
/// they are touched, keep it then, and give it back when they are freed (bug_mlockall: no guard
/// regions in locked memory, no MADV_DONTNEED).
#[test]
fn locked_memory() {
    match child_mode().as_deref() {
        None => {
            for mode in ["guard region", "mprotect"] {
                let out = child("locked_memory", mode);
                let err = String::from_utf8_lossy(&out.stderr);
                if out.status.code() == Some(77) {
                    assert!(std::env::var_os("GORT_CI").is_none(), "no right to lock memory");
                    eprintln!("not tested: no right to lock memory");
                    continue;
                }
                use std::os::unix::process::ExitStatusExt;
                assert_eq!(
                    out.status.signal(),
                    Some(libc::SIGSEGV),
                    "{mode}: {:?} {err}",
                    out.status
                );
                assert!(err.ends_with("all is well\n"), "{mode}: {err}");
            }
        }
        Some(mode) => {
            if mode == "mprotect" {
                use_mprotect_guards();
            }
            become_m();
            // SAFETY: on a fake g0; the stacks are ours.
            unsafe {
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                // One span and an arena before it, others in the same arena and beyond it after it.
                let before = stackalloc(fixed_stack() as u32);
                if libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) != 0 {
                    std::process::exit(77);
                }
                let v: Vec<_> = (0..400).map(|_| stackalloc(fixed_stack() as u32)).collect();
                let last = v[399];
                assert_eq!(resident(last), 0, "an arena that was mapped under the lock");
                for s in &v {
                    ((s.lo + guard_size(s.hi - s.lo)) as *mut u8).write_volatile(1);
                    ((s.hi - 1) as *mut u8).write_volatile(1);
                }
                assert_eq!(resident(last), 2);
                assert_eq!(
                    libc::madvise((last.hi - PAGE_SIZE) as _, PAGE_SIZE, libc::MADV_DONTNEED),
                    -1
                );
                stack_release_deep(last);
                assert_eq!(resident(last), 1);
                let large = stackalloc((fixed_stack() << 4) as u32);
                ((large.lo + guard_size(fixed_stack() << 4)) as *mut u8).write_volatile(1);
                stackfree(large);
                stackfree(before);
                v[..200].iter().for_each(|s| stackfree(*s));
                let s = stackalloc((fixed_stack() * 2) as u32);
                ((s.lo + guard_size(s.hi - s.lo)) as *mut u8).write_volatile(1);
                eprintln!("all is well");
                ((last.lo + GUARD_SIZE - MAX_GUARD) as *mut u8).write_volatile(1);
            }
            std::process::exit(0);
        }
    }
}

#[test]
fn an_unused_stack_has_no_memory() {
    std::thread::spawn(|| {
        become_m();
        // SAFETY: on a fake g0.
        unsafe {
            // An order of its own, so that nobody has used these before.
            let s: Vec<_> = (0..16).map(|_| stackalloc((fixed_stack() << 5) as u32)).collect();
            for s in &s {
                assert_eq!(resident(*s), 0);
            }
            s.into_iter().for_each(|s| stackfree(s));
        }
    })
    .join()
    .unwrap();
}

/// The tops of a thousand stacks, which is what goroutines use, fit into a TLB of 128 sets of 16
/// pages.
#[test]
fn tops_spread_over_the_sets_of_a_tlb() {
    std::thread::spawn(|| {
        become_m();
        // SAFETY: on a fake g0.
        unsafe {
            let s: Vec<_> = (0..1000).map(|_| stackalloc(fixed_stack() as u32)).collect();
            let mut sets = [0; 128];
            for s in &s {
                sets[((s.hi - 1) >> PAGE_SHIFT) % sets.len()] += 1;
            }
            assert!(sets.iter().all(|&n| n <= 16), "{sets:?}");
            s.into_iter().for_each(|s| stackfree(s));
        }
    })
    .join()
    .unwrap();
}

#[test]
fn the_guard_page_faults() {
    match child_mode().as_deref() {
        None => {
            for mode in ["pooled", "large", "reused", "mprotect", "mprotect reused"] {
                let out = child("the_guard_page_faults", mode);
                use std::os::unix::process::ExitStatusExt;
                let err = String::from_utf8_lossy(&out.stderr);
                assert_eq!(
                    out.status.signal(),
                    Some(libc::SIGSEGV),
                    "{mode}: {:?} {err}",
                    out.status
                );
            }
        }
        Some(mode) => {
            if mode.starts_with("mprotect") {
                use_mprotect_guards();
            }
            become_m();
            // SAFETY: on a fake g0; the last write faults on purpose.
            unsafe {
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                let n = if mode == "large" { fixed_stack() << 4 } else { fixed_stack() };
                let mut s = stackalloc(n as u32);
                if mode.ends_with("reused") {
                    // As a span of order 1 first, so that the guard pages are laid out anew.
                    stackfree(s);
                    let v: Vec<_> =
                        (0..64).map(|_| stackalloc((fixed_stack() * 2) as u32)).collect();
                    v.into_iter().for_each(|s| stackfree(s));
                    for _ in 0..64 {
                        s = stackalloc(n as u32);
                    }
                }
                ((s.lo + guard_size(s.hi - s.lo)) as *mut u8).write_volatile(1);
                ((s.lo + guard_size(s.hi - s.lo) - 1) as *mut u8).write_volatile(1);
            }
            std::process::exit(0);
        }
    }
}

#[test]
fn misuse_is_fatal() {
    match child_mode().as_deref() {
        None => {
            for (mode, want) in [
                ("size", "fatal error: stack size not a power of 2"),
                ("free", "fatal error: stack not a power of 2"),
                ("foreign", "fatal error: freeing stack not in a stack span"),
                ("kind", "fatal error: freeing stack not in a stack span"),
                ("large kind", "fatal error: bad span state"),
                ("memory", "fatal error: out of memory"),
                ("maps", "(see vm.max_map_count)\nfatal error: out of memory"),
            ] {
                let out = child("misuse_is_fatal", mode);
                let err = String::from_utf8_lossy(&out.stderr);
                assert_eq!(out.status.code(), Some(2), "{mode}: {err}");
                assert!(err.contains(want), "{mode}: {err}");
                if mode == "memory" {
                    assert!(err.contains("runtime: out of memory: cannot allocate "), "{err}");
                    assert!(err.contains("-byte block ("), "{err}");
                }
            }
        }
        Some(mode) => {
            if mode == "maps" {
                use_mprotect_guards();
            }
            let pp = become_m();
            // SAFETY: on a fake g0; misuse ends the process before it does harm.
            unsafe {
                match mode {
                    "size" => drop(stackalloc(fixed_stack() as u32 + 8)),
                    "free" => stackfree(Stack { lo: 0x1000, hi: 0x4000 }),
                    "kind" | "large kind" => {
                        // Of the other pool: noticed when it reaches a span.
                        let kind = gort_runtime2::StackKind::Copying;
                        let n = if mode == "kind" { fixed_stack() } else { fixed_stack() << 5 };
                        (*(*getg()).m).p.set(core::ptr::null_mut());
                        stackfree(stackalloc_kind(n as u32, kind));
                    }
                    "foreign" => {
                        (*pp).m.set(std::ptr::null_mut());
                        (*(*gort_asm::getg()).m).p.set(std::ptr::null_mut());
                        let m = libc::mmap(
                            std::ptr::null_mut(),
                            2 * fixed_stack(),
                            libc::PROT_READ | libc::PROT_WRITE,
                            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                            -1,
                            0,
                        ) as usize;
                        stackfree(Stack { lo: m, hi: m + fixed_stack() });
                    }
                    "maps" => {
                        let max = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
                        for _ in 0..max.trim().parse::<usize>().unwrap().min(2_000_000) {
                            stackalloc(fixed_stack() as u32);
                        }
                    }
                    _ => {
                        let lim = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
                        libc::setrlimit(libc::RLIMIT_AS, &lim);
                        for _ in 0..1_000_000 {
                            stackalloc(fixed_stack() as u32);
                        }
                    }
                }
            }
            std::process::exit(0);
        }
    }
}

#[test]
fn the_default_size_can_be_set() {
    match child_mode().as_deref() {
        None => {
            for mode in ["call", "env"] {
                let mut c = Command::new(std::env::current_exe().unwrap());
                c.args(["--exact", "the_default_size_can_be_set", "--nocapture"])
                    .env("GORT_STACK_CHILD", mode);
                if mode == "env" {
                    c.env("GORTSTACK", "64K");
                }
                let out = c.output().unwrap();
                assert!(out.status.success(), "{mode}: {}", String::from_utf8_lossy(&out.stderr));
            }
        }
        Some(mode) => {
            assert!(!set_default_stack_size(1));
            assert!(!set_default_stack_size(1 << 40));
            assert!(set_default_stack_size(if mode == "env" { 1 << 20 } else { 60_000 }));
            become_m();
            assert_eq!(fixed_stack(), 65536, "the environment wins");
            assert_eq!(starting_stack_size(), 65536);
            assert!(!set_default_stack_size(32768), "not below the pools' size any more");
            assert!(set_default_stack_size(1 << 20));
            assert_eq!(starting_stack_size(), 1 << 20);
            assert_eq!(fixed_stack(), 65536);
            // SAFETY: on a fake g0.
            unsafe {
                let s = stackalloc(starting_stack_size());
                assert_eq!(s.hi - s.lo, 1 << 20);
                stackfree(s);
            }
        }
    }
}

/// What a stack of managed code costs: itself, its share of a span's record (eight and a half
/// bytes) and of a page table (four).
#[test]
fn a_managed_stack_costs_little_more_than_itself() {
    match child_mode().as_deref() {
        None => {
            let out = child("a_managed_stack_costs_little_more_than_itself", "run");
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        }
        Some(_) => {
            become_m();
            let before = status_kib("VmRSS:") + status_kib("VmPTE:");
            const N: usize = 300_000;
            for _ in 0..N {
                // SAFETY: on a fake g0; the stack is ours.
                unsafe {
                    let s = stackalloc_kind(1, gort_runtime2::StackKind::Copying);
                    (s.lo as *mut u64).write_volatile(1);
                }
            }
            let per_stack = (status_kib("VmRSS:") + status_kib("VmPTE:") - before) * 1024 / N;
            assert!((2048..2080).contains(&per_stack), "{per_stack} bytes");
        }
    }
}

/// What a goroutine's stack costs when only its top page is touched: that page, and its share of a
/// page table.
#[test]
fn a_touched_stack_costs_little_more_than_a_page() {
    match child_mode().as_deref() {
        None => {
            let out = child("a_touched_stack_costs_little_more_than_a_page", "run");
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        }
        Some(_) => {
            become_m();
            let before = status_kib("VmRSS:") + status_kib("VmPTE:");
            const N: usize = 20_000;
            for _ in 0..N {
                // SAFETY: on a fake g0; the stack is ours.
                unsafe {
                    ((stackalloc(fixed_stack() as u32).hi - 8) as *mut u64).write_volatile(1)
                };
            }
            let per_stack = (status_kib("VmRSS:") + status_kib("VmPTE:") - before) * 1024 / N;
            // 4096, and 585 for the fourteenth part of two page tables.
            assert!(per_stack < 4750, "{per_stack} bytes");
        }
    }
}

/// A value of /proc/self/status.
fn status_kib(key: &str) -> usize {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    let l = s.lines().find(|l| l.starts_with(key)).unwrap();
    l.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn small_functions() {
    assert_eq!([0, 1, 2, 3, 4, 1023, 1024].map(stacklog2), [0, 0, 1, 1, 2, 9, 10]);
    assert_eq!([0, 1, 2, 3, 2048, 2049].map(round2), [1, 1, 2, 4, 2048, 4096]);
    assert_eq!(STACK_GUARD, 928);
    assert_eq!(FIXED_STACK, 2048);
}

#[path = "model/pools.rs"]
mod pools;
#[path = "model/segments.rs"]
mod segments;
