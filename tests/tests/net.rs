//! Networks, pipes and files: `gort::net` on `gort_poll` on the poller.

use gort::net::{
    Error, File, Shutdown, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener,
    UnixStream, pipe,
};
use gort::sync::WaitGroup;
use gort::{Chan, chan, go, runtime, time};
use gort_proc::WaitReason;
use gort_tests::{go_build, in_child, refuses, tests_dir, until_waiting};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ANY: &str = "127.0.0.1:0";

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A listener and its address.
fn listen() -> (TcpListener, SocketAddr) {
    let l = TcpListener::bind(ANY).unwrap();
    let a = l.local_addr().unwrap();
    (l, a)
}

/// Both ends of a TCP connection.
fn tcp_pair() -> (TcpStream, TcpStream) {
    let (l, a) = listen();
    let c = TcpStream::connect(a).unwrap();
    (c, l.accept().unwrap().0)
}

/// Waits until `n` goroutines are parked in the poller.
fn until_io_wait(n: usize) {
    until_waiting(n, WaitReason::IOWait);
}

/// What the error is, without what was tried: Go's text, or the errno.
fn what(e: &io::Error) -> String {
    let op = gort::net::OpError::of(e);
    match e.raw_os_error().or_else(|| op?.raw_os_error()) {
        Some(n) => format!("errno {n}"),
        None => op.map_or_else(|| e.to_string(), |op| op.error().to_string()),
    }
}

fn err<T>(r: io::Result<T>) -> io::Error {
    match r {
        Ok(_) => panic!("no error"),
        Err(e) => e,
    }
}

fn says<T>(r: io::Result<T>, text: &str) {
    assert_eq!(what(&err(r)), text);
}

/// std's promise for a `BorrowedFd`: while it lives its number is nobody else's.
#[test]
fn a_borrowed_descriptor_stays_open() {
    in_child!(|| {
        let file = |fd: BorrowedFd<'_>| {
            let f = std::fs::File::from(fd.try_clone_to_owned()?);
            f.metadata().map(|m| (std::os::unix::fs::MetadataExt::ino(&m), m.file_type()))
        };
        let gone = |n: i32| {
            // SAFETY: a number is looked at.
            assert_eq!(unsafe { libc::fcntl(n, libc::F_GETFD) }, -1);
        };
        // A connection, closed by another handle.
        let (a, mut b) = tcp_pair();
        let clone = a.clone();
        let fd = a.as_fd();
        let (n, is) = (fd.as_raw_fd(), file(fd).unwrap());
        clone.close().unwrap();
        let other = std::fs::File::open("/proc/self/stat").unwrap();
        assert_ne!(other.as_raw_fd(), n);
        assert_eq!(file(fd).unwrap(), is);
        assert_eq!(b.read(&mut [0]).unwrap(), 0); // told that it has ended
        says((&a).write(b"x"), CLOSED);
        says(clone.close(), CLOSED);
        drop(clone);
        assert_eq!(file(a.as_fd()).unwrap(), is);
        drop(a);
        gone(n);
        // A listener: nobody is let in any more.
        let (l, at) = listen();
        let n = l.as_fd().as_raw_fd();
        l.close().unwrap();
        assert_eq!(TcpStream::connect(at).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        drop(l);
        gone(n);
        // A pipe: its other end sees the end when the last handle goes.
        let (mut r, w) = pipe().unwrap();
        let (n, is) = (w.as_fd().as_raw_fd(), file(w.as_fd()).unwrap());
        w.close().unwrap();
        says((&w).write(b"x"), "use of closed file");
        assert_eq!(file(w.as_fd()).unwrap(), is);
        drop(w);
        gone(n);
        assert_eq!(r.read(&mut [0]).unwrap(), 0);
        // On a thread that runs no goroutine.
        let (a, mut b) = tcp_pair();
        let n = std::thread::spawn(move || a.as_fd().as_raw_fd()).join().unwrap();
        assert_eq!(b.read(&mut [0]).unwrap(), 0);
        gone(n);
        // Closed before it was asked for.
        b.close().unwrap();
        assert!(gort::recover(|| _ = b.as_fd()).unwrap_err().message().contains("has been closed"));
        // std's own has a descriptor for itself, and closing the other does not shut it down.
        let (a, b) = tcp_pair();
        let clone = a.clone();
        let std = a.into_std().unwrap();
        clone.close().unwrap();
        b.clone().write_all(b"x").unwrap();
        assert_eq!(gort::blocking(|| (&std).read(&mut [0])).unwrap(), 1);
    })
    .ok();
}

/// A connection that became std's in a blocking section has left the poller: its old number can be
/// registered again, for the same connection.
#[test]
fn number_used_again() {
    in_child!(|| {
        use std::os::fd::{AsFd, AsRawFd};
        let (a, mut b) = tcp_pair();
        let number = a.as_fd().as_raw_fd();
        let std = gort::blocking(|| a.into_std().unwrap());
        let mut clones = Vec::new();
        let clone = loop {
            let c = std.try_clone().unwrap();
            if c.as_raw_fd() == number {
                break c;
            }
            assert!(clones.len() < 100, "{number} is not free");
            clones.push(c);
        };
        let mut again = TcpStream::from_std(clone).unwrap();
        go(move || b.write_all(b"hello").unwrap());
        let mut text = [0; 5];
        again.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"hello");
    })
    .ok();
}

