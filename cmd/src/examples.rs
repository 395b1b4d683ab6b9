//! The built-in example programs.

use gort::net::{TcpListener, TcpStream};
use gort::sync::{Mutex, WaitGroup};
use gort::{Chan, Receiver, chan, go, runtime, select, time};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An example program.
pub struct Example {
    /// What to call it.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// What its size means.
    pub n_is: &'static str,
    /// The size if none is given.
    pub n: u64,
    /// The program.
    pub run: fn(u64),
}

/// All of them.
pub const ALL: &[Example] = &[
    Example {
        name: "hello",
        about: "a goroutine sends a line to main",
        n_is: "greetings",
        n: 1,
        run: hello,
    },
    Example {
        name: "sieve",
        about: "prime sieve: a growing chain of filters",
        n_is: "primes",
        n: 2000,
        run: sieve,
    },
    Example {
        name: "ring",
        about: "one token round a ring of 1000 goroutines",
        n_is: "laps",
        n: 500,
        run: ring,
    },
    Example {
        name: "pingpong",
        about: "two goroutines, two unbuffered channels",
        n_is: "rounds",
        n: 200_000,
        run: pingpong,
    },
    Example {
        name: "tree",
        about: "an unbalanced tree of goroutines: work stealing",
        n_is: "depth",
        n: 22,
        run: tree,
    },
    Example {
        name: "pipeline",
        about: "producers, consumers, select with a timeout",
        n_is: "items",
        n: 100_000,
        run: pipeline,
    },
    Example {
        name: "mutex",
        about: "eight goroutines fight for a Mutex",
        n_is: "rounds each",
        n: 100_000,
        run: mutex,
    },
    Example {
        name: "sleepers",
        about: "goroutines that sleep 1 to 50 ms",
        n_is: "sleepers",
        n: 100_000,
        run: sleepers,
    },
    Example {
        name: "signals",
        about: "waits for Ctrl-C, SIGTERM or SIGHUP",
        n_is: "signals until it ends",
        n: 3,
        run: signals,
    },
    Example { name: "ticker", about: "a Ticker and a Timer", n_is: "ticks", n: 5, run: ticker },
    Example {
        name: "million",
        about: "parked goroutines, and what each costs",
        n_is: "goroutines",
        n: 1_000_000,
        run: million,
    },
    Example {
        name: "echo",
        about: "a TCP echo server and 64 clients, all in this process",
        n_is: "requests",
        n: 200_000,
        run: echo,
    },
    Example {
        name: "http",
        about: "an HTTP/1.1 server that says hello, and a client for -n requests",
        n_is: "requests; without it, it serves until killed",
        n: 0,
        run: http,
    },
    Example {
        name: "pull",
        about: "iter::pull: a coroutine as an iterator",
        n_is: "values",
        n: 10,
        run: pull,
    },
    Example {
        name: "deadlock",
        about: "everyone waits: Go's report, status 2",
        n_is: "waiters",
        n: 3,
        run: deadlock,
    },
    Example {
        name: "panic",
        about: "a panic in a goroutine: Go's report, status 2",
        n_is: "depth",
        n: 3,
        run: panic_,
    },
    Example {
        name: "overflow",
        about: "a stack overflow: Go's report, status 2",
        n_is: "ignored",
        n: 1,
        run: overflow,
    },
    #[cfg(feature = "grow")]
    Example {
        name: "grow",
        about: "a stack of 2 KiB grows: each of its moves",
        n_is: "calls",
        n: 1_000_000,
        run: grow,
    },
    Example {
        name: "goexit",
        about: "main calls Goexit; the others go on, then deadlock",
        n_is: "others",
        n: 2,
        run: goexit,
    },
];

fn hello(n: u64) {
    let c = chan::<String>(0);
    let tx = c.clone();
    go(move || {
        for i in 0..n {
            tx.send(format!("hello from goroutine {} ({i})", runtime::goid()));
        }
        tx.close();
    });
    for line in &c {
        println!("{line}");
    }
}

fn sieve(n: u64) {
    fn generate(out: Chan<u64>) {
        for i in 2.. {
            out.send(i);
        }
    }
    fn filter(input: Chan<u64>, out: Chan<u64>, p: u64) {
        for i in &input {
            if !i.is_multiple_of(p) {
                out.send(i);
            }
        }
    }
    let mut c = chan::<u64>(0);
    let first = c.clone();
    go(move || generate(first));
    let mut last = 0;
    for _ in 0..n {
        let Some(p) = c.recv() else { return };
        last = p;
        let next = chan::<u64>(0);
        let (input, out) = (c, next.clone());
        go(move || filter(input, out, p));
        c = next;
    }
    println!("prime number {n} is {last}");
}

