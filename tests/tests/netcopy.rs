//! `gort::net::copy`: between connections, pipes and files, in the kernel or not; always all bytes,
//! once, in order.

use gort::net::{Endpoint, File, Shutdown, TcpListener, TcpStream, UnixStream, copy, copy_n, pipe};
use gort::{Chan, chan, go, runtime};
use gort_tests::in_child;
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn tcp_pair() -> (TcpStream, TcpStream) {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let c = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    (c, l.accept().unwrap().0)
}

fn temp(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gort-copy-{}-{name}", std::process::id()))
}

/// A file without a name, open for both.
fn file() -> File {
    let path = temp("file");
    let f =
        File::open_with(OpenOptions::new().read(true).write(true).create_new(true), &path).unwrap();
    std::fs::remove_file(path).unwrap();
    f
}

fn data(n: usize) -> Vec<u8> {
    (0..n).map(|i| ((i * 31) >> 7) as u8 ^ i as u8).collect()
}

/// More than all buffers on the way, and no multiple of anything.
const N: usize = (5 << 20) + 12_345;

/// Writes all of it on a goroutine, then calls `end`.
fn feed<W: Send + 'static>(w: W, end: impl FnOnce(&W) + Send + 'static)
where
    for<'a> &'a W: Write,
{
    go(move || {
        (&w).write_all(&data(N)).unwrap();
        end(&w);
    });
}

/// Reads to the end on a goroutine.
fn drain<R: Send + 'static>(r: R) -> Chan<Vec<u8>>
where
    for<'a> &'a R: Read,
{
    let c = chan(1);
    let tx = c.clone();
    go(move || {
        let mut all = Vec::new();
        (&r).read_to_end(&mut all).unwrap();
        tx.send(all);
    });
    c
}

/// Sources: what to copy from. It gives `data(N)` and then ends.
fn tcp_source() -> TcpStream {
    let (c, s) = tcp_pair();
    feed(c, |c| c.shutdown(Shutdown::Write).unwrap());
    s
}

fn unix_source() -> UnixStream {
    let (c, s) = UnixStream::pair().unwrap();
    feed(c, |c| c.shutdown(Shutdown::Write).unwrap());
    s
}

fn pipe_source() -> File {
    let (r, w) = pipe().unwrap();
    feed(w, |w| w.close().unwrap());
    r
}

fn file_source() -> File {
    let mut f = file();
    f.write_all(&data(N)).unwrap();
    f.rewind().unwrap();
    f
}

/// From `src` to each kind of destination.
fn to_all<S: Endpoint>(src: impl Fn() -> S) {
    let want = data(N);
    let (c, s) = tcp_pair();
    let got = drain(s);
    assert_eq!(copy(&src(), &c).unwrap(), N as u64);
    c.shutdown(Shutdown::Write).unwrap();
    assert!(got.recv().unwrap() == want, "to TCP");

    let (c, s) = UnixStream::pair().unwrap();
    let got = drain(s);
    assert_eq!(copy(&src(), &c).unwrap(), N as u64);
    c.shutdown(Shutdown::Write).unwrap();
    assert!(got.recv().unwrap() == want, "to a Unix socket");

    let (r, w) = pipe().unwrap();
    let got = drain(r);
    assert_eq!(copy(&src(), &w).unwrap(), N as u64);
    w.close().unwrap();
    assert!(got.recv().unwrap() == want, "to a pipe");

    let mut f = file();
    assert_eq!(copy(&src(), &f).unwrap(), N as u64);
    f.rewind().unwrap();
    let mut all = Vec::new();
    f.read_to_end(&mut all).unwrap();
    assert!(all == want, "to a file");
}

fn every_pair() {
    to_all(tcp_source);
    to_all(unix_source);
    to_all(pipe_source);
    to_all(file_source);
}

#[test]
fn every_pair_1() {
    in_child!(.procs(1), every_pair).ok();
}

#[test]
fn every_pair_2() {
    in_child!(.procs(2), every_pair).ok();
}

#[test]
fn every_pair_8() {
    in_child!(.procs(8), every_pair).ok();
}

/// The rest stays where it is.
#[test]
fn limits() {
    in_child!(.procs(2), || {
        fn rest<S: Endpoint>(src: S)
        where
            for<'a> &'a S: Read,
        {
            let want = data(N);
            let f = file();
            assert_eq!(copy_n(&src, &f, 0).unwrap(), 0);
            assert_eq!(copy_n(&src, &f, 1).unwrap(), 1);
            assert_eq!(copy_n(&src, &f, 2_000_000).unwrap(), 2_000_000);
            let mut next = [0; 100];
            (&src).read_exact(&mut next).unwrap();
            assert_eq!(next, want[2_000_001..2_000_101]);
            // More than there is.
            assert_eq!(copy_n(&src, &f, N as u64).unwrap(), (N - 2_000_101) as u64);
            assert_eq!(copy(&src, &f).unwrap(), 0);
            assert_eq!(f.size().unwrap(), (N - 100) as u64);
        }
        rest(tcp_source());
        rest(unix_source());
        rest(pipe_source());
        rest(file_source());
    })
    .ok();
}