/// Each kind of socket and file becomes a descriptor, in blocking mode, and comes back from one;
/// nothing of it is left with the poller, and the file of a listener stays where it is.
#[test]
fn descriptors_there_and_back() {
    in_child!(|| {
        use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd};
        use std::os::unix::fs::FileTypeExt;
        fn blocks(fd: &OwnedFd) -> bool {
            let text =
                std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).unwrap();
            let flags = text.lines().find_map(|l| l.strip_prefix("flags:")).unwrap().trim();
            u32::from_str_radix(flags, 8).unwrap() & libc::O_NONBLOCK as u32 == 0
        }
        fn there<T>(it: T) -> OwnedFd
        where
            OwnedFd: TryFrom<T, Error = io::Error>,
        {
            let fd = OwnedFd::try_from(it).unwrap();
            assert!(blocks(&fd));
            fd
        }
        let (a, mut b) = tcp_pair();
        let number = a.as_fd().as_raw_fd();
        let fd = there(a);
        assert_ne!(fd.as_raw_fd(), number); // the old one is closed
        let mut a = TcpStream::try_from(fd).unwrap();
        go(move || b.write_all(b"tcp").unwrap());
        assert_eq!(io::read_to_string(&mut a).unwrap(), "tcp");

        let (a, mut b) = UnixStream::pair().unwrap();
        let mut a = UnixStream::try_from(there(a)).unwrap();
        go(move || b.write_all(b"unix").unwrap());
        assert_eq!(io::read_to_string(&mut a).unwrap(), "unix");

        let (a, b) = UnixDatagram::pair().unwrap();
        let (a, b) = (UnixDatagram::try_from(there(a)).unwrap(), there(b));
        let b = UnixDatagram::from_std(b.into()).unwrap();
        go(move || assert_eq!(b.send(b"datagram").unwrap(), 8));
        assert_eq!(a.recv(&mut [0; 16]).unwrap(), 8);

        let u = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = u.local_addr().unwrap();
        let u = UdpSocket::try_from(there(u)).unwrap();
        u.send_to(b"udp", at).unwrap();
        assert_eq!(u.recv(&mut [0; 16]).unwrap(), 3);

        let (l, at) = listen();
        let l = TcpListener::try_from(there(l)).unwrap();
        go(move || drop(TcpStream::connect(at).unwrap()));
        l.accept().unwrap();

        // The file of a listener belongs to who made it.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let there_is = || std::fs::metadata(&path).is_ok_and(|m| m.file_type().is_socket());
        let l = UnixListener::bind(&path).unwrap();
        let clone = l.clone();
        let fd = there(l);
        clone.close().unwrap();
        assert!(there_is());
        let l = UnixListener::try_from(fd).unwrap();
        let connect = {
            let path = path.clone();
            move || UnixStream::connect(path).unwrap()
        };
        let h = gort::task::spawn(connect);
        l.accept().unwrap();
        drop(h.join());
        let l = UnixListener::from_std(l.into_std().unwrap()).unwrap();
        drop(l);
        assert!(there_is());
        std::fs::remove_file(&path).unwrap();
        let l = UnixListener::try_from(there(UnixListener::bind(&path).unwrap())).unwrap();
        l.set_unlink_on_close(true);
        drop(l);
        assert!(!there_is());
        // A stream is no listener's business, and a file no socket's.
        assert!(TcpStream::try_from(there(pipe().unwrap().0)).is_err());

        let (r, w) = pipe().unwrap();
        let number = there(r).into_raw_fd();
        // SAFETY: it was let go in the line before.
        let mut r = unsafe { gort::os::File::from_raw_fd(number) };
        assert!(r.pollable());
        let mut c = std::process::Command::new("echo");
        let mut child =
            gort::process::spawn(c.arg("child").stdout(std::process::Stdio::try_from(w).unwrap()));
        drop(c); // it holds the pipe's end, too
        assert_eq!(io::read_to_string(&mut r).unwrap(), "child\n");
        gort::process::wait(child.as_mut().unwrap()).unwrap();
    })
    .ok();
}

/// What is handed on to code that blocks its thread may be converted where it is used.
#[test]
fn conversions_in_blocking() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            fn std_of<T: Read + Write + Send + 'static, U: Read + Write>(
                (a, mut b): (T, T),
                into_std: impl Fn(T) -> io::Result<U>,
            ) {
                let c = chan::<()>(0);
                let echo = c.clone();
                go(move || {
                    let mut text = [0; 5];
                    b.read_exact(&mut text).unwrap();
                    b.write_all(&text).unwrap();
                    echo.send(());
                    assert_eq!(b.read(&mut text).unwrap(), 0); // the gort handle has gone, too
                    echo.send(());
                });
                gort::blocking(|| {
                    let mut std = into_std(a).unwrap();
                    std.write_all(b"hello").unwrap();
                    let mut text = [0; 5];
                    std.read_exact(&mut text).unwrap(); // waits, with the thread
                    assert_eq!(&text, b"hello");
                });
                c.recv();
                c.recv();
            }
            std_of(tcp_pair(), TcpStream::into_std);
            std_of(UnixStream::pair().unwrap(), UnixStream::into_std);
            // A listener, and a socket without a connection.
            let (l, at) = listen();
            let c = chan::<u8>(0);
            let got = c.clone();
            go(move || {
                let mut b = [0];
                TcpStream::connect(at).unwrap().read_exact(&mut b).unwrap();
                got.send(b[0]);
            });
            gort::blocking(|| l.into_std()?.accept()?.0.write_all(b"x")).unwrap();
            assert_eq!(c.recv(), Some(b'x'));
            let u = UdpSocket::bind("127.0.0.1:0").unwrap();
            let at = u.local_addr().unwrap();
            let n = gort::blocking(|| {
                assert_eq!(u.local_addr().unwrap(), at);
                let u = u.into_std()?;
                u.send_to(b"abc", at)?;
                u.recv(&mut [0; 8])
            });
            assert_eq!(n.unwrap(), 3);
            // A pipe; borrowed, duplicated, and the reader's handle used by std.
            let (r, mut w) = pipe().unwrap();
            w.write_all(b"abc").unwrap();
            let text = gort::blocking(|| {
                let dup: OwnedFd = w.as_fd().try_clone_to_owned()?;
                assert_ne!(dup.as_raw_fd(), w.as_raw_fd());
                drop((dup, w));
                io::read_to_string(r.into_std()?)
            });
            assert_eq!(text.unwrap(), "abc");
            // Closed before.
            let (a, _b) = tcp_pair();
            a.close().unwrap();
            says(gort::blocking(|| a.into_std()), CLOSED);
        })
        .ok();
    }
    // What gives a descriptor to the poller needs a processor, and says so.
    for what in ["TcpStream", "File"] {
        let o = in_child!(.env("WHAT", what), || {
            let what = std::env::var("WHAT").unwrap();
            gort::blocking(|| match what.as_str() {
                "File" => drop(gort::os::File::from(std::io::pipe().unwrap().0)),
                _ => {
                    let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                    let s = std::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
                    let _ = TcpStream::try_from(OwnedFd::from(s));
                }
            });
        });
        o.exited(2).stderr_has(
            "inside of gort::blocking, where its goroutine has no processor: I/O (init), on thread ",
        );
    }
}

const CLOSED: &str = "use of closed network connection";
const TIMEOUT: &str = "i/o timeout";

/// A file name that nobody else uses, in a folder that exists.
fn temp(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gort-net-{}-{name}", std::process::id()))
}

/// Starts a server that echoes what each connection sends.
fn echo_server() -> SocketAddr {
    let (l, a) = listen();
    go(move || {
        for conn in l.incoming() {
            let mut conn = conn.unwrap();
            go(move || {
                let mut b = [0; 4096];
                loop {
                    match conn.read(&mut b).unwrap() {
                        0 => break,
                        n => conn.write_all(&b[..n]).unwrap(),
                    }
                }
            });
        }
    });
    a
}