fn ring(laps: u64) {
    const MEMBERS: usize = 1000;
    let first = chan::<u64>(0);
    let mut from = first.clone();
    for _ in 1..MEMBERS {
        let to = chan::<u64>(0);
        let (input, out) = (from, to.clone());
        go(move || {
            for token in &input {
                out.send(token + 1);
            }
        });
        from = to;
    }
    let start = Instant::now();
    let mut token = 0;
    for _ in 0..laps {
        first.send(token);
        match from.recv() {
            Some(t) => token = t + 1,
            None => return,
        }
    }
    let per = start.elapsed().as_nanos() as u64 / token.max(1);
    println!("{token} hops, {per} ns each");
}

fn pingpong(n: u64) {
    let (a, b) = (chan::<u64>(0), chan::<u64>(0));
    let (pa, pb) = (a.clone(), b.clone());
    go(move || {
        for v in &pa {
            pb.send(v);
        }
    });
    let start = Instant::now();
    for i in 0..n {
        a.send(i);
        if b.recv() != Some(i) {
            panic!("the ball got lost");
        }
    }
    println!("{n} rounds, {} ns each", start.elapsed().as_nanos() as u64 / n);
}

fn tree(depth: u64) {
    // Each node has a deep child and a shallow one, so nearly all the work hangs on one side.
    fn node(depth: u64, leaves: &Arc<AtomicU64>, wg: &Arc<WaitGroup>) {
        if depth < 2 {
            let mut x = depth + 1;
            for _ in 0..200 {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
            }
            std::hint::black_box(x);
            leaves.fetch_add(1, Ordering::Relaxed);
            return;
        }
        for child in [depth - 1, depth - 2] {
            let (leaves, wg2) = (leaves.clone(), wg.clone());
            wg.add(1);
            go(move || {
                node(child, &leaves, &wg2);
                wg2.done();
            });
        }
    }
    let (leaves, wg) = (Arc::new(AtomicU64::new(0)), Arc::new(WaitGroup::new()));
    let start = Instant::now();
    node(depth, &leaves, &wg);
    wg.wait();
    println!("{} leaves in {:?}", leaves.load(Ordering::Relaxed), start.elapsed());
}

fn pipeline(items: u64) {
    const PRODUCERS: u64 = 4;
    let (work, done) = (chan::<u64>(16), chan::<u64>(0));
    let producers = Arc::new(WaitGroup::new());
    for p in 0..PRODUCERS {
        let (work, producers2) = (work.clone(), producers.clone());
        producers.add(1);
        go(move || {
            for i in (p..items).step_by(PRODUCERS as usize) {
                work.send(i);
            }
            producers2.done();
        });
    }
    let closer = work.clone();
    go(move || {
        producers.wait();
        closer.close();
    });
    for _ in 0..4 {
        let (work, done): (Receiver<u64>, _) = (work.receiver(), done.clone());
        go(move || {
            let mut sum = 0;
            for v in &work {
                sum += v;
            }
            done.send(sum);
        });
    }
    let (mut sum, mut left) = (0, 4);
    let timeout = time::after(Duration::from_secs(30));
    while left > 0 {
        select! {
            recv(done) -> s => {
                sum += s.unwrap_or(0);
                left -= 1;
            }
            recv(timeout) -> _ => {
                println!("timeout with {left} consumers at work");
                runtime::exit(1);
            }
        }
    }
    println!("{items} items, sum {sum} (expected {})", items * (items - 1) / 2);
}

fn mutex(rounds: u64) {
    let (counter, wg) = (Arc::new(Mutex::new(0u64)), Arc::new(WaitGroup::new()));
    for _ in 0..8 {
        let (counter, wg2) = (counter.clone(), wg.clone());
        wg.add(1);
        go(move || {
            for _ in 0..rounds {
                *counter.lock() += 1;
            }
            wg2.done();
        });
    }
    wg.wait();
    println!("{} (expected {})", *counter.lock(), 8 * rounds);
}

fn sleepers(n: u64) {
    let wg = Arc::new(WaitGroup::new());
    let start = Instant::now();
    for i in 0..n {
        let wg2 = wg.clone();
        wg.add(1);
        go(move || {
            time::sleep(Duration::from_micros(1000 + i * 7919 % 49_001));
            wg2.done();
        });
    }
    wg.wait();
    println!("{n} sleepers woke within {:?}", start.elapsed());
}

