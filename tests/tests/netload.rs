//! An echo server under load: 10,000 connections held open and 64 at work, among resets, slow
//! readers and storms of deadlines. Nothing is lost, and nothing is left behind.
//!
//! Server and clients are two processes, forked before the runtime starts: a process that may open
//! 20,000 files holds no 10,000 connections by both ends.

use gort::net::{TcpListener, TcpStream};
use gort::sync::WaitGroup;
use gort::{go, runtime, time};
use gort_tests::in_plain_child;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const HELD: usize = 10_000;
const ACTIVE: usize = 64;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A number from a sequence of its own.
struct Rnd(u64);
impl Rnd {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

/// Lets this process open so many files.
fn open_files(n: u64) {
    let mut lim = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills the structure.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut lim) };
    assert!(
        lim.rlim_max >= n,
        "this test opens {n} files in each of two processes, but the hard limit is {} (ulimit -Hn)",
        lim.rlim_max
    );
    lim.rlim_cur = lim.rlim_cur.max(n);
    // SAFETY: reads the structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &lim) }, 0);
}

/// Descriptors that are open now.
fn descriptors() -> usize {
    gort::blocking(|| std::fs::read_dir("/proc/self/fd").unwrap().count())
}

/// What the server tells about itself when it is asked (by a first byte of b'?').
#[derive(Debug, PartialEq, Eq)]
struct Report {
    accepted: u64,
    /// Connections that are open, the one that asks included.
    open: u64,
    /// Those that ended by a reset, so far.
    reset: u64,
    threads: u64,
    descriptors: u64,
}

impl Report {
    fn ask(addr: SocketAddr) -> Self {
        let mut c = TcpStream::connect(addr).unwrap();
        c.write_all(b"?").unwrap();
        let mut n = [0; 40];
        c.read_exact(&mut n).unwrap();
        c.set_linger(Some(Duration::ZERO)).unwrap();
        let n: Vec<u64> = n.chunks(8).map(|c| u64::from_le_bytes(c.try_into().unwrap())).collect();
        Self { accepted: n[0], open: n[1], reset: n[2], threads: n[3], descriptors: n[4] }
    }
}

/// Serves until a client says so (by a first byte of b'!').
fn server(l: std::net::TcpListener) {
    let l = TcpListener::from_std(l).unwrap();
    let (accepted, open) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let reset = Arc::new(AtomicU64::new(0));
    loop {
        let Ok((mut conn, _)) = l.accept() else { break };
        let me = accepted.fetch_add(1, SeqCst);
        open.fetch_add(1, SeqCst);
        let (l, accepted, open, reset) = (l.clone(), accepted.clone(), open.clone(), reset.clone());
        go(move || {
            let mut b = [0; 16 << 10];
            let mut first = true;
            loop {
                // As servers do: every other connection has a deadline that moves with each
                // request, far away.
                if me.is_multiple_of(2) {
                    conn.set_read_deadline(Some(Instant::now() + Duration::from_secs(3600)))
                        .unwrap();
                }
                let n = match conn.read(&mut b) {
                    Ok(0) => break,
                    Ok(n) => n,
                    Err(e) => {
                        assert_eq!(e.kind(), ErrorKind::ConnectionReset, "{e}");
                        reset.fetch_add(1, SeqCst);
                        break;
                    }
                };
                if std::mem::take(&mut first) && b[0] == b'?' {
                    let threads = runtime::stats().threads as u64;
                    let report = [
                        accepted.load(SeqCst),
                        open.load(SeqCst),
                        reset.load(SeqCst),
                        threads,
                        descriptors() as u64,
                    ];
                    let _ = conn.write_all(&report.map(u64::to_le_bytes).concat());
                    continue;
                }
                if b[0] == b'!' {
                    l.close().unwrap();
                    continue;
                }
                if let Err(e) = conn.write_all(&b[..n]) {
                    // The kernel says either, by when the reset came.
                    let gone = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                    assert!(gone.contains(&e.kind()), "{e}");
                    reset.fetch_add(1, SeqCst);
                    break;
                }
            }
            drop(conn);
            open.fetch_sub(1, SeqCst);
        });
    }
    while open.load(SeqCst) > 0 {
        time::sleep(ms(1));
    }
}

/// Runs `f` on `n` goroutines; they are waited for with the result.
fn start(wg: &Arc<WaitGroup>, n: usize, f: impl Fn(usize) + Send + Sync + 'static) {
    let f = Arc::new(f);
    wg.add(n as isize);
    for i in 0..n {
        let (wg, f) = (wg.clone(), f.clone());
        go(move || {
            f(i);
            wg.done();
        });
    }
}

