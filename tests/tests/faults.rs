//! Faults: what the system refuses, interrupts or runs out of, and what becomes of the program
//! then.
//!
//! Jumps of the wall clock are in `clock.rs`. They change nothing: timers, sleeps, sysmon and the
//! idle waits of threads read `CLOCK_MONOTONIC` only; futex and epoll take relative times, which
//! the kernel measures on the same clock. The wall clock is read for nothing that decides
//! (`the_wall_clock_decides_nothing` looks for it in the sources).

use gort::sync::WaitGroup;
use gort::{chan, go, runtime, select, time};
use gort_proc::WaitReason;
use gort_tests::{Outcome, go_build, in_child, leave_room, limit, until_waiting, wait};
use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

/// Instructions of a filter of system calls.
mod bpf {
    const fn op(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
        libc::sock_filter { code: code as u16, jt, jf, k }
    }
    /// Loads the word at this place of `seccomp_data`.
    pub const fn load(at: u32) -> libc::sock_filter {
        op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at, 0, 0)
    }
    /// Goes so many instructions further if the word is `k`, and if it is not.
    pub const fn is(k: u32, yes: u8, no: u8) -> libc::sock_filter {
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k, yes, no)
    }
    /// The system call is made, or fails with `errno`.
    pub const fn end(errno: Option<i32>) -> libc::sock_filter {
        let what = match errno {
            None => libc::SECCOMP_RET_ALLOW,
            Some(e) => libc::SECCOMP_RET_ERRNO | e as u32,
        };
        op(libc::BPF_RET | libc::BPF_K, what, 0, 0)
    }
}

/// From now on the filter says which system calls fail, on all threads.
fn filter_calls(mut filter: Vec<libc::sock_filter>) {
    let prog = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: a valid filter program, which the kernel copies.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let flags = libc::SECCOMP_FILTER_FLAG_TSYNC;
        assert_eq!(
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &prog),
            0
        );
    }
}

/// From now on these system calls fail with `errno` on all threads.
fn refuse(calls: &[libc::c_long], errno: i32) {
    let mut filter = vec![bpf::load(0)]; // the number of the system call
    filter.extend(
        calls.iter().enumerate().map(|(i, &nr)| bpf::is(nr as u32, (calls.len() - i) as u8, 0)),
    );
    filter.extend([bpf::end(None), bpf::end(Some(errno))]);
    filter_calls(filter);
}

/// From now on this operation of `futex(2)` fails with `errno` on all threads.
fn refuse_futex(op: i32, errno: i32) {
    // The second argument of the call is the operation.
    filter_calls(vec![
        bpf::load(0),
        bpf::is(libc::SYS_futex as u32, 0, 2),
        bpf::load(24),
        bpf::is(op as u32, 1, 0),
        bpf::end(None),
        bpf::end(Some(errno)),
    ]);
}

/// A Go program of `tests/go` that begins with such a refusal.
fn go_with(dir: &str, case: &str, refuse: fn()) -> Option<Outcome> {
    use std::os::unix::process::CommandExt;
    let mut cmd = Command::new(go_build(dir)?);
    cmd.env("FATAL", case);
    // SAFETY: between fork and exec; malloc is usable there in the C library's child.
    unsafe {
        cmd.pre_exec(move || {
            refuse();
            Ok(())
        });
    }
    Some(wait(cmd, b"", Duration::from_secs(60)))
}

/// As when the limit of processes is reached (which does not bind root).
fn no_more_threads() {
    refuse(&[libc::SYS_clone, libc::SYS_clone3], libc::EAGAIN);
}

/// The report of a thread that could not be made: the number of those there are, and the error.
fn newosproc_failed(o: &Outcome) {
    let line = o.stderr.lines().next().unwrap_or_default();
    let have = line.strip_prefix("runtime: failed to create new OS thread (have ");
    let have = have.and_then(|l| l.strip_suffix(" already; errno=11)"));
    assert!(have.is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n >= 2)), "{o}");
    o.exited(2).stderr_has("runtime: may need to increase max user processes (ulimit -u)\n");
    // Two threads may find out at once, and throw prints its line in three pieces, as in Go.
    o.stderr_has("fatal error: ").stderr_has("newosproc");
}