fn echo(clients: usize, rounds: usize) {
    let a = echo_server();
    let wg = Arc::new(WaitGroup::new());
    for i in 0..clients {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            let mut c = TcpStream::connect(a).unwrap();
            assert!(c.nodelay().unwrap());
            assert_eq!(c.peer_addr().unwrap(), a);
            for k in 0..rounds {
                let msg = format!("client {i} round {k}");
                c.write_all(msg.as_bytes()).unwrap();
                let mut b = vec![0; msg.len()];
                c.read_exact(&mut b).unwrap();
                assert_eq!(b, msg.as_bytes());
            }
            wg.done();
        });
    }
    wg.wait();
}

#[test]
fn echo_1() {
    in_child!(.procs(1), || echo(10, 100)).ok();
}

#[test]
fn echo_2() {
    in_child!(.procs(2), || echo(10, 100)).ok();
}

#[test]
fn echo_8() {
    in_child!(.procs(8), || echo(10, 100)).ok();
}

#[test]
fn two_hundred_connections() {
    let out = in_child!(.procs(4), || {
        echo(200, 20);
        // Waiting takes no threads.
        let (l, a) = listen();
        let conns: Vec<_> = (0..200)
            .map(|_| {
                let (c, mut s) = (TcpStream::connect(a).unwrap(), l.accept().unwrap().0);
                go(move || {
                    let _ = s.read(&mut [0]);
                });
                c
            })
            .collect();
        until_io_wait(200);
        drop(conns);
        println!("{}", runtime::stats().threads);
    });
    let threads: u32 = out.ok().stdout.trim().parse().unwrap();
    assert!(threads < 50, "{threads} threads");
}

#[test]
fn half_close() {
    in_child!(|| {
        let (mut c, mut s) = tcp_pair();
        go(move || {
            let mut all = String::new();
            s.read_to_string(&mut all).unwrap();
            s.write_all(all.to_uppercase().as_bytes()).unwrap();
        });
        c.write_all(b"half ").unwrap();
        c.write_all(b"close").unwrap();
        c.shutdown(Shutdown::Write).unwrap();
        let mut all = String::new();
        c.read_to_string(&mut all).unwrap();
        assert_eq!(all, "HALF CLOSE");
        says(c.write(b"x"), &format!("errno {}", libc::EPIPE));
        // The reading side can be closed by itself as well.
        let (mut c, _s) = tcp_pair();
        c.shutdown(Shutdown::Read).unwrap();
        assert_eq!(c.read(&mut [0; 8]).unwrap(), 0);
    })
    .ok();
}

/// Runs `blocked` on a goroutine, `f` when it has parked in the poller, and returns what `blocked`
/// returned.
fn while_blocked<T: Send + 'static>(
    blocked: impl FnOnce() -> T + Send + 'static,
    f: impl FnOnce(),
) -> T {
    let c = chan(0);
    let tx = c.clone();
    go(move || tx.send(blocked()));
    until_io_wait(1);
    f();
    c.recv().unwrap()
}

fn close_unblocks() {
    let (c, _s) = tcp_pair();
    let mut r = c.clone();
    let res = while_blocked(move || r.read(&mut [0]), || c.close().unwrap());
    let e = err(res);
    assert_eq!((what(&e).as_str(), e.kind()), (CLOSED, ErrorKind::NotConnected));
    assert_eq!(gort::net::OpError::of(&e).map(|e| e.error()), Some(Error::NetClosing));
    assert_eq!(c.as_raw_fd(), -1);

    let (l, _) = listen();
    let l2 = l.clone();
    says(while_blocked(move || l2.accept(), || l.close().unwrap()), CLOSED);
    assert!(l.incoming().next().is_none());

    let (c, _s) = tcp_pair();
    let mut w = c.clone();
    let res = while_blocked(move || w.write_all(&vec![1; 64 << 20]), || c.close().unwrap());
    says(res, CLOSED);

    // What is done after it says the same, and closing twice does too.
    says((&c).read(&mut [0]), CLOSED);
    says((&c).write(&[0]), CLOSED);
    says(c.shutdown(Shutdown::Both), CLOSED);
    says(c.set_deadline(None), CLOSED);
    says(c.set_nodelay(false), CLOSED);
    says(c.close(), CLOSED);
    c.local_addr().unwrap();
}

#[test]
fn close_unblocks_1() {
    in_child!(.procs(1), close_unblocks).ok();
}

#[test]
fn close_unblocks_8() {
    in_child!(.procs(8), close_unblocks).ok();
}

/// Readers that wait for their turn, not for the poller, are let go as well.
#[test]
fn close_unblocks_all_readers() {
    in_child!(.procs(2), || {
        let (c, _s) = tcp_pair();
        let done = chan::<String>(0);
        for _ in 0..10 {
            let (mut r, done) = (c.clone(), done.clone());
            go(move || done.send(what(&err(r.read(&mut [0])))));
        }
        until_io_wait(1);
        while runtime::stack(true).matches("[semacquire").count() < 9 {
            runtime::gosched();
        }
        c.close().unwrap();
        for _ in 0..10 {
            assert_eq!(done.recv().as_deref(), Some(CLOSED));
        }
    })
    .ok();
}

fn deadlines() {
    let (c, mut s) = tcp_pair();
    let soon = || Some(Instant::now() + ms(30));
    let far = || Some(Instant::now() + Duration::from_secs(3600));

    // In the past: at once, even if there is something to read, and for ever after.
    s.write_all(b"x").unwrap();
    let past = Instant::now().checked_sub(ms(1)).unwrap();
    c.set_read_deadline(Some(past)).unwrap();
    for _ in 0..3 {
        let e = err((&c).read(&mut [0]));
        assert_eq!((what(&e).as_str(), e.kind()), (TIMEOUT, ErrorKind::TimedOut));
        assert!(gort::net::OpError::of(&e).unwrap().timeout());
    }
    // The other direction is not concerned.
    (&c).write_all(b"y").unwrap();
    // Taken back.
    c.set_read_deadline(None).unwrap();
    assert_eq!((&c).read(&mut [0]).unwrap(), 1);

    // In the future: not before.
    let t = Instant::now();
    c.set_read_deadline(Some(t + ms(30))).unwrap();
    says((&c).read(&mut [0]), TIMEOUT);
    assert!(t.elapsed() >= ms(30));

    // Moved to the present while somebody waits.
    c.set_read_deadline(far()).unwrap();
    let mut r = c.clone();
    says(
        while_blocked(move || r.read(&mut [0]), || c.set_read_deadline(Some(past)).unwrap()),
        TIMEOUT,
    );

    // Set while somebody waits without one.
    c.set_read_deadline(None).unwrap();
    let mut r = c.clone();
    says(while_blocked(move || r.read(&mut [0]), || c.set_read_deadline(soon()).unwrap()), TIMEOUT);

    // Moved into the far future: the old one no longer counts.
    c.set_read_deadline(None).unwrap();
    let mut r = c.clone();
    let mut in_time = false;
    let res = while_blocked(
        move || r.read(&mut [0]),
        || {
            let old = Instant::now() + ms(50);
            c.set_read_deadline(Some(old)).unwrap();
            c.set_read_deadline(far()).unwrap();
            in_time = Instant::now() < old;
            while Instant::now() < old + ms(20) {
                time::sleep(ms(10));
            }
            s.write_all(b"z").unwrap();
        },
    );
    // If the deadline passed before it was moved, the timeout is right.
    let n = res.or_else(|e| if in_time { Err(e) } else { (&c).read(&mut [0]) });
    assert_eq!(n.unwrap(), 1);

    // Writing, and both.
    c.set_deadline(soon()).unwrap();
    let mut w = c.clone();
    says(w.write_all(&vec![0; 64 << 20]), TIMEOUT);
    says((&c).read(&mut [0]), TIMEOUT);

    // Accepting.
    let (l, _) = listen();
    l.set_deadline(soon()).unwrap();
    says(l.accept(), TIMEOUT);

    // std's timeouts hold for each operation.
    let (mut c, _s) = tcp_pair();
    c.set_read_timeout(Some(ms(10))).unwrap();
    assert_eq!(c.read_timeout().unwrap(), Some(ms(10)));
    says(c.read(&mut [0]), TIMEOUT);
    says(c.read(&mut [0]), TIMEOUT);
    assert_eq!(err(c.set_read_timeout(Some(Duration::ZERO))).kind(), ErrorKind::InvalidInput);
}

