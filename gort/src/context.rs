//! Go's package `context`: cancellation, deadlines and values that travel with a piece of work.
//!
//! A [`Context`] is handed from function to function and to the goroutines that they start. Whoever
//! made it cancels it by its [`CancelFunc`], or its deadline does; that closes the channel
//! [`done`](Context::done), for this context and all that were made of it.
//!
//! ```
//! use gort::{context::{self, Context}, go, select};
//! use std::time::Duration;
//! # gort::run(|| {
//! let (ctx, cancel) = Context::background().with_timeout(Duration::from_millis(5));
//! let work = gort::chan::<u32>(0); // nothing will come
//! select! {
//!     recv(work) -> v => println!("{v:?}"),
//!     recv(ctx.done()) => assert_eq!(ctx.err(), Some(context::Error::DeadlineExceeded)),
//! }
//! cancel.cancel();
//! # })
//! ```
//!
//! As in Go a context that is never cancelled may stay in its parent until that is: cancel it when
//! the work is over ([`CancelFunc::guard`] does that at the end of a scope). What nobody can reach
//! or wait for any more is taken out earlier, as Go's collector cannot.

use crate::chan_::Receiver;
use crate::sync::Mutex;
use crate::time::{Timer, after_func, now};
use crate::{chan, go, select};
use core::any::{Any, TypeId, type_name};
use core::fmt;
use gort_proc::synctest_bubble;
use gort_stack::has_goroutine;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Why a context is done.
///
/// ```
/// use gort::context::Error;
/// assert_eq!(Error::Canceled.to_string(), "context canceled");
/// assert_eq!(Error::DeadlineExceeded.to_string(), "context deadline exceeded");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// It was cancelled. Go's `context.Canceled`.
    Canceled,
    /// Its deadline has passed. Go's `context.DeadlineExceeded`.
    DeadlineExceeded,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Canceled => "context canceled",
            Error::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl StdError for Error {}

impl From<Error> for std::io::Error {
    /// Of kind `TimedOut` if the deadline has passed.
    fn from(e: Error) -> Self {
        let kind = match e {
            Error::Canceled => std::io::ErrorKind::Other,
            Error::DeadlineExceeded => std::io::ErrorKind::TimedOut,
        };
        std::io::Error::new(kind, e)
    }
}

/// What somebody gave as the reason of a cancellation. `downcast_ref` finds the error's own type.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// Tells when to give up, why, and what else belongs to a piece of work. Clones are the same
/// context.
///
/// ```
/// use gort::context::{Context, Error};
/// # gort::run(|| {
/// let (ctx, cancel) = Context::background().with_cancel();
/// let child = ctx.with_value(7u32);
/// assert_eq!(child.value::<u32>(), Some(&7));
/// cancel.cancel();
/// assert_eq!(child.err(), Some(Error::Canceled));
/// assert_eq!(child.to_string(), "context.Background.WithCancel.WithValue(u32)");
/// # })
/// ```
///
/// Go (context): context.go:68 Context
#[derive(Clone)]
pub struct Context(Arc<Kind>);

enum Kind {
    /// Go (context): context.go:195 backgroundCtx
    Background,
    /// Go (context): context.go:201 todoCtx
    Todo,
    Cancel(Handle),
    /// Go (context): context.go:728 valueCtx
    Value {
        parent: Context,
        value: Box<dyn Any + Send + Sync>,
        name: &'static str,
    },
    /// Go (context): context.go:578 withoutCancelCtx
    WithoutCancel(Context),
}

/// All that the program has of a context that can be cancelled: there is one, in the `Kind` that
/// its handles share.
struct Handle(Arc<CancelCtx>);