/// After `limit`, blocks more threads than there can be then. The goroutines have their stacks
/// before.
fn need_threads(limit: fn()) {
    let c = chan::<()>(0);
    for _ in 0..400 {
        let c = c.clone();
        go(move || {
            c.recv();
            runtime::lock_os_thread();
            gort::blocking(|| std::thread::sleep(Duration::from_secs(100)));
        });
    }
    until_waiting(400, WaitReason::ChanReceive);
    limit();
    c.close();
    time::sleep(Duration::from_secs(100));
}

/// Go's os_linux.go:191.
#[test]
fn no_thread_because_of_the_limit_of_processes() {
    let o = in_child!(.procs(4), || {
        need_threads(no_more_threads);
    });
    newosproc_failed(&o);
}

/// Go itself, where it is installed, refused the same: its report passes the same check. It needs
/// its first thread before main.
#[test]
fn go_reports_a_thread_that_cannot_be_made_alike() {
    if let Some(o) = go_with("fatal", "wakes", no_more_threads) {
        newosproc_failed(&o);
    }
}

/// The same when there is no address space for the thread's stack, with as little left for the
/// report.
#[test]
fn no_thread_because_of_the_limit_of_memory() {
    // One arena for malloc: those that new threads begin with reserve address space, and give back
    // some of it later.
    let o = in_child!(.procs(4).env("MALLOC_ARENA_MAX", 1), || {
        need_threads(|| leave_room(libc::RLIMIT_AS, 1000 << 10));
    });
    newosproc_failed(&o);
}

/// How often [`pthread_create`] is still to fail.
static FAILURES: AtomicUsize = AtomicUsize::new(0);

/// Stands before the C library's in this program.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    t: *mut libc::pthread_t,
    attr: *const libc::pthread_attr_t,
    f: extern "C" fn(*mut libc::c_void) -> *mut libc::c_void,
    arg: *mut libc::c_void,
) -> i32 {
    if FAILURES.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok() {
        return libc::EAGAIN;
    }
    // SAFETY: the C library's function has this type, and gets the caller's arguments.
    unsafe {
        let real = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
        let real: unsafe extern "C" fn(
            *mut libc::pthread_t,
            *const libc::pthread_attr_t,
            extern "C" fn(*mut libc::c_void) -> *mut libc::c_void,
            *mut libc::c_void,
        ) -> i32 = std::mem::transmute(real);
        real(t, attr, f, arg)
    }
}

/// A thread that cannot be made now but a little later: the attempt is repeated, nineteen times
/// (Go's retryOnEAGAIN).
#[test]
fn no_thread_for_a_moment() {
    in_child!(.procs(4), || {
        let (c, done) = (chan::<()>(0), Arc::new(AtomicUsize::new(0)));
        FAILURES.store(19, SeqCst);
        for _ in 0..4 {
            let (c, done) = (c.clone(), done.clone());
            go(move || {
                runtime::lock_os_thread();
                c.recv();
                done.fetch_add(1, SeqCst);
            });
        }
        until_waiting(4, WaitReason::ChanReceive);
        (0..4).for_each(|_| c.send(()));
        while done.load(SeqCst) < 4 {
            time::sleep(us(100));
        }
        assert_eq!(FAILURES.load(SeqCst), 0);
    })
    .ok();
}

// No memory for stacks, beside Go: `memory_reserved` and `memory_mapped` of fatal.rs.

/// The kernel does not wake: nothing can go on after that (os_linux.go:81).
fn no_wake_ups() {
    // Another error would be the C library's to report, if it came first.
    refuse_futex(libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, libc::EINVAL);
}