#[test]
fn deadlines_1() {
    in_child!(.procs(1), deadlines).ok();
}

#[test]
fn deadlines_4() {
    in_child!(.procs(4), deadlines).ok();
}

#[test]
fn reset_by_peer() {
    in_child!(|| {
        // The reset comes while the other side waits.
        let (c, s) = tcp_pair();
        let mut r = s;
        let res = while_blocked(
            move || {
                let e = err(r.read(&mut [0]));
                // No signal ends the process.
                says(r.write(b"x"), &format!("errno {}", libc::EPIPE));
                e
            },
            || {
                c.set_linger(Some(Duration::ZERO)).unwrap();
                c.close().unwrap();
            },
        );
        assert_eq!(res.kind(), ErrorKind::ConnectionReset);
    })
    .ok();
}

#[test]
fn connecting() {
    in_child!(|| {
        // Nobody listens.
        let nobody = refuses("127.0.0.1").unwrap();
        let a = nobody.addr;
        assert_eq!(err(TcpStream::connect(a)).kind(), ErrorKind::ConnectionRefused);
        // The second address answers.
        let (l, b) = listen();
        let c = TcpStream::connect(&[a, b][..]).unwrap();
        assert_eq!(c.peer_addr().unwrap(), b);
        // None does: the first error.
        assert_eq!(err(TcpStream::connect(&[a, a][..])).kind(), ErrorKind::ConnectionRefused);
        assert_eq!(err(TcpStream::connect(&[][..])).kind(), ErrorKind::InvalidInput);
        // By name.
        let c = TcpStream::connect(("localhost", b.port())).unwrap();
        assert_eq!(c.peer_addr().unwrap().port(), b.port());
        let e = err(TcpStream::connect("no port here"));
        assert_eq!(e.kind(), ErrorKind::InvalidInput);
        // The deadline does not outlive connecting.
        let mut c = TcpStream::connect_timeout(&b, Duration::from_secs(60)).unwrap();
        c.write_all(b"x").unwrap();
        says(TcpStream::connect_deadline(b, Instant::now()), TIMEOUT);
        // A taken port.
        assert_eq!(err(TcpListener::bind(b)).kind(), ErrorKind::AddrInUse);
        drop(l);
        // An address that can be used again at once.
        TcpListener::bind(b).unwrap();
    })
    .ok();
}

/// A listener whose queue is full does not answer.
#[test]
fn connect_times_out() {
    in_child!(|| {
        let l = std::net::TcpListener::bind(ANY).unwrap();
        // SAFETY: shortens the queue of our own socket.
        assert_eq!(unsafe { libc::listen(l.as_raw_fd(), 0) }, 0);
        let a = l.local_addr().unwrap();
        let mut kept = Vec::new();
        let t = loop {
            let t = Instant::now();
            match TcpStream::connect_timeout(&a, ms(100)) {
                Ok(c) => kept.push(c),
                Err(e) => {
                    assert_eq!((what(&e).as_str(), e.kind()), (TIMEOUT, ErrorKind::TimedOut));
                    break t;
                }
            }
            assert!(kept.len() < 100);
        };
        assert!(t.elapsed() >= ms(100));
    })
    .ok();
}

#[test]
fn keepalive_and_defaults() {
    in_child!(|| {
        let (c, s) = tcp_pair();
        for t in [&c, &s] {
            let opt = |level, name| {
                let (mut v, mut len) = (0i32, 4);
                // SAFETY: the kernel writes a number.
                let r = unsafe {
                    libc::getsockopt(t.as_raw_fd(), level, name, (&raw mut v).cast(), &mut len)
                };
                assert_eq!(r, 0);
                v
            };
            assert_eq!(opt(libc::SOL_SOCKET, libc::SO_KEEPALIVE), 1);
            assert_eq!(opt(libc::IPPROTO_TCP, libc::TCP_KEEPIDLE), 15);
            assert_eq!(opt(libc::IPPROTO_TCP, libc::TCP_KEEPINTVL), 15);
            assert_eq!(opt(libc::IPPROTO_TCP, libc::TCP_KEEPCNT), 9);
            assert_eq!(opt(libc::IPPROTO_TCP, libc::TCP_NODELAY), 1);
            // SAFETY: asks only.
            let fl = unsafe { libc::fcntl(t.as_raw_fd(), libc::F_GETFL) };
            // SAFETY: asks only.
            let fd = unsafe { libc::fcntl(t.as_raw_fd(), libc::F_GETFD) };
            assert!(fl & libc::O_NONBLOCK != 0 && fd & libc::FD_CLOEXEC != 0);
        }
        // Half a second of lingering is not none: that would be a reset.
        c.set_linger(Some(ms(500))).unwrap();
        // SAFETY: `c` is open.
        let fd = unsafe { BorrowedFd::borrow_raw(c.as_raw_fd()) };
        assert_eq!(socket2::SockRef::from(&fd).linger().unwrap(), Some(Duration::from_secs(1)));
        // An IPv6 wildcard listens for both, where there is IPv6.
        if let Ok(l) = TcpListener::bind("[::]:0") {
            let port = l.local_addr().unwrap().port();
            TcpStream::connect(("127.0.0.1", port)).unwrap();
            assert!(l.accept().unwrap().1.is_ipv6());
        }
    })
    .ok();
}

