//! Variables of a goroutine, and safe ways to those of a thread.
//!
//! A goroutine may go on on another thread after anything that can wait, so a `thread_local!` is
//! not its own. And the compiler makes it worse: it computes the address of a thread-local once for
//! a function and keeps it, as it knows of no switch of threads. Two accesses in one function, with
//! an operation of this crate between them, may therefore both go to the variable of the *first*
//! thread, while another goroutine uses it there: a data race in safe code. No option of the
//! compiler prevents that (docs/deviations.md). What holds:
//! * [`goroutine_local!`](crate::goroutine_local): a variable that follows the goroutine;
//! * [`with`]: an access to a `thread_local!` that is never inlined, so that its address is
//!   computed anew;
//! * [`lock_os_thread`](crate::runtime::lock_os_thread): a goroutine that stays where it is.

use crate::debug::NoPark;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::marker::PhantomData;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};
use gort_proc::getg;
use gort_runtime2::{LOCALS_GONE, Locals};

/// Looks at a `thread_local!` of the thread that the goroutine runs on now:
/// `gort::local::with(&KEY, |v| ...)`.
///
/// Unlike `KEY.with(...)` it is right in any function, whatever else that one calls: it is never
/// inlined. Inside of `f` the goroutine stays on its thread: an operation that would park ends the
/// program with a report. The variable is another one after the next operation that can wait.
///
/// ```
/// use std::cell::Cell;
/// thread_local! { static HITS: Cell<u32> = const { Cell::new(0) }; }
/// gort::local::with(&HITS, |n| n.set(n.get() + 1));
/// ```
///
/// # Panics
/// As `LocalKey::with`, when the thread is ending.
#[inline(never)]
pub fn with<T: 'static, R>(key: &'static std::thread::LocalKey<T>, f: impl FnOnce(&T) -> R) -> R {
    let _here = NoPark::new();
    let r = key.with(f);
    // The compiler must not find out that the result depends on nothing but the thread: it would
    // take it from an earlier call.
    // SAFETY: no instruction.
    unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
    r
}

