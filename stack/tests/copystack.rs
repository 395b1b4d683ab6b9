//! Stacks that move, without code that runs on them: stacks are laid out as managed code would
//! leave them, word by word, moved, and compared with a model, which knows of each word whether it
//! is a pointer.

#[path = "model/calls.rs"]
mod calls;

use calls::become_m;
use gort_lock_futex::{lock, lock_init, unlock};
use gort_runtime2::{
    G, GCOPYSTACK, GSCAN, GWAITING, Hchan, LOCK_RANK_HCHAN, Stack, StackKind, Sudog,
};
use gort_stack::*;
use gort_symtab::{FUNC_FLAG_TOP_FRAME, FuncID, Function, ModuleBuilder, register};
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A word of a stack.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    /// What it is does not change.
    Plain(u64),
    /// Looks like a pointer into the stack (bytes below the top), and is none.
    Lookalike(u64),
    /// A pointer into the stack: so many bytes below its top.
    Inside(u64),
}

/// What a kind of function has in its frames, by words.
#[derive(Clone, Debug)]
struct Kind {
    /// Words of the arguments, and which are pointers, at its calls and at its entry.
    args: Vec<bool>,
    entry: Vec<bool>,
    /// Words of the locals, the lowest first, and which are pointers at each of its calls.
    locals: usize,
    maps: Vec<Vec<bool>>,
    /// Objects in the upper part of the locals: words, and which are pointers.
    objects: Vec<Vec<bool>>,
    /// Words below the locals: arguments of those it calls.
    out: usize,
}

const SIZE: u32 = 256;
/// Where calls return to: the first is that of morestack, where there is no frame.
const MORESTACK: u32 = 240;
fn return_at(call: usize) -> u32 {
    40 + 20 * call as u32
}
const MAX_ARGS: usize = 4;

prop_compose! {
    fn kind()(args in 0..=MAX_ARGS, locals in prop_oneof![0usize..6, 6usize..40, Just(200)], calls in 1usize..4, objects in prop::collection::vec(prop::collection::vec(any::<bool>(), 1..12), 0..3))
        (args_map in prop::collection::vec(any::<bool>(), args), entry in prop::collection::vec(any::<bool>(), args),
         maps in prop::collection::vec(prop::collection::vec(any::<bool>(), locals), calls), locals in Just(locals), objects in Just(objects)) -> Kind {
        Kind { args: args_map, entry, locals, maps, objects, out: MAX_ARGS }
    }
}

impl Kind {
    fn object_words(&self) -> usize {
        self.objects.iter().map(Vec::len).sum()
    }
    /// Words between the saved rbp and sp.
    fn frame(&self) -> usize {
        self.object_words() + self.locals + self.out
    }
    fn tables(&self, name: &str, start: u32) -> Function {
        let mut f = Function::new(name, start, start + SIZE);
        let offsets = |m: &[bool], from: i32| {
            (0..m.len()).filter(|i| m[*i]).map(|i| from + 8 * i as i32).collect::<Vec<_>>()
        };
        f.args(8 * self.args.len() as i32, &offsets(&self.entry, 0));
        f.pcsp(&[(4, 8), (10, 8 + 8 * self.frame() as i32), (220, 8), (221, 0)]);
        // Objects are the highest, then the locals.
        let mut off = 0;
        for o in &self.objects {
            off -= 8 * o.len() as i32;
            f.object(off, 8 * o.len() as i32, &offsets(o, 0));
        }
        let from = off - 8 * self.locals as i32;
        for (i, m) in self.maps.iter().enumerate() {
            f.stack_map(return_at(i), &offsets(m, from), &offsets(&self.args, 0));
        }
        f.stack_map(MORESTACK, &[], &offsets(&self.entry, 0));
        f
    }
}

/// Registers the functions, and one that is the bottom of each stack; where their code begins.
fn register_kinds(kinds: &[Kind]) -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0x5000_0000);
    let text = NEXT.fetch_add(1 << 16, Ordering::Relaxed);
    let mut m = ModuleBuilder::new("model");
    let mut root = Function::new("root", 0, SIZE);
    root.flag(FUNC_FLAG_TOP_FRAME).func_id(FuncID::GOEXIT);
    m.add(root);
    for (i, k) in kinds.iter().enumerate() {
        m.add(k.tables(&format!("f{i}"), (i as u32 + 1) * SIZE));
    }
    // SAFETY: nothing runs there; the stacks are made as the tables say.
    unsafe { register(m.build(text).unwrap().leak()) }.unwrap();
    text
}