#[test]
fn emfile() {
    in_child!(|| {
        let (l, a) = listen();
        let c = TcpStream::connect(a).unwrap();
        let mut lim = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: fills the structure.
        unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut lim) };
        let low = libc::rlimit { rlim_cur: c.as_raw_fd() as u64 + 1, ..lim };
        // SAFETY: reads the structure.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &low) };
        for _ in 0..3 {
            says(l.accept(), &format!("errno {}", libc::EMFILE));
            says(TcpStream::connect(a), &format!("errno {}", libc::EMFILE));
            says(pipe(), &format!("errno {}", libc::EMFILE));
        }
        // SAFETY: reads the structure.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &lim) };
        // The connection has waited.
        let mut s = l.accept().unwrap().0;
        (&c).write_all(b"still here").unwrap();
        let mut b = [0; 10];
        s.read_exact(&mut b).unwrap();
        assert_eq!(&b, b"still here");
    })
    .ok();
}

/// The writer is faster than the reader: it waits, and everything arrives in order.
fn slow_reader() {
    const N: usize = 8 << 20;
    let (c, s) = tcp_pair();
    c.set_write_buffer(4096).unwrap();
    let data: Vec<u8> = (0..N).map(|i| ((i * 31) >> 7) as u8).collect();
    let sent = data.clone();
    let done = chan::<usize>(0);
    let tx = done.clone();
    go(move || {
        // Go's Write: all of it, however often it has to wait.
        let n = (&c).write(&sent).unwrap();
        drop(c);
        tx.send(n);
    });
    let mut got = Vec::with_capacity(N);
    let mut b = [0; 10_000];
    let mut i = 0;
    loop {
        let n = (&s).read(&mut b).unwrap();
        if n == 0 {
            break;
        }
        got.extend_from_slice(&b[..n]);
        i += 1;
        if i % 64 == 0 {
            time::sleep(ms(1));
        }
    }
    assert_eq!(done.recv(), Some(N));
    assert!(got == data);
}

#[test]
fn slow_reader_1() {
    in_child!(.procs(1), slow_reader).ok();
}

#[test]
fn slow_reader_4() {
    in_child!(.procs(4), slow_reader).ok();
}

/// Several goroutines write to one connection: each message stays in one piece.
#[test]
fn writers_take_turns() {
    in_child!(.procs(4), || {
        const LEN: usize = 300_000;
        let (c, s) = tcp_pair();
        let wg = Arc::new(WaitGroup::new());
        for i in 0..8u8 {
            wg.add(1);
            let (mut w, wg) = (c.clone(), wg.clone());
            go(move || {
                for _ in 0..5 {
                    w.write_all(&vec![i; LEN]).unwrap();
                }
                wg.done();
            });
        }
        let w = wg.clone();
        go(move || {
            w.wait();
            c.shutdown(Shutdown::Write).unwrap();
        });
        let mut counts = [0; 8];
        let mut r = BufReader::new(&s);
        let mut b = vec![0; LEN];
        while r.read_exact(&mut b).is_ok() {
            assert!(b.iter().all(|&x| x == b[0]));
            counts[b[0] as usize] += 1;
        }
        assert_eq!(counts, [5; 8]);
    })
    .ok();
}

#[test]
fn vectored() {
    in_child!(.procs(2), || {
        let (mut c, mut s) = tcp_pair();
        go(move || {
            // More pieces than one call takes, some of them empty; together more than the kernel's
            // buffers.
            let parts: Vec<Vec<u8>> = (0..3000).map(|i| vec![i as u8; if i % 7 == 0 { 0 } else { 1000 }]).collect();
            let v: Vec<io::IoSlice<'_>> = parts.iter().map(|p| io::IoSlice::new(p)).collect();
            let total: usize = parts.iter().map(Vec::len).sum();
            assert_eq!(c.write_vectored(&v).unwrap(), total);
        });
        let mut got = Vec::new();
        s.read_to_end(&mut got).unwrap();
        let want: Vec<u8> =
            (0..3000).flat_map(|i| vec![i as u8; if i % 7 == 0 { 0 } else { 1000 }]).collect();
        assert!(got == want);
    })
    .ok();
}

/// std's readers and writers, and with them crates of protocols, work on a connection.
#[test]
fn std_io() {
    in_child!(|| {
        let (c, s) = tcp_pair();
        go(move || {
            let mut w = io::BufWriter::new(&s);
            for line in BufReader::new(&s).lines() {
                let line = line.unwrap();
                writeln!(w, "{} {}", line.len(), line).unwrap();
                w.flush().unwrap();
            }
        });
        let mut lines = BufReader::new(&c).lines();
        for word in ["one", "three", ""] {
            writeln!(&c, "{word}").unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), format!("{} {word}", word.len()));
        }
        c.shutdown(Shutdown::Write).unwrap();
        assert!(lines.next().is_none());
        // peek leaves it there
        let (mut c, mut s) = tcp_pair();
        s.write_all(b"peek").unwrap();
        let mut b = [0; 2];
        assert_eq!((c.peek(&mut b).unwrap(), &b), (2, b"pe"));
        let mut b = [0; 4];
        c.read_exact(&mut b).unwrap();
        assert_eq!(&b, b"peek");
        // Nothing asked for, nothing waited for.
        assert_eq!(c.read(&mut []).unwrap(), 0);
    })
    .ok();
}

#[test]
fn std_sockets_taken_over() {
    in_child!(|| {
        let l = TcpListener::from_std(std::net::TcpListener::bind(ANY).unwrap()).unwrap();
        let a = l.local_addr().unwrap();
        let c = TcpStream::from_std(std::net::TcpStream::connect(a).unwrap()).unwrap();
        let mut s = l.accept().unwrap().0;
        assert_eq!(c.peer_addr().unwrap(), a);
        assert_eq!(s.peer_addr().unwrap(), c.local_addr().unwrap());
        let mut r = c.clone();
        while_blocked(move || r.read(&mut [0]), || s.write_all(b"x").unwrap()).unwrap();
        // A file is no socket.
        let (r, _w) = pipe().unwrap();
        // SAFETY: a duplicate for std to own.
        let fd = unsafe { OwnedFd::from_raw_fd(libc::dup(r.as_raw_fd())) };
        says(TcpStream::from_std(fd.into()), &format!("errno {}", libc::ENOTSOCK));
    })
    .ok();
}

