//! Faults and signals without a scheduler: the child process has one M, made by hand, and one
//! goroutine on a native stack.

use gort_asm::{goexit_pc, gogo, setg};
use gort_runtime2::linkname::initsig;
use gort_runtime2::{G, GRUNNING, M, P, PRUNNING, Stack};
use gort_signal::{minit_signals, sigblock, sigsave};
use gort_stack::{fixed_stack, stackalloc, stackinit};
use gort_sysmon as _;
use std::ffi::c_void;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

// The calls upward of crates that this test does not link. Weak: if they are linked after all,
// theirs count.
macro_rules! weak {
    ($($name:literal)*) => { $(
        std::arch::global_asm!(
            concat!(".weak \"gort.", $name, "\""),
            concat!("\"gort.", $name, "\": ud2"),
        );
    )* };
}
weak! { "timers_check" "timers_take" "timers_wake_time" "time_sleep_until" "netpollinited" "netpoll"
"netpoll_any_waiters" "netpoll_break" "netpoll_adjust_waiters" "netpoll_generic_init"
"semacquire" "semrelease1" "gcenable" "main_main" "run_exit_hooks" "timerchandrain" "deadlockgraph" }

fn child(mode: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "reports", "--nocapture", "--test-threads=1"])
        .env("GORT_SIGNAL_CHILD", mode)
        .output()
        .unwrap()
}

/// Makes this thread an M and continues at `f` on a goroutine. Does not come back.
fn run_goroutine(f: unsafe extern "C" fn(*mut c_void) -> !, arg: *mut c_void) -> ! {
    // SAFETY: everything is new and leaked; the thread never returns from here.
    unsafe {
        let (mp, g0, gs, gp, pp) = (
            Box::into_raw(Box::<M>::default()),
            Box::into_raw(Box::<G>::default()),
            Box::into_raw(Box::<G>::default()),
            Box::into_raw(Box::<G>::default()),
            Box::into_raw(Box::<P>::default()),
        );
        (*g0).m = mp;
        (*g0).stack = Stack { lo: 1, hi: usize::MAX };
        (*mp).g0 = g0;
        (*pp).status.set(PRUNNING);
        (*mp).p.set(pp);
        setg(g0);
        stackinit();
        (*gs).stack = stackalloc(fixed_stack() as u32);
        (*gs).m = mp;
        (*mp).gsignal = gs;
        (*gp).stack = stackalloc(fixed_stack() as u32);
        (*gp).m = mp;
        (*gp).goid = 7;
        (*gp).atomicstatus.store(GRUNNING);
        (*mp).curg.set(gp);
        sigsave(&raw mut (*mp).sigmask);
        sigblock(false);
        initsig(false);
        minit_signals();
        let sp = (*gp).stack.hi - 64;
        *((sp - 8) as *mut usize) = goexit_pc() + 1;
        (*gp).sched.sp = sp - 8;
        (*gp).sched.pc = f as *const () as usize;
        (*gp).sched.ctxt = arg;
        (*gp).sched.g.set(gp);
        gogo(&raw mut (*gp).sched)
    }
}

#[inline(never)]
fn recurse(n: u64) -> u64 {
    let a = std::hint::black_box([n; 32]);
    if n == u64::MAX { 0 } else { recurse(n + 1) + a[3] }
}

unsafe extern "C" fn overflow(_: *mut c_void) -> ! {
    println!("{}", recurse(0));
    std::process::exit(0)
}

unsafe extern "C" fn write_to(addr: *mut c_void) -> ! {
    // SAFETY: faults on purpose.
    unsafe { addr.cast::<u8>().write_volatile(1) };
    std::process::exit(0)
}

unsafe extern "C" fn divide(_: *mut c_void) -> ! {
    // SAFETY: faults on purpose.
    unsafe {
        std::arch::asm!("xor ecx, ecx", "div ecx", out("ecx") _, inout("eax") 1 => _, inout("edx") 0 => _)
    };
    std::process::exit(0)
}

unsafe extern "C" fn illegal(_: *mut c_void) -> ! {
    // SAFETY: faults on purpose.
    unsafe { std::arch::asm!("ud2") };
    std::process::exit(0)
}

unsafe extern "C" fn raise(sig: *mut c_void) -> ! {
    // SAFETY: sends a signal to this thread.
    unsafe { libc::raise(sig as i32) };
    println!("still here");
    std::process::exit(0)
}

