//! System calls, clocks, stack bounds.

#[path = "../../lock_futex/tests/support/mod.rs"]
mod support;
#[path = "../../lock_futex/tests/support/print.rs"]
mod support_print;

use gort_os_linux::*;
use gort_runtime2::Stack;

fn holds(s: Stack, addr: usize) -> bool {
    s.lo <= addr && addr < s.hi
}

#[test]
fn clocks_rise() {
    let (a, w) = (nanotime(), walltime());
    usleep(1500);
    assert!(nanotime() - a >= 1_500_000);
    assert!(walltime() > w);
}

#[test]
fn bounds_of_a_thread() {
    let here = 0u8;
    let s = thread_stack();
    assert!(holds(s, &raw const here as usize), "{s:?}");
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(|| {
            let here = 0u8;
            let s = thread_stack();
            assert!(holds(s, &raw const here as usize), "{s:?}");
            assert!((256 << 10..1 << 20).contains(&(s.hi - s.lo)), "{s:?}");
        })
        .unwrap()
        .join()
        .unwrap();
}

/// The main thread's stack as the kernel shows it ends where `main_thread_stack` says.
#[test]
fn bounds_of_the_main_thread() {
    let s = main_thread_stack();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|l| l.ends_with("[stack]")).unwrap();
    let (lo, hi) = line.split(' ').next().unwrap().split_once('-').unwrap();
    assert_eq!(s.hi, usize::from_str_radix(hi, 16).unwrap());
    assert!(s.lo <= usize::from_str_radix(lo, 16).unwrap());
}

#[test]
fn system() {
    osinit();
    assert_eq!(gort_runtime2::NCPU.get(), getproccount());
    // std also heeds the limits of control groups.
    assert!(getproccount() as usize >= std::thread::available_parallelism().unwrap().get());
    assert_eq!(getpid() as u32, std::process::id());
    let (mut a, mut b) = ([0u8; 32], [0u8; 32]);
    assert_eq!((read_random(&mut a), read_random(&mut b)), (32, 32));
    assert_ne!(a, b);
    assert_eq!(write1(9999, b"x"), -9);
}

#[test]
fn futex_times_out() {
    let word = gort_runtime2::atomic::Uint32::new(1);
    let t = nanotime();
    // SAFETY: the word is alive.
    unsafe {
        futexsleep(&raw const word, 0, -1); // another value: returns at once
        futexsleep(&raw const word, 1, 2_000_000);
        futexwakeup(&raw const word, 1);
    }
    assert!(nanotime() - t >= 2_000_000);
}

/// What is closed at the start becomes /dev/null, the others stay.
#[test]
fn standard_descriptors_are_open() {
    // SAFETY: the child makes system calls only, on descriptors of its own.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::close(0);
            libc::close(2);
            checkfds();
            let (mut null, mut st) =
                (core::mem::zeroed::<libc::stat>(), core::mem::zeroed::<libc::stat>());
            libc::stat(c"/dev/null".as_ptr(), &raw mut null);
            let ok = [0, 2]
                .iter()
                .all(|&fd| libc::fstat(fd, &raw mut st) == 0 && st.st_rdev == null.st_rdev)
                && libc::write(0, b"x".as_ptr().cast(), 1) == 1
                && libc::fcntl(1, libc::F_GETFD) >= 0;
            libc::_exit(if ok { 0 } else { 1 });
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        assert_eq!(status, 0);
    }
}