/// Declares variables that each goroutine has for itself, as `thread_local!` does for threads:
///
/// ```
/// use std::cell::{Cell, RefCell};
/// gort::goroutine_local! {
///     /// Where this goroutine notes things.
///     pub static NOTES: RefCell<Vec<String>> = RefCell::new(Vec::new());
///     static DEPTH: Cell<u32> = const { Cell::new(0) };
/// }
/// NOTES.with_borrow_mut(|n| n.push("a note".into()));
/// DEPTH.set(DEPTH.get() + 1);
/// assert_eq!(DEPTH.get(), 1);
/// ```
///
/// A value is made when it is first looked at, and inherits nothing from the goroutine that made
/// this one. It is dropped, in reverse order, when the goroutine's function has ended, whether by
/// returning, by a panic or by [`goexit`](crate::runtime::goexit); on the goroutine, so its `Drop`
/// may wait, and may use other variables of the goroutine. What is declared must be [`Send`], as
/// the goroutine takes it to other threads. On threads that run no goroutine each thread has its
/// own. A sequence of [`iter::pull`](crate::iter::pull) is a goroutine, too.
#[macro_export]
macro_rules! goroutine_local {
    () => {};
    ($(#[$a:meta])* $v:vis static $n:ident : $t:ty = $e:expr; $($rest:tt)*) => {
        $crate::goroutine_local!($(#[$a])* $v static $n: $t = $e);
        $crate::goroutine_local!($($rest)*);
    };
    ($(#[$a:meta])* $v:vis static $n:ident : $t:ty = $e:expr) => {
        $(#[$a])*
        $v static $n: $crate::local::LocalKey<$t> = {
            fn init() -> $t {
                $e
            }
            $crate::local::LocalKey::__new(init, ::core::stringify!($n))
        };
    };
}

/// A variable that each goroutine has for itself: made by
/// [`goroutine_local!`](crate::goroutine_local).
///
/// ```
/// use std::cell::RefCell;
/// gort::goroutine_local! {
///     static NAMES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
/// }
/// fn note(names: &'static gort::local::LocalKey<RefCell<Vec<String>>>, name: &str) -> usize {
///     names.with_borrow_mut(|n| {
///         n.push(name.into());
///         n.len()
///     })
/// }
/// gort::run(|| {
///     assert_eq!((note(&NAMES, "a"), note(&NAMES, "b")), (1, 2));
///     assert_eq!(gort::task::spawn(|| note(&NAMES, "c")).join().unwrap(), 1);
/// });
/// ```
pub struct LocalKey<T: 'static> {
    /// Its place in the tables; 0: none yet.
    id: AtomicUsize,
    init: fn() -> T,
    name: &'static str,
    _t: PhantomData<fn() -> T>,
}

/// The variable was dropped already: the goroutine is at its end.
///
/// ```
/// use gort::local::AccessError;
/// gort::goroutine_local! { static N: u32 = 5; }
/// gort::run(|| {
///     let r: Result<u32, AccessError> = N.try_with(|n| *n);
///     assert_eq!(r, Ok(5)); // an error only in destructors of other such variables
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessError;

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("goroutine-local variable already destroyed")
    }
}
impl std::error::Error for AccessError {}

/// One variable of one goroutine.
#[derive(Clone, Copy)]
enum Slot {
    Empty,
    /// Its initialiser runs.
    Begun,
    /// The value, in a box, and how to drop it.
    Full(*mut u8, unsafe fn(*mut u8)),
    Dropped,
}

/// The variables of one goroutine, or thread. No reference into it lives while the program's code
/// runs.
#[repr(C)]
struct Table {
    head: Locals,
    slots: Vec<Slot>,
    /// The full ones, in the order in which they were made.
    order: Vec<usize>,
}

/// How many keys there are.
static KEYS: AtomicUsize = AtomicUsize::new(0);

impl Table {
    fn make() -> *mut Self {
        Box::into_raw(Box::new(Self {
            head: Locals { end: Self::end },
            slots: Vec::new(),
            order: Vec::new(),
        }))
    }

    /// Drops the values, the youngest first; those that destructors make meanwhile, too. Then the
    /// table.
    ///
    /// # Safety
    /// `t` is from [`make`](Self::make), and belongs to the current goroutine or thread.
    unsafe fn end(t: *mut Locals) {
        /// Goes on with the others if a destructor panics.
        struct Rest(*mut Table);
        impl Drop for Rest {
            fn drop(&mut self) {
                // SAFETY: as below.
                unsafe {
                    Table::drop_values(self.0);
                    drop(Box::from_raw(self.0));
                }
            }
        }
        let rest = Rest(t.cast());
        // SAFETY: the caller's contract.
        unsafe { Self::drop_values(rest.0) }
    }

    /// # Safety
    /// As for [`end`](Self::end).
    unsafe fn drop_values(t: *mut Self) {
        // SAFETY: the table is this goroutine's; it is not borrowed while a destructor runs.
        unsafe {
            loop {
                let order = &mut (*t).order;
                let Some(id) = order.pop() else { return };
                let slot = core::mem::replace(&mut (&mut (*t).slots)[id], Slot::Dropped);
                if let Slot::Full(p, f) = slot {
                    f(p);
                }
            }
        }
    }

    /// The table of the current goroutine, or of the thread if it runs none; nil if its end has
    /// come.
    #[inline]
    fn current() -> *mut Self {
        let gp = getg();
        // SAFETY: g and its m are this thread's own.
        unsafe {
            if gp.is_null()
                || (*gp).m.is_null()
                || (*(*gp).m).curg.ptr() != gp
                || (*(*gp).m).isextra
            {
                return of_thread();
            }
            match (*gp).locals {
                p if p == LOCALS_GONE => null_mut(),
                p if p.is_null() => {
                    let t = Self::make();
                    (*gp).locals = t.cast();
                    t
                }
                p => p.cast(),
            }
        }
    }
}

/// The table of this thread, which runs no goroutine, or one of a foreign thread that stays with
/// it.
#[cold]
#[inline(never)]
fn of_thread() -> *mut Table {
    struct OfThread(Cell<*mut Table>);
    impl Drop for OfThread {
        fn drop(&mut self) {
            let t = self.0.get();
            if !t.is_null() {
                // SAFETY: this thread's table, at its end. Meanwhile `current` finds no other.
                unsafe { Table::end(t.cast()) };
            }
        }
    }
    thread_local! { static TABLE: OfThread = const { OfThread(Cell::new(null_mut())) }; }
    TABLE
        .try_with(|t| {
            if t.0.get().is_null() {
                t.0.set(Table::make());
            }
            t.0.get()
        })
        .unwrap_or(null_mut())
}

impl<T: Send + 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn __new(init: fn() -> T, name: &'static str) -> Self {
        Self { id: AtomicUsize::new(0), init, name, _t: PhantomData }
    }

    /// The place of this key, from 0 on.
    #[inline]
    fn id(&self) -> usize {
        match self.id.load(Ordering::Relaxed) {
            0 => self.new_id(),
            id => id - 1,
        }
    }

    #[cold]
    fn new_id(&self) -> usize {
        let id = KEYS.fetch_add(1, Ordering::Relaxed) + 1;
        // Whoever was faster has given it its place; the number is wasted then.
        match self.id.compare_exchange(0, id, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => id - 1,
            Err(id) => id - 1,
        }
    }

    /// Where the value is, made now if it has not been.
    fn place(&'static self) -> Result<*mut T, AccessError> {
        unsafe fn drop_box<T>(p: *mut u8) {
            // SAFETY: a box of this type; its owner has forgotten it.
            drop(unsafe { Box::from_raw(p.cast::<T>()) });
        }
        /// The initialiser has not returned.
        struct Undo(*mut Table, usize);
        impl Drop for Undo {
            fn drop(&mut self) {
                // SAFETY: the table outlives the initialiser.
                unsafe { (&mut (*self.0).slots)[self.1] = Slot::Empty };
            }
        }
        let t = Table::current();
        if t.is_null() {
            return Err(AccessError);
        }
        let id = self.id();
        // SAFETY: the table is this goroutine's, and not borrowed while the initialiser runs.
        unsafe {
            let slots = &(*t).slots;
            match slots.get(id).copied().unwrap_or(Slot::Empty) {
                Slot::Full(p, _) => Ok(p.cast()),
                Slot::Dropped => Err(AccessError),
                Slot::Begun => {
                    panic!("gort: the initialiser of goroutine_local! {} looks at it", self.name)
                }
                Slot::Empty => {
                    let slots = &mut (*t).slots;
                    if slots.len() <= id {
                        slots.resize(id + 1, Slot::Empty);
                    }
                    slots[id] = Slot::Begun;
                    let undo = Undo(t, id);
                    let p = Box::into_raw(Box::new((self.init)()));
                    core::mem::forget(undo);
                    (&mut (*t).slots)[id] = Slot::Full(p.cast(), drop_box::<T>);
                    let order = &mut (*t).order;
                    order.push(id);
                    Ok(p)
                }
            }
        }
    }

    /// Looks at this goroutine's value, which is made now if it has not been. `f` may do whatever
    /// it likes, wait included.
    ///
    /// ```
    /// gort::goroutine_local! { static ID: u64 = gort::runtime::goid(); }
    /// gort::run(|| {
    ///     assert_eq!(ID.with(|id| *id), gort::runtime::goid());
    /// });
    /// ```
    ///
    /// # Panics
    /// If the value was dropped already (see [`try_with`](Self::try_with)), or if its initialiser
    /// looks at it.
    #[inline]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(r) => r,
            Err(e) => panic!("{e}: {}", self.name),
        }
    }

    /// [`with`](Self::with), unless the value was dropped already: in destructors of other such
    /// variables.
    ///
    /// ```
    /// gort::goroutine_local! { static WORDS: Vec<&'static str> = vec!["a", "b"]; }
    /// gort::run(|| assert_eq!(WORDS.try_with(Vec::len), Ok(2)));
    /// ```
    ///
    /// # Errors
    /// If so.
    ///
    /// # Panics
    /// If its initialiser looks at the value.
    #[inline]
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let p = self.place()?;
        // SAFETY: it stays until the goroutine ends, and is this goroutine's only.
        Ok(f(unsafe { &*p }))
    }
}

