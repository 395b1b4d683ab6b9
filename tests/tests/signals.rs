//! Signals as values, and child processes.

use gort::signal::{self, Signal};
use gort::{chan, go, process, runtime, select, time};
use gort_proc::WaitReason;
use gort_tests::{in_child, in_plain_child, until_waiting};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

fn kill(s: Signal) {
    // SAFETY: a signal to this process.
    unsafe { libc::kill(libc::getpid(), s.0) };
}

#[test]
fn notify_gets_what_it_asked_for() {
    in_child!(|| {
        let c = signal::notify(&[Signal::USR1, Signal::INT]);
        kill(Signal::USR1);
        println!("{}", c.recv().unwrap());
        kill(Signal::INT);
        println!("{}", c.recv().unwrap());
    })
    .ok()
    .stdout_is("user defined signal 1\ninterrupt\n");
}

/// A channel that has asked for nothing that there is can be stopped. (In Go that never returns.)
#[test]
fn stop_what_was_never_notified() {
    in_child!(|| signal::stop(&signal::notify(&[Signal(1000)]))).ok();
}

/// Signal after signal, at 1, 2 and 8 Ps.
fn many() {
    let c = signal::notify(&[Signal::USR1, Signal::USR2]);
    for i in 0..200 {
        let s = if i % 2 == 0 { Signal::USR1 } else { Signal::USR2 };
        kill(s);
        assert_eq!(c.recv(), Some(s));
    }
}
#[test]
fn many_1() {
    in_child!(.procs(1), many).ok();
}
#[test]
fn many_2() {
    in_child!(.procs(2), many).ok();
}
#[test]
fn many_8() {
    in_child!(.procs(8), many).ok();
}

#[test]
fn two_channels_each_get_it() {
    in_child!(|| {
        let a = signal::notify(&[Signal::USR1]);
        let b = chan::<Signal>(1);
        signal::notify_to(&b, &[Signal::USR2]);
        signal::notify_to(&b, &[Signal::USR1]);
        kill(Signal::USR1);
        println!("{:?} {:?}", a.recv(), b.recv());
        signal::stop(&a);
        kill(Signal::USR1);
        println!("{:?} {:?}", b.recv(), a.try_recv().is_err());
    })
    .ok()
    .stdout_is("Some(user defined signal 1) Some(user defined signal 1)\nSome(user defined signal 1) true\n");
}

#[test]
fn without_notify_a_signal_does_what_it_always_does() {
    in_child!(|| {
        kill(Signal::TERM);
        time::sleep(Duration::from_secs(60));
    })
    .exited(128 + 15);
}

#[test]
fn reset_gives_the_default_back() {
    in_child!(|| {
        let c = signal::notify(&[Signal::TERM]);
        kill(Signal::TERM);
        println!("{}", c.recv().unwrap());
        signal::reset(&[Signal::TERM]);
        kill(Signal::TERM);
        time::sleep(Duration::from_secs(60));
    })
    .exited(128 + 15)
    .stdout_is("terminated\n");
}

#[test]
fn stop_gives_the_default_back() {
    in_child!(|| {
        // not HUP: whoever runs the tests may have them started with that one ignored
        let c = signal::notify(&[Signal::TERM]);
        signal::stop(&c);
        kill(Signal::TERM);
        time::sleep(Duration::from_secs(60));
    })
    .exited(128 + 15);
}

#[test]
fn a_handler_of_the_program_is_given_back() {
    static HITS: AtomicU64 = AtomicU64::new(0);
    extern "C" fn handler(_: i32) {
        HITS.fetch_add(1, SeqCst);
    }
    in_child!(|| {
        let h: extern "C" fn(i32) = handler;
        // SAFETY: the handler adds to an atomic.
        unsafe { libc::signal(libc::SIGUSR1, h as usize) };
        // whichever thread takes it
        let hits = |n| {
            while HITS.load(SeqCst) < n {
                time::sleep(Duration::from_millis(1));
            }
        };
        kill(Signal::USR1);
        hits(1);
        let c = signal::notify(&[Signal::USR1]);
        kill(Signal::USR1);
        c.recv();
        signal::stop(&c);
        kill(Signal::USR1);
        hits(2);
        println!("{}", HITS.load(SeqCst));
    })
    .ok()
    .stdout_is("2\n");
}

#[test]
fn ignore_and_ignored() {
    in_child!(|| {
        assert!(!signal::ignored(Signal::INT));
        signal::ignore(&[Signal::INT]);
        assert!(signal::ignored(Signal::INT));
        kill(Signal::INT);
        let c = signal::notify(&[Signal::INT]);
        assert!(!signal::ignored(Signal::INT));
        kill(Signal::INT);
        println!("{:?} {}", c.recv(), c.len());
    })
    .ok()
    .stdout_is("Some(interrupt) 0\n");
}

