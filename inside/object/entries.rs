//! The doors: what Go's assembly calls, in System V's convention. `inside/src/table.rs` has their other half.

use crate::*;
use core::sync::atomic::Ordering;

/// Two results, in rax and rdx.
#[repr(C)]
pub struct Two(usize, usize);

/// The first call, at the head of schedinit, by the only thread. `magic` is where g usually is; `fields` are the offsets of
/// [`layout::FIELDS`] as Go's assembler has them. Returns the number of the first one that differs, or -1.
#[unsafe(no_mangle)]
unsafe extern "C" fn gort_init(magic: usize, fields: *const u32, _keep: *const usize) -> isize {
    // SAFETY: the word is somewhere below the thread pointer, in the program's own block of thread-locals; what is between the two is there.
    unsafe {
        let mut tls = 0isize;
        loop {
            tls -= 8;
            let v: usize;
            core::arch::asm!("mov {}, fs:[{}]", out(reg) v, in(reg) tls, options(readonly, nostack, preserves_flags));
            if v == magic {
                break;
            }
        }
        TLS.store(tls, Ordering::Relaxed);
        for (i, f) in layout::FIELDS.iter().enumerate() {
            if *fields.add(i) != f.2 {
                return i as isize;
            }
        }
        -1
    }
}

macro_rules! entries {
    ($($name:ident($($a:ident: $t:ty),*) $(-> $r:ty)? $body:block)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($a: $t),*) $(-> $r)? {
            // SAFETY: Go calls as it calls the function that stood here.
            unsafe { $body }
        }
    )*};
}

entries! {
    gort_runqempty(pp: *mut P) -> bool { runqempty(pp) }
    gort_runqput(pp: *mut P, gp: *mut G, next: bool) { runqput(pp, gp, next) }
    gort_runqputslow(pp: *mut P, gp: *mut G, h: u32, t: u32) -> bool { runqputslow(pp, gp, h, t) }
    gort_runqputbatch(pp: *mut P, q: *mut GQueue, qsize: isize) { runqputbatch(pp, q, qsize) }
    gort_runqget(pp: *mut P) -> Two { let (gp, inherit) = runqget(pp); Two(gp as usize, inherit as usize) }
    gort_runqdrain(pp: *mut P, out: *mut [usize; 3]) {
        let (q, n) = runqdrain(pp);
        *out = [q.head.ptr() as usize, q.tail.ptr() as usize, n as usize];
    }
    gort_runqgrab(pp: *mut P, batch: *mut RunqArray, head: u32, next: bool) -> u32 { runqgrab(pp, batch, head, next) }
    gort_runqsteal(pp: *mut P, p2: *mut P, next: bool) -> *mut G { runqsteal(pp, p2, next) }
    gort_mput(mp: *mut M) { mput(mp) }
    gort_mget() -> *mut M { mget() }
    gort_globrunqput(gp: *mut G) { globrunqput(gp) }
    gort_globrunqputhead(gp: *mut G) { globrunqputhead(gp) }
    gort_globrunqputbatch(q: *mut GQueue, n: i32) { globrunqputbatch(q, n) }
    gort_globrunqget(pp: *mut P, max: i32) -> *mut G { globrunqget(pp, max) }
    gort_pidleput(pp: *mut P, now: i64) -> i64 { pidleput(pp, now) }
    gort_pidleget(now: i64) -> Two { let (pp, now) = pidleget(now); Two(pp as usize, now as usize) }
    gort_pidlegetSpinning(now: i64) -> Two { let (pp, now) = pidleget_spinning(now); Two(pp as usize, now as usize) }
}