/// Go (context): context.go:421 cancelCtx
struct CancelCtx {
    /// For its name and values. A function that waits for a context does not keep it alive, and has
    /// none.
    parent: Option<Context>,
    /// The nearest ancestor that can be cancelled.
    up: Weak<CancelCtx>,
    done: Receiver<()>,
    deadline: Option<Instant>,
    /// On whose clock: the bubble's in which it was made; 0: the real one.
    clock: u32,
    mu: Mutex<State>,
    /// The function of [`Context::after_func`]. Whoever takes it starts it, or keeps it from
    /// starting; std's lock is held for that only.
    after: std::sync::Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

/// On whose clock [`now`] is: the number of the bubble; 0: the real one.
fn clock() -> u32 {
    let b = synctest_bubble();
    // SAFETY: the bubble of the current goroutine, or of the timer that is just fired.
    if b.is_null() { 0 } else { unsafe { (*b).id.get() } }
}

#[derive(Default)]
struct State {
    /// By address.
    children: BTreeMap<usize, Arc<CancelCtx>>,
    /// Set by the first cancellation, as the next.
    err: Option<Error>,
    cause: Option<Cause>,
    timer: Option<Timer>,
}

/// The done channel of contexts that are never done.
static NEVER: Receiver<()> = Receiver::nil();

impl Context {
    /// The root of all: never cancelled, without values or deadline. Go's `context.Background`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let ctx = gort::context::Context::background();
    /// assert!(!ctx.is_done() && ctx.deadline().is_none());
    /// # })
    /// ```
    ///
    /// Go (context): context.go:211 Background
    pub fn background() -> Self {
        Context(Arc::new(Kind::Background)) // :212
    }

    /// As [`background`](Self::background), for places where it is not yet clear which context they
    /// are to have.
    ///
    /// ```
    /// # gort::run(|| {
    /// assert_eq!(gort::context::Context::todo().to_string(), "context.TODO");
    /// # })
    /// ```
    ///
    /// Go (context): context.go:219 TODO
    #[doc(alias = "TODO")]
    pub fn todo() -> Self {
        Context(Arc::new(Kind::Todo)) // :220
    }

    /// A channel that is closed when the context is done; the nil channel if it never will be.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// let done = ctx.done().clone();
    /// let worker = gort::task::spawn(move || done.recv()); // or a case of a select
    /// cancel.cancel();
    /// assert_eq!(worker.join().unwrap(), None);
    /// # })
    /// ```
    ///
    /// Go (context): context.go:438 Done
    pub fn done(&self) -> &Receiver<()> {
        // :439 made with the context, not at the first call
        self.cancel_ctx().map_or(&NEVER, |c| &c.done)
    }

    /// Why the context is done; None if it is not.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::{Context, Error};
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// assert_eq!(ctx.err(), None);
    /// cancel.cancel();
    /// assert_eq!(ctx.err(), Some(Error::Canceled));
    /// # })
    /// ```
    ///
    /// Go (context): context.go:453 Err
    pub fn err(&self) -> Option<Error> {
        self.cancel_ctx()?.mu.lock().err // :454
    }

    /// Whether the context is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// let mut rounds = 0;
    /// while !ctx.is_done() {
    ///     rounds += 1;
    ///     if rounds == 3 {
    ///         cancel.cancel();
    ///     }
    /// }
    /// assert_eq!(rounds, 3);
    /// # })
    /// ```
    pub fn is_done(&self) -> bool {
        self.err().is_some()
    }

    /// What was given as the reason, or [`err`](Self::err) if nothing was; None if the context is
    /// not done.
    ///
    /// ```
    /// use gort::context::Context;
    /// # gort::run(|| {
    /// let (ctx, cancel) = Context::background().with_cancel_cause();
    /// cancel.cancel("nobody waits for it");
    /// assert_eq!(ctx.err().unwrap().to_string(), "context canceled");
    /// assert_eq!(ctx.cause().unwrap().to_string(), "nobody waits for it");
    /// # })
    /// ```
    ///
    /// Go (context): context.go:283 Cause
    pub fn cause(&self) -> Option<Cause> {
        self.cancel_ctx()?.mu.lock().cause.clone() // :284
    }

    /// When it will be done at the latest.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// use std::time::Duration;
    /// let (outer, _a) = Context::background().with_timeout(Duration::from_secs(1));
    /// let (inner, _b) = outer.with_timeout(Duration::from_secs(60));
    /// assert_eq!(inner.deadline(), outer.deadline()); // never later than its parent
    /// # })
    /// ```
    ///
    /// Go (context): context.go:655 Deadline
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline_on().map(|(t, _)| t)
    }

