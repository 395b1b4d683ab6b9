//! Calls that are made once for all who ask at the same time: golang.org/x/sync/singleflight.

use super::Outcome;
use crate::sync::Mutex;
use crate::{Receiver, Sender, chan, go, runtime};
use core::fmt;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

/// Makes calls with the same key once: who asks while one is under way gets its result. Go's
/// `singleflight.Group`.
///
/// ```
/// use gort::task::Shared;
/// # gort::run(|| {
/// let pages = Shared::<&str, String>::new();
/// let (page, shared) = pages.call("index", || "<html>".to_string());
/// assert_eq!((page.as_str(), shared), ("<html>", false));
/// # })
/// ```
///
/// Go (internal/singleflight): singleflight.go:29 Group
pub struct Shared<K, V> {
    mu: Mutex<HashMap<K, Arc<Call<V>>>>,
}

/// Go (internal/singleflight): singleflight.go:12 call
struct Call<V> {
    /// Closed when there is a result.
    done: Receiver<()>,
    /// std's lock: held for a move or a clone of what is no code of ours only.
    state: StdMutex<CallState<V>>,
}

struct CallState<V> {
    result: Option<Arc<End<V>>>,
    dups: usize,
    chans: Vec<Sender<(V, bool)>>,
}

/// Those who have a channel for the result. Whoever has got none when this goes, as a panic is on
/// its way, finds the channel closed.
struct Waiting<V>(Vec<Sender<(V, bool)>>);

impl<V> Drop for Waiting<V> {
    fn drop(&mut self) {
        self.0.iter().for_each(Sender::close);
    }
}

/// How the call ended.
enum End<V> {
    Value(V),
    Panic(String),
    Goexit,
}

