//! Walking a stack quickly, for the tracer: pcs only, with what each place's row says kept by the M
//! that walks.
//!
//! What [`crate::unwinder`] does for reports (all registers, other stacks, doubts) takes a lock for
//! each frame, and the loader's for each walk. Here a frame whose row is known is three words in a
//! table of the M's own and two reads of the stack. Rows that need more than sp and the frame
//! pointer, and those that are not known yet, are looked for as reports do, but without asking the
//! loader: [`renew_walks`] does that.

use crate::cfi::{LOST, Regs, SAME};
use crate::modules::{plain_row, read_word, refreshed, renew, step, unguarded};
use core::sync::atomic::Ordering;
use gort_asm::{getg, goexit_pc, in_async_preempt, morestack_frame, switches_stack};
use gort_runtime2::G;

/// What to do at a place.
#[derive(Clone, Copy)]
#[repr(C)]
struct Row {
    at: usize,
    /// From the stack pointer or the frame pointer to the caller's stack pointer.
    cfa: i32,
    /// Where the frame pointer is, from there; or `SAME`, `LOST`.
    bp: i32,
    /// Where the return address is.
    ra: i32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Kind {
    None,
    /// `cfa` counts from the stack pointer.
    Sp,
    /// From the frame pointer.
    Bp,
    /// The stack ends here.
    Root,
    /// As reports do it.
    Slow,
}

const ROWS: usize = 1024;

/// The rows of an M.
struct Rows {
    /// [`refreshed`] when they were looked up.
    modules: u32,
    /// They are being read or changed: a signal handler keeps away.
    busy: u32,
    rows: [Row; ROWS],
}

/// Brings the tables of modules up to date, for walks that do not.
pub fn renew_walks() {
    // What reads them needs more than small goroutines have.
    crate::symtab::with_room(renew);
}

/// This M's rows, marked as in use; nil if there is no memory.
unsafe fn rows() -> *mut Rows {
    // SAFETY: the M's own field; fresh memory is all zeroes, which are rows of the kind `None`.
    unsafe {
        let mp = (*getg()).m;
        let mut r: *mut Rows = (*mp).walk_rows.cast();
        if r.is_null() {
            let p = libc::mmap(
                core::ptr::null_mut(),
                size_of::<Rows>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            if p == libc::MAP_FAILED {
                return core::ptr::null_mut();
            }
            r = p.cast();
            (*mp).walk_rows = p;
        }
        (&raw mut (*r).busy).write_volatile(1);
        core::sync::atomic::compiler_fence(Ordering::SeqCst);
        // Acquire: what the number counts has been done.
        let now = refreshed().load(Ordering::Acquire);
        if (*r).modules != now {
            (*r).modules = now;
            (&raw mut (*r).rows).write_bytes(0, 1);
        }
        r
    }
}

/// Stores the return addresses of `gp`'s stack at `pcs`, innermost first, `max` at most; returns
/// how many. From (`pc`, `sp`, `bp`) on, or, with all ones for pc and sp, from where `gp` has saved
/// itself. The root that all goroutines have is left out.
///
/// # Safety
/// On a system stack of an M whose thread this is; the frame is alive, or `gp` is stopped. There is
/// room for `max`.
#[unsafe(export_name = "gort.trace_callers")]
pub unsafe fn walk(
    gp: *mut G,
    pc: usize,
    sp: usize,
    bp: usize,
    pcs: *mut usize,
    max: usize,
) -> usize {
    // SAFETY: the caller's contract.
    unsafe {
        let rows = rows();
        let n = walk_with(rows, gp, (pc, sp, bp), false, pcs, max);
        if !rows.is_null() {
            // What was written before has been written.
            core::sync::atomic::compiler_fence(Ordering::SeqCst);
            (&raw mut (*rows).busy).write_volatile(0);
        }
        n
    }
}

/// [`walk`] in a signal handler. `trapped`: (`pc`, `sp`, `bp`) is what was interrupted. If that was
/// such a walk, places are looked for as reports do; the stack ends early if that cannot be done,
/// as somebody else is at it.
///
/// # Safety
/// On gsignal of this thread's M; as [`walk`] else.
pub unsafe fn walk_in_handler(
    gp: *mut G,
    pc: usize,
    sp: usize,
    bp: usize,
    trapped: bool,
    pcs: *mut usize,
    max: usize,
) -> usize {
    // SAFETY: the caller's contract. What is interrupted does not go on before this is over.
    unsafe {
        let old: *mut Rows = (*(*getg()).m).walk_rows.cast();
        let free = old.is_null() || (&raw const (*old).busy).read_volatile() == 0;
        let rows = if free { rows() } else { core::ptr::null_mut() };
        let n = walk_with(rows, gp, (pc, sp, bp), trapped, pcs, max);
        if !rows.is_null() {
            // What was written before has been written.
            core::sync::atomic::compiler_fence(Ordering::SeqCst);
            (&raw mut (*rows).busy).write_volatile(0);
        }
        n
    }
}

/// The walk, with these rows, or none.
unsafe fn walk_with(
    rows: *mut Rows,
    gp: *mut G,
    (mut pc, mut sp, mut bp): (usize, usize, usize),
    trapped: bool,
    pcs: *mut usize,
    max: usize,
) -> usize {
    // SAFETY: the stack is read within its bounds.
    unsafe {
        // Of a goroutine that has not started the first pc is its function's entry.
        let mut exact = true;
        let mut fresh = false;
        if pc == usize::MAX && sp == usize::MAX {
            if (*gp).syscallsp != 0 {
                (pc, sp, bp) = ((*gp).syscallpc, (*gp).syscallsp, (*gp).syscallbp);
            } else {
                (pc, sp, bp) = ((*gp).sched.pc, (*gp).sched.sp, (*gp).sched.bp);
                fresh = !(*gp).sched.ctxt.is_null() || pc == (*gp).startpc;
            }
        }
        let stk = (*gp).stack;
        let direct = unguarded(stk);
        let read = |a: usize| {
            if a >= direct.start && a < direct.end && a.is_multiple_of(8) {
                Some((a as *const usize).read_volatile())
            } else {
                read_word(a, stk)
            }
        };
        let root = goexit_pc();
        let mut n = 0;
        let mut trap = fresh || trapped;
        while n < max && pc != 0 && pc != root && pc != root + 1 {
            *pcs.add(n) = if trap { pc + 1 } else { pc };
            n += 1;
            if fresh {
                break;
            }
            let at = if exact { pc } else { pc - 1 };
            let mut row = Row { at, cfa: 0, bp: 0, ra: 0, kind: Kind::None };
            if !rows.is_null() {
                let slot = &raw mut (*rows).rows[(at ^ at >> 10) % ROWS];
                if (*slot).at != at || (*slot).kind == Kind::None {
                    *slot = find(at, pc);
                }
                row = *slot;
            }
            let interrupted = in_async_preempt(pc);
            let (up_pc, up_sp, up_bp, up_exact) = match row.kind {
                Kind::Root => break,
                Kind::Sp | Kind::Bp => {
                    let base = if row.kind == Kind::Sp { sp } else { bp };
                    let cfa = base.wrapping_add_signed(row.cfa as isize);
                    let Some(ra) = read(cfa.wrapping_add_signed(row.ra as isize)) else { break };
                    let up = match row.bp {
                        SAME => bp,
                        LOST => 0,
                        o => read(cfa.wrapping_add_signed(o as isize)).unwrap_or(0),
                    };
                    if cfa < sp || cfa == sp && !exact {
                        break;
                    }
                    (ra, cfa, up, false)
                }
                Kind::Slow | Kind::None => match step(&Regs::new(pc, sp, bp), exact, stk) {
                    Ok(s) if !s.root => (s.regs.pc(), s.regs.sp(), s.regs.bp(), s.exact),
                    _ => break,
                },
            };
            trap = interrupted || up_exact;
            exact = trap;
            (pc, sp, bp) = (up_pc, up_sp, up_bp);
        }
        n
    }
}

/// Looks the place up.
#[cold]
fn find(at: usize, pc: usize) -> Row {
    let slow = Row { at, cfa: 0, bp: 0, ra: 0, kind: Kind::Slow };
    if morestack_frame(pc).is_some() || switches_stack(pc) {
        return slow;
    }
    let Some(r) = plain_row(at) else { return slow };
    if r.root {
        return Row { kind: Kind::Root, ..slow };
    }
    let kind = match r.cfa_register {
        7 => Kind::Sp,
        6 => Kind::Bp,
        _ => return slow,
    };
    if r.signal || r.pc == SAME || r.pc == LOST {
        return slow;
    }
    Row { at, cfa: r.cfa_offset, bp: r.bp, ra: r.pc, kind }
}