/// stop while signals rain: each is delivered before, or is not delivered; afterwards nothing
/// comes.
fn stop_races() {
    for _ in 0..200 {
        // another channel keeps the default action away
        let other = signal::notify(&[Signal::USR1]);
        let c = signal::notify(&[Signal::USR1]);
        let done = chan::<()>(0);
        let d = done.clone();
        go(move || {
            for _ in 0..5 {
                kill(Signal::USR1);
            }
            d.send(());
        });
        signal::stop(&c);
        let n = c.len();
        done.recv();
        assert!(other.recv().is_some());
        assert_eq!(c.len(), n);
        signal::ignore(&[Signal::USR1]);
    }
}
#[test]
fn stop_races_1() {
    in_child!(.procs(1), stop_races).ok();
}
#[test]
fn stop_races_2() {
    in_child!(.procs(2), stop_races).ok();
}
#[test]
fn stop_races_8() {
    in_child!(.procs(8), stop_races).ok();
}

/// On a thread that the runtime does not know.
#[test]
fn foreign_threads_pass_signals_on() {
    in_child!(.procs(2), || {
        let c = signal::notify(&[Signal::USR1]);
        for _ in 0..200 {
            std::thread::spawn(|| {
                // SAFETY: a signal to this thread.
                unsafe { libc::raise(libc::SIGUSR1) };
            })
            .join()
            .unwrap();
            assert_eq!(c.recv(), Some(Signal::USR1));
        }
    })
    .ok();
}

/// `kill -QUIT` shows the goroutines, whatever thread the kernel picks: here the process's first
/// one, which waits for the one that called `gort::run`.
#[test]
fn sigquit_on_a_thread_that_is_no_m() {
    for procs in [1, 4] {
        let o = in_child!(.procs(procs), || {
            go(|| _ = chan::<()>(0).recv());
            runtime::gosched();
            // SAFETY: the first thread of this process.
            unsafe { libc::syscall(libc::SYS_kill, libc::getpid(), libc::SIGQUIT) };
            time::sleep(Duration::from_secs(60));
        });
        o.exited(2)
            .stderr_has("SIGQUIT: quit\nPC=0x")
            .stderr_has("\ngoroutine 1 gp=0x") // it runs or sleeps by now
            .stderr_has("[chan receive]:\n");
    }
}

/// With all signals blocked in the thread that starts the runtime, and so in all others, the
/// program works, and gets the signals it asks for.
#[test]
fn all_signals_blocked() {
    let o = in_plain_child!(.procs(2), || {
        // SAFETY: the mask of this thread; those that the runtime makes inherit it.
        unsafe {
            let mut all = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, std::ptr::null_mut());
        }
        gort::run_main(|| {
            // Asked for, a signal gets through: the runtime keeps a thread that lets it in.
            let c = signal::notify(&[Signal::USR1]);
            for _ in 0..20 {
                kill(Signal::USR1);
                assert_eq!(c.recv(), Some(Signal::USR1));
            }
            // Goroutines and timers on several threads.
            let done = chan::<u64>(0);
            for i in 0..50 {
                let done = done.clone();
                go(move || {
                    time::sleep(Duration::from_micros(10 * i));
                    done.send(i);
                });
            }
            let sum: u64 = (0..50).map(|_| done.recv().unwrap()).sum();
            println!("{sum}");
        });
    });
    o.ok().stdout_is("1225\n");
}

/// A pipe that nobody reads is an error, not the end of the process; what was ignored before stays
/// ignored for children.
#[test]
fn sigpipe() {
    in_child!(.procs(2), || {
        let (r, w) = gort::net::pipe().unwrap();
        drop(r);
        use std::io::Write;
        assert_eq!((&w).write(b"x").unwrap_err().raw_os_error(), Some(libc::EPIPE));
        // On std's pipes as well, in a blocking section and on a thread of std's.
        let (r, mut w) = std::io::pipe().unwrap();
        drop(r);
        assert_eq!(gort::blocking(|| w.write(b"x")).unwrap_err().raw_os_error(), Some(libc::EPIPE));
        let e = gort::blocking(|| std::thread::spawn(move || w.write(b"x").unwrap_err()).join()).unwrap();
        assert_eq!(e.raw_os_error(), Some(libc::EPIPE));
        // Sent by kill: nothing happens. Asked for: it comes.
        kill(Signal::PIPE);
        let c = signal::notify(&[Signal::PIPE]);
        kill(Signal::PIPE);
        assert_eq!(c.recv(), Some(Signal::PIPE));
    })
    .ok();
}