fn futexwakeup_failed(o: &Outcome) {
    let line = o.stderr.lines().next().unwrap_or_default();
    let addr =
        line.strip_prefix("futexwakeup addr=0x").and_then(|l| l.strip_suffix(" returned -22"));
    assert!(addr.is_some_and(|n| u64::from_str_radix(n, 16).is_ok()), "{o}");
    o.exited(2).stderr_has("SIGSEGV: segmentation violation").stderr_has("addr=0x1006");
}

#[test]
fn nobody_can_be_woken() {
    let o = in_child!(.procs(2), || {
        no_wake_ups();
        let c = chan::<()>(0);
        let c1 = c.clone();
        go(move || loop {
            c1.send(());
        });
        // Each value wakes the thread that this goroutine is locked to.
        runtime::lock_os_thread();
        loop {
            c.recv();
        }
    });
    futexwakeup_failed(&o);
}

#[test]
fn go_reports_that_nobody_can_be_woken_alike() {
    if let Some(o) = go_with("fatal", "wakes", no_wake_ups) {
        futexwakeup_failed(&o);
    }
}

/// Every wait on a futex is interrupted before it has begun: threads that should sleep look again,
/// and again, and nobody takes that for a wake-up.
#[test]
fn every_futex_wait_is_interrupted() {
    in_child!(.limit(Duration::from_secs(240)).procs(2), || {
        refuse_futex(libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, libc::EINTR);
        workload(40);
    })
    .ok();
}

/// No descriptor for the poller (netpoll_epoll.go:25).
#[test]
fn no_descriptors_for_the_poller() {
    in_child!(|| {
        limit(libc::RLIMIT_NOFILE, 0);
        // SAFETY: on a user goroutine.
        unsafe { gort_netpoll::netpoll_generic_init() };
    })
    .exited(2)
    .stderr_has("runtime: epollcreate failed with 24\n")
    .stderr_has("fatal error: runtime: netpollinit failed\n");
}

/// The descriptor of this process that is such a file.
fn descriptor(file: &str) -> i32 {
    let of = |e: &std::fs::DirEntry| {
        std::fs::read_link(e.path()).is_ok_and(|l| l.to_string_lossy() == file)
    };
    let fd = std::fs::read_dir("/proc/self/fd").unwrap().flatten().find(of).expect(file);
    fd.file_name().to_string_lossy().parse().unwrap()
}

/// The kernel refuses the poller's wait: there is nothing to wait with any more
/// (netpoll_epoll.go:120).
#[test]
fn the_pollers_wait_fails() {
    let o = in_child!(.procs(1), || {
        // SAFETY: on a user goroutine.
        unsafe { gort_netpoll::netpoll_generic_init() };
        // SAFETY: the poller's own descriptor: the test is what happens then.
        unsafe { libc::close(descriptor("anon_inode:[eventpoll]")) };
        loop {
            time::sleep(us(100));
        }
    });
    let line = o.stderr.lines().next().unwrap_or_default();
    let fd = line
        .strip_prefix("runtime: epollwait on fd ")
        .and_then(|l| l.strip_suffix(" failed with 9"));
    assert!(fd.is_some_and(|n| n.parse::<u32>().is_ok()), "{o}");
    // Sysmon may find out at the same time, and throw prints its line in three pieces, as in Go.
    o.exited(2).stderr_has("fatal error: ").stderr_has("runtime: netpoll failed");
}

/// The thread that waits cannot be interrupted (netpoll_epoll.go:87).
#[test]
fn the_poller_cannot_be_interrupted() {
    in_child!(|| {
        // SAFETY: on a user goroutine; the poller's own descriptor: the test is what happens then.
        unsafe {
            gort_netpoll::netpoll_generic_init();
            libc::close(descriptor("anon_inode:[eventfd]"));
        }
        gort_netpoll::netpoll_break();
    })
    .exited(2)
    .stderr_has("runtime: netpollBreak write failed with 9\n")
    .stderr_has("fatal error: runtime: netpollBreak write failed\n");
}