/// A stack in words, the highest first.
struct Layout {
    words: Vec<Word>,
    pc: usize,
    /// Where rbp points to: bytes below the top.
    bp: u64,
    /// Words that may be given to channel operations: bytes below the top.
    slots: Vec<u64>,
}

/// A random stack of `calls`: which function, at which of its calls; the innermost is at its call
/// of morestack, if so wanted.
fn layout(
    kinds: &[Kind],
    text: usize,
    calls: &[(usize, usize)],
    at_entry: bool,
    seed: u64,
) -> Layout {
    let mut rng = fastrand::Rng::with_seed(seed);
    // What will be in use: pointers go to no other place.
    let depth: usize = calls.iter().map(|c| kinds[c.0].frame() + 2).sum();
    let unmade = if at_entry { kinds[calls[calls.len() - 1].0].frame() + 1 } else { 0 };
    let max = ((MAX_ARGS + depth - unmade) * 8) as u64;
    let mut word = |pointer: bool| match (pointer, rng.u32(0..4)) {
        (true, 0) => Word::Plain(0),
        (true, 1) => Word::Plain(0x7777_0000_0000 + rng.u64(0..1 << 20)),
        (true, _) => Word::Inside(rng.u64(1..=max)),
        (false, 0) => Word::Plain(rng.u64(..) | 1 << 63),
        (false, _) => Word::Lookalike(rng.u64(1..=max)),
    };
    let mut words: Vec<Word> = Vec::new();
    let mut slots = Vec::new();
    let mut lr = text + 5;
    let mut bp = 0u64;
    // The root's frame: room for the first one's arguments.
    words.extend((0..MAX_ARGS).map(|_| Word::Plain(7)));
    for (i, &(kind, call)) in calls.iter().enumerate() {
        let k = &kinds[kind];
        let last = i + 1 == calls.len();
        let entry = last && at_entry;
        // Its arguments are the lowest words of the caller's frame.
        let top = words.len();
        let args = if entry { &k.entry } else { &k.args };
        for (j, p) in args.iter().enumerate() {
            words[top - 1 - j] = word(*p);
        }
        words.push(Word::Plain(lr as u64));
        let start = text + (kind + 1) * SIZE as usize;
        if entry {
            lr = start + MORESTACK as usize;
            break;
        }
        words.push(if bp == 0 { Word::Plain(0) } else { Word::Inside(bp) });
        bp = words.len() as u64 * 8;
        for o in &k.objects {
            words.extend(o.iter().rev().map(|p| word(*p)));
        }
        let call = call % k.maps.len();
        for p in k.maps[call].iter().rev() {
            words.push(word(*p));
            // A channel's value goes to a word that is no pointer, or to a pointer to something
            // else.
            slots.push(words.len() as u64 * 8);
        }
        words.extend((0..k.out).map(|_| word(false)));
        lr = start + return_at(call) as usize;
    }
    assert_eq!(words.len() as u64 * 8, max);
    Layout { words, pc: lr, bp, slots }
}

impl Layout {
    fn value(&self, w: Word, hi: usize) -> usize {
        match w {
            Word::Plain(v) => v as usize,
            Word::Lookalike(d) | Word::Inside(d) => hi - d as usize,
        }
    }