#[test]
fn udp() {
    in_child!(|| {
        let a = UdpSocket::bind(ANY).unwrap();
        let b = UdpSocket::bind(ANY).unwrap();
        let (aa, ba) = (a.local_addr().unwrap(), b.local_addr().unwrap());
        let r = b.clone();
        let (n, from) = while_blocked(
            move || {
                let mut buf = [0; 3];
                let r = r.recv_from(&mut buf).unwrap(); // cut off
                assert_eq!(&buf, b"dat");
                r
            },
            || assert_eq!(a.send_to(b"datagram", ba).unwrap(), 8),
        );
        assert_eq!((n, from), (3, aa));
        // Empty packets are packets.
        a.send_to(b"", ba).unwrap();
        assert_eq!(b.recv_from(&mut [0; 8]).unwrap(), (0, aa));
        a.connect(ba).unwrap();
        assert_eq!(a.peer_addr().unwrap(), ba);
        a.send(b"").unwrap();
        assert_eq!(b.recv(&mut [0; 8]).unwrap(), 0);
        b.send_to(b"back", aa).unwrap();
        assert_eq!(a.recv(&mut [0; 8]).unwrap(), 4);
        b.set_read_deadline(Some(Instant::now() + ms(20))).unwrap();
        says(b.recv_from(&mut [0; 8]), TIMEOUT);
        // Nobody there for this sender: the port talks to another one.
        b.connect("127.0.0.2:9").unwrap();
        a.send(b"x").unwrap();
        assert_eq!(err(a.recv(&mut [0; 8])).kind(), ErrorKind::ConnectionRefused);
        let r = a.clone();
        says(while_blocked(move || r.recv(&mut [0]), || a.close().unwrap()), CLOSED);
    })
    .ok();
}

#[test]
fn unix_streams() {
    in_child!(|| {
        let path = temp("stream");
        let l = UnixListener::bind(&path).unwrap();
        assert_eq!(l.local_addr().unwrap().as_pathname(), Some(path.as_path()));
        let mut c = UnixStream::connect(&path).unwrap();
        assert_eq!(c.peer_addr().unwrap().as_pathname(), Some(path.as_path()));
        let (mut s, from) = l.accept().unwrap();
        assert!(from.is_unnamed() && c.local_addr().unwrap().is_unnamed());
        c.write_all(b"over unix").unwrap();
        c.shutdown(Shutdown::Write).unwrap();
        let mut all = String::new();
        s.read_to_string(&mut all).unwrap();
        assert_eq!(all, "over unix");
        // Taken while it is there; removed when it is closed, as in Go.
        assert_eq!(err(UnixListener::bind(&path)).kind(), ErrorKind::AddrInUse);
        let l2 = l.clone();
        says(while_blocked(move || l2.accept(), || l.close().unwrap()), CLOSED);
        assert!(!path.exists());
        drop(UnixListener::bind(&path).unwrap());
        assert!(!path.exists());
        let l = UnixListener::bind(&path).unwrap();
        l.set_unlink_on_close(false);
        drop(l);
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(err(UnixStream::connect(&path)).kind(), ErrorKind::NotFound);

        // A name that is no file.
        use std::os::linux::net::SocketAddrExt;
        let name = format!("gort-net-{}", std::process::id());
        let a = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let l = UnixListener::bind_addr(&a).unwrap();
        assert_eq!(l.local_addr().unwrap().as_abstract_name(), Some(name.as_bytes()));
        let c = UnixStream::connect_addr(&a).unwrap();
        l.accept().unwrap();
        drop(c);

        // Pairs, and close.
        let (a, mut b) = UnixStream::pair().unwrap();
        let mut r = a.clone();
        assert_eq!(
            while_blocked(move || r.read(&mut [0; 9]), || b.write_all(b"pair").unwrap()).unwrap(),
            4
        );
        let mut r = a.clone();
        says(while_blocked(move || r.read(&mut [0]), || a.close().unwrap()), CLOSED);
    })
    .ok();
}

#[test]
fn unix_datagrams() {
    in_child!(|| {
        let (pa, pb) = (temp("dgram-a"), temp("dgram-b"));
        let (a, b) = (UnixDatagram::bind(&pa).unwrap(), UnixDatagram::bind(&pb).unwrap());
        let r = b.clone();
        let (n, from) = while_blocked(
            move || r.recv_from(&mut [0; 16]).unwrap(),
            || {
                a.send_to(b"packet", &pb).unwrap();
            },
        );
        assert_eq!((n, from.as_pathname()), (6, Some(pa.as_path())));
        let u = UnixDatagram::unbound().unwrap();
        u.connect(&pb).unwrap();
        u.send(b"x").unwrap();
        assert!(b.recv_from(&mut [0; 16]).unwrap().1.is_unnamed());
        let (c, d) = UnixDatagram::pair().unwrap();
        c.send(b"one").unwrap();
        c.send(b"three").unwrap();
        assert_eq!((d.recv(&mut [0; 16]).unwrap(), d.recv(&mut [0; 16]).unwrap()), (3, 5));
        std::fs::remove_file(pa).unwrap();
        std::fs::remove_file(pb).unwrap();
    })
    .ok();
}

fn pipes() {
    const FILE_CLOSED: &str = "use of closed file";
    let (mut r, mut w) = pipe().unwrap();
    assert!(r.pollable() && w.pollable());
    let mut r2 = r.clone();
    assert_eq!(
        while_blocked(move || r2.read(&mut [0; 9]), || w.write_all(b"hello").unwrap()).unwrap(),
        5
    );
    r.set_read_deadline(Some(Instant::now() + ms(20))).unwrap();
    says(r.read(&mut [0]), TIMEOUT);
    r.set_read_deadline(None).unwrap();
    // A full pipe.
    let mut w2 = w.clone();
    let c: Chan<io::Result<()>> = chan(0);
    let tx = c.clone();
    go(move || tx.send(w2.write_all(&vec![7; 1 << 20])));
    until_io_wait(1);
    let mut b = vec![0; 1 << 20];
    r.read_exact(&mut b).unwrap();
    c.recv().unwrap().unwrap();
    // The end.
    let mut r2 = r.clone();
    assert_eq!(while_blocked(move || r2.read(&mut [0; 9]), || w.close().unwrap()).unwrap(), 0);
    says(w.write(b"x"), FILE_CLOSED);
    says(w.close(), FILE_CLOSED);
    // Close lets a reader go.
    let (r, w) = pipe().unwrap();
    let mut r2 = r.clone();
    says(while_blocked(move || r2.read(&mut [0; 9]), || r.close().unwrap()), FILE_CLOSED);
    // Nobody reads.
    says((&w).write(b"x"), &format!("errno {}", libc::EPIPE));
}

#[test]
fn pipes_1() {
    in_child!(.procs(1), pipes).ok();
}

#[test]
fn pipes_4() {
    in_child!(.procs(4), pipes).ok();
}

/// A pipe of somebody else's is given to the poller by an open file of its own: his stays in
/// blocking mode.
#[test]
fn standard_input() {
    let out = in_child!(.procs(1).stdin(b"from outside\n"), || {
        go(|| loop {
            runtime::gosched();
        });
        // SAFETY: a duplicate of standard input.
        let fd = unsafe { OwnedFd::from_raw_fd(libc::dup(0)) };
        let n = fd.as_raw_fd();
        let f = File::from_fd(fd);
        assert!(f.pollable());
        assert_eq!(f.as_raw_fd(), n);
        // SAFETY: a question.
        assert_eq!(unsafe { libc::fcntl(0, libc::F_GETFL) } & libc::O_NONBLOCK, 0);
        let mut line = String::new();
        BufReader::new(&f).read_line(&mut line).unwrap();
        print!("{line}");
    });
    out.ok().stdout_is("from outside\n");
}

