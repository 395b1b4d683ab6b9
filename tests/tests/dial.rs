//! Connecting: several addresses, both families side by side (RFC 6555), deadlines, and giving up.
//! After Go's net/dial_test.go.

use gort::context::Context;
use gort::net::{Dialer, TcpListener, TcpStream};
use gort::{chan, go, runtime};
use gort_tests::{in_child, refuses};
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

const HOUR: Duration = Duration::from_secs(3600);

/// An address that does not answer: a listener whose queue is full. Accepting lets the next one in,
/// when its kernel tries again.
struct Silent {
    l: std::net::TcpListener,
    addr: SocketAddr,
    _fills_the_queue: std::net::TcpStream,
}

impl Silent {
    fn new(ip: &str) -> Self {
        let l = std::net::TcpListener::bind((ip, 0)).unwrap();
        // SAFETY: shortens the queue of our own socket to one connection.
        assert_eq!(unsafe { libc::listen(l.as_raw_fd(), 0) }, 0);
        let addr = l.local_addr().unwrap();
        let c = std::net::TcpStream::connect(addr).unwrap();
        Self { l, addr, _fills_the_queue: c }
    }
}

fn listener(ip: &str) -> (TcpListener, SocketAddr) {
    let l = TcpListener::bind((ip, 0)).unwrap();
    let a = l.local_addr().unwrap();
    (l, a)
}

const V4: &str = "127.0.0.1";
const V6: &str = "::1";

/// Whether there is an IPv6 loopback; says so if not.
fn ipv6() -> bool {
    let there = std::net::TcpListener::bind((V6, 0)).is_ok();
    if !there {
        println!("no IPv6 on this machine: connecting over both families has not been tried");
    }
    there
}

fn after(fallback_delay: Duration) -> Dialer {
    Dialer { fallback_delay: Some(fallback_delay), ..Dialer::default() }
}

/// What went wrong, without what was tried.
fn what(e: &io::Error) -> String {
    gort::net::OpError::of(e).map_or_else(|| e.to_string(), |e| e.error().to_string())
}

fn err<T>(r: io::Result<T>) -> io::Error {
    r.err().expect("an error")
}

fn peer(c: &TcpStream) -> SocketAddr {
    c.peer_addr().unwrap()
}

/// Nothing is left of what has not won: neither goroutines nor descriptors.
fn settled(descriptors: usize) {
    while runtime::num_goroutine() > 1 {
        runtime::gosched();
    }
    assert_eq!(open(), descriptors);
}

fn open() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn both_families() {
    if !ipv6() {
        return;
    }
    for (first, second) in [(V4, V6), (V6, V4)] {
        let (_l, good) = listener(second);
        let silent = Silent::new(first);
        let (no1, no2) = (refuses(first).unwrap(), refuses(second).unwrap());
        drop(TcpStream::connect(good).unwrap()); // makes the poller
        let before = open();

        // The first one does not answer: the second is tried after the delay, and the first given
        // up.
        let t = Instant::now();
        let c = after(ms(30)).dial_any(&[silent.addr, good]).unwrap();
        assert_eq!(peer(&c), good);
        assert!(t.elapsed() >= ms(30));
        drop(c);
        settled(before);
        // By default after 300 ms; with `connect` too.
        let t = Instant::now();
        assert_eq!(peer(&TcpStream::connect(&[silent.addr, good][..]).unwrap()), good);
        assert!(t.elapsed() >= ms(300));
        settled(before);

        // The first one fails: the second is tried at once.
        assert_eq!(peer(&after(HOUR).dial_any(&[no1.addr, good]).unwrap()), good);
        assert_eq!(peer(&after(HOUR).dial_any(&[no1.addr, no1.addr, good]).unwrap()), good);
        settled(before);

        // The first one answers: the second is not tried.
        assert_eq!(peer(&after(HOUR).dial_any(&[good, silent.addr]).unwrap()), good);
        settled(before);

        // Both fail: the error is that of the first, whichever failed first.
        let d = Dialer { timeout: Some(ms(100)), ..after(ms(1)) };
        assert_eq!(err(d.dial_any(&[silent.addr, no2.addr])).kind(), ErrorKind::TimedOut);
        settled(before);
        // From an address of the first one's family the second cannot be reached.
        let d = Dialer { local_addr: Some(SocketAddr::new(no1.addr.ip(), 0)), ..after(HOUR) };
        assert_eq!(err(d.dial_any(&[no1.addr, good])).kind(), ErrorKind::ConnectionRefused);
        let d = Dialer { local_addr: Some(SocketAddr::new(no2.addr.ip(), 0)), ..after(HOUR) };
        assert_ne!(err(d.dial_any(&[no1.addr, no2.addr])).kind(), ErrorKind::ConnectionRefused);
        settled(before);

        // Without the other family beside it, one after the other: the time is used up by the
        // first.
        let d = Dialer { timeout: Some(ms(100)), fallback_delay: None, ..Dialer::default() };
        assert_eq!(err(d.dial_any(&[silent.addr, good])).kind(), ErrorKind::TimedOut);
        settled(before);
    }
}

