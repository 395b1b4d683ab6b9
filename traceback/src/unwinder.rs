//! traceback.go: 54–654, 1092–1110. Walking the physical frames of a stack.

use crate::cfi::{Regs, Stop};
use crate::modules::{executable, read_word, renew, step};
use crate::printing::traceback_hexdump;
use crate::symtab::findfunc;
use gort_asm::{
    getg, getpcspbp, goexit_pc, in_async_preempt, managed_switch, systemstack, systemstack_moved,
    systemstack_switch_pc,
};
use gort_print::print;
use gort_runtime2::linkname::throw;
use gort_runtime2::*;

/// How many innermost frames a traceback prints.
///
/// Go: traceback.go:30 tracebackInnerFrames
pub const TRACEBACK_INNER_FRAMES: usize = 50;
/// How many outermost frames it prints after those.
///
/// Go: traceback.go:34 tracebackOuterFrames
pub const TRACEBACK_OUTER_FRAMES: usize = 50;

/// Behaviour of an unwinder: a set of the `UNWIND_` constants.
///
/// Go: traceback.go:38 unwindFlags
pub type UnwindFlags = u8;
/// On errors print a message and stop. With neither this nor the silent flag an error is fatal.
///
/// Go: traceback.go:53 unwindPrintErrors
pub const UNWIND_PRINT_ERRORS: UnwindFlags = 1;
/// On errors stop, silently.
///
/// Go: traceback.go:56 unwindSilentErrors
pub const UNWIND_SILENT_ERRORS: UnwindFlags = 2;
/// pc and sp come from a trap: pc is the instruction itself, not a return address. Cleared by the
/// first step.
///
/// Go: traceback.go:68 unwindTrap
pub const UNWIND_TRAP: UnwindFlags = 4;
/// From a system stack go on to the goroutine's stack.
///
/// Go: traceback.go:73 unwindJumpStack
pub const UNWIND_JUMP_STACK: UnwindFlags = 8;

/// A physical frame.
///
/// Go: stkframe.go:15 stkframe
#[derive(Clone, Copy, Debug, Default)]
pub struct Stkframe {
    /// Where it stands; 0: there is no frame.
    pub pc: usize,
    /// Stack pointer at `pc`.
    pub sp: usize,
    /// Stack pointer of the caller; 0 until resolved.
    pub fp: usize,
    /// Return address; 0 at the root.
    pub lr: usize,
    /// Frame pointer at `pc`. gort's own: System V functions need not keep one, so it is found by
    /// unwinding.
    pub bp: usize,
    /// The caller's frame pointer. gort's own.
    pub caller_bp: usize,
}

/// A stack as it was at some moment, for reports that come when it is gone.
#[derive(Clone, Debug)]
pub struct Backtrace {
    /// The innermost frames, or all.
    pub inner: Vec<Stkframe>,
    /// The outermost ones, if there were more.
    pub outer: Vec<Stkframe>,
    /// How many stood between them.
    pub skipped: usize,
    /// What is to be said of the walk, if it has not been a good one.
    pub doubt: Doubt,
    /// File and line of the panic as the panicking code itself knows them.
    pub location: Option<(String, u32)>,
}

/// What a walk could not find out: a reader of its frames has to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Doubt {
    /// The place beyond which it could not go, and why.
    pub stop: Option<(usize, Stop)>,
    /// The first place whose caller was found by the frame pointer although it belongs to a module:
    /// there may be frames between.
    pub guess: Option<usize>,
    /// What could not be read of a frame's names: [`FuncInfo::missing`](crate::FuncInfo::missing).
    pub missing: Option<&'static str>,
}

/// Physical frames kept at each end by [`Backtrace`]: more than are printed, as hidden ones do not
/// count there.
const KEEP: usize = 128;

impl Backtrace {
    fn at(&self, i: usize) -> Option<&Stkframe> {
        self.inner.get(i).or_else(|| self.outer.get(i.checked_sub(self.inner.len())?))
    }
}