#[test]
fn regular_files() {
    in_child!(.procs(2), || {
        let path = temp("file");
        let mut f = File::open_with(
            std::fs::OpenOptions::new().read(true).write(true).create_new(true),
            &path,
        )
        .unwrap();
        assert!(!f.pollable());
        f.write_all(b"0123456789").unwrap();
        assert_eq!(f.seek(SeekFrom::Start(3)).unwrap(), 3);
        let mut b = [0; 4];
        f.read_exact(&mut b).unwrap();
        assert_eq!(&b, b"3456");
        assert_eq!(f.read_at(&mut b, 8).unwrap(), 2);
        assert_eq!(f.read_at(&mut b, 100).unwrap(), 0);
        f.write_at(b"ab", 9).unwrap();
        assert_eq!(f.size().unwrap(), 11);
        f.set_len(4).unwrap();
        f.sync_all().unwrap();
        f.rewind().unwrap();
        let mut all = String::new();
        f.read_to_string(&mut all).unwrap();
        assert_eq!(all, "0123");
        let e = err(f.set_read_deadline(None));
        assert_eq!((e.kind(), what(&e).as_str()), (ErrorKind::Unsupported, "file type does not support deadline"));
        // Blocking mode, as it was.
        // SAFETY: asks only.
        assert_eq!(unsafe { libc::fcntl(f.as_raw_fd(), libc::F_GETFL) } & libc::O_NONBLOCK, 0);
        f.close().unwrap();
        says(f.read(&mut [0]), "use of closed file");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(err(File::open(&path)).kind(), ErrorKind::NotFound);

        // Many at once, on few threads' Ps.
        let wg = Arc::new(WaitGroup::new());
        for i in 0..20 {
            wg.add(1);
            let wg = wg.clone();
            go(move || {
                let path = temp(&format!("many-{i}"));
                File::create(&path).unwrap().write_all(&vec![i as u8; 100_000]).unwrap();
                let mut b = Vec::new();
                File::open(&path).unwrap().read_to_end(&mut b).unwrap();
                assert!(b == vec![i as u8; 100_000]);
                std::fs::remove_file(path).unwrap();
                wg.done();
            });
        }
        wg.wait();
    })
    .ok();
}