#[test]
fn both_families_1() {
    print!("{}", in_child!(.procs(1), both_families).ok().stdout);
}

#[test]
fn both_families_8() {
    print!("{}", in_child!(.procs(8), both_families).ok().stdout);
}

/// The first family is slow but good, the second fails meanwhile: that does not end it.
#[test]
fn a_failed_fallback_does_not_matter() {
    let o = in_child!(.procs(2), || {
        if !ipv6() {
            return;
        }
        let silent = Silent::new(V4);
        let addr = silent.addr;
        let got = chan(0);
        let tx = got.clone();
        let started = runtime::stats().goroutines;
        // IPv6 cannot be reached from this address.
        let d = Dialer { local_addr: Some(SocketAddr::new(addr.ip(), 0)), ..after(ms(1)) };
        go(move || tx.send(d.dial_any(&[addr, "[::1]:1".parse().unwrap()])));
        // Room in the queue once the fallback has failed: there have been that goroutine, one for
        // each address, and one that would interrupt the first; of them three are left, beside this
        // one.
        while runtime::stats().goroutines < started + 4 || runtime::num_goroutine() > 4 {
            runtime::gosched();
        }
        silent.l.accept().unwrap();
        assert_eq!(peer(&got.recv().unwrap().unwrap()), addr);
    });
    print!("{}", o.ok().stdout);
}

fn at_its_end(mut s: TcpStream) {
    match s.read(&mut [0]) {
        Ok(n) => assert_eq!(n, 0),
        Err(e) => assert_eq!(e.kind(), ErrorKind::ConnectionReset),
    }
}

/// Both families answer at the same moment: one connection is the result, the other is closed.
fn two_winners() {
    if !ipv6() {
        return;
    }
    let ((l4, a4), (l6, a6)) = (listener(V4), listener(V6));
    drop((TcpStream::connect(a4).unwrap(), l4.accept().unwrap()));
    let before = open();
    for i in 0..100 {
        let addrs = if i % 2 == 0 { [a4, a6] } else { [a6, a4] };
        let c = after(Duration::ZERO).dial_any(&addrs).unwrap();
        let (mine, other) = if peer(&c) == a4 { (&l4, &l6) } else { (&l6, &l4) };
        // Before it there may be one that lost in a round before and came too late for that.
        let mut s = loop {
            let (s, from) = mine.accept().unwrap();
            if from == c.local_addr().unwrap() {
                break s;
            }
            at_its_end(s);
        };
        // The other one may have been given up before the kernel connected it. If not, it is at its
        // end.
        while runtime::num_goroutine() > 1 {
            runtime::gosched();
        }
        other.set_deadline(Some(Instant::now() + ms(1))).unwrap();
        if let Ok((s, _)) = other.accept() {
            at_its_end(s);
        }
        other.set_deadline(None).unwrap();
        // The result is whole: reading and writing have no deadline left.
        use std::io::Write;
        (&c).write_all(b"x").unwrap();
        assert_eq!(s.read(&mut [0; 2]).unwrap(), 1);
        s.write_all(b"yz").unwrap();
        (&c).read_exact(&mut [0; 2]).unwrap();
    }
    settled(before);
}

#[test]
fn two_winners_1() {
    print!("{}", in_child!(.procs(1), two_winners).ok().stdout);
}