/// A thread that the runtime does not know overflows its stack: std's report must still come.
unsafe extern "C" fn foreign(what: *mut c_void) -> ! {
    let what = what as usize;
    let t = std::thread::spawn(move || match what {
        0 => println!("{}", recurse(0)),
        // SAFETY: faults on purpose.
        1 => unsafe { std::ptr::without_provenance_mut::<u8>(16).write_volatile(1) },
        // SAFETY: sends a signal to this thread.
        _ => unsafe {
            libc::raise(what as i32);
        },
    });
    let _ = t.join();
    println!("still here");
    std::process::exit(0)
}

#[test]
fn reports() {
    let arg = |n: usize| std::ptr::without_provenance_mut::<c_void>(n);
    if let Ok(mode) = std::env::var("GORT_SIGNAL_CHILD") {
        match mode.as_str() {
            "overflow" => run_goroutine(overflow, arg(0)),
            "nil" => run_goroutine(write_to, arg(8)),
            "wild" => run_goroutine(write_to, arg(0x123456789000)),
            "divide" => run_goroutine(divide, arg(0)),
            "illegal" => run_goroutine(illegal, arg(0)),
            "quit" => run_goroutine(raise, arg(libc::SIGQUIT as usize)),
            "pipe" => run_goroutine(raise, arg(libc::SIGPIPE as usize)),
            "urg" => run_goroutine(raise, arg(libc::SIGURG as usize)),
            "term" => run_goroutine(raise, arg(libc::SIGTERM as usize)),
            "foreign overflow" => run_goroutine(foreign, arg(0)),
            "foreign nil" => run_goroutine(foreign, arg(1)),
            "foreign abort" => run_goroutine(foreign, arg(libc::SIGABRT as usize)),
            "foreign urg" => run_goroutine(foreign, arg(libc::SIGURG as usize)),
            _ => unreachable!(),
        }
    }
    /// What the child must do: exit code or signal, and say on standard error.
    struct Want(&'static str, Result<i32, i32>, &'static [&'static str]);
    let panic_nil: &[&str] = &[
        "panic: runtime error: invalid memory address or nil pointer dereference\n",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x",
        "\ngoroutine 7 gp=0x",
    ];
    for Want(mode, status, texts) in [
        Want(
            "overflow",
            Ok(2),
            &[
                "runtime: goroutine stack exceeds 262144-byte limit\nruntime: sp=0x",
                "fatal error: stack overflow\n\nruntime stack:\n",
                "\ngoroutine 7 gp=0x",
                " [running]:\n",
                "recurse",
            ],
        ),
        Want("nil", Ok(2), panic_nil),
        Want(
            "wild",
            Ok(2),
            &[
                "unexpected fault address 0x123456789000\nfatal error: fault\n[signal SIGSEGV",
                // Go's throw on a goroutine shows no runtime stack.
                "]\n\ngoroutine 7 gp=0x",
            ],
        ),
        Want(
            "divide",
            Ok(2),
            &[
                "panic: runtime error: integer divide by zero\n[signal SIGFPE: floating-point exception",
            ],
        ),
        Want(
            "illegal",
            Ok(2),
            &["SIGILL: illegal instruction\nPC=0x", "instruction bytes: 0xf 0xb", "\nrip    0x"],
        ),
        Want(
            "quit",
            Ok(2),
            &["SIGQUIT: quit\nPC=0x", " m=0 sigcode=", "goroutine 7 gp=0x", "rax    0x"],
        ),
        Want("pipe", Ok(0), &[]),
        Want("urg", Ok(0), &[]),
        Want("term", Err(libc::SIGTERM), &[]),
        Want("foreign overflow", Err(libc::SIGABRT), &["has overflowed its stack"]),
        Want("foreign nil", Err(libc::SIGSEGV), &[]),
        Want("foreign abort", Err(libc::SIGABRT), &[]),
        Want("foreign urg", Ok(0), &[]),
    ] {
        let out = child(mode);
        let err = String::from_utf8_lossy(&out.stderr);
        let got = out.status.code().ok_or_else(|| out.status.signal().unwrap_or(0));
        assert_eq!(got, status, "{mode}: {err}");
        for t in texts {
            assert!(err.contains(t), "{mode}: no {t:?} in: {err}");
        }
    }
}