/// Walks the physical frames of a stack, innermost first:
///
/// ```ignore
/// let mut u = Unwinder::default();
/// u.init(gp, 0);
/// while u.valid() { ...; u.next(); }
/// ```
///
/// Go: traceback.go:95 unwinder
#[derive(Clone, Copy)]
pub struct Unwinder {
    /// The present frame; all zero when there is none.
    pub frame: Stkframe,
    /// The goroutine whose stack it is; changes when the walk jumps from a system stack.
    pub g: *mut G,
    /// No callee yet: the frame is the innermost one.
    pub innermost: bool,
    /// How the walk behaves.
    pub flags: UnwindFlags,
    /// What is not certain about the walk so far.
    pub doubt: Doubt,
    /// The frame's pc is where the frame stands, also for naming it.
    exact: bool,
    /// The caller's pc is such a one.
    caller_exact: bool,
    /// The frame's registers, and its caller's.
    regs: Regs,
    caller: Regs,
    /// How often the walk has gone to another stack.
    crossed: u32,
    record: *const Backtrace,
    index: usize,
}

impl Default for Unwinder {
    fn default() -> Self {
        Self {
            frame: Stkframe::default(),
            g: core::ptr::null_mut(),
            innermost: false,
            flags: 0,
            doubt: Doubt::default(),
            exact: false,
            caller_exact: false,
            regs: Regs::default(),
            caller: Regs::default(),
            crossed: 0,
            record: core::ptr::null(),
            index: 0,
        }
    }
}

impl Unwinder {
    /// Starts on `gp`'s innermost frame, from its saved registers.
    ///
    /// # Safety
    /// `gp` is not the current goroutine and does not run meanwhile.
    ///
    /// Go: traceback.go:122 init
    pub unsafe fn init(&mut self, gp: *mut G, flags: UnwindFlags) {
        // SAFETY: the caller's contract.
        unsafe {
            // :129
            self.init_at(usize::MAX, usize::MAX, usize::MAX, gp, flags);
        }
    }

    /// Starts at (`pc0`, `sp0`, `bp0`) on `gp`'s stack; all ones for pc and sp: at its saved
    /// registers. The third is Go's `lr0`, which x86 has no use for, turned into the frame pointer.
    ///
    /// # Safety
    /// The frame is alive, and its function does not return meanwhile.
    ///
    /// Go: traceback.go:132 initAt
    #[doc(alias = "initAt")]
    pub unsafe fn init_at(
        &mut self,
        pc0: usize,
        sp0: usize,
        bp0: usize,
        gp: *mut G,
        flags: UnwindFlags,
    ) {
        // SAFETY: the caller's contract.
        unsafe { self.init_regs(Regs::new(pc0, sp0, bp0), gp, flags) }
    }