/// Sends `msg` and expects it back.
fn exchange(c: &mut TcpStream, msg: &[u8]) {
    c.write_all(msg).unwrap();
    let mut back = vec![0; msg.len()];
    c.read_exact(&mut back).unwrap();
    assert!(back == msg, "wrong answer");
}

fn message(r: &mut Rnd, len: usize) -> Vec<u8> {
    let seed = r.below(1 << 30);
    // The first byte is no command.
    (0..len as u64).map(|i| (seed.wrapping_mul(i + 3) >> 5) as u8 | 0x80).collect()
}

/// Requests of all sizes, one after the other.
fn active(addr: SocketAddr, i: usize) {
    let (mut c, mut r) = (TcpStream::connect(addr).unwrap(), Rnd(i as u64));
    for _ in 0..100 {
        let max = if r.below(8) == 0 { 100_000 } else { 500 };
        let len = 1 + r.below(max) as usize;
        let msg = message(&mut r, len);
        if len < 10_000 {
            exchange(&mut c, &msg);
        } else {
            // Longer than what lies on the way: written beside the reading.
            let (mut w, m) = (c.clone(), msg.clone());
            go(move || w.write_all(&m).unwrap());
            let mut back = vec![0; len];
            c.read_exact(&mut back).unwrap();
            assert!(back == msg, "wrong answer");
        }
    }
}

/// Connections that end by a reset: before, while and after something is on the way.
fn resets(addr: SocketAddr, i: usize, done: &AtomicBool, made: &AtomicU64) {
    let mut r = Rnd(77 + i as u64);
    while !done.load(SeqCst) {
        let mut c = TcpStream::connect(addr).unwrap();
        let len = r.below(30_000) as usize;
        let msg = message(&mut r, len);
        // The server stops reading when nobody reads what it writes, so this may not write all.
        c.set_write_deadline(Some(Instant::now() + ms(20))).unwrap();
        let _ = c.write_all(&msg);
        if r.below(2) == 0 {
            c.set_read_deadline(Some(Instant::now() + ms(r.below(3)))).unwrap();
            let _ = c.read(&mut [0; 1000]);
        }
        c.set_linger(Some(Duration::ZERO)).unwrap();
        c.close().unwrap();
        made.fetch_add(1, SeqCst);
    }
}

/// The server writes faster than this reads, into small buffers.
fn slow_reader(addr: SocketAddr, i: usize) {
    let c = TcpStream::connect(addr).unwrap();
    c.set_read_buffer(4096).unwrap();
    let msg = message(&mut Rnd(i as u64), 1 << 20);
    let (mut w, m) = (c.clone(), msg.clone());
    go(move || w.write_all(&m).unwrap());
    let (mut c, mut b, mut got) = (c, [0; 3000], Vec::new());
    while got.len() < msg.len() {
        let n = c.read(&mut b).unwrap();
        assert!(n > 0, "the end after {} bytes", got.len());
        got.extend_from_slice(&b[..n]);
        if got.len() % 16 == 0 {
            time::sleep(Duration::from_micros(500));
        }
    }
    assert!(got == msg);
}

/// Reads whose deadlines pass all the time, moved by a second goroutine as well: each byte arrives
/// once.
fn deadline_storm(addr: SocketAddr, i: usize, timeouts: &AtomicUsize) {
    const BYTES: usize = 300;
    let c = TcpStream::connect(addr).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (d, o) = (c.clone(), over.clone());
    let wg = Arc::new(WaitGroup::new());
    start(&wg, 1, move |_| {
        let mut r = Rnd(i as u64);
        while !o.load(SeqCst) {
            for _ in 0..20 {
                // The past, the near future, the far one, none.
                let now = Instant::now();
                let t = match r.below(4) {
                    0 => Some(now),
                    1 => Some(now + Duration::from_micros(r.below(300))),
                    2 => Some(now + Duration::from_secs(3600)),
                    _ => None,
                };
                d.set_read_deadline(t).unwrap();
                runtime::gosched();
            }
            // A P that always has something to run polls the network every 10 ms only, in Go as
            // well.
            time::sleep(Duration::from_micros(100));
        }
    });
    let c1 = c.clone();
    start(&wg, 1, move |_| {
        for k in 0..BYTES {
            (&c1).write_all(&[k as u8 | 0x80]).unwrap();
            if k % 10 == 0 {
                time::sleep(Duration::from_micros(300));
            }
        }
    });
    let (mut got, mut late) = (0, 0);
    while got < BYTES || late == 0 {
        if got == BYTES {
            // All is here, and no deadline has passed so far: one that has.
            over.store(true, SeqCst);
            wg.wait();
            c.set_read_deadline(Some(Instant::now())).unwrap();
        }
        let mut b = [0; 16];
        match (&c).read(&mut b) {
            Ok(n) => {
                for &v in &b[..n] {
                    assert_eq!(v, got as u8 | 0x80, "byte {got}");
                    got += 1;
                }
                assert!(n > 0, "the end after {got} bytes");
            }
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::TimedOut, "{e}");
                late += 1;
            }
        }
    }
    over.store(true, SeqCst);
    wg.wait();
    timeouts.fetch_add(late, SeqCst);
}