/// The kernel does not take a descriptor into the poller: who wanted it hears of it, nothing is
/// leaked, and what was open before works.
#[test]
fn the_poller_takes_no_more_descriptors() {
    in_child!(|| {
        use std::io::{Read, Write};
        let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = l.local_addr().unwrap();
        let done = chan::<()>(0);
        let done1 = done.clone();
        go(move || {
            let (mut s, _) = l.accept().unwrap();
            let mut b = [0; 5];
            s.read_exact(&mut b).unwrap();
            s.write_all(&b).unwrap();
            done1.recv();
        });
        let mut c = gort::net::TcpStream::connect(addr).unwrap();
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        // The accepted one is there once it has answered.
        c.write_all(b"hello").unwrap();
        let mut b = [0; 5];
        c.read_exact(&mut b).unwrap();
        assert_eq!(&b, b"hello");
        let before = open();
        refuse(&[libc::SYS_epoll_ctl], libc::ENOSPC);
        for _ in 0..10 {
            let Err(e) = gort::net::TcpListener::bind("127.0.0.1:0") else { panic!("not refused") };
            let op = gort::net::OpError::of(&e).expect("what was done");
            assert_eq!(op.raw_os_error(), Some(libc::ENOSPC));
        }
        assert_eq!(open(), before);
        done.send(());
        assert_eq!(c.read(&mut b).unwrap(), 0);
    })
    .ok();
}

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: i32) {
    HANDLED.fetch_add(1, SeqCst);
}

/// Handles a signal by counting; system calls that it interrupts fail with EINTR.
fn handle(sig: i32) {
    // SAFETY: the handler touches an atomic only, on the thread's signal stack.
    unsafe {
        let mut sa: libc::sigaction = std::mem::zeroed();
        sa.sa_sigaction = count as *const () as usize;
        sa.sa_flags = libc::SA_ONSTACK;
        assert_eq!(libc::sigaction(sig, &sa, std::ptr::null_mut()), 0);
    }
}

/// Sends signals to all threads of the process, again and again, from a thread of its own. It is
/// left running.
fn storm(sigs: &'static [i32]) {
    std::thread::spawn(move || {
        loop {
            for t in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
                let tid: i32 = t.file_name().to_string_lossy().parse().unwrap();
                for &sig in sigs {
                    // SAFETY: a signal to a thread of this process; one that has just ended is no
                    // error.
                    unsafe {
                        if tid != libc::gettid() {
                            libc::syscall(libc::SYS_tgkill, libc::getpid(), tid, sig);
                        }
                    }
                }
            }
            std::thread::sleep(us(50));
        }
    });
}

/// Channels, timers, locked threads and blocking reads, all of whose results are known.
fn workload(rounds: u64) {
    let wg = Arc::new(WaitGroup::new());
    for i in 0..40u64 {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            if i % 8 == 0 {
                runtime::lock_os_thread();
            }
            let c = chan::<u64>(i as usize % 2);
            for k in 0..rounds {
                let c1 = c.clone();
                go(move || c1.send(k));
                assert_eq!(c.recv(), Some(k));
                if k % 4 == 0 {
                    let (d, start) = (us(50 + k % 100), Instant::now());
                    time::sleep(d);
                    assert!(start.elapsed() >= d, "woken too early");
                }
                if k % 16 == 0 {
                    gort::blocking(|| std::thread::sleep(us(30)));
                }
                let t = time::Timer::new(us(30));
                select! {
                    recv(t.c()) -> _ => {}
                    recv(time::after(Duration::from_secs(100))) -> _ => panic!("a timer is lost"),
                }
            }
            wg.done();
        });
    }
    wg.wait();
}

/// Futex waits, epoll waits and system calls that signals interrupt all the time: nothing is lost,
/// nobody hangs.
#[test]
fn signal_storm() {
    in_child!(.limit(Duration::from_secs(240)).procs(4), || {
        handle(libc::SIGUSR1);
        storm(&[libc::SIGURG, libc::SIGUSR1]);
        workload(400);
        assert!(HANDLED.load(SeqCst) > 100, "{} signals", HANDLED.load(SeqCst));
    })
    .ok();
}