impl<V> Call<V> {
    fn new() -> Arc<Self> {
        let state = CallState { result: None, dups: 0, chans: Vec::new() };
        Arc::new(Self { done: chan(0).into(), state: StdMutex::new(state) })
    }
    fn lock(&self) -> std::sync::MutexGuard<'_, CallState<V>> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// The result of another's call.
fn joined<V: Clone>(end: Option<Arc<End<V>>>) -> V {
    match end.as_deref() {
        Some(End::Value(v)) => v.clone(),
        Some(End::Panic(text)) => panic!("singleflight: {text}"),
        Some(End::Goexit) | None => runtime::goexit(),
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Shared<K, V> {
    /// No calls yet.
    ///
    /// ```
    /// # gort::run(|| {
    /// let lookups = gort::task::Shared::<String, u32>::new();
    /// assert_eq!(lookups.call("a".into(), || 1), (1, false));
    /// # })
    /// ```
    pub fn new() -> Self {
        Self { mu: Mutex::default() }
    }

    /// Calls `f`, unless a call with this key is under way: then waits for that one's result. The
    /// second result says whether the first was given to several.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// let (pages, loads) = (gort::task::Shared::<&str, &str>::new(), AtomicU32::new(0));
    /// gort::task::scope(|s| {
    ///     for _ in 0..10 {
    ///         s.spawn(|| {
    ///             let load = || {
    ///                 loads.fetch_add(1, Relaxed);
    ///                 gort::time::sleep(std::time::Duration::from_millis(1));
    ///                 "<html>"
    ///             };
    ///             assert_eq!(pages.call("index", load).0, "<html>");
    ///         });
    ///     }
    /// });
    /// assert!((1..=10).contains(&loads.into_inner())); // mostly 1
    /// # })
    /// ```
    ///
    /// # Panics
    /// If `f` does, or `clone` of its result; in the others that wait for it as well, with the text
    /// of it. A
    /// [`goexit`](crate::runtime::goexit) in `f` is one for all.
    ///
    /// Go (internal/singleflight): singleflight.go:47 Do
    pub fn call(&self, key: K, f: impl FnOnce() -> V) -> (V, bool) {
        let mut m = self.mu.lock(); // :48
        // :52
        if let Some(c) = m.get(&key).cloned() {
            c.lock().dups += 1;
            drop(m);
            c.done.recv(); // :55
            let end = c.lock().result.clone();
            return (joined(end), true); // :56
        }
        let c = Call::new(); // :58
        m.insert(key.clone(), c.clone()); // :60
        drop(m);
        self.do_call(&c, &key, f) // :63
    }

    /// [`call`](Self::call) that waits at most for `d` for the call of another: None if that has
    /// not returned by then, and the caller does not count as one who shares it. A call of `f`
    /// itself takes its time.
    ///
    /// ```
    /// use gort::task::Shared;
    /// use std::{sync::Arc, time::Duration};
    /// # gort::run(|| {
    /// let (pages, loaded) = (Arc::new(Shared::<&str, u32>::new()), gort::chan(0));
    /// let (p, rx) = (pages.clone(), loaded.clone());
    /// let first = p.call_chan("index", move || rx.recv().unwrap());
    /// assert_eq!(pages.call_timeout(Duration::from_millis(1), "index", || 0), None);
    /// loaded.send(7);
    /// assert_eq!(first.recv(), Some((7, false)));
    /// assert_eq!(pages.call_timeout(Duration::ZERO, "index", || 8), Some((8, false)));
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`call`](Self::call).
    pub fn call_timeout(&self, d: Duration, key: K, f: impl FnOnce() -> V) -> Option<(V, bool)> {
        let mut m = self.mu.lock();
        if let Some(c) = m.get(&key).cloned() {
            c.lock().dups += 1;
            drop(m);
            let _ = c.done.recv_timeout(d); // the result says which
            let mut st = c.lock();
            let end = st.result.clone();
            if end.is_none() {
                st.dups -= 1; // before the call counts them, under this lock
                return None;
            }
            drop(st);
            return Some((joined(end), true));
        }
        let c = Call::new();
        m.insert(key.clone(), c.clone());
        drop(m);
        Some(self.do_call(&c, &key, f))
    }

    /// Makes the call, and gives its result to all.
    ///
    /// Go (internal/singleflight): singleflight.go:92 doCall
    fn do_call(&self, c: &Arc<Call<V>>, key: &K, f: impl FnOnce() -> V) -> (V, bool) {
        let r = Outcome::of(f); // :93
        // A copy for the others, whose making is the program's code, too: without locks, and its
        // panic is one of the call. None of those who wait may be left behind.
        let (r, end) = match r {
            Outcome::Value(v) => match Outcome::of(|| v.clone()) {
                Outcome::Value(copy) => (Outcome::Value(v), End::Value(copy)),
                Outcome::Panic(p) => {
                    let text = p.message().into_owned();
                    (Outcome::Panic(p), End::Panic(text))
                }
                Outcome::Goexit => (Outcome::Goexit, End::Goexit),
            },
            Outcome::Panic(p) => {
                let text = p.message().into_owned();
                (Outcome::Panic(p), End::Panic(text))
            }
            Outcome::Goexit => (Outcome::Goexit, End::Goexit),
        };
        let mut m = self.mu.lock(); // :95
        // :97 it may have been forgotten, and another one begun
        let ours = m.get(key).is_some_and(|it| Arc::ptr_eq(it, c));
        let old = if ours { m.remove_entry(key) } else { None };
        let mut st = c.lock();
        st.result = Some(Arc::new(end));
        let (dups, mut chans) = (st.dups, Waiting(core::mem::take(&mut st.chans)));
        drop(st);
        c.done.chan().close(); // :96 earlier in Go
        drop(m);
        drop(old); // the key's drop may be the program's code
        match r {
            Outcome::Value(v) => {
                // :100
                while let Some(ch) = chans.0.last() {
                    let _ = ch.try_send((v.clone(), dups > 0));
                    chans.0.pop();
                }
                (v, dups > 0)
            }
            Outcome::Panic(p) => p.resume(),
            Outcome::Goexit => runtime::goexit(),
        }
    }

    /// The next call with this key is made, even if one is under way.
    ///
    /// Go's internal copy has it for calls that are not shared only (singleflight.go:111); this is
    /// that of x/sync.
    ///
    /// ```
    /// # gort::run(|| {
    /// let calls = std::sync::Arc::new(gort::task::Shared::<u8, &str>::new());
    /// let c = gort::chan::<()>(0);
    /// let rx = c.clone();
    /// let old = calls.call_chan(1, move || rx.recv().map_or("old", |()| "never"));
    /// calls.forget(&1);
    /// assert_eq!(calls.call(1, || "new"), ("new", false)); // does not wait for the old one
    /// c.close();
    /// assert_eq!(old.recv(), Some(("old", false)));
    /// # })
    /// ```
    pub fn forget(&self, key: &K) {
        let old = self.mu.lock().remove_entry(key);
        drop(old); // without the lock
    }

    /// [`forget`](Self::forget), unless others wait for the call; whether nobody does.
    ///
    /// ```
    /// # gort::run(|| {
    /// let calls = std::sync::Arc::new(gort::task::Shared::<u8, u8>::new());
    /// let c = gort::chan(0);
    /// let rx = c.clone();
    /// let (a, b) = (calls.call_chan(1, move || rx.recv().unwrap()), calls.call_chan(1, || unreachable!()));
    /// assert!(!calls.forget_unshared(&1)); // the second shares it
    /// c.send(5);
    /// assert_eq!((a.recv(), b.recv()), (Some((5, true)), Some((5, true))));
    /// # })
    /// ```
    ///
    /// Go (internal/singleflight): singleflight.go:111 ForgetUnshared
    #[doc(alias = "ForgetUnshared")]
    pub fn forget_unshared(&self, key: &K) -> bool {
        let mut m = self.mu.lock(); // :112
        // :115
        let Some(c) = m.get(key) else { return true };
        // :118
        if c.lock().dups == 0 {
            let old = m.remove_entry(key);
            drop(m);
            drop(old); // without the lock
            return true;
        }
        false // :122
    }
}

impl<K, V> Shared<K, V>
where
    K: Eq + Hash + Clone + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// [`call`](Self::call) on a goroutine of its own, with a channel for the result. A panic ends
    /// the program. If it shares a [`call`](Self::call) of another, and that panics, the channel is
    /// closed.
    ///
    /// ```
    /// # gort::run(|| {
    /// let calls = std::sync::Arc::new(gort::task::Shared::<&str, usize>::new());
    /// let result = calls.call_chan("key", || "value".len());
    /// gort::select! {
    ///     recv(result) -> r => assert_eq!(r, Some((5, false))),
    ///     default(std::time::Duration::from_secs(60)) => panic!("too slow"),
    /// }
    /// # })
    /// ```
    ///
    /// Go (internal/singleflight): singleflight.go:69 DoChan
    #[doc(alias = "DoChan")]
    pub fn call_chan(
        self: &Arc<Self>,
        key: K,
        f: impl FnOnce() -> V + Send + 'static,
    ) -> Receiver<(V, bool)> {
        let ch = chan(1); // :70
        let mut m = self.mu.lock();
        // :75
        if let Some(c) = m.get(&key) {
            let mut st = c.lock();
            st.dups += 1;
            st.chans.push(ch.sender());
            return ch.into();
        }
        let c = Call::new(); // :81
        c.lock().chans.push(ch.sender());
        m.insert(key.clone(), c.clone());
        drop(m); // :84
        let this = self.clone();
        go(move || _ = this.do_call(&c, &key, f)); // :86
        ch.into()
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Default for Shared<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for Shared<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}