    /// A goroutine with this stack, of at least `size` bytes.
    unsafe fn make(&self, size: usize) -> *mut G {
        // SAFETY: on a fake g0; the G and its stack are new.
        unsafe {
            let gp = Box::into_raw(Box::<G>::default());
            let size = size.max((self.words.len() * 8 + 1024).next_power_of_two());
            let stk = stackalloc_kind(size as u32, StackKind::Copying);
            for (i, w) in self.words.iter().enumerate() {
                ((stk.hi - 8 * (i + 1)) as *mut usize).write(self.value(*w, stk.hi));
            }
            (*gp).stack = stk;
            (*gp).stack_kind = StackKind::Copying;
            (*gp).goid = 5;
            (*gp).sched.pc = self.pc;
            (*gp).sched.sp = stk.hi - 8 * self.words.len();
            (*gp).sched.bp = if self.bp == 0 { 0 } else { stk.hi - self.bp as usize };
            (*gp).sched.ctxt = (stk.hi - 8) as *mut _;
            (*gp).stktopsp = stk.hi;
            (*gp).atomicstatus.store(GCOPYSTACK);
            gp
        }
    }

    /// Each word is what it was, or points to where it pointed, except for lookalikes, which still
    /// name places of `first`, the stack it was made on.
    unsafe fn check(&self, gp: *mut G, first: Stack, skip: &[u64]) -> Result<(), TestCaseError> {
        // SAFETY: nobody else uses the goroutine.
        unsafe {
            let stk = (*gp).stack;
            prop_assert_eq!(stack_of(stk.lo), Some((stk, false)));
            prop_assert_eq!((*gp).sched.sp, stk.hi - 8 * self.words.len());
            prop_assert_eq!((*gp).sched.pc, self.pc);
            prop_assert_eq!(
                (*gp).sched.bp,
                if self.bp == 0 { 0 } else { stk.hi - self.bp as usize }
            );
            prop_assert_eq!((*gp).sched.ctxt.addr(), stk.hi - 8);
            prop_assert_eq!((*gp).stktopsp, stk.hi);
            prop_assert_eq!((*gp).stackguard0.load(), stk.lo + STACK_GUARD);
            for (i, w) in self.words.iter().enumerate() {
                let below = 8 * (i as u64 + 1);
                if skip.contains(&below) {
                    continue;
                }
                let want = match *w {
                    Word::Lookalike(_) => self.value(*w, first.hi),
                    _ => self.value(*w, stk.hi),
                };
                let got = ((stk.hi - below as usize) as *const usize).read();
                prop_assert_eq!(got, want, "{} bytes below the top: {:?}", below, w);
            }
        }
        Ok(())
    }
}

unsafe fn free(gp: *mut G) {
    // SAFETY: the goroutine is the test's own.
    unsafe {
        stackfree_kind((*gp).stack, StackKind::Copying);
        drop(Box::from_raw(gp));
    }
}

fn on_an_m<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|s| {
        let r = s.spawn(|| {
            let pp = become_m();
            let r = f();
            // SAFETY: the P is this thread's.
            unsafe { stackcache_clear(pp) };
            r
        });
        r.join().unwrap_or_else(|e| std::panic::resume_unwind(e))
    })
}