fn clients(addr: SocketAddr) {
    let before = Report::ask(addr);
    // Those that are held: each has been accepted, as it gets an answer.
    let held = Arc::new(gort::sync::Mutex::new(Vec::with_capacity(HELD)));
    let wg = Arc::new(WaitGroup::new());
    let h = held.clone();
    start(&wg, 64, move |i| {
        for k in (i..HELD).step_by(64) {
            let mut c = TcpStream::connect(addr).unwrap();
            exchange(&mut c, &[k as u8 | 0x80]);
            h.lock().push(c);
        }
    });
    wg.wait();
    assert_eq!(held.lock().len(), HELD);
    let r = Report::ask(addr);
    assert_eq!(r.open, HELD as u64 + 1, "{r:?}");
    assert!(r.threads < 64, "waiting takes no threads: {r:?}");

    // All at once.
    let (done, made, timeouts) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let beside = Arc::new(WaitGroup::new());
    let (d, m) = (done.clone(), made.clone());
    start(&beside, 8, move |i| resets(addr, i, &d, &m));
    start(&wg, ACTIVE, move |i| active(addr, i));
    start(&wg, 8, move |i| slow_reader(addr, i));
    let t = timeouts.clone();
    start(&wg, 8, move |i| deadline_storm(addr, i, &t));
    wg.wait();
    done.store(true, SeqCst);
    beside.wait();
    assert!(made.load(SeqCst) >= 8 && timeouts.load(SeqCst) >= 8);

    // Those that were held are still there.
    let h = held.clone();
    start(&wg, 64, move |i| {
        for k in (i..HELD).step_by(64) {
            let mut c = h.lock()[k].clone();
            exchange(&mut c, &k.to_le_bytes().map(|b| b | 0x80));
        }
    });
    wg.wait();
    // They go as well, by resets, so that no port stays taken; the server has nothing left of them.
    for c in held.lock().drain(..) {
        c.set_linger(Some(Duration::ZERO)).unwrap();
    }
    let last = loop {
        let r = Report::ask(addr);
        if r.open == 1 {
            break r;
        }
        time::sleep(ms(5));
    };
    let of_active = (ACTIVE + 8 + 8) as u64;
    assert!(last.accepted >= HELD as u64 + of_active + made.load(SeqCst), "{last:?}");
    assert!(last.reset >= HELD as u64, "{last:?}");
    assert!(last.threads < 64, "{last:?}");
    assert_eq!(last.descriptors, before.descriptors, "{last:?}");
    TcpStream::connect(addr).unwrap().write_all(b"!").unwrap();
}

/// Forks the server off and runs the clients; the server ends well, too.
fn load() {
    open_files(HELD as u64 + 1000);
    let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // SAFETY: makes the queue of our own socket longer.
    assert_eq!(unsafe { libc::listen(l.as_raw_fd(), 4096) }, 0);
    let addr = l.local_addr().unwrap();
    // SAFETY: no thread of this process holds a lock that the child needs: the others wait for this
    // test.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // If the clients die, this must not wait for them: it shows its goroutines instead.
        // SAFETY: a setting of this process.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGQUIT) };
        gort::run_main(move || server(l));
    }
    drop(l);
    gort::run_main(move || {
        clients(addr);
        let mut status = 0;
        // SAFETY: our child; writes the number.
        assert_eq!(gort::blocking(|| unsafe { libc::waitpid(pid, &mut status, 0) }), pid);
        assert_eq!(status, 0, "the server's status");
    });
}

#[test]
fn ten_thousand_connections_1() {
    in_plain_child!(.procs(1).limit(Duration::from_secs(240)), load).ok();
}

#[test]
fn ten_thousand_connections_4() {
    in_plain_child!(.procs(4).limit(Duration::from_secs(240)), load).ok();
}