#[test]
fn two_winners_8() {
    print!("{}", in_child!(.procs(8), two_winners).ok().stdout);
}

fn by_a_context() {
    let silent = Silent::new(V4);
    let (_l, good) = listener(V4);
    drop(TcpStream::connect(good).unwrap());
    let before = open();
    let waiting = || {
        while !runtime::stack(true).contains("[IO wait") {
            runtime::gosched();
        }
    };
    let (addr, bad) = (good.to_string(), silent.addr.to_string());
    for _ in 0..20 {
        // Cancelled while it waits, by the context or by the dialler's own channel.
        let (ctx, cancel) = Context::background().with_cancel();
        go(move || {
            waiting();
            cancel.cancel();
        });
        assert_eq!(
            what(&err(Dialer::default().dial_context(&ctx, &bad))),
            "operation was canceled"
        );
        let (ctx, _cancel) = Context::background().with_cancel();
        let c = chan::<()>(0);
        let d = Dialer { cancel: c.receiver(), ..Dialer::default() };
        go(move || {
            waiting();
            c.close();
        });
        assert_eq!(what(&err(d.dial_context(&ctx, &bad))), "operation was canceled");
        assert!(ctx.err().is_none());
        // The context's deadline is the earlier one, or not.
        let (ctx, _cancel) = Context::background().with_timeout(ms(1));
        let d = Dialer { timeout: Some(HOUR), ..Dialer::default() };
        assert_eq!(what(&err(d.dial_context(&ctx, &bad))), "i/o timeout");
        // It has passed before.
        ctx.done().recv();
        assert_eq!(what(&err(d.dial_context(&ctx, &addr))), "i/o timeout");
        let (ctx, _cancel) = Context::background().with_timeout(HOUR);
        let d = Dialer { timeout: Some(ms(1)), ..Dialer::default() };
        assert_eq!(what(&err(d.dial_context(&ctx, &bad))), "i/o timeout");
        settled(before);
    }
    // Afterwards it has no effect.
    let (ctx, cancel) = Context::background().with_cancel();
    let conn = Dialer::default().dial_context(&ctx, &addr).unwrap();
    cancel.cancel();
    use std::io::Write;
    (&conn).write_all(b"still there").unwrap();
    drop(conn);
    settled(before);
    while runtime::num_goroutine() > 1 {
        runtime::gosched();
    }
}

fn giving_up() {
    let silent = Silent::new(V4);
    let (_l, good) = listener(V4);
    drop(TcpStream::connect(good).unwrap());
    let before = open();
    // While it waits.
    for _ in 0..20 {
        let c = chan::<()>(0);
        let d = Dialer { cancel: c.receiver(), ..Dialer::default() };
        go(move || {
            while !runtime::stack(true).contains("[IO wait") {
                runtime::gosched();
            }
            c.close();
        });
        assert_eq!(what(&err(d.dial_any(&[silent.addr, good]))), "operation was canceled");
        settled(before);
    }
    // Before it begins.
    let c = chan::<()>(0);
    c.close();
    let d = Dialer { cancel: c.receiver(), ..Dialer::default() };
    assert_eq!(what(&err(d.dial_any(&[good]))), "operation was canceled");
    assert_eq!(what(&err(d.dial(&good.to_string()))), "operation was canceled");
    settled(before);
    // After it has ended.
    let c = chan::<()>(0);
    let d = Dialer { cancel: c.receiver(), ..Dialer::default() };
    let conn = d.dial_any(&[good]).unwrap();
    c.close();
    use std::io::Write;
    (&conn).write_all(b"still there").unwrap();
    drop(conn);
    settled(before);
    // At any moment: either a connection that works, or the error; nothing is left of it.
    for i in 0..200u64 {
        let c = chan::<()>(0);
        let d = Dialer { cancel: c.receiver(), ..Dialer::default() };
        go(move || {
            for _ in 0..i % 20 {
                runtime::gosched();
            }
            c.close();
        });
        match d.dial_any(&[good]) {
            Ok(c) => (&c).write_all(b"x").unwrap(),
            Err(e) => assert_eq!(what(&e), "operation was canceled"),
        }
        while runtime::num_goroutine() > 1 {
            runtime::gosched();
        }
    }
    settled(before);
}