fn stacks() -> impl Strategy<Value = (Vec<Kind>, Vec<(usize, usize)>, bool, u64)> {
    prop::collection::vec(kind(), 1..6).prop_flat_map(|kinds| {
        let n = kinds.len();
        let calls = prop::collection::vec((0..n, any::<usize>()), 1..40);
        (Just(kinds), calls, any::<bool>(), any::<u64>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Larger, of the same size, smaller: after each move every word is right.
    #[test]
    fn words_follow((kinds, calls, at_entry, seed) in stacks(), moves in prop::collection::vec(0..3usize, 1..8), poison in any::<bool>()) {
        // SAFETY: without `fault`.
        unsafe { set_stack_debug(if poison { "0,poison" } else { "0" }) };
        let text = register_kinds(&kinds);
        let l = layout(&kinds, text, &calls, at_entry, seed);
        on_an_m(|| {
            // SAFETY: on a fake g0; the goroutine is the test's own.
            unsafe {
                let gp = l.make(FIXED_STACK);
                let first = (*gp).stack;
                (*gp).stackguard0.set(first.lo + STACK_GUARD);
                l.check(gp, first, &[])?;
                for m in moves {
                    let stk = (*gp).stack;
                    let n = stk.hi - stk.lo;
                    match m {
                        0 => copystack(gp, n * 2),
                        1 => copystack(gp, n),
                        _ if n / 2 > l.words.len() * 8 && n > FIXED_STACK => copystack(gp, n / 2),
                        _ => continue,
                    }
                    prop_assert_ne!((*gp).stack.lo, stk.lo);
                    l.check(gp, first, &[])?;
                }
                free(gp);
            }
            Ok(())
        })?;
    }

    /// A stack shrinks by half at a time, as long as less than a quarter of it is in use.
    #[test]
    fn shrinks((kinds, calls, at_entry, seed) in stacks(), doublings in 0..6u32) {
        let text = register_kinds(&kinds);
        let l = layout(&kinds, text, &calls, at_entry, seed);
        on_an_m(|| {
            // SAFETY: as above; by the scan bit the stack is the test's.
            unsafe {
                let gp = l.make(FIXED_STACK << doublings);
                let first = (*gp).stack;
                (*gp).stackguard0.set(first.lo + STACK_GUARD);
                (*gp).atomicstatus.store(GWAITING | GSCAN);
                loop {
                    let n = (*gp).stack.hi - (*gp).stack.lo;
                    let small = l.words.len() * 8 + STACK_NOSPLIT < n / 4 && n > FIXED_STACK;
                    shrinkstack(gp);
                    l.check(gp, first, &[])?;
                    let now = (*gp).stack.hi - (*gp).stack.lo;
                    prop_assert_eq!(now, if small { n / 2 } else { n });
                    if !small {
                        break;
                    }
                }
                free(gp);
            }
            Ok(())
        })?;
    }

    /// Others write to slots of the stack, each under the lock of its channel, while it moves: no
    /// write is lost, and nothing else changes.
    #[test]
    fn channel_operations_beside_moves((kinds, calls, _, seed) in stacks(), pick in prop::collection::vec(any::<usize>(), 1..5), channels in 1..4usize) {
        let text = register_kinds(&kinds);
        let l = layout(&kinds, text, &calls, false, seed);
        if l.slots.is_empty() {
            return Ok(());
        }
        let mut slots: Vec<u64> = pick.iter().map(|p| l.slots[p % l.slots.len()]).collect();
        slots.sort_unstable();
        slots.dedup();
        // SAFETY: channels and sudogs are the test's own; they live as long as the threads. Of a
        // channel, only its lock and the size are used.
        unsafe {
            let cs: Vec<*mut Hchan> = (0..channels).map(|_| std::alloc::alloc_zeroed(std::alloc::Layout::new::<Hchan>()).cast()).collect();
            for &c in &cs {
                lock_init(&raw mut (*c).lock, LOCK_RANK_HCHAN);
                (*c).elemsize = 8;
            }
            let gp = on_an_m(|| l.make(1 << 15).addr()) as *mut G;
            let first = (*gp).stack;
            (*gp).stackguard0.set(first.lo + STACK_GUARD);
            // In the order of the channels, as the goroutine that waits has locked them.
            let mut sgs: Vec<(usize, *mut Sudog)> = Vec::new();
            for (i, &below) in slots.iter().enumerate() {
                let sg = Box::into_raw(Box::<Sudog>::default());
                (*sg).g = gp;
                (*sg).c = cs[i * channels / slots.len()];
                (*sg).elem = (first.hi - below as usize) as *mut _;
                sgs.push((i, sg));
            }
            for w in sgs.windows(2) {
                (*w[0].1).waitlink = w[1].1;
            }
            (*gp).waiting = sgs[0].1;
            (*gp).active_stack_chans = true;
            (*gp).atomicstatus.store(GWAITING | GSCAN);

            let stop = AtomicBool::new(false);
            let stop = &stop;
            let written: Vec<usize> = std::thread::scope(|s| {
                let writers: Vec<_> = sgs.iter().map(|&(i, sg)| {
                    let sg = sg.addr();
                    s.spawn(move || {
                        become_m();
                        let sg = sg as *mut Sudog;
                        let c = (*sg).c;
                        let mut n = i << 48 | 1 << 62;
                        while !stop.load(Ordering::Relaxed) {
                            lock(&raw mut (*c).lock);
                            // The element is looked up under the lock, each time.
                            let slot = (*sg).elem.cast::<AtomicUsize>();
                            if n & 0xffff_ffff != 0 {
                                assert_eq!((*slot).load(Ordering::Relaxed), n);
                            }
                            n += 1;
                            (*slot).store(n, Ordering::Relaxed);
                            unlock(&raw mut (*c).lock);
                        }
                        n
                    })
                }).collect();
                let gp = gp.addr();
                s.spawn(move || {
                    become_m();
                    let gp = gp as *mut G;
                    for round in 0..30 {
                        let n = (*gp).stack.hi - (*gp).stack.lo;
                        copystack(gp, if round % 2 == 0 { n * 2 } else { n / 2 });
                        std::thread::yield_now();
                    }
                    stop.store(true, Ordering::Relaxed);
                });
                writers.into_iter().map(|w| w.join().unwrap()).collect()
            });
            l.check(gp, first, &slots)?;
            let stk = (*gp).stack;
            for ((below, n), (_, sg)) in slots.iter().zip(written).zip(&sgs) {
                let at = stk.hi - *below as usize;
                prop_assert_eq!((**sg).elem.addr(), at);
                let got = (at as *const usize).read();
                // A writer that never came has left what was there.
                if n & 0xffff_ffff != 0 {
                    prop_assert_eq!(got, n);
                }
            }
            for (_, sg) in sgs {
                drop(Box::from_raw(sg));
            }
            let gp = gp.addr();
            on_an_m(move || free(gp as *mut G));
        }
    }
}

/// A frame that has not been made yet has no objects: what is below sp is left alone, also where it
/// looks like a pointer into the old stack. It may be another goroutine's stack.
#[test]
fn nothing_below_sp_is_changed() {
    // Three objects of pointers, the lowest of which begins far below the new stack's end.
    let object = |words| vec![true; words];
    let kinds = [Kind {
        args: vec![],
        entry: vec![],
        locals: 1,
        maps: vec![vec![false]],
        objects: vec![object(4), object(40), object(400)],
        out: MAX_ARGS,
    }];
    let text = register_kinds(&kinds);
    let l = layout(&kinds, text, &[(0, 0)], true, 5);
    on_an_m(|| {
        // SAFETY: on a fake g0; the goroutine and all stacks are the test's own. The stack that is
        // freed last is the next one.
        unsafe {
            let gp = l.make(FIXED_STACK);
            let first = (*gp).stack;
            (*gp).stackguard0.set(first.lo + STACK_GUARD);
            let stks = [(); 4].map(|()| stackalloc_kind(FIXED_STACK as u32, StackKind::Copying));
            // All their words point into the old stack.
            let words = |s: Stack| (s.lo..s.hi).step_by(8).map(|p| p as *mut usize);
            for s in stks {
                words(s).for_each(|w| w.write(first.lo + 512));
            }
            let new = stks[0];
            stackfree_kind(new, StackKind::Copying);
            copystack(gp, FIXED_STACK);
            assert_eq!((*gp).stack, new);
            l.check(gp, first, &[]).unwrap();
            // The first word was the pool's.
            for w in words(new).skip(1).filter(|w| w.addr() < (*gp).sched.sp) {
                assert_eq!(w.read(), first.lo + 512, "{} bytes below the top", new.hi - w.addr());
            }
            for s in &stks[1..] {
                assert!(words(*s).all(|w| w.read() == first.lo + 512), "a word of another stack");
                stackfree_kind(*s, StackKind::Copying);
            }
            free(gp);
        }
    });
}

/// What is wrong with the stack of a goroutine, and the move that finds it.
///
/// # Safety
/// On a fake g0; the goroutine is the caller's.
unsafe fn misuse(mode: &str, gp: *mut G) {
    // SAFETY: the caller's contract; words are written inside of the stack.
    unsafe {
        let (sp, hi) = ((*gp).sched.sp, (*gp).stack.hi);
        let n = hi - (*gp).stack.lo;
        (*gp).atomicstatus.store(GWAITING | GSCAN);
        match mode {
            "syscall" => (*gp).syscallsp = 1,
            "native" => (*gp).stack_kind = StackKind::Native,
            "small" => (*gp).sched.sp = (*gp).stack.lo,
            "parking" => (*gp).parking_on_chan.store(true),
            "status" => (*gp).atomicstatus.store(GWAITING),
            "unsafe" => (*gp).async_safe_point = true,
            "pc" => (*gp).sched.pc = 0x123,
            // The return address of the outermost function, below the root's words.
            "return" => ((hi - 8 * (MAX_ARGS + 1)) as *mut usize).write(0x999),
            // The word of the locals, which the map names.
            _ => ((sp + 8 * MAX_ARGS) as *mut usize).write(17),
        }
        gort_runtime1::DEBUG.invalidptr.set(1);
        match mode {
            "status" | "unsafe" => shrinkstack(gp),
            "small" | "parking" => copystack(gp, n / 2),
            _ => copystack(gp, n * 2),
        }
    }
}

/// What must not be moved ends the program, with Go's words.
#[test]
fn misuse_is_fatal() {
    let cases = [
        ("syscall", "fatal error: stack growth not allowed in system call"),
        ("native", "fatal error: gort: copystack of a stack without maps"),
        ("small", "fatal error: gort: copystack to a stack that is too small"),
        ("parking", "fatal error: racy sudog adjustment due to parking on channel"),
        ("status", "fatal error: bad status in shrinkstack"),
        ("unsafe", "fatal error: shrinkstack at bad time"),
        ("pc", "runtime: g 5: unknown pc 0x123\nfatal error: unknown pc"),
        (
            "return",
            "runtime: g 5: unexpected return pc for f0 called from 0x999\nfatal error: unknown caller pc",
        ),
        ("pointer", "runtime: bad pointer in frame f0 at 0x"),
        ("pointer", "fatal error: invalid pointer found on stack"),
    ];
    if let Ok(mode) = std::env::var("GORT_STACK_CHILD") {
        become_m();
        let kinds = [Kind {
            args: vec![],
            entry: vec![],
            locals: 1,
            maps: vec![vec![true]],
            objects: vec![],
            out: MAX_ARGS,
        }];
        let text = register_kinds(&kinds);
        let l = layout(&kinds, text, &[(0, 0)], false, 1);
        // SAFETY: on a fake g0.
        unsafe { misuse(&mode, l.make(8192)) };
        std::process::exit(0);
    }
    for (mode, want) in cases {
        let out = calls::child("misuse_is_fatal", mode);
        let err = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{mode}: {err}");
        assert!(err.contains(want), "{mode}: {err}");
    }
}

/// What GORTSTACKDEBUG may be, and what it tells.
#[test]
fn debug_levels() {
    if let Ok(level) = std::env::var("GORT_STACK_CHILD") {
        become_m();
        // SAFETY: no managed goroutine has been started.
        assert!(unsafe { set_stack_debug(&level) });
        let kinds = [Kind {
            args: vec![true],
            entry: vec![true],
            locals: 1,
            maps: vec![vec![true]],
            objects: vec![],
            out: MAX_ARGS,
        }];
        let text = register_kinds(&kinds);
        let mut l = layout(&kinds, text, &[(0, 0), (0, 0)], false, 1);
        let n = l.words.len();
        l.words[n - 1 - MAX_ARGS] = Word::Inside(8);
        // SAFETY: on a fake g0.
        unsafe {
            let gp = l.make(8192);
            copystack(gp, 16384);
        }
        std::process::exit(0);
    }
    let told = |level: &str| {
        let out = calls::child("debug_levels", level);
        assert!(out.status.success());
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    assert_eq!(told("0,poison"), "");
    let one = told("1");
    assert!(
        one.starts_with("copystack gp=0x")
            && one.ends_with("]/16384\n")
            && one.lines().count() == 1,
        "{one}"
    );
    let two = told("2");
    assert_eq!(two.lines().count(), 4, "{two}");
    assert_eq!(two.matches("    adjusting f0 frame=[0x").count(), 2, "{two}");
    let three = told("3");
    assert!(
        three.contains("      saved bp\n")
            && three.contains("adjust ptr 0x")
            && three.contains("      args\n"),
        "{three}"
    );
    assert!(told("4").lines().count() > three.lines().count());
    for bad in ["5", "x", "", "poison,1", "1,fast"] {
        // SAFETY: without `fault`.
        assert!(!unsafe { set_stack_debug(bad) }, "{bad}");
    }
}