fn signals(n: u64) {
    let c = gort::signal::notify(&[
        gort::signal::Signal::INT,
        gort::signal::Signal::TERM,
        gort::signal::Signal::HUP,
    ]);
    println!("press Ctrl-C, or send SIGTERM or SIGHUP to process {}", std::process::id());
    for left in (0..n).rev() {
        if let Some(s) = c.recv() {
            println!("{s}: {left} more");
        }
    }
    gort::signal::stop(&c);
}

fn ticker(n: u64) {
    let t = time::Ticker::new(Duration::from_millis(10));
    let end = time::Timer::new(Duration::from_millis(10 * n + 5));
    let mut ticks = 0;
    loop {
        select! {
            recv(t.c()) -> _ => ticks += 1,
            recv(end.c()) -> _ => break,
        }
    }
    println!("{ticks} ticks");
}

fn million(n: u64) {
    fn rss() -> u64 {
        let s = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kib = |key: &str| -> u64 {
            let line = s.lines().find(|l| l.starts_with(key)).unwrap_or("");
            line.split_whitespace().nth(1).and_then(|v| v.parse().ok()).unwrap_or(0)
        };
        (kib("VmRSS:") + kib("VmPTE:")) * 1024
    }
    let before = gort::blocking(rss);
    let started = Arc::new(AtomicU64::new(0));
    let gate = chan::<()>(0);
    let start = Instant::now();
    for _ in 0..n {
        let (started, gate) = (started.clone(), gate.clone());
        go(move || {
            started.fetch_add(1, Ordering::Relaxed);
            gate.recv();
        });
    }
    while started.load(Ordering::Relaxed) < n {
        runtime::gosched();
    }
    let up = start.elapsed();
    let each = gort::blocking(rss).saturating_sub(before) / n;
    println!("{n} goroutines parked after {up:?}, {each} bytes each, page tables included");
    gate.close();
    while runtime::num_goroutine() > 1 {
        runtime::gosched();
    }
    println!("all gone after {:?}", start.elapsed());
}

/// What `grow` runs: examples/managed is its compiler.
#[cfg(feature = "grow")]
const DEEP: &str = include_str!("../../examples/managed/programs/deep.x");

#[cfg(feature = "grow")]
fn grow(n: u64) {
    use gort::managed::{Move, OnMove, set_on_move};
    static MOVES: std::sync::Mutex<Vec<Move>> = std::sync::Mutex::new(Vec::new());
    // On g0, while the stack is being moved: it only notes what it is told.
    static NOTE: OnMove = |m| MOVES.lock().unwrap_or_else(|e| e.into_inner()).push(*m);
    let program = match gort_example_managed::compile("deep.x", DEEP) {
        Ok(p) => p,
        Err(e) => {
            println!("deep.x:{e}");
            return;
        }
    };
    print!(
        "{DEEP}\nmain({n}) runs on a stack of 2 KiB. When a call finds it full, it goes on on one twice as large:\n\n"
    );
    // SAFETY: it notes what it is told.
    unsafe { set_on_move(Some(&NOTE)) };
    let start = Instant::now();
    let result = program.run(&[n as i64]);
    let took = start.elapsed();
    // SAFETY: nothing is called.
    unsafe { set_on_move(None) };
    let size = |bytes: usize| match bytes {
        b if b < 1 << 20 => format!("{} KiB", b >> 10),
        b => format!("{} MiB", b >> 20),
    };
    println!(
        "move   size      from             to               in use     frames    pointers changed"
    );
    let moves = std::mem::take(&mut *MOVES.lock().unwrap_or_else(|e| e.into_inner()));
    for (i, m) in moves.iter().enumerate() {
        let (new, old) = (size(m.new.hi - m.new.lo), m.old.lo);
        println!(
            "{:<6} {new:<9} {old:<#16x} {:<#16x} {:<10} {:<9} {}",
            i + 1,
            m.new.lo,
            m.used,
            m.frames,
            m.adjusted
        );
    }
    println!(
        "\nresult {result}, after {took:?}: {} frames have been moved, with each pointer in them",
        { moves.iter().map(|m| m.frames).sum::<usize>() }
    );
}