impl<T: Send + 'static> LocalKey<Cell<T>> {
    /// A copy of the value.
    ///
    /// ```
    /// use std::cell::Cell;
    /// gort::goroutine_local! { static DEPTH: Cell<u32> = const { Cell::new(1) }; }
    /// gort::run(|| assert_eq!(DEPTH.get(), 1));
    /// ```
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }
    /// Sets the value.
    ///
    /// ```
    /// use std::cell::Cell;
    /// gort::goroutine_local! { static DEPTH: Cell<u32> = const { Cell::new(0) }; }
    /// gort::run(|| {
    ///     DEPTH.set(3);
    ///     assert_eq!(gort::task::spawn(|| DEPTH.get()).join().unwrap(), 0); // its own
    ///     assert_eq!(DEPTH.get(), 3);
    /// });
    /// ```
    pub fn set(&'static self, v: T) {
        self.with(|c| c.set(v));
    }
    /// Takes the value; the default stays.
    ///
    /// ```
    /// use std::cell::Cell;
    /// gort::goroutine_local! { static LAST: Cell<Option<&'static str>> = const { Cell::new(None) }; }
    /// gort::run(|| {
    ///     LAST.set(Some("error"));
    ///     assert_eq!((LAST.take(), LAST.take()), (Some("error"), None));
    /// });
    /// ```
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }
    /// Sets the value, and returns the old one.
    ///
    /// ```
    /// use std::cell::Cell;
    /// gort::goroutine_local! { static LEVEL: Cell<u8> = const { Cell::new(1) }; }
    /// gort::run(|| assert_eq!((LEVEL.replace(5), LEVEL.get()), (1, 5)));
    /// ```
    pub fn replace(&'static self, v: T) -> T {
        self.with(|c| c.replace(v))
    }
}