    /// The same, with all registers that are known. Where frames are not found by sp or rbp alone
    /// the others are needed.
    ///
    /// # Safety
    /// As for [`init_at`](Self::init_at).
    pub unsafe fn init_regs(&mut self, mut regs: Regs, gp: *mut G, mut flags: UnwindFlags) {
        // SAFETY: gp is type-stable; saved registers belong to whoever examines a stopped
        // goroutine.
        unsafe {
            // :134
            let ourg = getg();
            if ourg == gp && ourg == (*(*ourg).m).curg.ptr() {
                // :148 its stack must not move while it is walked
                throw("cannot trace user goroutine on its own stack");
            }

            renew();

            // :151
            let mut fresh = false;
            if regs.pc() == usize::MAX && regs.sp() == usize::MAX {
                if (*gp).syscallsp != 0 {
                    // :153
                    regs = Regs::new((*gp).syscallpc, (*gp).syscallsp, (*gp).syscallbp);
                } else {
                    // :159
                    regs = Regs::new((*gp).sched.pc, (*gp).sched.sp, (*gp).sched.bp);
                    // A goroutine that has not started stands at its function's entry.
                    // A closure of managed code that asks for more stack has its context there as
                    // well.
                    let managed = (*gp).stack_kind == StackKind::Copying;
                    fresh = !managed && !(*gp).sched.ctxt.is_null() || regs.pc() == (*gp).startpc;
                }
            }

            // :176 a call of a nil function: start at the caller. Of anything else that is no code,
            // as signal_amd64.go:66
            let wild = |pc| pc == 0 || flags & UNWIND_TRAP != 0 && !findfunc(pc) && !executable(pc);
            let mut called = false;
            if wild(regs.pc()) {
                // :181
                let ra = read_word(regs.sp(), (*gp).stack).unwrap_or(0);
                if regs.pc() == 0 || findfunc(ra) {
                    regs = regs.moved(ra, regs.sp().wrapping_add(8), regs.bp());
                    flags &= !UNWIND_TRAP;
                    called = true;
                }
            }
            // :167 earlier in Go's order: registers, not a frame, are moved above
            let frame =
                Stkframe { pc: regs.pc(), sp: regs.sp(), bp: regs.bp(), ..Stkframe::default() };

            // :190 (arm left out)

            // :200 where there is no table at all, frame pointers may still lead on; a pc of 0 or
            // in no mapping cannot
            if frame.pc == 0 || !findfunc(frame.pc) && frame.bp == 0 {
                // :202
                if flags & UNWIND_SILENT_ERRORS == 0 {
                    let (goid, pc) = ((*gp).goid, frame.pc);
                    print!("runtime: g {goid} gp={gp:p}: unknown pc {pc:#x}\n");
                    traceback_hexdump((*gp).stack, &frame, 0);
                }
                // :206
                if flags & (UNWIND_PRINT_ERRORS | UNWIND_SILENT_ERRORS) == 0 {
                    throw("unknown pc");
                }
                *self = Self::default();
                return;
            }

            // :215
            *self = Self {
                frame,
                g: gp,
                innermost: true,
                flags,
                exact: fresh,
                regs,
                ..Self::default()
            };

            // :223 (a function that writes sp is described by its CFI, so a system call needs no
            // exception)
            self.resolve_internal(!called, false);
        }
    }

    /// Starts on a recorded stack of `gp`.
    ///
    /// # Safety
    /// `bt` outlives the walk.
    pub unsafe fn init_record(&mut self, bt: *const Backtrace, gp: *mut G, flags: UnwindFlags) {
        *self = Self { g: gp, innermost: true, flags, record: bt, ..Self::default() };
        // SAFETY: the caller's contract.
        unsafe {
            self.doubt = (*bt).doubt;
            if let Some(f) = (*bt).at(0) {
                self.frame = *f;
            }
        }
    }

    /// Whether there is a frame.
    ///
    /// Go: traceback.go:227 valid
    pub fn valid(&self) -> bool {
        // :228
        self.frame.pc != 0
    }