    /// The same, and on whose clock.
    fn deadline_on(&self) -> Option<(Instant, u32)> {
        let mut ctx = self;
        loop {
            ctx = match &*ctx.0 {
                Kind::Background | Kind::Todo | Kind::WithoutCancel(_) => return None,
                Kind::Value { parent, .. } => parent,
                Kind::Cancel(c) => match c.0.deadline {
                    Some(t) => return Some((t, c.0.clock)), // :656
                    None => c.0.parent.as_ref()?,
                },
            };
        }
    }

    /// The value of this type that was put into this context, or into one that it was made of: the
    /// innermost. A type of one's own is the key.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// struct User(&'static str);
    /// let ctx = Context::background().with_value(User("ann"));
    /// assert_eq!(ctx.value::<User>().map(|u| u.0), Some("ann"));
    /// assert!(ctx.value::<String>().is_none());
    /// # })
    /// ```
    ///
    /// Go (context): context.go:761 value
    pub fn value<T: Any>(&self) -> Option<&T> {
        let mut ctx = self;
        // :762
        loop {
            ctx = match &*ctx.0 {
                Kind::Value { value, .. } if (**value).type_id() == TypeId::of::<T>() => {
                    return value.downcast_ref(); // :766
                }
                Kind::Value { parent, .. } | Kind::WithoutCancel(parent) => parent,
                Kind::Cancel(c) => c.0.parent.as_ref()?, // :773
                Kind::Background | Kind::Todo => return None, // :787
            };
        }
    }

    /// A context that also has this value.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// #[derive(Debug, PartialEq)]
    /// struct Depth(u32);
    /// let ctx = Context::background().with_value(Depth(1));
    /// let inner = ctx.with_value(Depth(2));
    /// assert_eq!((ctx.value(), inner.value()), (Some(&Depth(1)), Some(&Depth(2))));
    /// # })
    /// ```
    ///
    /// Go (context): context.go:713 WithValue
    pub fn with_value<T: Any + Send + Sync>(&self, value: T) -> Context {
        // :714 there is no nil, and every type can be compared
        let value = Box::new(value);
        Context(Arc::new(Kind::Value { parent: self.clone(), value, name: type_name::<T>() })) // :723
    }

    /// A context with the same values that is not done when this one is, and has no deadline.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// let (ctx, cancel) = Context::background().with_value(7u32).with_cancel();
    /// let cleanup = ctx.without_cancel();
    /// cancel.cancel();
    /// assert!(ctx.is_done() && !cleanup.is_done());
    /// assert_eq!(cleanup.value(), Some(&7u32));
    /// # })
    /// ```
    ///
    /// Go (context): context.go:571 WithoutCancel
    pub fn without_cancel(&self) -> Context {
        Context(Arc::new(Kind::WithoutCancel(self.clone()))) // :575
    }

    /// A context that is done when the function is called, or this one is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// let (parent, cancel) = Context::background().with_cancel();
    /// let (child, _cancel_child) = parent.with_cancel();
    /// cancel.cancel();
    /// assert!(child.is_done());
    /// # })
    /// ```
    ///
    /// Go (context): context.go:235 WithCancel
    pub fn with_cancel(&self) -> (Context, CancelFunc) {
        let c = self.with_cancel_int(None); // :236
        (c.clone(), CancelFunc(c))
    }

    /// [`with_cancel`](Self::with_cancel) whose function is told the reason; see
    /// [`cause`](Self::cause).
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// let (ctx, cancel) = Context::background().with_cancel_cause();
    /// cancel.cancel("the disk is full");
    /// assert_eq!(ctx.cause().unwrap().to_string(), "the disk is full");
    /// # })
    /// ```
    ///
    /// Go (context): context.go:263 WithCancelCause
    pub fn with_cancel_cause(&self) -> (Context, CancelCauseFunc) {
        let c = self.with_cancel_int(None); // :264
        (c.clone(), CancelCauseFunc(c))
    }