impl<T: Send + 'static> LocalKey<RefCell<T>> {
    /// Borrows the value.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// gort::goroutine_local! { static PATH: RefCell<String> = RefCell::new("/".into()); }
    /// gort::run(|| assert_eq!(PATH.with_borrow(|p| p.len()), 1));
    /// ```
    ///
    /// # Panics
    /// If it is borrowed mutably.
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|c| f(&c.borrow()))
    }
    /// Borrows the value mutably.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// gort::goroutine_local! { static PATH: RefCell<String> = RefCell::new("/".into()); }
    /// gort::run(|| {
    ///     PATH.with_borrow_mut(|p| p.push_str("tmp"));
    ///     assert_eq!(PATH.with_borrow(String::clone), "/tmp");
    /// });
    /// ```
    ///
    /// # Panics
    /// If it is borrowed.
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|c| f(&mut c.borrow_mut()))
    }
    /// Sets the value.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// gort::goroutine_local! { static USER: RefCell<String> = RefCell::default(); }
    /// gort::run(|| {
    ///     USER.set("ann".into());
    ///     assert!(USER.with_borrow(|u| u == "ann"));
    /// });
    /// ```
    ///
    /// # Panics
    /// If it is borrowed.
    pub fn set(&'static self, v: T) {
        self.with(|c| *c.borrow_mut() = v);
    }
    /// Takes the value; the default stays.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// gort::goroutine_local! { static LOG: RefCell<Vec<u32>> = RefCell::new(vec![1, 2]); }
    /// gort::run(|| {
    ///     assert_eq!(LOG.take(), [1, 2]);
    ///     assert!(LOG.take().is_empty());
    /// });
    /// ```
    ///
    /// # Panics
    /// If it is borrowed.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }
    /// Sets the value, and returns the old one.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// gort::goroutine_local! { static UNIT: RefCell<String> = RefCell::new("m".into()); }
    /// gort::run(|| assert_eq!(UNIT.replace("km".into()), "m"));
    /// ```
    ///
    /// # Panics
    /// If it is borrowed.
    pub fn replace(&'static self, v: T) -> T {
        self.with(|c| c.replace(v))
    }
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKey({})", self.name)
    }
}
