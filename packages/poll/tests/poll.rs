//! The lock of a descriptor (Go's fd_mutex_test.go), and the operations that `gort::net` does not
//! use.

use gort::{chan, go, runtime};
use gort_poll::fd_mutex::{FdMutex, OVERFLOW_MSG};
use gort_poll::{Error, Fd, SockAddr, sys};
use gort_proc::WaitReason;
use gort_tests::{in_child, until_waiting};
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[test]
fn lock() {
    in_child!(|| {
        let mu = FdMutex::new();
        assert!(mu.incref());
        assert!(!mu.decref());
        for read in [true, false] {
            assert!(mu.rwlock(read));
            assert!(!mu.rwunlock(read));
        }
        // A reader and a writer do not disturb each other.
        assert!(mu.rwlock(true) && mu.rwlock(false) && mu.incref());
        assert!(!mu.rwunlock(true) && !mu.rwunlock(false) && !mu.decref());
    })
    .ok();
}

#[test]
fn close() {
    in_child!(|| {
        let mu = FdMutex::new();
        assert!(mu.incref_and_close());
        assert!(!mu.incref());
        assert!(!mu.rwlock(true));
        assert!(!mu.rwlock(false));
        assert!(!mu.incref_and_close());
        assert!(mu.decref());
    })
    .ok();
}

#[test]
fn close_unblocks() {
    in_child!(.procs(4), || {
        let mu = Arc::new(FdMutex::new());
        assert!(mu.rwlock(true) && mu.rwlock(false));
        let c = chan::<bool>(8);
        for i in 0..8 {
            let (mu, c) = (mu.clone(), c.clone());
            go(move || c.send(mu.rwlock(i % 2 == 0)));
        }
        while runtime::stack(true).matches("[semacquire").count() < 8 {
            runtime::gosched();
        }
        assert_eq!(c.len(), 0);
        assert!(mu.incref_and_close());
        for _ in 0..8 {
            assert_eq!(c.recv(), Some(false));
        }
        assert!(!mu.decref());
        assert!(!mu.rwunlock(false));
        assert!(mu.rwunlock(true)); // the last one
    })
    .ok();
}

fn panics<T>(f: impl FnOnce() -> T) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(_) => panic!("no panic"),
        Err(p) => p
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| p.downcast_ref::<&str>().map(|s| s.to_string()))
            .unwrap_or_default(),
    }
}

#[test]
fn misuse_panics() {
    in_child!(|| {
        let mu = FdMutex::new();
        let bad = "inconsistent poll.fdMutex";
        assert_eq!(panics(|| mu.decref()), bad);
        assert_eq!(panics(|| mu.rwunlock(true)), bad);
        assert_eq!(panics(|| mu.rwunlock(false)), bad);
        assert!(mu.incref() && !mu.decref());
        assert_eq!(panics(|| mu.decref()), bad);
        for read in [true, false] {
            assert!(mu.rwlock(read) && !mu.rwunlock(read));
            assert_eq!(panics(|| mu.rwunlock(read)), bad);
        }
        // It still works.
        assert!(mu.incref() && !mu.decref());
        assert!(mu.rwlock(true) && !mu.rwunlock(true));
        // One too many.
        for _ in 0..(1 << 20) - 1 {
            assert!(mu.incref());
        }
        assert_eq!(panics(|| mu.incref()), OVERFLOW_MSG);
        assert_eq!(panics(|| mu.rwlock(true)), OVERFLOW_MSG);
        assert_eq!(panics(|| mu.incref_and_close()), OVERFLOW_MSG);
    })
    .ok();
    // Not on a goroutine.
    assert_eq!(panics(|| FdMutex::new().incref()), "gort: I/O outside of a goroutine");
}

