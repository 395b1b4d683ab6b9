//! Goroutines of managed code with channels, sleep and `go`, while their stacks move and shrink:
//! what they send and receive lies on those stacks.

#[path = "maker/mod.rs"]
mod maker;

use gort::managed::{self, stub};
use gort_tests::in_child;
use iced_x86::code_asm::*;
use maker::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Words of the frame: two numbers, what was passed, and the block of a step below.
const X: i32 = -8;
const Y: i32 = -16;
const ARGS: [i32; 3] = [-24, -32, -40];
const FRAME: i32 = 48 + 80;

/// Stores the arguments in the frame.
fn arguments(a: &mut CodeAssembler) {
    for (r, at) in [rax, rbx, rcx].into_iter().zip(ARGS) {
        a.mov(qword_ptr(rbp + at), r).unwrap();
    }
}

/// Calls a function for `gort_m_step`: p0 is the address of a word of the frame, s0 another's
/// contents. The stub moves the stack, if `moves`.
fn step(a: &mut CodeAssembler, calls: &mut Vec<CodeLabel>, f: &str, p0: i32, s0: i32, moves: bool) {
    a.mov(r12, stub(f).unwrap() as u64).unwrap();
    a.mov(qword_ptr(rsp), r12).unwrap();
    a.lea(r12, qword_ptr(rbp + p0)).unwrap();
    a.mov(qword_ptr(rsp + 16), r12).unwrap();
    a.xor(r12d, r12d).unwrap();
    for at in [8, 24, 32, 40] {
        a.mov(qword_ptr(rsp + at), r12).unwrap();
    }
    a.mov(r12, qword_ptr(rbp + s0)).unwrap();
    a.mov(qword_ptr(rsp + 48), r12).unwrap();
    if moves {
        a.mov(qword_ptr(r14 + 16), -275i32).unwrap();
    }
    out(a, calls, "gort_m_step", 0);
}

/// The program ends if the two are not the same.
fn same(a: &mut CodeAssembler, x: AsmRegister64, at: i32) {
    let mut good = a.create_label();
    a.cmp(x, qword_ptr(rbp + at)).unwrap();
    a.je(good).unwrap();
    a.ud2().unwrap();
    a.set_label(&mut good).unwrap();
    a.nop().unwrap();
}

/// `ping(c, d, n)`: n times sends a number, goes deep, and gets it back, one larger. `pong(c, d,
/// n)` is the other side. `deep(_, _, n)` only goes down.
fn pingpong(moves: bool) -> (usize, usize) {
    let mut m = Maker::new(FRAME);
    let [mut ping, mut pong, mut deep] = [(); 3].map(|()| m.a.create_label());
    let to = deep;
    m.function("main.ping", &mut ping, |a, calls| {
        let (mut again, mut end) = (a.create_label(), a.create_label());
        arguments(a);
        a.set_label(&mut again).unwrap();
        // With a large stack that is hardly used: here who shrinks stacks has something to do.
        out(a, calls, "gort_m_mcall", stub("gort_m_gosched").unwrap());
        a.mov(rcx, qword_ptr(rbp + ARGS[2])).unwrap();
        a.test(rcx, rcx).unwrap();
        a.je(end).unwrap();
        a.mov(qword_ptr(rbp + X), rcx).unwrap();
        step(a, calls, "gort_m_chansend1", X, ARGS[0], moves);
        // Sometimes deep: what is on the way must find the stack where it is then.
        a.mov(rcx, qword_ptr(rbp + ARGS[2])).unwrap();
        a.and(rcx, 63).unwrap();
        call(a, calls, to);
        step(a, calls, "gort_m_chanrecv2", Y, ARGS[1], moves);
        a.mov(rcx, qword_ptr(rbp + X)).unwrap();
        a.inc(rcx).unwrap();
        same(a, rcx, Y);
        a.dec(qword_ptr(rbp + ARGS[2])).unwrap();
        a.jmp(again).unwrap();
        a.set_label(&mut end).unwrap();
        a.mov(eax, 17).unwrap();
    });
    m.function("main.pong", &mut pong, |a, calls| {
        let mut again = a.create_label();
        arguments(a);
        a.set_label(&mut again).unwrap();
        step(a, calls, "gort_m_chanrecv2", X, ARGS[0], moves);
        a.inc(qword_ptr(rbp + X)).unwrap();
        step(a, calls, "gort_m_chansend1", X, ARGS[1], moves);
        a.dec(qword_ptr(rbp + ARGS[2])).unwrap();
        a.jne(again).unwrap();
    });
    m.function("main.deep", &mut deep, |a, calls| {
        let mut end = a.create_label();
        arguments(a);
        a.test(rcx, rcx).unwrap();
        a.je(end).unwrap();
        a.dec(rcx).unwrap();
        call(a, calls, to);
        a.set_label(&mut end).unwrap();
        a.nop().unwrap();
    });
    let at = m.finish_all("pingpong");
    (at[0], at[1])
}

