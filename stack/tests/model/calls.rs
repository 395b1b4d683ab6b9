//! The calls upward of the paths that are tested without a scheduler; threads that are Ms; child
//! processes.

use gort_asm::setg;
use gort_runtime2::{G, M, P, Stack};
use gort_stack::*;
use std::process::Command;
use std::sync::Once;

macro_rules! unreachable_calls {
    ($($name:literal $f:ident ( $($t:ty),* ) $(-> $r:ty)?;)*) => { $(
        #[unsafe(export_name = $name)]
        fn $f($(_: $t),*) $(-> $r)? { unreachable!($name) }
    )* };
}
unreachable_calls! {
    "gort.gopreempt_m" gopreempt_m(*mut G) -> !;
    "gort.preempt_park" preempt_park(*mut G) -> !;
    "gort.can_preempt_m" can_preempt_m(*mut M) -> bool;
    "gort.entersyscallblock" entersyscallblock();
    "gort.exitsyscall" exitsyscall();
    "gort.mstart0" mstart0();
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

macro_rules! asm_calls {
    ($($name:literal $f:ident;)*) => { $(
        #[unsafe(export_name = $name)]
        extern "C" fn $f() -> ! { std::process::abort() }
    )* };
}
asm_calls! {
    "gort.goexit1" goexit1;
    "gort.badmcall" badmcall;
    "gort.badmcall2" badmcall2;
    "gort.badsystemstack" badsystemstack;
}

/// A thread's M, g0 and P. Leaked, as in the runtime.
pub fn become_m() -> *mut P {
    static INIT: Once = Once::new();
    let (mp, g0, pp) = (
        Box::into_raw(Box::<M>::default()),
        Box::into_raw(Box::<G>::default()),
        Box::into_raw(Box::<P>::default()),
    );
    // SAFETY: all three are new; g0 gets the bounds of "anywhere", as only the identity counts
    // here.
    unsafe {
        (*g0).m = mp;
        (*mp).g0 = g0;
        (*g0).stack = Stack { lo: 1, hi: usize::MAX };
        (*mp).p.set(pp);
        setg(g0);
    }
    INIT.call_once(stackinit);
    pp
}

/// Runs this test binary's test `name` again with `GORT_STACK_CHILD` set.
pub fn child(name: &str, mode: &str) -> std::process::Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("GORT_STACK_CHILD", mode)
        .output()
        .unwrap()
}