/// The same on one P, with the poller as the place where idle threads wait.
#[test]
fn signal_storm_on_one_p() {
    in_child!(.limit(Duration::from_secs(240)).procs(1), || {
        // SAFETY: on a user goroutine.
        unsafe { gort_netpoll::netpoll_generic_init() };
        handle(libc::SIGUSR1);
        storm(&[libc::SIGUSR1]);
        workload(400);
    })
    .ok();
}

/// And while the number of Ps changes all the time.
#[test]
fn gomaxprocs_changes_in_a_loop() {
    static CHANGES: AtomicUsize = AtomicUsize::new(0);
    in_child!(.limit(Duration::from_secs(240)).procs(4), || {
        handle(libc::SIGUSR1);
        storm(&[libc::SIGURG, libc::SIGUSR1]);
        go(|| {
            for n in (1..=9).cycle() {
                runtime::gomaxprocs(n);
                CHANGES.fetch_add(1, SeqCst);
                time::sleep(us(200));
            }
        });
        while CHANGES.load(SeqCst) < 100 {
            workload(400);
        }
    })
    .ok();
}

/// Reads inside of `blocking` are interrupted: the program sees EINTR, as it asked for, and the
/// data are whole.
#[test]
fn interrupted_reads() {
    in_child!(.limit(Duration::from_secs(240)), || {
        handle(libc::SIGUSR1);
        let (mut r, mut w) = std::io::pipe().unwrap();
        const N: usize = 5000;
        go(move || {
            use std::io::Write;
            for i in 0..N {
                w.write_all(&(i as u32).to_le_bytes()).unwrap();
                time::sleep(us(100));
            }
        });
        storm(&[libc::SIGUSR1]);
        let (mut data, mut eintr) = (Vec::new(), 0);
        while data.len() < 4 * N {
            let mut b = [0; 64];
            match gort::blocking(|| r.read(&mut b)) {
                Ok(0) => panic!("closed"),
                Ok(n) => data.extend_from_slice(&b[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => eintr += 1,
                Err(e) => panic!("{e}"),
            }
        }
        for (i, v) in data.chunks(4).enumerate() {
            assert_eq!(u32::from_le_bytes(v.try_into().unwrap()), i as u32);
        }
        assert!(eintr > 0 || HANDLED.load(SeqCst) == 0, "no read was interrupted");
    })
    .ok();
}

/// A child of this process ends now and then (SIGCHLD), and an interval timer fires: what programs
/// with such things do to the runtime.
#[test]
fn interval_timer() {
    in_child!(.limit(Duration::from_secs(240)).procs(2), || {
        handle(libc::SIGALRM);
        // SAFETY: an interval timer of this process.
        unsafe {
            let tv = libc::timeval { tv_sec: 0, tv_usec: 200 };
            let it = libc::itimerval { it_interval: tv, it_value: tv };
            libc::syscall(libc::SYS_setitimer, libc::ITIMER_REAL, &it, 0);
        }
        workload(400);
        assert!(HANDLED.load(SeqCst) > 0);
    })
    .ok();
}

/// See the text at the head of this file.
#[test]
fn the_wall_clock_decides_nothing() {
    let root = gort_tests::tests_dir().join("..");
    for krate in [
        "proc",
        "time",
        "sysmon",
        "netpoll",
        "lock_futex",
        "sema",
        "chan",
        "select",
        "packages/sync",
        "packages/poll",
    ] {
        for f in std::fs::read_dir(root.join(krate).join("src")).unwrap().flatten() {
            let text = std::fs::read_to_string(f.path()).unwrap();
            for word in ["CLOCK_REALTIME", "walltime(", "SystemTime", "FUTEX_CLOCK"] {
                assert!(!text.contains(word), "{word} in {}", f.path().display());
            }
        }
    }
    let futex = std::fs::read_to_string(root.join("os_linux/src/futex.rs")).unwrap();
    assert!(!futex.contains("BITSET") && !futex.contains("CLOCK"), "an absolute futex wait");
}
