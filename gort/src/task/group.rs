//! Several goroutines and their first error: golang.org/x/sync/errgroup.

use crate::context::{CancelCauseFunc, Cause, Context};
use crate::sync::{Once, WaitGroup};
use crate::{Chan, chan, go_};
use core::fmt;
use gort_proc::getpcspbp;
use std::error::Error;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

/// Goroutines that work on parts of one task. Go's `errgroup.Group`.
///
/// ```
/// use gort::task::Group;
/// # gort::run(|| {
/// let g = Group::new();
/// for word in ["1", "two", "3"] {
///     g.go(move || word.parse::<u32>().map(drop));
/// }
/// assert_eq!(g.wait().unwrap_err().to_string(), "invalid digit found in string");
/// # })
/// ```
///
/// A panic that leaves one of the functions ends the program, as with [`go`](crate::go()).
///
/// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:25 Group
#[must_use = "errors are told by `wait`"]
pub struct Group {
    inner: Arc<Inner>,
    /// Its buffer holds those that run.
    sem: Option<Chan<()>>,
}

#[derive(Default)]
struct Inner {
    cancel: Option<CancelCauseFunc>,
    wg: WaitGroup,
    err_once: Once,
    err: StdMutex<Option<Cause>>,
}

impl Inner {
    fn err(&self) -> Option<Cause> {
        self.err.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

/// A goroutine of a group has ended, by whatever way.
///
/// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:36 done
struct Done(Arc<Inner>, Option<Chan<()>>);

impl Drop for Done {
    fn drop(&mut self) {
        // :37
        if let Some(sem) = &self.1 {
            sem.recv();
        }
        self.0.wg.done(); // :40
    }
}

impl Group {
    /// A group without a context.
    ///
    /// ```
    /// # gort::run(|| {
    /// let g = gort::task::Group::new();
    /// g.go(|| Ok::<_, std::io::Error>(()));
    /// assert!(g.wait().is_ok());
    /// # })
    /// ```
    pub fn new() -> Self {
        Self { inner: Arc::default(), sem: None }
    }

    /// A group, and a context of `ctx` that is done when the first of the group's functions returns
    /// an error (its [cause](Context::cause)), or [`wait`](Self::wait) returns.
    ///
    /// ```
    /// use gort::{context::Context, task::Group};
    /// # gort::run(|| {
    /// let (g, ctx) = Group::with_context(&Context::background());
    /// let c = ctx.clone();
    /// g.go(move || c.done().recv().map_or(Ok(()), |()| Err("never")));
    /// g.go(|| Err("too bad"));
    /// assert_eq!(g.wait().unwrap_err().to_string(), "too bad");
    /// assert_eq!(ctx.cause().unwrap().to_string(), "too bad");
    /// # })
    /// ```
    ///
    /// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:48 WithContext
    pub fn with_context(ctx: &Context) -> (Self, Context) {
        let (ctx, cancel) = ctx.with_cancel_cause(); // :49
        let inner = Inner { cancel: Some(cancel), ..Inner::default() };
        (Self { inner: Arc::new(inner), sem: None }, ctx)
    }

    /// How many functions may run at once: [`go`](Self::go) waits while there are as many. None:
    /// any number.
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut g = gort::task::Group::new();
    /// g.set_limit(Some(2));
    /// for n in 0..10 {
    ///     g.go(move || if n < 20 { Ok(()) } else { Err("too large") }); // two at a time
    /// }
    /// g.wait().unwrap();
    /// # })
    /// ```
    ///
    /// # Panics
    /// `errgroup: modify limit while N goroutines in the group are still active`
    ///
    /// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:126 SetLimit
    pub fn set_limit(&mut self, n: Option<usize>) {
        if let (Some(_), Some(sem)) = (n, &self.sem)
            && !sem.is_empty()
        {
            // :132
            panic!(
                "errgroup: modify limit while {} goroutines in the group are still active",
                sem.len()
            );
        }
        self.sem = n.map(chan); // :134
    }

    /// Runs `f` on a goroutine of its own, after waiting until the limit allows it. The first error
    /// of all is the group's.
    ///
    /// ```
    /// # gort::run(|| {
    /// let g = gort::task::Group::new();
    /// let results = gort::chan(2);
    /// for n in [4, 9] {
    ///     let results = results.clone();
    ///     g.go(move || {
    ///         results.send(n * n);
    ///         Ok::<_, String>(())
    ///     });
    /// }
    /// g.wait().unwrap();
    /// assert_eq!(results.recv().unwrap() + results.recv().unwrap(), 97);
    /// # })
    /// ```
    ///
    /// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:69 Go
    #[inline(always)]
    pub fn go<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        f: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) {
        let (pc, _, _) = getpcspbp();
        // :70
        if let Some(sem) = &self.sem {
            sem.send(());
        }
        self.start(f, pc);
    }

    /// [`go`](Self::go) that does nothing, and returns false, where that one would wait.
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut g = gort::task::Group::new();
    /// g.set_limit(Some(1));
    /// let c = gort::chan::<()>(0);
    /// let rx = c.clone();
    /// assert!(g.try_go(move || rx.recv().map_or(Ok(()), |()| Err("never"))));
    /// assert!(!g.try_go(|| Ok::<_, String>(()))); // one runs
    /// c.close();
    /// g.wait().unwrap();
    /// # })
    /// ```
    ///
    /// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:93 TryGo
    #[inline(always)]
    pub fn try_go<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        f: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> bool {
        let (pc, _, _) = getpcspbp();
        // :94
        if let Some(sem) = &self.sem
            && sem.try_send(()).is_err()
        {
            return false; // :99
        }
        self.start(f, pc);
        true
    }

    /// [`go`](Self::go) that waits at most for `d` until the limit allows it.
    ///
    /// ```
    /// use gort::{chan, task::Group};
    /// use std::time::Duration;
    /// # gort::run(|| {
    /// let (mut g, c) = (Group::new(), chan::<u32>(0));
    /// g.set_limit(Some(1));
    /// let rx = c.clone();
    /// g.go(move || rx.recv().map(drop).ok_or("closed"));
    /// let Err(f) = g.go_timeout(Duration::from_millis(1), || Ok::<_, String>(())) else { panic!() };
    /// c.send(1); // the first one ends
    /// g.go_timeout(Duration::from_secs(60), f).ok().unwrap();
    /// g.wait().unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives `f` back if the limit did not allow it in time.
    #[inline(always)]
    pub fn go_timeout<E: Into<Box<dyn Error + Send + Sync>>, F>(
        &self,
        d: Duration,
        f: F,
    ) -> Result<(), F>
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
    {
        let (pc, _, _) = getpcspbp();
        if let Some(sem) = &self.sem
            && sem.send_timeout((), d).is_err()
        {
            return Err(f);
        }
        self.start(f, pc);
        Ok(())
    }

    /// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:69 Go
    fn start<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        f: impl FnOnce() -> Result<(), E> + Send + 'static,
        pc: usize,
    ) {
        self.inner.wg.add(1); // :74
        let done = Done(self.inner.clone(), self.sem.clone());
        let body = move || {
            let g = &done.0;
            // :78
            if let Err(e) = f() {
                let e: Cause = Arc::from(e.into());
                g.err_once.call(|| {
                    *g.err.lock().unwrap_or_else(|e| e.into_inner()) = Some(e.clone()); // :80
                    if let Some(cancel) = &g.cancel {
                        cancel.cancel_with(Some(e)); // :82
                    }
                });
            }
        };
        go_::go_sized(0, body, pc);
    }