/// Elements lie on both stacks, which are shrunk and moved all the time.
fn values_find_their_way(moves: bool, buffer: isize) {
    static SHRUNK: AtomicU64 = AtomicU64::new(0);
    static ON_MOVE: managed::OnMove = |m| {
        let smaller = m.new.hi - m.new.lo < m.old.hi - m.old.lo;
        SHRUNK.fetch_add(u64::from(smaller), Ordering::Relaxed);
    };
    // SAFETY: it counts.
    unsafe { managed::set_on_move(Some(&ON_MOVE)) };
    let (ping, pong) = pingpong(moves);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    gort::go(move || {
        while !stopped.load(Ordering::Relaxed) {
            managed::shrink_stacks();
            gort::runtime::gosched();
        }
    });
    // SAFETY: channels of words, for these two functions.
    unsafe {
        let word = gort_runtime2::ElemType { size: 8, align: 8 };
        let (c, d) = (gort_chan::makechan(word, buffer), gort_chan::makechan(word, buffer));
        let args = [c.addr() as u64, d.addr() as u64, 3000];
        // Until the other goroutine has had its chance.
        loop {
            managed::start(pong, &args);
            assert_eq!(managed::call(ping, &args)[0], 17);
            if SHRUNK.load(Ordering::Relaxed) > 0 {
                break;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    println!("shrunk");
}

macro_rules! values {
    ($($name:ident: $procs:literal, $debug:literal, $moves:literal, $buffer:literal;)*) => { $(
        #[test]
        fn $name() {
            let out = in_child!(.procs($procs).env("GORTSTACKDEBUG", $debug), || {
                values_find_their_way($moves, $buffer)
            });
            out.ok().stdout_is("shrunk\n");
        }
    )* };
}
values! {
    one_processor: 1, "0,poison,nocache", false, 0;
    two_processors: 2, "0,poison,nocache", false, 0;
    eight_processors: 8, "0,poison,nocache", false, 0;
    with_buffers: 8, "0,poison", false, 1;
    moved_at_each_operation: 2, "0,fault", true, 0;
    moved_at_each_operation_of_eight: 8, "0,poison,nocache", true, 0;
}

/// `parent(n)` starts n goroutines, each of which sleeps, gives way and sends its number; it adds
/// them up.
#[test]
fn go_sleep_and_yield() {
    let out = in_child!(.procs(4).env("GORTSTACKDEBUG", "0,poison"), || {
        let mut m = Maker::new(FRAME);
        let [mut parent, mut child] = [(); 2].map(|()| m.a.create_label());
        let to = child;
        m.function("main.parent", &mut parent, |a, calls| {
            let [mut again, mut sum] = [(); 2].map(|()| a.create_label());
            arguments(a);
            a.mov(edi, 8).unwrap();
            a.mov(esi, 8).unwrap();
            a.xor(edx, edx).unwrap();
            out(a, calls, "gort_m_leaf", stub("gort_m_makechan").unwrap());
            a.mov(qword_ptr(rbp + ARGS[1]), rax).unwrap();
            a.mov(rcx, qword_ptr(rbp + ARGS[0])).unwrap();
            a.mov(qword_ptr(rbp + ARGS[2]), rcx).unwrap();
            a.set_label(&mut again).unwrap();
            // The child's two arguments are on the stack: its number and the channel.
            a.mov(rcx, qword_ptr(rbp + ARGS[2])).unwrap();
            a.mov(qword_ptr(rsp), rcx).unwrap();
            a.mov(rcx, qword_ptr(rbp + ARGS[1])).unwrap();
            a.mov(qword_ptr(rsp + 8), rcx).unwrap();
            a.lea(rdi, qword_ptr(to)).unwrap();
            a.mov(rsi, rsp).unwrap();
            a.mov(edx, 16).unwrap();
            a.xor(ecx, ecx).unwrap();
            out(a, calls, "gort_m_leaf", stub("gort_m_go").unwrap());
            a.dec(qword_ptr(rbp + ARGS[2])).unwrap();
            a.jne(again).unwrap();
            a.mov(qword_ptr(rbp + Y), 0i32).unwrap();
            a.set_label(&mut sum).unwrap();
            step(a, calls, "gort_m_chanrecv2", X, ARGS[1], false);
            a.mov(rcx, qword_ptr(rbp + X)).unwrap();
            a.add(qword_ptr(rbp + Y), rcx).unwrap();
            a.dec(qword_ptr(rbp + ARGS[0])).unwrap();
            a.jne(sum).unwrap();
            a.mov(rax, qword_ptr(rbp + Y)).unwrap();
        });
        m.function("main.child", &mut child, |a, calls| {
            a.mov(rax, qword_ptr(rbp + 16)).unwrap();
            a.mov(rbx, qword_ptr(rbp + 24)).unwrap();
            arguments(a);
            a.mov(qword_ptr(rbp + Y), 100_000i32).unwrap();
            step(a, calls, "gort_m_sleep", X, Y, true);
            out(a, calls, "gort_m_mcall", stub("gort_m_gosched").unwrap());
            step(a, calls, "gort_m_chansend1", ARGS[0], ARGS[1], true);
        });
        // SAFETY: for this function.
        let sum = unsafe { managed::call(m.finish("family"), &[1000])[0] };
        println!("{sum}");
        while gort::runtime::num_goroutine() > 1 {
            gort::runtime::gosched();
        }
    });
    out.ok().stdout_is("500500\n");
}

/// All asleep, with Go's report, and the managed frames in it.
#[test]
fn deadlock() {
    let out = in_child!(|| {
        let mut m = Maker::new(FRAME);
        let mut main = m.a.create_label();
        m.function("main.main", &mut main, |a, calls| {
            arguments(a);
            step(a, calls, "gort_m_chanrecv2", X, ARGS[0], false);
        });
        // SAFETY: for this function; the channel is nil.
        unsafe { managed::call(m.finish("stuck"), &[0]) };
    });
    out.exited(2)
        .stderr_has("fatal error: all goroutines are asleep - deadlock!\n")
        .stderr_has("[chan receive (nil chan)]:\nmain.main(...)\n\tstuck.x:10 +0x");
}

/// Go's panic, which nobody can recover yet.
#[test]
fn send_on_closed_channel() {
    let out = in_child!(|| {
        let mut m = Maker::new(FRAME);
        let mut main = m.a.create_label();
        m.function("main.main", &mut main, |a, calls| {
            arguments(a);
            step(a, calls, "gort_m_chansend1", X, ARGS[0], false);
        });
        // SAFETY: for this function.
        unsafe {
            let c = gort_chan::makechan(gort_runtime2::ElemType { size: 8, align: 8 }, 0);
            gort_chan::closechan(c);
            managed::call(m.finish("closed"), &[c.addr() as u64]);
        }
    });
    out.exited(2)
        .stderr_has("panic: send on closed channel\n\ngoroutine ")
        .stderr_has("[running]:\nmain.main(...)\n\tclosed.x:10 +0x");
}
