//! What the runtime says of managed code: the limit of a stack, tracebacks, bad calls; and what it
//! refuses.

#[path = "maker/mod.rs"]
mod maker;

use gort::managed::{self, stub};
use gort_tests::in_child;
use iced_x86::code_asm::*;
use maker::*;

/// `deep` calls itself for ever.
fn endless() -> usize {
    let mut m = Maker::new(32);
    let mut deep = m.a.create_label();
    let to = deep;
    m.function("main.deep", &mut deep, |a, calls| call(a, calls, to));
    m.finish("endless")
}

/// Go's report, at Go's limit.
#[test]
fn overflow_at_the_limit() {
    let out = in_child!(|| {
        gort_stack::MAXSTACKSIZE.set(1 << 20);
        // SAFETY: a managed function.
        unsafe { managed::call(endless(), &[]) };
    });
    out.exited(2)
        .stderr_has("runtime: goroutine stack exceeds 1048576-byte limit\n")
        .stderr_has("runtime: sp=0x")
        .stderr_has("fatal error: stack overflow\n\nruntime stack:\n")
        .stderr_has("[running]:\nmain.deep(...)\n\tendless.x:")
        .stderr_has("frames elided...\n");
}

/// A goroutine that gives way and one that faults are shown with their names and lines.
#[test]
fn names_and_lines() {
    let out = in_child!(|| {
        let mut m = Maker::new(32);
        let (mut top, mut mid, mut low) =
            (m.a.create_label(), m.a.create_label(), m.a.create_label());
        let (tm, tl) = (mid, low);
        m.function("main.top", &mut top, |a, c| call(a, c, tm));
        m.function("main.mid", &mut mid, |a, c| {
            out(a, c, "gort_m_mcall", stub("gort_m_gosched").unwrap());
            call(a, c, tl);
        });
        m.function("main.low", &mut low, |a, _| {
            a.xor(eax, eax).unwrap();
            a.mov(rax, qword_ptr(rax)).unwrap();
        });
        // SAFETY: a managed function.
        unsafe { managed::call(m.finish("names"), &[]) };
    });
    out.exited(2)
        .stderr_has(
            "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV",
        )
        .stderr_has("[running]:\nmain.low(...)\n\tnames.x:30 +0x")
        .stderr_has("main.mid(...)\n\tnames.x:21 +0x")
        .stderr_has("main.top(...)\n\tnames.x:10 +0x")
        .stderr_has("created by ");
}

/// A leaf that fails is reported with the managed frames that called it.
#[test]
fn fatal_in_a_leaf() {
    extern "C" fn leaf() {
        gort_runtime2::linkname::throw("the leaf has failed");
    }
    let out = in_child!(|| {
        let mut m = Maker::new(32);
        let mut top = m.a.create_label();
        m.function("main.top", &mut top, |a, c| {
            out(a, c, "gort_m_leaf", leaf as *const () as usize)
        });
        // SAFETY: a managed function.
        unsafe { managed::call(m.finish("failing"), &[]) };
    });
    out.exited(2)
        .stderr_has("fatal error: the leaf has failed\n")
        .stderr_has("main.top(...)\n\tfailing.x:10 +0x");
}

/// Native code gets no stack that moves.
#[test]
fn native_code_is_refused() {
    let out = in_child!(|| gort::go_on(gort::StackKind::Copying, || ()));
    out.exited(2).stderr_has(
        "fatal error: gort: a stack that moves is for managed code: see gort::managed\n",
    );
}