/// Code of the program that forks without exec: the child lives with handlers of a runtime it does
/// not have. It must be able to exit, and to die of a signal, without disturbing its parent.
#[test]
fn fork_without_exec() {
    in_child!(.procs(2), || {
        let c = signal::notify(&[Signal::USR1]);
        for sig in [0, libc::SIGKILL, libc::SIGTERM, libc::SIGABRT] {
            let status = gort::blocking(|| {
                // SAFETY: the child calls nothing but the kernel.
                unsafe {
                    let pid = libc::fork();
                    if pid == 0 {
                        if sig != 0 {
                            libc::signal(sig, libc::SIG_DFL);
                            libc::syscall(libc::SYS_kill, libc::syscall(libc::SYS_getpid), sig);
                        }
                        libc::_exit(7);
                    }
                    let mut status = 0;
                    assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
                    status
                }
            });
            if sig == 0 {
                assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 7));
            } else {
                assert_eq!((libc::WIFSIGNALED(status), libc::WTERMSIG(status)), (true, sig));
            }
            kill(Signal::USR1);
            assert_eq!(c.recv(), Some(Signal::USR1));
        }
    })
    .ok();
}

/// A handler that was there before the runtime is called for faults on threads that are not Ms,
/// with the kernel's arguments, and for signals that the runtime does not want.
#[test]
fn handlers_from_before_are_called() {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    extern "C" fn usr2(_: i32) {
        SEEN.fetch_add(1, SeqCst);
    }
    extern "C" fn segv(sig: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the kernel's arguments.
        let addr = unsafe { (*info).si_addr() } as usize;
        // SAFETY: ends the process.
        unsafe { libc::_exit(if (sig, addr) == (libc::SIGSEGV, 16) { 33 } else { 34 }) }
    }
    let o = in_plain_child!(.procs(2), || {
        let (usr2, segv): (extern "C" fn(i32), extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void)) =
            (usr2, segv);
        // SAFETY: the handlers add to an atomic, and exit.
        unsafe {
            libc::signal(libc::SIGUSR2, usr2 as usize);
            let mut a: libc::sigaction = std::mem::zeroed();
            a.sa_sigaction = segv as usize;
            a.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(libc::SIGSEGV, &a, std::ptr::null_mut());
        }
        gort::run_main(|| {
            kill(Signal::USR2);
            while SEEN.load(SeqCst) < 1 {
                time::sleep(Duration::from_millis(1));
            }
            let t = std::thread::spawn(|| {
                // SAFETY: none: it is to fault.
                unsafe { std::ptr::without_provenance_mut::<u8>(16).write_volatile(1) };
            });
            let _ = gort::blocking(|| t.join());
        });
    });
    o.exited(33);
}

/// SIGURG is preemption's, and the program's too.
#[test]
fn sigurg_can_be_had() {
    in_child!(.procs(2), || {
        let c = signal::notify(&[Signal::URG]);
        kill(Signal::URG);
        println!("{:?}", c.recv());
    })
    .ok()
    .stdout_is("Some(urgent I/O condition)\n");
}

/// What package os of a Go program asks for when a write to standard output meets a closed pipe:
/// death, unless the program has a say in it.
#[test]
fn sigpipe_is_the_programs() {
    let die = || {
        // SAFETY: on a user goroutine.
        unsafe { gort_signal::os_sigpipe() };
        println!("alive");
    };
    in_child!(die).exited(128 + libc::SIGPIPE).stdout_is("");
    in_child!(move || {
        signal::ignore(&[Signal::PIPE]);
        die();
    })
    .ok()
    .stdout_is("alive\n");
    in_child!(move || {
        let c = signal::notify(&[Signal::PIPE]);
        die();
        println!("{}", c.recv().unwrap());
        signal::stop(&c);
        die();
    })
    .exited(128 + libc::SIGPIPE)
    .stdout_is("alive\nbroken pipe\n");
}

/// A signal ends a wait for something else.
#[test]
fn select_on_a_signal() {
    in_child!(.procs(1), || {
        let c = signal::notify(&[Signal::INT]);
        go(|| {
            until_waiting(1, WaitReason::Select);
            kill(Signal::INT);
        });
        let t = time::after(Duration::from_secs(60));
        select! {
            recv(c) -> s => println!("{}", s.unwrap()),
            recv(t) -> _ => println!("timeout"),
        }
    })
    .ok()
    .stdout_is("interrupt\n");
}