    /// Completes the frame from its pc, sp and bp: where the caller's frame begins and where it
    /// returns to.
    ///
    /// # Safety
    /// As for [`init_at`](Self::init_at).
    ///
    /// Go: traceback.go:252 resolveInternal
    #[doc(alias = "resolveInternal")]
    unsafe fn resolve_internal(&mut self, innermost: bool, _is_syscall: bool) {
        // SAFETY: the stack is read within its bounds; gp and its M stay.
        unsafe {
            let mut gp = self.g;
            let mut exact = innermost;

            // :257 (no frame information: frame pointers, in `step`)

            // :282
            let mp = (*gp).m;
            if self.frame.fp == 0
                && !mp.is_null()
                && gp == (*mp).g0
                && (self.frame.pc == systemstack_switch_pc()
                    || systemstack_moved(self.frame.pc)
                    || managed_switch(self.frame.pc))
            {
                // :288 the return address into systemstack, on g0
                let curg = (*mp).curg.ptr();
                if self.flags & UNWIND_JUMP_STACK != 0 && !curg.is_null() && (*curg).m == mp {
                    // :305 follow the switch (morestack has no frame here: it saves the goroutine
                    // and leaves g0 empty)
                    gp = curg;
                    self.g = gp;
                    // :321
                    self.frame.sp = (*gp).sched.sp;
                    self.frame.bp = (*gp).sched.bp;
                    self.regs = self.regs.moved(self.frame.pc, self.frame.sp, self.frame.bp);
                    exact = true;
                } else {
                    // :325 the other side is another goroutine's stack: this one ends here
                    self.frame.fp = self.frame.sp;
                    self.frame.lr = 0;
                    return;
                }
            }

            // :334 the root says so itself (`.cfi_undefined rip`); goexit is known besides
            let pc = self.frame.pc;
            if pc == goexit_pc() || pc == goexit_pc() + 1 {
                self.frame.fp = self.frame.sp;
                self.frame.lr = 0;
                return;
            }

            // :368
            match step(&self.regs, exact, (*gp).stack) {
                // What a signal handler has interrupted is on another stack, and no part of the
                // handler's.
                Ok(s) if !s.root && s.regs.pc() != 0 && !leaves_gsignal(gp, s.regs.sp()) => {
                    // :377
                    self.frame.fp = s.regs.sp();
                    self.frame.lr = s.regs.pc();
                    self.frame.caller_bp = s.regs.bp();
                    self.caller = s.regs;
                    self.caller_exact = s.exact;
                    if s.guessed && self.doubt.guess.is_none() {
                        self.doubt.guess = Some(pc);
                    }
                    // A damaged stack must not lead back and forth between stacks for ever.
                    self.crossed += u32::from(s.regs.sp() <= self.frame.sp);
                    if self.crossed > 1000 {
                        self.doubt.stop = Some((pc, Stop::Backwards));
                        self.frame.lr = 0;
                    }
                }
                s => {
                    // :380
                    self.frame.fp = self.frame.sp;
                    self.frame.lr = 0;
                    match s {
                        Err(stop) => self.doubt.stop = Some((pc, stop)),
                        // Who has been made by newproc1 returns to goexit, and nowhere else.
                        Ok(s)
                            if !s.root
                                && s.regs.pc() == 0
                                && (*gp).goid != 0
                                && (*gp).startpc != 0 =>
                        {
                            self.doubt.stop = Some((pc, Stop::Zero));
                        }
                        Ok(_) => {}
                    }
                }
            }
            // :383 (varp, argp and continpc serve stack maps and arguments)
        }
    }

