//! Connecting to one of several addresses: net/dial.go; and looking names up: net/cgo_unix.go.

use super::error::{Addr, Fail, OpError};
use super::tcp::do_dial_tcp;
use super::{Error, TcpStream};
use crate::{Chan, Receiver, TryRecvError, chan, go, select, time};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

/// How to connect. Go's `net.Dialer`.
///
/// ```no_run
/// use gort::net::Dialer;
/// use std::time::Duration;
///
/// # gort::run_main(|| {
/// let d = Dialer { timeout: Some(Duration::from_secs(5)), ..Dialer::default() };
/// let conn = d.dial("example.org:80").unwrap();
/// # })
/// ```
///
/// Go (net): dial.go:78 Dialer
#[derive(Clone, Debug)]
pub struct Dialer {
    /// How long it may take, the search for the name included. None: as long as the kernel wants.
    pub timeout: Option<Duration>,
    /// Until when. The earlier of the two counts.
    pub deadline: Option<Instant>,
    /// The address to connect from; None: the kernel chooses.
    pub local_addr: Option<SocketAddr>,
    /// If a name has IPv4 and IPv6 addresses: how long to wait for a connection over the first kind
    /// before the other kind is tried as well (RFC 6555, "Happy Eyeballs"). 300 ms by default;
    /// None: all addresses one after the other.
    pub fallback_delay: Option<Duration>,
    /// Closing this channel gives the attempt up. The nil channel by default.
    pub cancel: Receiver<()>,
}

impl Default for Dialer {
    fn default() -> Self {
        Self {
            timeout: None,
            deadline: None,
            local_addr: None,
            fallback_delay: Some(DEFAULT_FALLBACK_DELAY),
            cancel: Chan::nil().receiver(),
        }
    }
}

/// Go (net): dial.go:240 fallbackDelay
const DEFAULT_FALLBACK_DELAY: Duration = Duration::from_millis(300); // :244

impl Dialer {
    /// When an attempt that begins now must have ended.
    ///
    /// Go (net): dial.go:199 deadline
    fn deadline(&self, now: Instant) -> Option<Instant> {
        // :200 a timeout beyond the end of time is none
        let timeout = self.timeout.and_then(|d| now.checked_add(d));
        [timeout, self.deadline].into_iter().flatten().min() // :206
    }

    /// Connects to `address`, a name or literal with a port (`host:port`).
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{Dialer, TcpListener};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let addr = l.local_addr().unwrap();
    /// let d = Dialer { timeout: Some(std::time::Duration::from_secs(60)), ..Dialer::default() };
    /// let conn = d.dial(&addr.to_string()).unwrap(); // a name would do, too
    /// assert_eq!(conn.peer_addr().unwrap(), addr);
    /// # })
    /// ```
    ///
    /// # Errors
    /// `i/o timeout` (kind `TimedOut`), `operation was canceled` (kind `Other`); that of the name's
    /// search; that of the first address, if none answers.
    ///
    /// Go (net): dial.go:474 DialContext
    pub fn dial(&self, address: &str) -> io::Result<TcpStream> {
        self.dial_in(self.context(), address) // :478
    }

    fn dial_in(&self, ctx: Context, address: &str) -> io::Result<TcpStream> {
        // :500 no traces
        let name = address.to_string();
        let addrs = do_blocking_with_ctx(&ctx, move || Ok(name.to_socket_addrs()?.collect())); // :509
        let addrs =
            addrs.map_err(|e| match e.get_ref().and_then(|e| e.downcast_ref::<Error>()) {
                Some(&e) => OpError::io("dial", "tcp", None, None, e), // :511
                None => e,                                             // the C library's words
            })?;
        self.dial_addrs(&ctx, addrs)
    }