    /// A context that is done at `t`, when the function is called, or this one is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::{Context, Error};
    /// let (ctx, _cancel) = Context::background().with_deadline(gort::time::now()); // it has passed
    /// assert_eq!(ctx.err(), Some(Error::DeadlineExceeded));
    /// # })
    /// ```
    ///
    /// Go (context): context.go:611 WithDeadline
    pub fn with_deadline(&self, t: Instant) -> (Context, CancelFunc) {
        self.with_deadline_int(t, None) // :612
    }

    /// [`with_deadline`](Self::with_deadline) with a reason for the case that the deadline passes.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// let soon = gort::time::now() + std::time::Duration::from_millis(1);
    /// let (ctx, _cancel) = Context::background().with_deadline_cause(soon, "the shop closes");
    /// ctx.done().recv();
    /// assert_eq!(ctx.cause().unwrap().to_string(), "the shop closes");
    /// # })
    /// ```
    ///
    /// Go (context): context.go:618 WithDeadlineCause
    pub fn with_deadline_cause(
        &self,
        t: Instant,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> (Context, CancelFunc) {
        self.with_deadline_int(t, Some(Arc::from(cause.into()))) // :619
    }

    /// A context that is done after `d`, when the function is called, or this one is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::{Context, Error};
    /// let (ctx, cancel) = Context::background().with_timeout(std::time::Duration::from_millis(1));
    /// let _cancel = cancel.guard();
    /// ctx.done().recv();
    /// assert_eq!(ctx.err(), Some(Error::DeadlineExceeded));
    /// # })
    /// ```
    ///
    /// Go (context): context.go:689 WithTimeout
    pub fn with_timeout(&self, d: Duration) -> (Context, CancelFunc) {
        // :690 a time that cannot be told never comes
        match now().checked_add(d) {
            Some(t) => self.with_deadline(t),
            None => self.with_cancel(),
        }
    }

    /// [`with_timeout`](Self::with_timeout) with a reason for the case that the time passes.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// let d = std::time::Duration::from_millis(1);
    /// let (ctx, _cancel) = Context::background().with_timeout_cause(d, "no answer from the database");
    /// ctx.done().recv();
    /// assert_eq!(ctx.err().unwrap().to_string(), "context deadline exceeded");
    /// assert_eq!(ctx.cause().unwrap().to_string(), "no answer from the database");
    /// # })
    /// ```
    ///
    /// Go (context): context.go:696 WithTimeoutCause
    pub fn with_timeout_cause(
        &self,
        d: Duration,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> (Context, CancelFunc) {
        // :697
        match now().checked_add(d) {
            Some(t) => self.with_deadline_cause(t, cause),
            None => self.with_cancel(),
        }
    }

    /// Calls `f` on a goroutine of its own once this context is done; at once, if it is.
    ///
    /// ```
    /// use gort::context::Context;
    /// # gort::run(|| {
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// let c = gort::chan(0);
    /// let tx = c.clone();
    /// let f = ctx.after_func(move || tx.send("over"));
    /// cancel.cancel();
    /// assert_eq!(c.recv(), Some("over"));
    /// assert!(!f.stop()); // too late
    /// # })
    /// ```
    ///
    /// Go (context): context.go:315 AfterFunc
    pub fn after_func(&self, f: impl FnOnce() + Send + 'static) -> AfterFunc {
        // :316
        let a = Arc::new(CancelCtx {
            parent: None,
            up: self.up(),
            done: NEVER.clone(),
            deadline: None,
            clock: 0,
            mu: Mutex::default(),
            after: std::sync::Mutex::new(Some(Box::new(f))),
        });
        self.propagate_cancel(&a); // :319
        AfterFunc(a)
    }

    /// Sleeps for `d`, or until the context is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::context::Context;
    /// use std::time::Duration;
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// assert!(ctx.sleep(Duration::from_millis(1)).is_ok());
    /// gort::go(move || cancel.cancel());
    /// assert!(ctx.sleep(Duration::from_secs(3600)).is_err()); // at once
    /// # })
    /// ```
    ///
    /// # Errors
    /// [`err`](Self::err), if the context was done before.
    pub fn sleep(&self, d: Duration) -> Result<(), Error> {
        if let Some(e) = self.err() {
            return Err(e);
        }
        let t = Timer::new(d);
        select! {
            recv(t.c()) => Ok(()),
            recv(self.done()) => {
                t.stop();
                Err(self.err().unwrap_or(Error::Canceled))
            }
        }
    }

    /// The nearest context from here on upwards that can be cancelled.
    ///
    /// Go (context): context.go:372 parentCancelCtx
    #[doc(alias = "parentCancelCtx")]
    fn cancel_ctx(&self) -> Option<&Arc<CancelCtx>> {
        let mut ctx = self;
        // :377 there are no contexts but those of this file
        loop {
            ctx = match &*ctx.0 {
                Kind::Cancel(c) => return Some(&c.0),
                Kind::Value { parent, .. } => parent,
                Kind::Background | Kind::Todo | Kind::WithoutCancel(_) => return None,
            };
        }
    }

    fn up(&self) -> Weak<CancelCtx> {
        self.cancel_ctx().map_or_else(Weak::new, Arc::downgrade)
    }

    /// Go (context): context.go:268 withCancel
    fn with_cancel_int(&self, deadline: Option<Instant>) -> Context {
        // :272
        let c = Arc::new(CancelCtx {
            parent: Some(self.clone()),
            up: self.up(),
            done: chan(0).into(),
            deadline,
            clock: clock(),
            mu: Mutex::default(),
            after: std::sync::Mutex::default(),
        });
        self.propagate_cancel(&c); // :273
        Context(Arc::new(Kind::Cancel(Handle(c))))
    }

    /// Go (context): context.go:618 WithDeadlineCause
    fn with_deadline_int(&self, d: Instant, cause: Option<Cause>) -> (Context, CancelFunc) {
        // :622
        // One on another clock cannot be compared. A parent outside of the bubble that is done ends
        // this one, which is fatal as in Go: a channel of the bubble is closed from outside.
        let cur = self.deadline_on().filter(|(_, of)| *of == clock());
        if cur.is_some_and(|(cur, _)| cur < d) {
            return self.with_cancel(); // :624
        }
        let ctx = self.with_cancel_int(Some(d)); // :626
        let Some(c) = ctx.cancel_ctx() else { unreachable!() };
        let dur = d.saturating_duration_since(now()); // :630
        if dur.is_zero() {
            c.cancel(true, Error::DeadlineExceeded, cause); // :632
        } else {
            let mut st = c.mu.lock(); // :635
            if st.err.is_none() {
                // :638
                let late = c.clone();
                st.timer = Some(after_func(dur, move || {
                    late.cancel(true, Error::DeadlineExceeded, cause)
                }));
            }
        }
        (ctx.clone(), CancelFunc(ctx))
    }

    /// Arranges for `child` to be cancelled when this context is.
    ///
    /// Go (context): context.go:462 propagateCancel
    #[doc(alias = "propagateCancel")]
    fn propagate_cancel(&self, child: &Arc<CancelCtx>) {
        let Some(p) = self.cancel_ctx() else { return }; // :466
        // :470 the same answer as under the lock below
        // :480
        let mut st = p.mu.lock();
        match st.err {
            Some(err) => child.cancel(false, err, st.cause.clone()), // :483
            None => _ = st.children.insert(child.key(), child.clone()), // :488
        }
        // :494 there are no contexts of other kinds
    }
}

impl CancelCtx {
    fn key(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    /// The first cancellation: closes the channel, and cancels all that was made of this context.
    ///
    /// Go (context): context.go:536 cancel
    ///
    /// Go (context): context.go:665 cancel
    ///
    /// Go (context): context.go:342 cancel
    fn cancel(self: &Arc<Self>, remove_from_parent: bool, err: Error, cause: Option<Cause>) {
        let cause = cause.unwrap_or_else(|| Arc::new(err)); // :540
        let mut st = self.mu.lock();
        if st.err.is_some() {
            return; // :546
        }
        st.err = Some(err); // :548
        st.cause = Some(cause.clone());
        if !self.done.is_nil() {
            self.done.chan().close(); // :554
        }
        let children = core::mem::take(&mut st.children);
        // :556 a child's lock is taken under its parent's
        for child in children.values() {
            child.cancel(false, err, Some(cause.clone()));
        }
        let timer = st.timer.take(); // :672 in the lock's second time there
        drop(st); // :561 in order of the first method
        drop(children); // they may hold the last handle of this context
        if remove_from_parent {
            self.remove_child(); // :564
        }
        // :673
        if let Some(t) = timer {
            t.stop();
        }
        // :347 of the third method
        if let Some(f) = self.take_after() {
            go(f);
        }
    }

    /// Go (context): context.go:389 removeChild
    #[doc(alias = "removeChild")]
    fn remove_child(self: &Arc<Self>) {
        let Some(p) = self.up.upgrade() else { return }; // :395
        let child = p.mu.lock().children.remove(&self.key()); // :400
        drop(child);
    }

    fn take_after(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.after.lock().unwrap_or_else(|e| e.into_inner()).take()
    }
}

impl Drop for Handle {
    /// Nobody has the context any more. Go leaves the rest to its collector, and a context in its
    /// parent for ever.
    fn drop(&mut self) {
        if !has_goroutine() {
            return; // a lock for goroutines; the parent's cancellation will do
        }
        let c = &self.0;
        let mut st = c.mu.lock();
        if st.err.is_some() {
            return;
        }
        // SAFETY: the channel is alive through this handle.
        let watched = unsafe { (*c.done.as_raw()).refs.load() > 1 } || !st.children.is_empty();
        let may_end = st.timer.is_some() || c.up.strong_count() > 0;
        if watched && may_end {
            return;
        }
        let (timer, children) = (st.timer.take(), core::mem::take(&mut st.children));
        drop(st);
        if let Some(t) = timer {
            t.stop();
        }
        drop(children);
        c.remove_child();
    }
}

/// Go (context): context.go:522 contextName
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Background => f.write_str("context.Background"),
            Kind::Todo => f.write_str("context.TODO"),
            Kind::Cancel(c) => {
                if let Some(parent) = &c.0.parent {
                    parent.fmt(f)?;
                }
                match c.0.deadline {
                    None => f.write_str(".WithCancel"),
                    Some(t) => {
                        let left = t.saturating_duration_since(now());
                        write!(f, ".WithDeadline([{left:?}])")
                    }
                }
            }
            Kind::Value { parent, name, .. } => write!(f, "{parent}.WithValue({name})"),
            Kind::WithoutCancel(parent) => write!(f, "{parent}.WithoutCancel"),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::background()
    }
}

/// Cancels the context that it was made with; all calls but the first do nothing. Go's
/// `context.CancelFunc`.
///
/// Dropping it cancels nothing: see [`guard`](Self::guard).
///
/// ```
/// # gort::run(|| {
/// use gort::context::{CancelFunc, Context};
/// let (ctx, stop): (Context, CancelFunc) = Context::background().with_cancel();
/// let also = stop.clone(); // whoever calls it first
/// gort::task::spawn(move || also.cancel()).join().unwrap();
/// assert!(ctx.is_done());
/// # })
/// ```
///
/// Go (context): context.go:227 CancelFunc
#[derive(Clone, Debug)]
#[must_use = "a context that is not cancelled stays in its parent"]
pub struct CancelFunc(Context);

impl CancelFunc {
    /// Cancels the context, with [`Error::Canceled`]. It does not wait for the work to stop.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (ctx, cancel) = gort::context::Context::background().with_cancel();
    /// cancel.cancel();
    /// cancel.cancel(); // nothing happens
    /// assert_eq!(ctx.err(), Some(gort::context::Error::Canceled));
    /// # })
    /// ```
    pub fn cancel(&self) {
        // :237
        if let Some(c) = self.0.cancel_ctx() {
            c.cancel(true, Error::Canceled, None);
        }
    }