/// Commands from many goroutines, with others running meanwhile.
fn commands() {
    let c = chan::<String>(0);
    for i in 0..20 {
        let c = c.clone();
        go(move || {
            let o =
                process::output(Command::new("sh").args(["-c", &format!("echo {i}; kill -0 $$")]))
                    .unwrap();
            assert!(o.status.success());
            c.send(String::from_utf8(o.stdout).unwrap());
        });
    }
    let mut v: Vec<u32> = (0..20).map(|_| c.recv().unwrap().trim().parse().unwrap()).collect();
    v.sort();
    assert_eq!(v, (0..20).collect::<Vec<_>>());
    assert!(!process::status(&mut Command::new("false")).unwrap().success());
    assert!(process::spawn(&mut Command::new("/nonexistent")).is_err());
}
#[test]
fn commands_1() {
    in_child!(.procs(1), commands).ok();
}
#[test]
fn commands_2() {
    in_child!(.procs(2), commands).ok();
}
#[test]
fn commands_8() {
    in_child!(.procs(8), commands).ok();
}

/// `Command` by itself works as well, also with code between fork and exec; signals do not get lost
/// in the parent.
#[test]
fn plain_commands() {
    use std::os::unix::process::CommandExt;
    in_child!(.procs(2), || {
        let c = signal::notify(&[Signal::USR1]);
        let n = Arc::new(AtomicU64::new(0));
        let n2 = n.clone();
        let done = chan::<()>(0);
        let d = done.clone();
        go(move || {
            for _ in 0..50 {
                let mut cmd = Command::new("true");
                // SAFETY: nothing happens between fork and exec.
                unsafe { cmd.pre_exec(|| Ok(())) };
                assert!(gort::blocking(|| cmd.status()).unwrap().success());
                let mut cmd = Command::new("true");
                // SAFETY: the same.
                unsafe { cmd.pre_exec(|| Ok(())) };
                assert!(process::status(&mut cmd).unwrap().success());
                n2.fetch_add(1, SeqCst);
            }
            d.close();
        });
        for _ in 0..50 {
            kill(Signal::USR1);
            assert_eq!(c.recv(), Some(Signal::USR1));
            runtime::gosched();
        }
        done.recv();
        println!("{}", n.load(SeqCst));
    })
    .ok()
    .stdout_is("50\n");
}

/// The child of a command has default handlers and an empty signal mask.
#[test]
fn the_child_begins_with_defaults() {
    let o = in_child!(.procs(2), || {
        let _c = signal::notify(&[Signal::USR1, Signal::TERM]);
        let o = process::output(Command::new("cat").arg("/proc/self/status")).unwrap();
        print!("{}", String::from_utf8(o.stdout).unwrap());
    });
    for set in ["SigBlk", "SigCgt"] {
        let want = format!("{set}:\t0000000000000000");
        assert!(o.ok().stdout.lines().any(|l| l == want), "{set}\n{o}");
    }
}

/// Two threads fault at the same moment: both say so, the second ends the program.
#[test]
fn two_faults_at_once() {
    for _ in 0..20 {
        let o = in_child!(.procs(2), || {
            let gate = Arc::new(AtomicU64::new(0));
            for _ in 0..2 {
                let gate = gate.clone();
                go(move || {
                    gate.fetch_add(1, SeqCst);
                    while gate.load(SeqCst) < 2 {
                        std::hint::spin_loop();
                    }
                    // SAFETY: none: it is to fault.
                    unsafe { std::ptr::null_mut::<u8>().wrapping_add(std::hint::black_box(1)).write_volatile(1) };
                });
            }
            chan::<()>(0).recv();
        });
        o.exited(2)
            .stderr_has("panic: runtime error: invalid memory address or nil pointer dereference");
    }
}

/// What `process::spawn` leaves in the command is for children: the process itself keeps its
/// handlers when it fails to become that command.
#[test]
fn a_command_that_was_spawned_and_is_executed() {
    in_child!(|| {
        use std::os::unix::process::CommandExt as _;
        let handler = || {
            // SAFETY: all zeroes is a valid one.
            let mut a: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: only asks.
            assert_eq!(unsafe { libc::sigaction(libc::SIGURG, std::ptr::null(), &mut a) }, 0);
            a.sa_sigaction
        };
        let before = handler();
        assert!(before != libc::SIG_DFL);
        let mut c = Command::new("/nonexistent");
        assert!(process::spawn(&mut c).is_err());
        assert_eq!(c.exec().kind(), std::io::ErrorKind::NotFound);
        assert!(handler() == before);
    })
    .ok();
}