/// A file that is opened for appending gets it at its end: the kernel's own copying would refuse.
#[test]
fn append() {
    in_child!(|| {
        let path = temp("append");
        std::fs::write(&path, b"before").unwrap();
        let f = File::open_with(OpenOptions::new().append(true), &path).unwrap();
        assert_eq!(copy(&tcp_source(), &f).unwrap(), N as u64);
        assert_eq!(copy(&file_source(), &f).unwrap(), N as u64);
        let all = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(all == [b"before".to_vec(), data(N), data(N)].concat());
    })
    .ok();
}

fn text(e: io::Error) -> String {
    let op = gort::net::OpError::of(&e);
    match e.raw_os_error().or_else(|| op?.raw_os_error()) {
        Some(n) => format!("errno {n}"),
        None => op.map_or_else(|| e.to_string(), |op| op.error().to_string()),
    }
}

/// What ends a read or a write ends copying, on either side.
#[test]
fn errors() {
    in_child!(.procs(2), || {
        let soon = || Some(Instant::now() + Duration::from_millis(20));
        let (c, s) = tcp_pair();
        let (c2, s2) = tcp_pair();
        // Nothing comes.
        s.set_read_deadline(soon()).unwrap();
        assert_eq!(text(copy(&s, &c2).unwrap_err()), "i/o timeout");
        s.set_read_deadline(None).unwrap();
        s.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        assert_eq!(text(copy(&s, &c2).unwrap_err()), "i/o timeout");
        s.set_read_timeout(None).unwrap();
        // Nobody takes it away.
        // The end of the test closes the other side, maybe before the process is gone: then the
        // write fails.
        go(move || _ = (&c).write_all(&data(N)));
        c2.set_write_deadline(soon()).unwrap();
        let small = 4096;
        c2.set_write_buffer(small).unwrap();
        s2.set_read_buffer(small).unwrap();
        assert_eq!(text(copy(&s, &c2).unwrap_err()), "i/o timeout");
        c2.set_write_deadline(soon()).unwrap();
        assert_eq!(text(copy(&file_source(), &c2).unwrap_err()), "i/o timeout");
        // Closed meanwhile, by another goroutine.
        let (_c, s) = tcp_pair();
        let (c2, _s2) = tcp_pair();
        let done = chan::<String>(0);
        let (tx, s3, c3) = (done.clone(), s.clone(), c2.clone());
        go(move || tx.send(text(copy(&s3, &c3).unwrap_err())));
        while !runtime::stack(true).contains("[IO wait") {
            runtime::gosched();
        }
        s.close().unwrap();
        assert_eq!(done.recv().unwrap(), "use of closed network connection");
        // Closed before.
        assert_eq!(text(copy(&s, &c2).unwrap_err()), "use of closed network connection");
        let f = file_source();
        f.close().unwrap();
        assert_eq!(text(copy(&f, &c2).unwrap_err()), "use of closed file");
        // Reset.
        let (c, s) = tcp_pair();
        c.set_linger(Some(Duration::ZERO)).unwrap();
        c.close().unwrap();
        assert_eq!(text(copy(&s, &c2).unwrap_err()), format!("errno {}", libc::ECONNRESET));
        // What cannot be read.
        let dir = File::open("/").unwrap();
        assert_eq!(text(copy(&dir, &c2).unwrap_err()), format!("errno {}", libc::EISDIR));
        assert_eq!(copy_n(&dir, &c2, 0).unwrap(), 0);
    })
    .ok();
}

/// Many at once, through the pool of pipes: nothing gets mixed up, and no descriptor is lost.
#[test]
fn proxies() {
    in_child!(.procs(4), || {
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let round = || {
            let done = chan::<bool>(0);
            for i in 0..50u8 {
                let done = done.clone();
                go(move || {
                    let (client, front) = tcp_pair();
                    let (back, server) = tcp_pair();
                    // An echo server behind a proxy.
                    go(move || drop(copy(&server, &server).and_then(|_| server.shutdown(Shutdown::Write))));
                    let (front2, back2) = (front.clone(), back.clone());
                    go(move || drop(copy(&front2, &back2).and_then(|_| back2.shutdown(Shutdown::Write))));
                    go(move || drop(copy(&back, &front).and_then(|_| front.shutdown(Shutdown::Write))));
                    let msg: Vec<u8> = data(100_000).iter().map(|b| b ^ i).collect();
                    let got = drain(client.clone());
                    (&client).write_all(&msg).unwrap();
                    client.shutdown(Shutdown::Write).unwrap();
                    done.send(got.recv().unwrap() == msg);
                });
            }
            for _ in 0..50 {
                assert_eq!(done.recv(), Some(true));
            }
            while runtime::num_goroutine() > 1 {
                runtime::gosched();
            }
        };
        drop(tcp_pair()); // makes the poller
        let before = open();
        for _ in 0..4 {
            round();
        }
        // 32 pipes may be kept.
        assert!(open() <= before + 64, "{before}, then {}", open());
    })
    .ok();
}