#[test]
fn stress() {
    in_child!(.procs(8), || {
        const N: u64 = 100_000;
        #[derive(Default)]
        struct All {
            mu: FdMutex,
            state: [[AtomicU64; 2]; 2],
        }
        let all = Arc::new(All::default());
        let done = chan::<u64>(8);
        for p in 0..8u64 {
            let (all, done) = (all.clone(), done.clone());
            go(move || {
                let mut x = p + 1;
                let mut locked = 0;
                for _ in 0..N {
                    x ^= x << 13;
                    x ^= x >> 7;
                    x ^= x << 17;
                    if x % 3 == 0 {
                        assert!(all.mu.incref() && !all.mu.decref());
                        continue;
                    }
                    let read = x % 3 == 1;
                    assert!(all.mu.rwlock(read));
                    // Nobody else of this kind is here.
                    let [a, b] = &all.state[usize::from(read)];
                    assert_eq!(a.load(Relaxed), b.load(Relaxed));
                    a.store(a.load(Relaxed) + 1, Relaxed);
                    b.store(b.load(Relaxed) + 1, Relaxed);
                    assert!(!all.mu.rwunlock(read));
                    locked += 1;
                }
                done.send(locked);
            });
        }
        let locked: u64 = (0..8).map(|_| done.recv().unwrap()).sum();
        assert_eq!(all.state.iter().map(|s| s[0].load(Relaxed)).sum::<u64>(), locked);
        assert!(all.mu.incref_and_close());
        assert!(all.mu.decref());
    })
    .ok();
}

/// Both ends of a Unix connection.
fn pair(sotype: i32) -> [Fd; 2] {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    sys::socketpair(libc::AF_UNIX, sotype | flags, 0).unwrap().map(|n| {
        let stream = sotype == libc::SOCK_STREAM;
        let fd = Fd::new(n, stream, stream);
        fd.init("unix", true).unwrap();
        fd
    })
}

/// A descriptor goes over a connection in a control message, with and without data beside it.
#[test]
fn descriptors_are_passed() {
    in_child!(|| {
        for (sotype, data) in
            [(libc::SOCK_STREAM, &b"x"[..]), (libc::SOCK_STREAM, b""), (libc::SOCK_DGRAM, b"")]
        {
            let [a, b] = pair(sotype);
            let [r, w] = sys::pipe2(libc::O_CLOEXEC).unwrap();
            // cmsghdr: length, level, type, the descriptor
            let mut oob = [0u8; 24];
            oob[..8].copy_from_slice(&20usize.to_ne_bytes());
            oob[8..12].copy_from_slice(&libc::SOL_SOCKET.to_ne_bytes());
            oob[12..16].copy_from_slice(&libc::SCM_RIGHTS.to_ne_bytes());
            oob[16..20].copy_from_slice(&w.as_raw_fd().to_ne_bytes());
            assert_eq!(a.write_msg(data, &oob, None), Ok((data.len(), 24)));
            let (mut p, mut got) = ([0u8; 8], [0u8; 24]);
            let buf = if data.is_empty() { &mut p[..0] } else { &mut p[..] };
            // Without data a stream carries one byte that nobody asked for.
            let want = usize::from(sotype == libc::SOCK_STREAM);
            let (n, oobn, _, _) = b.read_msg(buf, &mut got, libc::MSG_CMSG_CLOEXEC).unwrap();
            assert_eq!((n, oobn), (want, 24));
            let w2 = i32::from_ne_bytes(got[16..20].try_into().unwrap());
            // SAFETY: new.
            let w2 = unsafe { OwnedFd::from_raw_fd(w2) };
            assert_eq!(sys::write(w2.as_fd(), b"through").unwrap(), 7);
            assert_eq!(sys::read(r.as_fd(), &mut [0; 9]).unwrap(), 7);
            for fd in [r, w, w2] {
                sys::close(fd).unwrap();
            }
        }
    })
    .ok();
}