    /// Cancels the context when the result is dropped: Go's `defer cancel()`.
    ///
    /// ```
    /// use gort::context::Context;
    /// # gort::run(|| {
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// {
    ///     let _cancel = cancel.guard();
    ///     assert!(!ctx.is_done());
    /// }
    /// assert!(ctx.is_done());
    /// # })
    /// ```
    pub fn guard(self) -> CancelGuard {
        CancelGuard(self)
    }
}

/// See [`CancelFunc::guard`].
///
/// ```
/// # gort::run(|| {
/// let (ctx, cancel) = gort::context::Context::background().with_cancel();
/// {
///     let _guard = cancel.guard();
///     assert!(!ctx.is_done());
/// }
/// assert!(ctx.is_done());
/// # })
/// ```
#[derive(Debug)]
#[must_use = "the context is cancelled when this is dropped"]
pub struct CancelGuard(CancelFunc);

impl Drop for CancelGuard {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// [`CancelFunc`] that is told the reason. Go's `context.CancelCauseFunc`.
///
/// ```
/// # gort::run(|| {
/// use gort::context::{CancelCauseFunc, Context};
/// fn fail(cancel: &CancelCauseFunc) {
///     cancel.cancel("first");
///     cancel.cancel("second"); // too late
/// }
/// let (ctx, cancel) = Context::background().with_cancel_cause();
/// fail(&cancel);
/// assert_eq!(ctx.cause().unwrap().to_string(), "first");
/// # })
/// ```
///
/// Go (context): context.go:250 CancelCauseFunc
#[derive(Clone, Debug)]
#[must_use = "a context that is not cancelled stays in its parent"]
pub struct CancelCauseFunc(Context);

impl CancelCauseFunc {
    /// Cancels the context, with [`Error::Canceled`] and this reason.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (ctx, cancel) = gort::context::Context::background().with_cancel_cause();
    /// cancel.cancel(std::fmt::Error); // any error
    /// assert!(ctx.cause().unwrap().downcast_ref::<std::fmt::Error>().is_some());
    /// # })
    /// ```
    pub fn cancel(&self, cause: impl Into<Box<dyn StdError + Send + Sync>>) {
        self.cancel_with(Some(Arc::from(cause.into())));
    }