    /// [`dial`](Self::dial), which `ctx` ends as well: when it is cancelled, or by its deadline if
    /// that is the earliest. It has no effect on the connection once that is made.
    ///
    /// ```
    /// use gort::context::Context;
    /// use gort::net::Dialer;
    ///
    /// # gort::run(|| {
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// cancel.cancel();
    /// let e = Dialer::default().dial_context(&ctx, "127.0.0.1:1").unwrap_err();
    /// assert_eq!(e.to_string(), "dial tcp: operation was canceled");
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`dial`](Self::dial): `operation was canceled`, `i/o timeout` if the context's deadline
    /// has passed.
    ///
    /// Go (net): dial.go:474 DialContext
    #[doc(alias = "DialContext")]
    pub fn dial_context(
        &self,
        ctx: &crate::context::Context,
        address: &str,
    ) -> io::Result<TcpStream> {
        // :486 the earliest deadline
        let deadline = [self.deadline, ctx.deadline()].into_iter().flatten().min();
        let (ctx, cancel) = ctx.with_cancel();
        let _cancel = cancel.clone().guard();
        if !self.cancel.as_raw().is_null() {
            // :495 closing the channel cancels, too
            let (channel, done) = (self.cancel.clone(), ctx.done().clone());
            go(move || {
                select! {
                    recv(channel) -> _ => cancel.cancel(),
                    recv(done) -> _ => {}
                }
            });
        }
        let d = Self { deadline, cancel: ctx.done().clone(), ..self.clone() };
        d.dial_in(Context { user: Some(ctx), ..d.context() }, address)
    }

    /// Connects to one of these addresses.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{Dialer, TcpListener};
    /// let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let here = l.local_addr().unwrap();
    /// let conn = Dialer::default().dial_any(&[gone, here]).unwrap();
    /// assert_eq!(conn.peer_addr().unwrap(), here);
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`dial`](Self::dial).
    pub fn dial_any(&self, addrs: &[SocketAddr]) -> io::Result<TcpStream> {
        self.dial_addrs(&self.context(), addrs.to_vec())
    }

    fn context(&self) -> Context {
        let deadline = self.deadline(time::now());
        Context { deadline, cancel: self.cancel.clone(), ..Context::background() }
    }

    fn dial_addrs(&self, ctx: &Context, addrs: Vec<SocketAddr>) -> io::Result<TcpStream> {
        let laddr = self.local_addr;
        let dial = move |ra, ctx: &Context| do_dial_tcp(laddr, ra, ctx);
        // :520
        match self.fallback_delay {
            Some(delay) => {
                let (primaries, fallbacks) = partition(addrs);
                dial_parallel(ctx, delay, primaries, fallbacks, laddr, dial)
            }
            None => dial_serial(ctx, &addrs, laddr, dial), // :524
        }
    }
}

/// What ends an attempt early. Go's `context.Context`, as far as dialling needs one.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) deadline: Option<Instant>,
    /// Closed by the user who has changed his mind.
    cancel: Receiver<()>,
    /// Closed when another attempt has won.
    returned: Receiver<()>,
    /// The context that `cancel` belongs to, if it is one's.
    user: Option<crate::context::Context>,
}

impl Context {
    /// Nothing ends it.
    pub(super) fn background() -> Self {
        let nil = || Chan::nil().receiver();
        Self { deadline: None, cancel: nil(), returned: nil(), user: None }
    }

    /// Whether somebody may cancel it.
    pub(super) fn can_be_cancelled(&self) -> bool {
        !self.cancel.as_raw().is_null() || !self.returned.as_raw().is_null()
    }

    /// Why it has ended, if it has. Go's `mapErr(ctx.Err())`.
    pub(super) fn err(&self) -> Option<Error> {
        let closed = |c: &Receiver<()>| !matches!(c.try_recv(), Err(TryRecvError::Empty));
        if closed(&self.cancel) || closed(&self.returned) {
            return Some(self.cancelled());
        }
        self.deadline.filter(|&t| t <= time::now()).map(|_| Error::DeadlineExceeded)
    }

    /// What it is that one of the channels has been closed.
    pub(super) fn cancelled(&self) -> Error {
        match self.user.as_ref().and_then(|c| c.err()) {
            Some(crate::context::Error::DeadlineExceeded) => Error::DeadlineExceeded,
            _ => Error::Canceled,
        }
    }

    /// Waits until it is cancelled; false if `done` is closed before.
    pub(super) fn wait(&self, done: &Receiver<()>) -> bool {
        select! {
            recv(self.cancel) -> _ => true,
            recv(self.returned) -> _ => true,
            recv(done) -> _ => false,
        }
    }
}

/// Connects to the first of the addresses that answers, without a limit of time if `deadline` is
/// None.
pub(super) fn connect(a: impl ToSocketAddrs, deadline: Option<Instant>) -> io::Result<TcpStream> {
    let d = Dialer { deadline, ..Dialer::default() };
    d.dial_addrs(&d.context(), resolve(a)?)
}