    /// Goes on to the caller's frame.
    ///
    /// # Safety
    /// As for [`init_at`](Self::init_at).
    ///
    /// Go: traceback.go:440 next
    pub unsafe fn next(&mut self) {
        // SAFETY: the caller's contract.
        unsafe {
            if !self.record.is_null() {
                self.index += 1;
                self.innermost = false;
                self.flags &= !UNWIND_TRAP;
                self.frame = (*self.record).at(self.index).copied().unwrap_or_default();
                return;
            }
            let gp = self.g;

            // :446
            if self.frame.lr == 0 {
                self.finish_internal();
                return;
            }
            // :451
            if !findfunc(self.frame.lr) && self.frame.caller_bp == 0 {
                // :456
                let fail = self.flags & (UNWIND_PRINT_ERRORS | UNWIND_SILENT_ERRORS) == 0;
                let do_print = self.flags & UNWIND_SILENT_ERRORS == 0;
                // :458 (no sigpanic calls are injected into foreign code)
                if fail || do_print {
                    // :466
                    let (goid, pc, lr) = ((*gp).goid, self.frame.pc, self.frame.lr);
                    print!(
                        "runtime: g {goid}: unexpected return pc for {pc:#x} called from {lr:#x}\n"
                    );
                    traceback_hexdump((*gp).stack, &self.frame, 0);
                }
                if fail {
                    throw("unknown caller pc");
                }
                // :472
                self.doubt.stop = Some((self.frame.lr, Stop::Unknown));
                self.frame.lr = 0;
                self.finish_internal();
                return;
            }

            // :477
            if self.frame.pc == self.frame.lr && self.frame.sp == self.frame.fp {
                let (pc, sp) = (self.frame.pc, self.frame.sp);
                print!("runtime: traceback stuck. pc={pc:#x} sp={sp:#x}\n");
                traceback_hexdump((*gp).stack, &self.frame, sp);
                throw("traceback stuck");
            }

            // :484 a call that a signal injected (asyncPreempt) returns to an instruction that has
            // not run: its pc is where the frame stands, as for a trap
            // Nor has one that a signal has interrupted, where the handler is on the same stack.
            let injected = in_async_preempt(self.frame.pc) || self.caller_exact;
            self.flags &= !UNWIND_TRAP;
            if injected {
                self.flags |= UNWIND_TRAP;
            }
            self.exact = injected;

            // :492
            self.innermost = false;
            self.frame = Stkframe {
                pc: self.frame.lr,
                lr: 0,
                sp: self.frame.fp,
                fp: 0,
                bp: self.frame.caller_bp,
                caller_bp: 0,
            };
            self.regs = self.caller;
            self.caller_exact = false;

            // :513
            self.resolve_internal(injected, false);
        }
    }

    /// The stack is walked to its end: checks that it was the end, unless errors are tolerated.
    ///
    /// # Safety
    /// As for [`init_at`](Self::init_at).
    ///
    /// Go: traceback.go:519 finishInternal
    #[doc(alias = "finishInternal")]
    unsafe fn finish_internal(&mut self) {
        // SAFETY: gp is type-stable.
        unsafe {
            // :520
            self.frame.pc = 0;
            // :562
            let gp = self.g;
            if self.flags & (UNWIND_PRINT_ERRORS | UNWIND_SILENT_ERRORS) == 0
                && self.frame.sp != (*gp).stktopsp
            {
                let (goid, sp, top, stk) = ((*gp).goid, self.frame.sp, (*gp).stktopsp, (*gp).stack);
                print!("runtime: g{goid}: frame.sp={sp:#x} top={top:#x}\n");
                print!("\tstack=[{:#x}-{:#x}\n", stk.lo, stk.hi);
                throw("traceback did not unwind completely");
            }
        }
    }

    /// Whether the frame is that of a function that has not run yet.
    pub(crate) fn fresh(&self) -> bool {
        self.exact && self.flags & UNWIND_TRAP == 0
    }

    /// Where a recorded panic says that it began.
    pub(crate) fn panic_location(&self) -> Option<(&str, u32)> {
        // SAFETY: a record outlives the walk.
        let r = unsafe { self.record.as_ref() }?;
        r.location.as_ref().map(|(f, l)| (f.as_str(), *l))
    }

    /// The pc to look names up with: inside the call, that is one less than a return address.
    ///
    /// Go: traceback.go:580 symPC
    #[doc(alias = "symPC")]
    pub fn sym_pc(&self) -> usize {
        // :581 registers saved behind a call, too, so the distinction is only for traps and
        // functions not begun
        if self.flags & UNWIND_TRAP == 0 && !self.exact {
            // :583
            return self.frame.pc - 1;
        }
        // :586
        self.frame.pc
    }
}

/// Whether `gp` is its M's signal stack and `sp` is not on it.
unsafe fn leaves_gsignal(gp: *mut G, sp: usize) -> bool {
    // SAFETY: gp and its M stay.
    unsafe {
        let mp = (*gp).m;
        let stk = (*gp).stack;
        !mp.is_null() && gp == (*mp).gsignal && !(stk.lo <= sp && sp < stk.hi)
    }
}