#[test]
fn raw_and_once() {
    in_child!(|| {
        let [a, b] = pair(libc::SOCK_STREAM);
        let (a, b) = (Arc::new(a), Arc::new(b));
        // raw_read waits for as long as its function says false.
        let c = chan::<u32>(0);
        let (r, tx) = (b.clone(), c.clone());
        go(move || {
            let mut calls = 0;
            r.raw_read(|fd| {
                calls += 1;
                sys::read(fd, &mut [0; 8]).is_ok()
            })
            .unwrap();
            tx.send(calls);
        });
        while !runtime::stack(true).contains("[IO wait") {
            runtime::gosched();
        }
        assert_eq!(a.write_once(b"x"), Ok(1));
        assert_eq!(c.recv(), Some(2));
        a.raw_write(|fd| sys::write(fd, b"y").is_ok()).unwrap();
        // A duplicate is another descriptor of the same connection.
        let d = Fd::new(b.dup().unwrap(), true, true);
        d.init("unix", true).unwrap();
        b.close().unwrap();
        assert_eq!(d.read(&mut [0; 8]), Ok(1));
        a.close().unwrap();
        assert_eq!(d.read(&mut [0; 8]), Err(Error::Eof));
        assert_eq!(a.raw_control(|_| ()), Err(Error::NetClosing));
        assert_eq!(a.raw_read(|_| true), Err(Error::NetClosing));
        assert_eq!(a.raw_write(|_| true), Err(Error::NetClosing));
        // Blocking mode: EAGAIN never comes.
        d.set_blocking().unwrap();
        assert_eq!(d.read(&mut [0; 8]), Err(Error::Eof));
        d.close().unwrap();
        assert_eq!(d.sysfd(), -1);
    })
    .ok();
}

/// The last one out of a descriptor that has been closed is in a blocking section, and has no
/// processor: who closes waits for the end.
#[test]
fn the_last_one_is_in_blocking() {
    for procs in [1, 2] {
        in_child!(.procs(procs), || {
            let [a, b] = pair(libc::SOCK_STREAM);
            let a = Arc::new(a);
            let (waits, closed) = (Arc::new(AtomicU64::new(0)), chan::<()>(0));
            let (f, w, done) = (a.clone(), waits.clone(), closed.clone());
            go(move || {
                gort::blocking(|| {
                    let r = f.raw_control(|fd| {
                        w.store(1, Relaxed);
                        while w.load(Relaxed) == 1 {
                            std::thread::yield_now();
                        }
                        fd.as_raw_fd()
                    });
                    assert_eq!(r.unwrap(), w.load(Relaxed) as i32);
                    assert_eq!(f.sysfd(), -1);
                    assert_eq!(f.raw_control(|_| ()), Err(Error::NetClosing));
                    assert!(f.dup().is_err());
                });
                done.send(());
            });
            while waits.load(Relaxed) == 0 {
                runtime::gosched();
            }
            let (f, fd, done) = (a.clone(), a.sysfd(), closed.clone());
            go(move || {
                f.close().unwrap();
                done.send(());
            });
            until_waiting(1, WaitReason::Semacquire);
            waits.store(fd as u64, Relaxed);
            closed.recv();
            closed.recv();
            assert_eq!(b.read(&mut [0; 8]), Err(Error::Eof));
        })
        .ok();
    }
}

/// What has been lent stays open until the Fd goes, whoever closes it; its operations end all the
/// same, and so does a close.
#[test]
fn what_is_lent_stays_open() {
    in_child!(|| {
        let same = |fd: BorrowedFd<'_>| sys::fstat(fd).map(|st| (st.st_dev, st.st_ino));
        let [a, b] = pair(libc::SOCK_STREAM);
        let fd = a.lend().unwrap();
        let (number, is) = (fd.as_raw_fd(), same(fd).unwrap());
        let ended = chan::<Error>(0);
        let (r, tx) = (Arc::new(b), ended.clone());
        let reader = r.clone();
        go(move || tx.send(reader.read(&mut [0; 8]).unwrap_err()));
        a.close().unwrap();
        // The other side is told, although the descriptor is open.
        assert_eq!(ended.recv(), Some(Error::Eof));
        assert_eq!(
            (a.read(&mut [0; 8]), a.close()),
            (Err(Error::NetClosing), Err(Error::NetClosing))
        );
        assert_eq!(same(fd), Ok(is));
        assert_eq!(a.lend().unwrap().as_raw_fd(), number); // again, and for as long
        drop(a);
        // SAFETY: a number is looked at.
        assert_eq!(unsafe { libc::fcntl(number, libc::F_GETFD) }, -1);
        // Closed first, it cannot be lent; not closed, it is with the Fd.
        r.close().unwrap();
        assert!(r.lend().is_none());
        let [a, _b] = pair(libc::SOCK_STREAM);
        let number = a.lend().unwrap().as_raw_fd();
        drop(a);
        // SAFETY: a number is looked at.
        assert_eq!(unsafe { libc::fcntl(number, libc::F_GETFD) }, -1);
        // Lent by many at once, while it is closed: each has an open descriptor, or none.
        for _ in 0..300 {
            let [a, _b] = pair(libc::SOCK_STREAM);
            let (a, wg) = (Arc::new(a), Arc::new(gort::sync::WaitGroup::new()));
            for i in 0..4 {
                let (a, wg) = (a.clone(), wg.clone());
                wg.add(1);
                go(move || {
                    if i == 3 {
                        a.close().unwrap();
                    } else if let Some(fd) = a.lend() {
                        assert_eq!(sys::fstat(fd).unwrap().st_mode & libc::S_IFMT, libc::S_IFSOCK);
                    }
                    wg.done();
                });
            }
            wg.wait();
        }
    })
    .ok();
}