/// Those of the first one's kind, and the others.
///
/// Go (net): ipsock.go:115 partition
fn partition(addrs: Vec<SocketAddr>) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
    // ipsock.go:119 the first one's kind
    let Some(primary_label) = addrs.first().map(SocketAddr::is_ipv4) else {
        return Default::default();
    };
    addrs.into_iter().partition(|a| a.is_ipv4() == primary_label) // ipsock.go:120
}

/// Closes a channel at the end of a scope.
pub(super) struct Closes(pub(super) Chan<()>);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Tries both lists side by side, the second one after `delay` or when the first has failed.
/// Returns the first connection, and closes what comes after it; or the error of the first list.
///
/// Go (net): dial.go:534 dialParallel
fn dial_parallel<T: Send + 'static>(
    ctx: &Context,
    delay: Duration,
    primaries: Vec<SocketAddr>,
    mut fallbacks: Vec<SocketAddr>,
    laddr: Option<SocketAddr>,
    dial: impl Fn(SocketAddr, &Context) -> Result<T, Fail> + Copy + Send + 'static,
) -> io::Result<T> {
    if fallbacks.is_empty() {
        return dial_serial(ctx, &primaries, laddr, dial); // :536
    }

    // :539 closing it also cancels the attempts: Go has a context of its own for each
    let returned = Closes(chan(0));
    let results = chan::<(io::Result<T>, bool)>(0); // :548

    // :550
    let start_racer = |ras: Vec<SocketAddr>, primary: bool| {
        let (returned, results) = (returned.0.receiver(), results.clone());
        let ctx = Context { returned: returned.clone(), ..ctx.clone() };
        go(move || {
            let res = dial_serial(&ctx, &ras, laddr, dial); // :555
            // A connection that nobody takes is dropped, which closes it.
            select! {
                send(results, (res, primary)) => {}
                recv(returned) -> _ => {}
            }
        });
    };

    let (mut primary_err, mut fallback_done) = (None, false); // :565
    start_racer(primaries, true);
    let fallback_timer = time::Timer::new(delay); // :573

    loop {
        let res = select! {
            // :578
            recv(fallback_timer.c()) -> _ => {
                start_racer(core::mem::take(&mut fallbacks), false);
                None
            }
            recv(results) -> res => res, // :583
        };
        let Some((res, primary)) = res else { continue };
        let err = match res {
            Ok(c) => {
                fallback_timer.stop(); // deferred in Go
                return Ok(c); // :585
            }
            Err(e) => e,
        };
        if primary {
            primary_err = Some(err); // :588
        } else {
            fallback_done = true;
        }
        if fallback_done && let Some(e) = primary_err {
            return Err(e); // :593
        }
        // :595 it was still running: no reason to wait any longer
        if primary && fallback_timer.stop() {
            fallback_timer.reset(Duration::ZERO);
        }
    }
}

/// Tries each address in turn. Returns the first connection, or the first error, which says most.
///
/// Go (net): dial.go:608 dialSerial
fn dial_serial<T>(
    ctx: &Context,
    ras: &[SocketAddr],
    laddr: Option<SocketAddr>,
    dial: impl Fn(SocketAddr, &Context) -> Result<T, Fail>,
) -> io::Result<T> {
    let mut first_err = None; // :609
    let failed =
        |ra, e: Fail| OpError::io("dial", "tcp", laddr.map(Addr::Inet), Some(Addr::Inet(ra)), e);

    for (i, &ra) in ras.iter().enumerate() {
        // :612
        if let Some(e) = ctx.err() {
            return Err(failed(ra, e.into())); // :614
        }
        let mut dial_ctx = ctx.clone(); // :618
        match partial_deadline(time::now(), ctx.deadline, ras.len() - i) {
            Err(e) => {
                first_err = first_err.or_else(|| Some(failed(ra, e.into()))); // :624
                break;
            }
            Ok(t) => dial_ctx.deadline = t, // :630
        }
        // :635
        match dial(ra, &dial_ctx) {
            Ok(c) => return Ok(c),
            Err(e) => first_err = first_err.or_else(|| Some(failed(ra, e))), // :639
        }
    }

    // :644
    Err(first_err.unwrap_or_else(missing_address))
}