    /// [`cancel`](Self::cancel) with a reason that is shared, or none.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (ctx, cancel) = gort::context::Context::background().with_cancel_cause();
    /// cancel.cancel_with(None);
    /// assert_eq!(ctx.cause().unwrap().to_string(), "context canceled"); // as there was no other
    /// # })
    /// ```
    pub fn cancel_with(&self, cause: Option<Cause>) {
        // :265
        if let Some(c) = self.0.cancel_ctx() {
            c.cancel(true, Error::Canceled, cause);
        }
    }
}

/// A function that waits for a context: see [`Context::after_func`]. Dropping this changes nothing.
///
/// ```
/// # gort::run(|| {
/// use gort::context::{AfterFunc, Context};
/// let (ctx, cancel) = Context::background().with_cancel();
/// let c = gort::chan(1);
/// let tx = c.clone();
/// let _closing: AfterFunc = ctx.after_func(move || tx.send("closed"));
/// cancel.cancel();
/// assert_eq!(c.recv(), Some("closed"));
/// # })
/// ```
///
/// Go (context): context.go:336 afterFuncCtx
pub struct AfterFunc(Arc<CancelCtx>);

impl AfterFunc {
    /// Keeps the function from being called; false if it has been already, or stopped before.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (ctx, cancel) = gort::context::Context::background().with_cancel();
    /// let f = ctx.after_func(|| unreachable!());
    /// assert!(f.stop());
    /// cancel.cancel();
    /// assert!(!f.stop());
    /// # })
    /// ```
    ///
    /// Go (context): context.go:315 AfterFunc
    pub fn stop(&self) -> bool {
        // :322
        let Some(f) = self.0.take_after() else { return false };
        self.0.cancel(true, Error::Canceled, None); // :326
        drop(f);
        true
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AfterFunc(..)")
    }
}