/// Serves each connection of `l` on a goroutine of its own, until the process ends.
fn serve(l: TcpListener, handler: fn(&TcpStream) -> io::Result<()>) {
    for conn in l.incoming() {
        match conn {
            Ok(conn) => go(move || {
                // An error is the client's going away; there is nobody to tell.
                let _ = handler(&conn);
            }),
            Err(e) => {
                // Too many open files, mostly: it passes.
                eprintln!("accept: {e}");
                time::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn or_exit<T>(what: &str, r: io::Result<T>) -> T {
    r.unwrap_or_else(|e| {
        eprintln!("gort: {what}: {e}");
        runtime::exit(1)
    })
}

/// Runs `n` requests of 64 clients against `addr` and says how fast it was. `request` does one.
fn load(n: u64, addr: SocketAddr, request: fn(&mut BufReader<TcpStream>) -> io::Result<()>) {
    const CLIENTS: u64 = 64;
    let (wg, slowest) = (Arc::new(WaitGroup::new()), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    for i in 0..CLIENTS.min(n) {
        wg.add(1);
        let (wg, slowest) = (wg.clone(), slowest.clone());
        go(move || {
            let mut conn = BufReader::new(or_exit("connect", TcpStream::connect(addr)));
            for _ in (i..n).step_by(CLIENTS as usize) {
                let t = Instant::now();
                or_exit("request", request(&mut conn));
                slowest.fetch_max(t.elapsed().as_micros() as u64, Ordering::Relaxed);
            }
            wg.done();
        });
    }
    wg.wait();
    let s = start.elapsed().as_secs_f64();
    let us = slowest.load(Ordering::Relaxed);
    println!("{n} requests in {s:.3} s: {:.0} per second, the slowest took {us} us", n as f64 / s);
}

fn echo(n: u64) {
    let l = or_exit("listen", TcpListener::bind("127.0.0.1:0"));
    let addr = or_exit("listen", l.local_addr());
    go(move || {
        serve(l, |mut conn| {
            let mut b = [0; 64];
            loop {
                match conn.read(&mut b)? {
                    0 => return Ok(()),
                    n => conn.write_all(&b[..n])?,
                }
            }
        })
    });
    load(n, addr, |conn| {
        let mut b = [7; 64];
        conn.get_mut().write_all(&b)?;
        conn.read_exact(&mut b)
    });
}

fn http(n: u64) {
    let ports = [8080, 0].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let l = or_exit("listen", TcpListener::bind(&ports[if n > 0 { 1 } else { 0 }..]));
    let addr = or_exit("listen", l.local_addr());
    if n == 0 {
        println!("listening on http://{addr}/");
        return serve(l, hello_http);
    }
    go(move || serve(l, hello_http));
    load(n, addr, |conn| {
        conn.get_mut().write_all(b"GET / HTTP/1.1\r\nHost: gort\r\n\r\n")?;
        let length = headers(conn)?.unwrap_or(0);
        let mut body = vec![0; length];
        conn.read_exact(&mut body)?;
        if body == b"hello from gort\n" { Ok(()) } else { Err(io::Error::other("wrong answer")) }
    });
}

/// Reads up to the empty line; the content length, or None at the end of the connection.
fn headers(r: &mut impl BufRead) -> io::Result<Option<usize>> {
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if r.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                return Ok(Some(length));
            }
            continue; // the request or status line
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
}

fn hello_http(conn: &TcpStream) -> io::Result<()> {
    let mut requests = BufReader::new(conn);
    while let Some(length) = headers(&mut requests)? {
        io::copy(&mut (&mut requests).take(length as u64), &mut io::sink())?;
        (&*conn).write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\nhello from gort\n",
        )?;
    }
    Ok(())
}

fn pull(n: u64) {
    let fib = gort::iter::pull(|yield_| {
        let (mut a, mut b) = (0u64, 1u64);
        while yield_(a) {
            (a, b) = (b, a.wrapping_add(b));
        }
    });
    for v in fib.take(n as usize) {
        println!("{v}");
    }
}

fn deadlock(n: u64) {
    fn wait_for(c: Chan<u64>) {
        c.recv();
    }
    let c = chan::<u64>(0);
    for _ in 1..n {
        let c = c.clone();
        go(move || wait_for(c));
    }
    wait_for(c);
}

fn panic_(depth: u64) {
    #[inline(never)]
    fn dig(depth: u64) -> u64 {
        if depth == 0 {
            panic!("out of rock");
        }
        1 + std::hint::black_box(dig(depth - 1))
    }
    let c = chan::<u64>(0);
    let tx = c.clone();
    go(move || tx.send(dig(depth)));
    c.recv();
}

#[allow(unconditional_recursion)]
fn overflow(n: u64) {
    #[inline(never)]
    fn forever(n: u64) -> u64 {
        let frame = std::hint::black_box([n; 64]);
        forever(n + 1) + frame[(n % 64) as usize]
    }
    println!("{}", forever(n));
}

fn goexit(n: u64) {
    for i in 0..n {
        go(move || {
            time::sleep(Duration::from_millis(10 * (i + 1)));
            println!("goroutine {i} is done");
        });
    }
    println!("main leaves");
    runtime::goexit();
}