/// Fills `pc_buf` with return addresses from `u` on, leaving out the first `skip`; returns how
/// many.
///
/// Physical frames: calls that were inlined are told apart when the pcs are named, not here.
///
/// # Safety
/// As for [`Unwinder::init_at`].
///
/// Go: traceback.go:620 tracebackPCs
#[doc(alias = "tracebackPCs")]
pub unsafe fn traceback_pcs(u: &mut Unwinder, mut skip: usize, pc_buf: &mut [usize]) -> usize {
    // SAFETY: the caller's contract.
    unsafe {
        // :622
        let mut n = 0;
        while n < pc_buf.len() && u.valid() {
            // :625 (cgo and wrappers left out)
            if skip > 0 {
                skip -= 1;
            } else {
                // :641 a pc that stands for a call by being one more than an address inside it
                pc_buf[n] = u.sym_pc() + 1;
                n += 1;
            }
            u.next();
        }
        // :652
        n
    }
}

/// The return addresses of the caller's stack, innermost first, without the first `skip`.
///
/// Go: traceback.go:1092 callers
#[inline(always)]
pub fn callers(skip: usize, pcbuf: &mut [usize]) -> usize {
    // :1093 read where this is inlined, so the caller is frame 0
    let (pc, sp, bp) = getpcspbp();
    callers_at(pc, sp, bp, skip, pcbuf)
}

#[inline(never)]
fn callers_at(pc: usize, sp: usize, bp: usize, skip: usize, pcbuf: &mut [usize]) -> usize {
    // SAFETY: the frame at (pc, sp, bp) is our caller's, which waits; the walk is on a system
    // stack.
    unsafe {
        // :1095
        let gp = getg();
        if gp.is_null() {
            return 0;
        }
        // :1097
        systemstack(|| {
            let mut u = Unwinder::default();
            u.init_at(pc, sp, bp, gp, UNWIND_SILENT_ERRORS);
            traceback_pcs(&mut u, skip, pcbuf)
        })
    }
}

/// The return addresses of a stopped goroutine's stack.
///
/// # Safety
/// As for [`Unwinder::init`].
///
/// Go: traceback.go:1105 gcallers
pub unsafe fn gcallers(gp: *mut G, skip: usize, pcbuf: &mut [usize]) -> usize {
    // SAFETY: the caller's contract.
    unsafe {
        // :1106
        let mut u = Unwinder::default();
        u.init(gp, UNWIND_SILENT_ERRORS);
        traceback_pcs(&mut u, skip, pcbuf)
    }
}

/// Records the stack from (`pc`, `sp`, `bp`) on, frames of the current goroutine that are alive.
///
/// # Safety
/// On a goroutine (not on g0); the frame belongs to a caller.
pub unsafe fn record(pc: usize, sp: usize, bp: usize) -> Box<Backtrace> {
    let mut bt = Box::new(Backtrace {
        inner: Vec::with_capacity(KEEP),
        outer: Vec::with_capacity(KEEP),
        skipped: 0,
        doubt: Doubt::default(),
        location: None,
    });
    // SAFETY: the caller's contract; nothing is allocated on the system stack: the vectors have
    // their capacity.
    unsafe {
        let gp = getg();
        let b = &mut *bt;
        systemstack(|| {
            let mut u = Unwinder::default();
            u.init_at(pc, sp, bp, gp, UNWIND_SILENT_ERRORS);
            let mut ring = 0;
            while u.valid() {
                if b.inner.len() < KEEP {
                    b.inner.push(u.frame);
                } else if b.outer.len() < KEEP {
                    b.outer.push(u.frame);
                } else {
                    b.outer[ring] = u.frame;
                    ring = (ring + 1) % KEEP;
                    b.skipped += 1;
                }
                u.next();
            }
            b.doubt = u.doubt;
            b.outer.rotate_left(ring);
        });
    }
    bt
}