/// FIFOs and ttys are for the poller too.
#[test]
fn fifo_and_tty() {
    in_child!(.procs(1), || {
        let path = temp("fifo");
        let c = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: reads the path.
        assert_eq!(unsafe { libc::mkfifo(c.as_ptr(), 0o600) }, 0);
        // Each open waits for the other, in a thread of its own.
        let p = path.clone();
        go(move || {
            let mut w = std::fs::OpenOptions::new();
            let f = File::open_with(w.write(true), p).unwrap();
            assert!(f.pollable());
            (&f).write_all(b"through").unwrap();
        });
        let mut all = String::new();
        let f = File::open(&path).unwrap();
        assert!(f.pollable());
        (&f).read_to_string(&mut all).unwrap();
        assert_eq!(all, "through");
        std::fs::remove_file(path).unwrap();

        let mut ptmx = std::fs::OpenOptions::new();
        let Ok(master) = File::open_with(ptmx.read(true).write(true), "/dev/ptmx") else {
            return; // no ttys here
        };
        assert!(master.pollable());
        master.set_read_deadline(Some(Instant::now() + ms(10))).unwrap();
        says((&master).read(&mut [0; 9]), TIMEOUT);
        let mut n = 0i32;
        // SAFETY: the kernel writes a number.
        let ok = unsafe { libc::unlockpt(master.as_raw_fd()) == 0 && libc::ioctl(master.as_raw_fd(), libc::TIOCGPTN, &mut n) == 0 };
        let mut rw = std::fs::OpenOptions::new();
        if let (true, Ok(tty)) = (ok, File::open_with(rw.read(true).write(true), format!("/dev/pts/{n}"))) {
            assert!(tty.pollable());
            master.set_read_deadline(None).unwrap();
            let t = tty.clone();
            let got = while_blocked(move || {
                let mut b = [0; 16];
                let n = (&t).read(&mut b).unwrap();
                b[..n].to_vec()
            }, || (&master).write_all(b"typed\n").unwrap());
            assert_eq!(got, b"typed\n");
        }
    })
    .ok();
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn nothing_leaks() {
    in_child!(.procs(2), || {
        let a = echo_server();
        let round = || {
            let wg = Arc::new(WaitGroup::new());
            for i in 0..20 {
                wg.add(1);
                let wg = wg.clone();
                go(move || {
                    let mut c = TcpStream::connect(a).unwrap();
                    c.write_all(b"x").unwrap();
                    c.read_exact(&mut [0]).unwrap();
                    if i % 2 == 0 {
                        c.close().unwrap();
                    }
                    wg.done();
                });
            }
            wg.wait();
            // main and the server
            while runtime::num_goroutine() > 2 {
                runtime::gosched();
            }
        };
        round();
        let before = open_files();
        for _ in 0..20 {
            round();
        }
        assert_eq!(open_files(), before);
        // A deadline that is set when the last handle goes does no harm.
        for _ in 0..200 {
            let (c, _s) = UnixStream::pair().unwrap();
            c.set_deadline(Some(Instant::now() + ms(5))).unwrap();
        }
        time::sleep(ms(20)); // so that all have passed
        assert_eq!(open_files(), before);
    })
    .ok();
}

/// Many goroutines close, read, write and move deadlines of the same connections.
#[test]
fn stress() {
    in_child!(.procs(8), || {
        for _ in 0..200 {
            let (a, b) = UnixStream::pair().unwrap();
            let wg = Arc::new(WaitGroup::new());
            let start = |f: Box<dyn FnOnce() + Send>| {
                wg.add(1);
                let wg = wg.clone();
                go(move || {
                    f();
                    wg.done();
                });
            };
            for _ in 0..3 {
                let mut r = a.clone();
                start(Box::new(move || while r.read(&mut [0; 100]).is_ok_and(|n| n > 0) {}));
                let mut w = b.clone();
                start(Box::new(move || while w.write_all(&[0; 1000]).is_ok() {}));
                let d = a.clone();
                start(Box::new(move || {
                    while d.set_read_deadline(Some(Instant::now() + Duration::from_micros(50))).is_ok() {
                        runtime::gosched();
                        let _ = d.set_read_deadline(None);
                    }
                }));
            }
            let (c, d) = (a.clone(), b.clone());
            start(Box::new(move || {
                time::sleep(Duration::from_micros(300));
                c.close().unwrap();
                let _ = d.close();
            }));
            drop((a, b));
            wg.wait();
        }
    })
    .ok();
}

/// A thread of the program's own reads as a goroutine does, and the last handle may go there.
#[test]
fn foreign_threads() {
    in_child!(|| {
        let (mut c, s) = UnixStream::pair().unwrap();
        let t = std::thread::spawn(move || {
            assert_eq!((&s).read(&mut [0]).unwrap(), 1);
            drop(s);
        });
        c.write_all(b"x").unwrap();
        gort::blocking(|| t.join()).unwrap();
        assert_eq!(c.read(&mut [0]).unwrap(), 0);
    })
    .ok();
}

/// The same misuse as in `tests/go/net`: errors have the same numbers and texts.
#[test]
fn errors_like_go() {
    let out = in_child!(|| {
        let say = |name: &str, e: io::Error| println!("{name}: {}", what(&e));
        let (l, a) = listen();
        let c = TcpStream::connect(a).unwrap();
        let s = l.accept().unwrap().0;
        let past = Some(Instant::now().checked_sub(ms(1000)).unwrap());
        c.set_deadline(past).unwrap();
        say("read past deadline", err((&c).read(&mut [0])));
        say("write past deadline", err((&c).write(&[0])));
        c.set_deadline(None).unwrap();
        c.shutdown(Shutdown::Write).unwrap();
        say("write after shutdown", err((&c).write(&[0])));
        c.close().unwrap();
        say("read closed", err((&c).read(&mut [0])));
        say("write closed", err((&c).write(&[0])));
        say("close closed", err(c.close()));
        say("deadline closed", err(c.set_deadline(None)));
        say("shutdown closed", err(c.shutdown(Shutdown::Read)));
        drop(s);
        say("bind taken", err(TcpListener::bind(a)));
        l.set_deadline(past).unwrap();
        say("accept past deadline", err(l.accept()));
        l.close().unwrap();
        say("accept closed", err(l.accept()));
        say("connect refused", err(TcpStream::connect(refuses("127.0.0.1").unwrap().addr)));
        let (l, a) = listen();
        let c = TcpStream::connect(a).unwrap();
        let s = l.accept().unwrap().0;
        (&c).write_all(b"unread").unwrap();
        s.set_linger(Some(Duration::ZERO)).unwrap();
        s.close().unwrap();
        say("read reset", err((&c).read(&mut [0])));
        say("write reset", err((&c).write(&[0])));
        let (r, w) = pipe().unwrap();
        r.set_deadline(past).unwrap();
        say("pipe past deadline", err((&r).read(&mut [0])));
        r.close().unwrap();
        say("pipe closed", err((&r).read(&mut [0])));
        say("pipe without reader", err((&w).write(&[0])));
        let f = File::open("/proc/self/exe").unwrap();
        say("file deadline", err(f.set_deadline(past)));
        say("file write", err((&f).write(&[0])));
        f.close().unwrap();
        say("file closed", err((&f).read(&mut [0])));
        say("unix missing", err(UnixStream::connect("/nonexistent/socket")));
        let u = UdpSocket::bind(ANY).unwrap();
        let to = u.local_addr().unwrap();
        say("packet too long", err(u.send_to(&vec![0; 70_000], to)));
        u.close().unwrap();
        say("packet closed", err(u.send_to(&[0], to)));
    });
    out.ok();
    let golden = std::fs::read_to_string(tests_dir().join("golden/net/errors.txt")).unwrap();
    out.stdout_is(&golden);
    if let Some(exe) = go_build("net") {
        let cmd = std::process::Command::new(exe);
        gort_tests::wait(cmd, b"", Duration::from_secs(60)).ok().stdout_is(&golden);
    }
}

/// Errors say what was tried and with whom, in Go's words (net.go:491).
#[test]
fn errors_in_gos_words() {
    in_child!(.procs(2), || {
        let text = |e: io::Error| e.to_string();
        let no = gort_tests::refuses("127.0.0.1").unwrap();
        let e = err(TcpStream::connect(no.addr));
        assert_eq!((e.kind(), e.raw_os_error()), (ErrorKind::ConnectionRefused, None));
        let op = gort::net::OpError::of(&e).unwrap();
        assert_eq!((op.op(), op.net(), op.raw_os_error()), ("dial", "tcp", Some(libc::ECONNREFUSED)));
        assert_eq!(op.addr(), Some(&gort::net::Addr::Inet(no.addr)));
        assert_eq!(text(e), format!("dial tcp {}: connect: connection refused", no.addr));

        let (l, a) = listen();
        let c = TcpStream::connect(a).unwrap();
        let (s, _) = l.accept().unwrap();
        let (ca, sa) = (c.local_addr().unwrap(), c.peer_addr().unwrap());
        assert_eq!(text(err(TcpListener::bind(a))), format!("listen tcp {a}: bind: address already in use"));
        c.set_read_deadline(Some(Instant::now())).unwrap();
        assert_eq!(text(err((&c).read(&mut [0]))), format!("read tcp {ca}->{sa}: i/o timeout"));
        c.set_read_deadline(None).unwrap();
        s.set_linger(Some(Duration::ZERO)).unwrap();
        drop(s);
        assert_eq!(text(err((&c).read(&mut [0]))), format!("read tcp {ca}->{sa}: read: connection reset by peer"));
        assert_eq!(text(err((&c).write_all(b"x"))), format!("write tcp {ca}->{sa}: write: broken pipe"));
        c.close().unwrap();
        let closed = "use of closed network connection";
        assert_eq!(text(err(c.close())), format!("close tcp {ca}->{sa}: {closed}"));
        assert_eq!(text(err(c.set_deadline(None))), format!("set tcp {ca}: {closed}"));
        assert_eq!(text(err(c.set_nodelay(true))), format!("set tcp {ca}->{sa}: {closed}"));
        l.set_deadline(Some(Instant::now())).unwrap();
        assert_eq!(text(err(l.accept())), format!("accept tcp {a}: i/o timeout"));
        l.close().unwrap();
        assert_eq!(text(err(l.accept())), format!("accept tcp {a}: {closed}"));

        let path = temp("none");
        let e = text(err(UnixStream::connect(&path)));
        assert_eq!(e, format!("dial unix {}: connect: no such file or directory", path.display()));
        let u = UdpSocket::bind("127.0.0.1:0").unwrap();
        let ua = u.local_addr().unwrap();
        u.set_read_deadline(Some(Instant::now())).unwrap();
        assert_eq!(text(err(u.recv_from(&mut [0]))), format!("read udp {ua}: i/o timeout"));
        let big = vec![0; 1 << 17];
        assert_eq!(text(err(u.send_to(&big, no.addr))), format!("write udp {ua}->{}: sendto: message too long", no.addr));
    })
    .ok();
}
