//! Labels and names of goroutines.

use core::fmt;
use gort_proc::{LabelSet, getg, on_goroutine_for};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Labels: keys with values, at most one for each key. Go's `pprof.LabelSet`.
///
/// ```
/// use gort::runtime::Labels;
/// let l = Labels::new([("job", "7"), ("user", "ann")]).with([("job", "8")]);
/// assert_eq!(l.get("job"), Some("8"));
/// assert_eq!(format!("{l:?}"), r#"{"job": "8", "user": "ann"}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Labels(Option<Arc<LabelSet>>);

impl Labels {
    /// These labels.
    ///
    /// ```
    /// let l = gort::runtime::Labels::new([("user", "ann")]);
    /// assert_eq!(l.get("user"), Some("ann"));
    /// ```
    pub fn new<K: AsRef<str>, V: AsRef<str>>(labels: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::default().with(labels)
    }

    /// These labels and those, which win. Go's `pprof.WithLabels`.
    ///
    /// ```
    /// use gort::runtime::Labels;
    /// let job = Labels::new([("job", "7")]);
    /// let part = job.with([("part", "2")]);
    /// assert_eq!((part.get("job"), part.get("part"), job.get("part")), (Some("7"), Some("2"), None));
    /// ```
    #[must_use]
    pub fn with<K: AsRef<str>, V: AsRef<str>>(
        &self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut set: LabelSet = self.0.as_deref().cloned().unwrap_or_default();
        for (k, v) in labels {
            let (k, v) = (k.as_ref(), v.as_ref().into());
            match set.binary_search_by(|(key, _)| (**key).cmp(k)) {
                Ok(i) => set[i].1 = v,
                Err(i) => set.insert(i, (k.into(), v)),
            }
        }
        Self((!set.is_empty()).then(|| Arc::new(set)))
    }

    /// The value of a key. Go's `pprof.Label`.
    ///
    /// ```
    /// let l = gort::runtime::Labels::new([("a", "1"), ("a", "2")]);
    /// assert_eq!((l.get("a"), l.get("b")), (Some("2"), None)); // the last one wins
    /// ```
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find_map(|(k, v)| (k == key).then_some(v))
    }

    /// All of them, by their keys. Go's `pprof.ForLabels`.
    ///
    /// ```
    /// let l = gort::runtime::Labels::new([("b", "2"), ("a", "1")]);
    /// assert_eq!(l.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|s| s.iter().map(|(k, v)| (&**k, &**v)))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The labels of this goroutine, also in [`blocking`](crate::blocking); none on other threads.
///
/// ```
/// use gort::runtime::{labels, with_labels};
/// # gort::run(|| {
/// with_labels([("request", "1234")], || {
///     let child = gort::task::spawn(|| labels().get("request").map(str::to_string));
///     assert_eq!(child.join().unwrap().as_deref(), Some("1234"));
/// });
/// assert_eq!(labels().get("request"), None);
/// # })
/// ```
pub fn labels() -> Labels {
    if getg().is_null() {
        return Labels::default();
    }
    // SAFETY: on a goroutine, whose own they are: nobody else changes them, also while it has no
    // processor. (The runtime's own stacks have none.)
    Labels(unsafe { gort_proc::labels::labels() })
}

/// Sets the labels of this goroutine, which the goroutines that it starts from now on inherit. Go's
/// `pprof.SetGoroutineLabels`.
///
/// ```no_run
/// use gort::runtime::{Labels, labels, set_labels};
/// # gort::run(|| {
/// set_labels(Labels::new([("request", "1234")]));
/// gort::go(|| println!("{:?} logs", labels().get("request")));
/// # })
/// ```
///
/// # Panics
/// Ends the program outside of a goroutine.
pub fn set_labels(labels: Labels) {
    on_goroutine_for("set_labels");
    // SAFETY: on a goroutine.
    unsafe { gort_proc::labels::set_labels(labels.0) }
}

/// Runs `f` with these labels beside those that the goroutine has, and gives it back its own. Go's
/// `pprof.Do`.
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::{labels, with_labels};
/// with_labels([("step", "outer")], || {
///     with_labels([("step", "inner")], || assert_eq!(labels().get("step"), Some("inner")));
///     assert_eq!(labels().get("step"), Some("outer"));
/// });
/// # })
/// ```
///
/// # Panics
/// Ends the program outside of a goroutine.
pub fn with_labels<K: AsRef<str>, V: AsRef<str>, R>(
    more: impl IntoIterator<Item = (K, V)>,
    f: impl FnOnce() -> R,
) -> R {
    struct Back(Labels);
    impl Drop for Back {
        fn drop(&mut self) {
            set_labels(core::mem::take(&mut self.0));
        }
    }
    let back = Back(labels());
    set_labels(back.0.with(more));
    f()
}

/// Calls this goroutine so, in place of the name that it may have: tracebacks show it
/// (`goroutine 7 [chan receive, "reader"]:`). Goroutines that it starts do not inherit it. No
/// effect on other threads. gort's own; see also [`Builder::name`](crate::Builder::name).
///
/// Each name that is no `&'static str` is kept until the program ends, once, so it should be one of
/// a few, not a number.
///
/// ```
/// # gort::run(|| {
/// gort::runtime::set_name("main");
/// assert_eq!(gort::runtime::name(), Some("main"));
/// assert!(gort::runtime::stack(false).contains("[running, \"main\"]:"));
/// # })
/// ```
pub fn set_name(name: impl Into<Cow<'static, str>>) {
    set(intern(name.into()));
}

/// The name of this goroutine.
///
/// ```
/// # gort::run(|| {
/// assert_eq!(gort::runtime::name(), None);
/// let child = gort::Builder::new().name("worker").spawn(gort::runtime::name);
/// assert_eq!(child.join().unwrap(), Some("worker"));
/// # })
/// ```
pub fn name() -> Option<&'static str> {
    let gp = gort_proc::getg();
    // SAFETY: the goroutine's own; what stands there is never freed.
    unsafe { (!gp.is_null()).then(|| (*gp).name.load().as_ref().copied()).flatten() }
}

/// Where a name is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name(*mut &'static str);

// SAFETY: a pointer to what is never written again.
unsafe impl Send for Name {}
// SAFETY: as above.
unsafe impl Sync for Name {}

/// Keeps a name, once.
pub(crate) fn intern(name: Cow<'static, str>) -> Name {
    static NAMES: Mutex<BTreeMap<&'static str, Name>> = Mutex::new(BTreeMap::new());
    // Nothing in here parks, so std's lock is held for a moment only.
    let mut names = NAMES.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(&n) = names.get(&*name) {
        return n;
    }
    let text: &'static str = match name {
        Cow::Borrowed(s) => s,
        Cow::Owned(s) => s.leak(),
    };
    let n = Name(Box::leak(Box::new(text)));
    names.insert(text, n);
    n
}

/// Gives this goroutine the name.
#[inline]
pub(crate) fn set(name: Name) {
    let gp = gort_proc::getg();
    if !gp.is_null() {
        // SAFETY: the goroutine's own field.
        unsafe { (*gp).name.store(name.0) };
    }
}