    /// Waits until all functions have returned.
    ///
    /// ```
    /// # gort::run(|| {
    /// let g = gort::task::Group::new();
    /// g.go(|| Ok::<_, String>(()));
    /// g.go(|| Err("no route"));
    /// assert_eq!(g.wait().unwrap_err().to_string(), "no route");
    /// # })
    /// ```
    ///
    /// # Errors
    /// The first error that one of them returned.
    ///
    /// Go (cmd/vendor/golang.org/x/sync/errgroup): errgroup.go:55 Wait
    pub fn wait(&self) -> Result<(), Cause> {
        self.inner.wg.wait(); // :56
        self.over()
    }

    /// [`wait`](Self::wait) that waits at most for `d`: None if some function has not returned by
    /// then. It goes on, and nothing is cancelled: that is the context's to do.
    ///
    /// ```
    /// use gort::{context::Context, task::Group};
    /// use std::time::Duration;
    /// # gort::run(|| {
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// let (g, done) = (Group::new(), ctx.done().clone());
    /// g.go(move || Err::<(), _>(done.recv().map_or("told to stop", |()| "never")));
    /// assert!(g.wait_timeout(Duration::from_millis(1)).is_none());
    /// cancel.cancel();
    /// let r = g.wait_timeout(Duration::from_secs(60)).unwrap();
    /// assert_eq!(r.unwrap_err().to_string(), "told to stop");
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, d: Duration) -> Option<Result<(), Cause>> {
        self.inner.wg.wait_timeout(d).then(|| self.over())
    }

    /// All functions have returned.
    fn over(&self) -> Result<(), Cause> {
        let err = self.inner.err();
        if let Some(cancel) = &self.inner.cancel {
            cancel.cancel_with(err.clone()); // :58
        }
        err.map_or(Ok(()), Err) // :60
    }
}

impl Default for Group {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("limit", &self.sem.as_ref().map(Chan::cap))
            .finish_non_exhaustive()
    }
}