/// When the attempt with one of the addresses is to end: each gets its share of the time, at least
/// two seconds.
///
/// Go (net): dial.go:218 partialDeadline
fn partial_deadline(
    now: Instant,
    deadline: Option<Instant>,
    remaining: usize,
) -> Result<Option<Instant>, Error> {
    let Some(deadline) = deadline else { return Ok(None) }; // :219
    let time_remaining = deadline.saturating_duration_since(now);
    if time_remaining.is_zero() {
        return Err(Error::DeadlineExceeded); // :224
    }
    let mut timeout = time_remaining / remaining as u32; // :227
    const SANE_MINIMUM: Duration = Duration::from_secs(2);
    if timeout < SANE_MINIMUM {
        timeout = time_remaining.min(SANE_MINIMUM); // :231
    }
    Ok(Some(now + timeout)) // :237
}

pub(super) fn missing_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "missing address")
}

/// Resolves a name. The thread may block in the C library; its P is handed on meanwhile. Literals
/// need no system call.
pub(super) fn resolve(a: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let _thread = Thread::acquire(&Context::background())?;
    crate::blocking(|| Ok(a.to_socket_addrs()?.collect()))
}

/// Calls `blocking` in a blocking section, and if the context may end first, on a goroutine of its
/// own, which goes on when nobody waits for it any more.
///
/// Go (net): cgo_unix.go:46 doBlockingWithCtx
#[doc(alias = "doBlockingWithCtx")]
fn do_blocking_with_ctx<T: Send + 'static>(
    ctx: &Context,
    blocking: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let thread = Thread::acquire(ctx)?; // cgo_unix.go:47

    // cgo_unix.go:56
    if !ctx.can_be_cancelled() && ctx.deadline.is_none() {
        return crate::blocking(blocking);
    }

    let res = chan::<io::Result<T>>(1); // cgo_unix.go:66
    let tx = res.clone();
    go(move || {
        let _release = thread;
        tx.send(crate::blocking(blocking));
    });

    // cgo_unix.go:74
    let timer = Expiry::new(ctx.deadline);
    select! {
        recv(res) -> r => r.unwrap_or_else(|| Err(Error::Canceled.into())),
        recv(ctx.cancel) -> _ => Err(ctx.cancelled().into()),
        recv(timer.c()) -> _ => Err(Error::DeadlineExceeded.into()),
    }
}

/// A deadline as a channel.
struct Expiry(Option<time::Timer>, Receiver<Instant>);

impl Expiry {
    fn new(deadline: Option<Instant>) -> Self {
        let t = deadline.map(|t| time::Timer::new(t.saturating_duration_since(time::now())));
        let c = t.as_ref().map_or_else(|| Chan::nil().receiver(), |t| t.c().clone());
        Self(t, c)
    }
    fn c(&self) -> &Receiver<Instant> {
        &self.1
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        if let Some(t) = &self.0 {
            t.stop();
        }
    }
}

/// The right to block a thread in the C library. There are so many of them:
///
/// Go (net): rlimit_unix.go:21 concurrentThreadsLimit
fn concurrent_threads_limit() -> usize {
    // rlimit_unix.go:22
    let mut lim = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills the structure.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut lim) } != 0 {
        return 500;
    }
    // rlimit_unix.go:26
    match lim.rlim_cur {
        501.. => 500,
        n @ 31.. => n as usize - 30,
        n => n as usize,
    }
}

/// One of those rights, given back when it is dropped.
struct Thread;

impl Thread {
    /// The channel whose buffer holds those that are taken.
    fn limit() -> Chan<()> {
        static LIMIT: std::sync::OnceLock<Chan<()>> = std::sync::OnceLock::new();
        // Nothing in here parks, so std's lock is held for a moment only.
        LIMIT.get_or_init(|| chan(concurrent_threads_limit())).clone()
    }

    /// Go (net): net.go:799 acquireThread
    fn acquire(ctx: &Context) -> io::Result<Self> {
        // net.go:800
        let limit = Self::limit();
        if limit.try_send(()).is_ok() {
            return Ok(Self);
        }
        let timer = Expiry::new(ctx.deadline);
        // net.go:803
        select! {
            send(limit, ()) => Ok(Self),
            recv(ctx.cancel) -> _ => Err(ctx.cancelled().into()),
            recv(timer.c()) -> _ => Err(Error::DeadlineExceeded.into()),
        }
    }
}

impl Drop for Thread {
    /// Go (net): net.go:811 releaseThread
    fn drop(&mut self) {
        let _ = Self::limit().try_recv(); // net.go:812
    }
}
