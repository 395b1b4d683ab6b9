//! Walks the frames of a stack that managed code has to itself, exactly: what moves such a stack
//! uses.
//!
//! The part of Go's traceback.go that its tables decide. Walks that print, cross to other stacks or
//! meet native frames are the crate `traceback`'s.

use crate::abi::*;
use crate::stkframe::Stkframe;
use crate::symtab::{findfunc, funcname, funcspdelta};
use gort_print::{Hex, print};
use gort_runtime2::linkname::throw;

/// The frames of a managed stack, innermost first. Whatever does not fit the tables ends the
/// program: a stack that is not understood must not be moved.
///
/// Go: traceback.go:95 unwinder
#[derive(Clone, Copy, Debug)]
pub struct Frames {
    /// The present frame; its pc is 0 when there is none.
    pub frame: Stkframe,
    callee: FuncID,
    goid: u64,
}

impl Frames {
    /// At the innermost frame of the stack whose goroutine (named in reports by `goid`) goes on at
    /// `pc` with `sp`.
    ///
    /// # Safety
    /// The stack from `sp` up is alive, and does not change during the walk but for words that the
    /// tables call pointers.
    ///
    /// Go: traceback.go:132 initAt
    pub unsafe fn new(pc: usize, sp: usize, goid: u64) -> Self {
        // :167
        let mut frame = Stkframe { pc, sp, ..Stkframe::default() };
        // :176 (a call of a nil function is left out: it faults in its caller's frame)
        // :200
        let f = findfunc(pc);
        if !f.valid() {
            // :202
            print!("runtime: g {goid}: unknown pc {}\n", Hex(pc));
            throw("unknown pc");
        }
        // :212
        frame.f = f;
        // :215
        let mut u = Self { frame, callee: FuncID::NORMAL, goid };
        // SAFETY: the caller's contract.
        unsafe { u.resolve_internal(true) };
        u
    }

    /// Whether there is a frame.
    ///
    /// Go: traceback.go:227 valid
    pub fn valid(&self) -> bool {
        // :228
        self.frame.pc != 0
    }

    /// Completes the frame from its function, pc and sp.
    ///
    /// # Safety
    /// As for [`new`](Self::new).
    ///
    /// Go: traceback.go:252 resolveInternal
    #[doc(alias = "resolveInternal")]
    unsafe fn resolve_internal(&mut self, innermost: bool) {
        let frame = &mut self.frame;
        // :256 (a function without frame information is refused when its module is registered)
        let f = frame.f;
        // :265 (no cgocallback; a system call's pc is a managed one)
        let flag = f.flag;
        // :282 (no jumps between stacks: one stack is walked)
        // :326
        frame.fp = frame.sp.wrapping_add(funcspdelta(f, frame.pc) as usize);
        // :329 the return address
        frame.fp = frame.fp.wrapping_add(8);

        // :334
        if flag & FUNC_FLAG_TOP_FRAME != 0 {
            // :336 the walk is complete
            frame.lr = 0;
        } else if flag & FUNC_FLAG_SP_WRITE != 0 && !innermost {
            // :362
            print!("traceback: unexpected SPWRITE function {}\n", funcname(f));
            throw("traceback");
        } else {
            // :377
            // SAFETY: by the tables the return address is there; the caller's contract.
            frame.lr = unsafe { ((frame.fp - 8) as *const usize).read() };
        }

        // :383
        frame.varp = frame.fp - 8;
        // :404 a frame has a saved rbp at its top
        if frame.varp > frame.sp {
            frame.varp -= 8;
        }
        // :408
        frame.argp = frame.fp;

        // :420
        frame.continpc = frame.pc;
        if self.callee == FuncID::SIGPANIC {
            // :422 it goes on in a deferred call's way out, or never
            frame.continpc =
                if f.deferreturn != 0 { f.entry() + f.deferreturn as usize + 1 } else { 0 };
        }
    }

    /// Goes to the caller's frame.
    ///
    /// # Safety
    /// As for [`new`](Self::new).
    ///
    /// Go: traceback.go:440 next
    #[allow(clippy::should_implement_trait, reason = "as in Go")]
    pub unsafe fn next(&mut self) {
        let frame = &mut self.frame;
        let f = frame.f;
        // :446
        if frame.lr == 0 {
            frame.pc = 0;
            return;
        }
        // :450
        let flr = findfunc(frame.lr);
        if !flr.valid() {
            // :464
            let (goid, name, lr) = (self.goid, funcname(f), Hex(frame.lr));
            print!("runtime: g {goid}: unexpected return pc for {name} called from {lr}\n");
            // :467
            throw("unknown caller pc");
        }
        // :475
        if frame.pc == frame.lr && frame.sp == frame.fp {
            print!("runtime: traceback stuck. pc={} sp={}\n", Hex(frame.pc), Hex(frame.sp));
            throw("traceback stuck");
        }
        // :491
        self.callee = f.func_id;
        *frame = Stkframe { f: flr, pc: frame.lr, sp: frame.fp, ..Stkframe::default() };
        // :509
        // SAFETY: the caller's contract.
        unsafe { self.resolve_internal(false) };
    }
}
