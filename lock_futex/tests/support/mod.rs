//! A runtime for tests of the lowest crates: threads with an M and a g0 of their own, and the
//! upward calls that the linker wants. Included by path from other crates' tests.
#![allow(dead_code)]

use gort_asm::{getg, setg};
use gort_runtime2::{G, M};
use std::ptr::null_mut;

/// Gives the current thread an M whose g0 is the current goroutine, runs `f`, and takes them away.
pub fn with_m<R>(f: impl FnOnce(*mut M) -> R) -> R {
    assert!(getg().is_null());
    let mp = Box::into_raw(Box::<M>::default());
    let gp = Box::into_raw(Box::<G>::default());
    // SAFETY: both are new and leaked, as the runtime's are.
    unsafe {
        (*gp).m = mp;
        (*mp).g0 = gp;
        (*mp).procid.set(1000);
        (*mp).cheaprand = mp as u64;
        setg(gp);
    }
    let r = f(mp);
    // SAFETY: the thread is a foreign one again.
    unsafe { setg(null_mut()) };
    r
}

#[unsafe(export_name = "gort.throw")]
fn throw(s: &str) -> ! {
    eprintln!("fatal error: {s}");
    std::process::exit(2)
}
#[unsafe(export_name = "gort.fatal")]
fn fatal(s: &str) -> ! {
    throw(s)
}

macro_rules! unreachable_c {
    ($($n:literal $f:ident)*) => { $(
        #[unsafe(export_name = $n)]
        extern "C" fn $f() -> ! { throw($n) }
    )* };
}
unreachable_c!("gort.goexit1" goexit1 "gort.badmcall" badmcall "gort.badmcall2" badmcall2
    "gort.badsystemstack" badsystemstack "gort.entersyscallblock" entersyscallblock
    "gort.exitsyscall" exitsyscall "gort.mstart0" mstart0
    "gort.newsegment" newsegment "gort.oldsegment" oldsegment);