#[test]
fn writev_gives_the_rest_back() {
    in_child!(|| {
        let [a, b] = pair(libc::SOCK_STREAM);
        let big = vec![1; 4 << 20];
        let mut bufs = [IoSlice::new(b"head"), IoSlice::new(&big), IoSlice::new(b"tail")];
        a.set_write_deadline(Some(
            std::time::Instant::now() + std::time::Duration::from_millis(20),
        ))
        .unwrap();
        let mut rest = &mut bufs[..];
        let (n, r) = a.writev(&mut rest);
        assert_eq!(r, Err(Error::DeadlineExceeded));
        assert!(n > 4);
        assert_eq!(rest.iter().map(|b| b.len()).sum::<usize>() + n, big.len() + 8);
        assert_eq!(rest.len(), 2);
        let mut got = vec![0; n];
        let mut at = 0;
        while at < n {
            at += b.read(&mut got[at..]).unwrap();
        }
        assert!(&got[..4] == b"head" && got[4..].iter().all(|&x| x == 1));
    })
    .ok();
}

/// Addresses survive the way to the kernel's form and back.
#[test]
fn addresses() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr as Unix;
    for a in ["1.2.3.4:5", "[::1]:65535", "[fe80::1%3]:80", "0.0.0.0:0"] {
        let a: std::net::SocketAddr = a.parse().unwrap();
        assert_eq!(SockAddr::from(a).inet(), Some(a));
        assert!(SockAddr::from(a).unix().is_none());
    }
    let long = "x".repeat(107);
    for path in ["/tmp/x", "relative", long.as_str()] {
        let a = Unix::from_pathname(path).unwrap();
        let back = SockAddr::from(&a).unix().unwrap();
        assert_eq!(back.as_pathname(), a.as_pathname());
    }
    for name in [&b"name"[..], b"with\0zero", b"", long.as_bytes()] {
        let a = Unix::from_abstract_name(name).unwrap();
        let back = SockAddr::from(&a).unix().unwrap();
        assert_eq!(back.as_abstract_name(), Some(name));
    }
    assert!(SockAddr::EMPTY.unix().unwrap().is_unnamed());
    assert!(SockAddr::EMPTY.is_empty() && SockAddr::EMPTY.inet().is_none());
}

#[test]
fn errors() {
    use std::io::ErrorKind::*;
    for (e, text, kind) in [
        (Error::NetClosing, "use of closed network connection", NotConnected),
        (Error::FileClosing, "use of closed file", Other),
        (Error::DeadlineExceeded, "i/o timeout", TimedOut),
        (Error::NoDeadline, "file type does not support deadline", Unsupported),
        (Error::NotPollable, "not pollable", Other),
        (Error::UnexpectedEof, "unexpected EOF", UnexpectedEof),
        (Error::UnsupportedFileType, "waiting for unsupported file type", Unsupported),
    ] {
        let io = std::io::Error::from(e);
        assert_eq!(
            (e.to_string().as_str(), io.kind(), io.to_string().as_str()),
            (text, kind, text)
        );
        assert_eq!((e.timeout(), e.temporary()), (kind == TimedOut, kind == TimedOut));
        assert_eq!(e.errno(), None);
    }
    let io = std::io::Error::from(Error::Errno(libc::ECONNRESET));
    assert_eq!((io.kind(), io.raw_os_error()), (ConnectionReset, Some(libc::ECONNRESET)));
}