#[test]
fn by_a_context_1() {
    in_child!(.procs(1), by_a_context).ok();
}

#[test]
fn by_a_context_8() {
    in_child!(.procs(8), by_a_context).ok();
}

#[test]
fn giving_up_1() {
    in_child!(.procs(1), giving_up).ok();
}

#[test]
fn giving_up_8() {
    in_child!(.procs(8), giving_up).ok();
}

#[test]
fn deadlines() {
    in_child!(.procs(2), || {
        let silent = Silent::new(V4);
        let (_l, good) = listener(V4);
        // Both kinds; the earlier one counts.
        let late = Some(Instant::now() + HOUR);
        for d in [
            Dialer { timeout: Some(ms(20)), ..Dialer::default() },
            Dialer { deadline: Some(Instant::now() + ms(20)), ..Dialer::default() },
            Dialer { timeout: Some(ms(20)), deadline: late, ..Dialer::default() },
            Dialer { timeout: Some(HOUR), deadline: Some(Instant::now() + ms(40)), ..Dialer::default() },
        ] {
            let e = err(d.dial_any(&[silent.addr]));
            assert_eq!((e.kind(), what(&e).as_str()), (ErrorKind::TimedOut, "i/o timeout"));
        }
        // In the past: not even tried.
        let d = Dialer { deadline: Some(Instant::now()), ..Dialer::default() };
        assert_eq!(err(d.dial_any(&[good])).kind(), ErrorKind::TimedOut);
        assert_eq!(err(d.dial(&good.to_string())).kind(), ErrorKind::TimedOut);
        // Beyond the end of time: none.
        let d = Dialer { timeout: Some(Duration::MAX), ..Dialer::default() };
        assert_eq!(peer(&d.dial_any(&[good]).unwrap()), good);
        // Each of several addresses gets its share, at least two seconds of what there is: not one.
        let addrs: Vec<_> = std::iter::once(silent.addr).chain(std::iter::repeat_n(good, 3599)).collect();
        let d = Dialer { timeout: Some(HOUR), ..Dialer::default() };
        let t = Instant::now();
        assert_eq!(peer(&d.dial_any(&addrs).unwrap()), good);
        assert!(t.elapsed() >= ms(2000));
    })
    .ok();
}

#[test]
fn names_and_local_addresses() {
    in_child!(.procs(2), || {
        let (l, good) = listener(V4);
        let d = Dialer { timeout: Some(HOUR), ..Dialer::default() };
        assert_eq!(peer(&d.dial(&format!("localhost:{}", good.port())).unwrap()), good);
        assert_eq!(peer(&Dialer::default().dial(&good.to_string()).unwrap()), good);
        for bad in ["localhost", "", "localhost:99999"] {
            assert_eq!(err(d.dial(bad)).kind(), ErrorKind::InvalidInput, "{bad}");
        }
        assert_eq!(err(d.dial_any(&[])).kind(), ErrorKind::InvalidInput);
        // From an address of one's own.
        let from: SocketAddr = "127.0.0.2:0".parse().unwrap();
        let c = Dialer { local_addr: Some(from), ..Dialer::default() }.dial_any(&[good]).unwrap();
        assert_eq!(c.local_addr().unwrap().ip(), from.ip());
        l.accept().unwrap();
        l.accept().unwrap();
        assert_eq!(l.accept().unwrap().1, c.local_addr().unwrap());
        let taken = Dialer { local_addr: Some(good), ..Dialer::default() };
        assert_eq!(err(taken.dial_any(&[good])).kind(), ErrorKind::AddrInUse);
    })
    .ok();
}

/// Looking names up blocks threads, but no Ps; and never more than 500 threads.
#[test]
fn many_names() {
    in_child!(.procs(1), || {
        let (l, a) = listener(V4);
        go(move || l.incoming().for_each(drop));
        let done = chan::<()>(0);
        for _ in 0..600 {
            let done = done.clone();
            go(move || {
                TcpStream::connect(("localhost", a.port())).unwrap();
                done.send(());
            });
        }
        for _ in 0..600 {
            done.recv();
        }
        assert!(runtime::stats().threads < 550);
    })
    .ok();
}
