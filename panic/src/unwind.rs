//! panic.go: 617–1033 and 1109. Panics and Goexit as Rust's unwinding carries them out.
//!
//! # What a goroutine knows of its panics
//! `g.panic_` heads a list of [`Panic`]s, innermost first, as in Go. The panic hook and [`goexit`]
//! push; [`recover`], [`catch_all`] and [`run_goroutine`] pop. The standard library counts panics
//! per thread, so a goroutine must not change threads while one is on its way: the crate `proc`
//! sees to that when it parks (carry.rs).

use crate::fatal::{fatal, fatalpanic, panic_text, print_recovered};
use crate::value::{BoxError, RuntimeError, printpanicval};
use core::any::Any;
use core::fmt;
use core::ptr::null_mut;
use gort_asm::{getg, getpcspbp};
use gort_print::print;
use gort_proc::{trace_enabled, unlock_unwinding};
use gort_runtime2::linkname::{throw, trace_last_advance};
use gort_runtime2::{G, LOCALS_GONE, RUNNING_PANIC_DEFERS};
use gort_traceback::{Backtrace, record};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, PanicHookInfo, UnwindSafe, catch_unwind};
use std::sync::OnceLock;

/// A panic or Goexit that unwinds a goroutine.
///
/// Go: runtime2.go:1013 _panic
#[derive(Debug)]
pub struct Panic {
    /// The text of its value.
    pub arg: String,
    /// The panic that was on its way when this one began.
    pub link: *mut Panic,
    /// Whether it was recovered.
    pub recovered: bool,
    /// Whether it is a Goexit.
    pub goexit: bool,
    /// The stack where it began. gort's own: the stack is unwound by the time it is printed.
    pub backtrace: Option<Box<Backtrace>>,
}

// SAFETY: plain data; `link` is followed on the goroutine that has the list only, and is nil in a
// `Payload`.
unsafe impl Send for Panic {}

/// What Goexit unwinds with.
struct Goexit;

/// The goroutine that runs here, not the scheduler or a signal handler; nil on other threads, also
/// while such a thread is a goroutine for an operation: its panics are those of a thread.
fn curg() -> *mut G {
    let gp = getg();
    // SAFETY: g and its m are this thread's own.
    unsafe {
        if gp.is_null() || (*gp).m.is_null() || (*(*gp).m).curg.ptr() != gp || (*(*gp).m).isextra {
            return null_mut();
        }
    }
    gp
}

/// The head of the goroutine's list.
unsafe fn head(gp: *mut G) -> *mut Panic {
    // SAFETY: the caller's goroutine.
    unsafe { (*gp).panic_.cast() }
}

/// Begins a panic or Goexit on `gp`.
///
/// Go: panic.go:811 start
unsafe fn start(gp: *mut G, mut p: Panic) {
    // SAFETY: gp is the current goroutine, the only one to use its list.
    unsafe {
        // :836
        p.link = head(gp);
        (*gp).panic_ = Box::into_raw(Box::new(p)).cast();
        // :839 (frames with deferred calls are found by Rust's unwinder)
    }
}

/// Ends what was begun on `gp` since its list was headed by `mark`, and returns the innermost of
/// it.
///
/// Go: panic.go:1109 recovery
unsafe fn recovery(gp: *mut G, mark: *mut Panic) -> Option<Box<Panic>> {
    // SAFETY: gp is the current goroutine; entries are boxes that only the list owns.
    unsafe {
        let mut innermost = None;
        // :1112 no open-coded defers
        // :1115
        let mut p = head(gp);
        while !p.is_null() && p != mark {
            let mut b = Box::from_raw(p);
            p = b.link;
            // :1141
            if !b.goexit {
                RUNNING_PANIC_DEFERS.add(u32::MAX);
            }
            b.link = null_mut();
            innermost.get_or_insert(b);
        }
        // :1143
        (*gp).panic_ = p.cast();
        if p.is_null() {
            // :1145
            (*gp).sig = 0;
            unlock_unwinding(gp);
        }
        // :1149 no deferreturn that gp.param would tell where to go on; the frames between here and
        // there (:1191) are unwound by the language, and the jump to the caller's return (:1211) is
        // catch_unwind's
        innermost
    }
}

/// If no unwinding is going on here, whatever still stands in the list was caught by other means (a
/// plain `catch_unwind`) and is over.
unsafe fn forget_stale(gp: *mut G) {
    // SAFETY: the caller's goroutine, whose panics std counts on this thread.
    unsafe {
        if !head(gp).is_null() && !std::thread::panicking() {
            recovery(gp, null_mut());
        }
    }
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Sync + Send;

/// Is dropped with the runtime's hook, when the program sets another one or throws it away: then
/// the runtime's comes back, in front of that. std drops a hook that is replaced when the new one
/// is in place, without a lock.
struct Installed;

impl Drop for Installed {
    fn drop(&mut self) {
        // A hook that the program had taken may be dropped by a panic; hooks cannot be changed
        // then.
        if !std::thread::panicking() {
            install_panic_hook();
        }
    }
}

/// Makes panics on goroutines end the program as Go's do. Elsewhere the previous hook stays in
/// charge; on goroutines one that the program has set is called as well, as soon as the panic has
/// been taken down. std's own, which would print of each panic that is recovered, is not.
pub fn install_panic_hook() {
    gort_traceback::init();
    let previous = std::panic::take_hook();
    // Nothing is set now, so this is std's own, made at the same place in std: a box of nothing,
    // with the same table.
    let std_hook = std::panic::take_hook();
    #[allow(ambiguous_wide_pointer_comparisons)]
    let own = !core::ptr::eq::<Hook>(&*previous, &*std_hook);
    let installed = Installed;
    std::panic::set_hook(Box::new(move |info| {
        let _moved = &installed;
        let gp = getg();
        // SAFETY: g and M are this thread's own.
        let threads = gp.is_null()
            || unsafe { (*gp).m.is_null() || (*(*gp).m).isextra && (*(*gp).m).curg.ptr() == gp };
        if threads {
            previous(info);
        } else {
            gopanic(gp, info, own.then_some(&*previous));
        }
    }));
}

/// The panic hook on a thread of the runtime: takes down what happened, prints nothing yet. Then
/// the program's own hook is called.
///
/// Go: panic.go:735 gopanic
#[inline(never)]
fn gopanic(gp: *mut G, info: &PanicHookInfo<'_>, own: Option<&Hook>) {
    // :736 (a nil value cannot be: see value.rs)
    let v = info.payload();
    let arg = if let Some(s) = v.downcast_ref::<&'static str>() {
        (*s).to_string()
    } else if let Some(s) = v.downcast_ref::<String>() {
        s.clone()
    } else {
        value_text(v)
    };
    // SAFETY: g and m are this thread's own.
    unsafe {
        let mp = (*gp).m;
        // :745
        if (*mp).curg.ptr() != gp {
            print!("panic: {arg}\n");
            print_location(info);
            throw("panic on system stack");
        }
        // :752
        if (*mp).mallocing != 0 {
            print!("panic: {arg}\n");
            throw("panic during malloc");
        }
        // :758
        let preemptoff = (*mp).preemptoff.get();
        if !preemptoff.is_empty() {
            print!("panic: {arg}\n");
            print!("preempt off reason: {preemptoff}\n");
            throw("panic during preemptoff");
        }
        // :767
        if (*mp).locks.get() != 0 {
            print!("panic: {arg}\n");
            print_location(info);
            throw("panic holding locks");
        }

        // The standard library gives up in these cases: report what led to it, innermost last.
        if matches!(
            arg.as_str(),
            "panic in a destructor during cleanup" | "panic in a function that cannot unwind"
        ) && !head(gp).is_null()
        {
            if let Some(own) = own {
                own(info);
            }
            // Not settled by age: panics below a destructor's belong to the story.
            let p = head(gp);
            if (*p).goexit {
                // Go would end the goroutine, as its deferred calls are no part of an unwinding.
                let what = "gort: goexit in a destructor while its goroutine unwinds, which Rust cannot leave that way";
                (*p).arg = what.to_string();
                (*p).goexit = false;
                RUNNING_PANIC_DEFERS.add(1);
            }
            unlock_unwinding(gp);
            fatalpanic(p);
        }

        // :774
        let (pc, sp, bp) = getpcspbp();
        let mut bt = record(pc, sp, bp);
        bt.location = info.location().map(|l| (l.file().to_string(), l.line()));
        let backtrace = Some(bt);
        // :777
        RUNNING_PANIC_DEFERS.add(1);
        // :779
        start(gp, Panic { arg, link: null_mut(), recovered: false, goexit: false, backtrace });
        if let Some(own) = own {
            own(info);
        }
        if cfg!(panic = "abort") {
            // Nothing will be unwound, and std ends the program without a word: :789 comes at once.
            unlock_unwinding(gp);
            fatalpanic(head(gp));
        }
        // :780 deferred calls: Rust's unwinder drops what is on the stack, up to a catch_unwind.
    }
}

/// The text of a value that is not a string. The hook has no `Send` bound to offer; none is needed
/// to look at it.
fn value_text(v: &(dyn Any + 'static)) -> String {
    // SAFETY: the value is used on this thread only; both types have the same layout, `Send` being
    // a marker.
    let v: &(dyn Any + Send) =
        unsafe { core::mem::transmute::<&(dyn Any + 'static), &(dyn Any + Send)>(v) };
    printpanicval(v)
}

fn print_location(info: &PanicHookInfo<'_>) {
    if let Some(l) = info.location() {
        print!("\t{}:{}\n", l.file(), l.line());
    }
}

/// Gives panics whose value is an error its message, before the world is frozen: the message may be
/// computed by the program's code.
///
/// Go: panic.go:637 preprintpanics
unsafe fn preprintpanics(p: *mut Panic, v: &(dyn Any + Send)) {
    // :648 only the innermost value still exists; it alone can be an error
    if let Some(e) = v.downcast_ref::<BoxError>() {
        match catch_unwind(AssertUnwindSafe(|| e.to_string())) {
            // SAFETY: the caller's entry.
            Ok(s) => unsafe { (*p).arg = s },
            Err(r) => {
                // :639 earlier in Go: its deferred function
                let text = "panic while printing panic value";
                if let Some(r) = r.downcast_ref::<String>() {
                    throw(&format!("{text}: {r}"));
                } else if let Some(r) = r.downcast_ref::<&'static str>() {
                    throw(&format!("{text}: {r}"));
                }
                // :646
                throw(&format!("{text}: type {}", printpanicval(&*r)));
            }
        }
    }
}

/// Runs the function of a goroutine. Returns true if `f` returned, false if it ended by [`goexit`]:
/// either way the caller ends the goroutine. A panic that leaves `f` ends the program with status 2
/// and Go's report.
///
/// This is the second half of Go's `gopanic`, from where all deferred calls have run
/// (panic.go:789).
pub fn run_goroutine<F: FnOnce()>(f: F) -> bool {
    let r = catch_unwind(AssertUnwindSafe(|| with_locals(f)));
    let gp = curg();
    let Err(v) = r else {
        if !gp.is_null() {
            // SAFETY: the current goroutine; its function has returned.
            unsafe { recovery(gp, null_mut()) };
        }
        return true;
    };
    if gp.is_null() {
        // Not a goroutine: nobody to end.
        if v.is::<Goexit>() {
            return false;
        }
        std::panic::resume_unwind(v);
    }
    // SAFETY: the current goroutine, all of whose frames above this one are gone.
    unsafe {
        if v.is::<Goexit>() {
            recovery(gp, null_mut());
            return false;
        }
        if head(gp).is_null() {
            // Unwinding that no hook has seen: resume_unwind, from somewhere else.
            RUNNING_PANIC_DEFERS.add(1);
            start(gp, panic_of(&*v));
        }
        // :800 all Error and String methods
        let p = head(gp);
        preprintpanics(p, &*v);
        settle(gp);
        // gort's own: a goroutine of a bubble or test fails that
        if !(*gp).bubble.is_null()
            && let Some(take) = TAKE_PANIC.get()
        {
            let taken = take(gp, Unrecovered { value: v, text: panic_text(p, gp) });
            if taken {
                recovery(gp, null_mut());
                return false;
            }
        }
        // :794 (order: in Go first) complete up to here, for whoever reads a trace that stops here.
        // gort: only if the program ends, and behind the texts, as this goroutine may have no P
        // afterwards
        if trace_enabled() {
            trace_last_advance();
        }
        // :802
        fatalpanic(p)
    }
}

/// Runs the function of a goroutine; at its end, also when it unwinds, what `goroutine_local!`
/// keeps for the goroutine is dropped, there where it can still wait, panic and be recovered.
/// gort's own.
#[inline(always)]
pub fn with_locals<R>(f: impl FnOnce() -> R) -> R {
    struct End;
    impl Drop for End {
        #[inline(always)]
        fn drop(&mut self) {
            let gp = curg();
            // SAFETY: the current goroutine's own field.
            if !gp.is_null() && !unsafe { (*gp).locals }.is_null() {
                end_locals(gp);
            }
        }
    }
    let _end = End;
    f()
}

#[cold]
#[inline(never)]
fn end_locals(gp: *mut G) {
    // SAFETY: the current goroutine's own; the table's function is called once, and frees it.
    unsafe {
        let t = (*gp).locals;
        if t != LOCALS_GONE {
            ((*t).end)(t);
        }
        (*gp).locals = LOCALS_GONE;
    }
}

/// A panic that has left the function of a goroutine in a bubble or test.
pub struct Unrecovered {
    /// Its value.
    pub value: Box<dyn Any + Send>,
    /// What the report of a program that ends says: the panics and the stack.
    pub text: String,
}

/// Takes such a panic, and says whether it has.
pub type TakePanic = unsafe fn(gp: *mut G, p: Unrecovered) -> bool;

static TAKE_PANIC: OnceLock<TakePanic> = OnceLock::new();

/// For the crate `gort`: from now on panics of goroutines in bubbles and tests are given to `f`,
/// and end the program only if that does not take them.
pub fn set_take_panic(f: TakePanic) {
    let _ = TAKE_PANIC.set(f);
}

/// Before a report: what was caught by other means than [`recover`] is no part of the story, and
/// the report shall not say that the goroutine is locked to its thread.
unsafe fn settle(gp: *mut G) {
    // SAFETY: the current goroutine and its list.
    unsafe {
        unlock_unwinding(gp);
        let mut q = head(gp);
        while !q.is_null() {
            if !(*q).link.is_null() && !(*(*q).link).recovered {
                (*q).link = null_mut();
            }
            q = (*q).link;
        }
    }
}

/// An entry for a value of which nothing else is known.
fn panic_of(v: &(dyn Any + Send)) -> Panic {
    Panic {
        arg: printpanicval(v),
        link: null_mut(),
        recovered: false,
        goexit: false,
        backtrace: None,
    }
}

/// Ends the goroutine: what lives on its stack is dropped, then it is gone; the others go on.
///
/// On the main goroutine the program goes on without it, and ends with a deadlock report when no
/// other is left.
///
/// Ends the program with a report where that is impossible: in a program that was compiled with
/// `panic = "abort"`, and out of a destructor that runs because its goroutine unwinds already.
///
/// Go: panic.go:617 Goexit
#[inline(never)]
pub fn goexit() -> ! {
    // :620
    let gp = curg();
    if gp.is_null() {
        panic!("gort: goexit called outside of a goroutine");
    }
    if cfg!(panic = "abort") {
        fatal("gort: goexit in a program compiled with panic=\"abort\": destructors could not run");
    }
    // SAFETY: the current goroutine.
    unsafe {
        let p = Panic {
            arg: String::new(),
            link: null_mut(),
            recovered: false,
            goexit: true,
            backtrace: None,
        };
        // :623
        start(gp, p);
    }
    // :624 the "deferred calls", and goexit1 behind run_goroutine
    std::panic::resume_unwind(Box::new(Goexit))
}

/// A panic that was recovered: its value, and what is known of where it began.
///
/// Dropping it ends the matter. [`resume`](Self::resume) panics again with the same value, and the
/// report then says `[recovered]` as Go's does.
pub struct Payload {
    value: Box<dyn Any + Send>,
    panic: Option<Box<Panic>>,
}

impl Payload {
    /// The value.
    pub fn value(&self) -> &(dyn Any + Send) {
        &*self.value
    }
    /// The value, owned.
    pub fn into_value(self) -> Box<dyn Any + Send> {
        self.value
    }
    /// Its text, as a report would print it.
    pub fn message(&self) -> Cow<'_, str> {
        if let Some(e) = self.value.downcast_ref::<BoxError>() {
            return Cow::Owned(e.to_string());
        }
        match &self.panic {
            Some(p) => Cow::Borrowed(&p.arg),
            None => Cow::Owned(printpanicval(&*self.value)),
        }
    }
    /// Prints what the report that ends a program would begin with: the panic and the stack where
    /// it began. For who hands the value to another thread, where nothing of that is known. Nothing
    /// is printed of a value that was thrown with std's `resume_unwind`.
    pub fn print(&self) {
        let gp = curg();
        if let Some(p) = &self.panic
            && !gp.is_null()
        {
            // SAFETY: the current goroutine; the panic is over.
            unsafe { print_recovered(p, &self.message(), gp) }
        }
    }
    /// Panics again, with the same value.
    pub fn resume(self) -> ! {
        let gp = curg();
        if !gp.is_null()
            && let Some(mut old) = self.panic
        {
            // SAFETY: the current goroutine.
            unsafe {
                let mut again = panic_of(&*self.value);
                again.arg.clone_from(&old.arg);
                again.backtrace = old.backtrace.take();
                // The recovered one stands below the new one, and is printed before it.
                RUNNING_PANIC_DEFERS.add(2);
                old.recovered = true;
                old.link = head(gp);
                (*gp).panic_ = Box::into_raw(old).cast();
                start(gp, again);
            }
            std::panic::resume_unwind(self.value);
        }
        resume_unwind(self.value)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").field(&self.message()).finish()
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

/// Runs `f` and catches a panic that leaves it, as a deferred `recover` would. A [`goexit`] passes
/// through.
///
/// Prefer it to `std::panic::catch_unwind` on goroutines: that one works, too, but it stops a
/// `goexit`, and a goroutine that has parked while it unwound stays wired to its thread until it
/// next parks.
///
/// Go: panic.go:1008 gorecover
#[doc(alias = "gorecover")]
pub fn recover<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    // :1014 "p != nil && !p.goexit && !p.recovered": by construction
    catch(f).map_err(|(value, panic)| {
        if value.is::<Goexit>() {
            resume_unwind(value);
        }
        Payload { value, panic }
    })
}

/// Runs `f` and catches whatever leaves it, a [`goexit`] as well: for those who carry it to another
/// goroutine and go on there with [`resume_unwind`].
///
/// # Errors
/// What `f` was unwound with.
pub fn catch_all<R>(f: impl FnOnce() -> R + UnwindSafe) -> Result<R, Box<dyn Any + Send>> {
    catch(f).map_err(|(value, _)| value)
}

type Caught = (Box<dyn Any + Send>, Option<Box<Panic>>);

fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    let gp = curg();
    if gp.is_null() {
        return catch_unwind(AssertUnwindSafe(f)).map_err(|v| (v, None));
    }
    // SAFETY: the current goroutine; frames that pushed entries since `mark` are gone when they are
    // popped.
    unsafe {
        forget_stale(gp);
        let mark = head(gp);
        match catch_unwind(AssertUnwindSafe(f)) {
            Ok(r) => {
                forget_stale(gp);
                Ok(r)
            }
            Err(v) => {
                let p = recovery(gp, mark);
                forget_stale(gp);
                Err((v, p))
            }
        }
    }
}

/// Goes on unwinding with a value that [`catch_all`] caught, here or on another goroutine.
#[inline(never)]
pub fn resume_unwind(value: Box<dyn Any + Send>) -> ! {
    let gp = curg();
    if !gp.is_null() {
        // SAFETY: the current goroutine; the frame at (pc, sp, bp) is this one.
        unsafe {
            let mut p = panic_of(&*value);
            p.goexit = value.is::<Goexit>();
            if !p.goexit {
                let (pc, sp, bp) = getpcspbp();
                p.backtrace = Some(record(pc, sp, bp));
                RUNNING_PANIC_DEFERS.add(1);
            }
            start(gp, p);
        }
    }
    std::panic::resume_unwind(value)
}

/// Raises an error of the runtime in a program whose panics are not Rust's: the message, and
/// whether it follows `runtime error: `.
pub type Raise = unsafe fn(msg: &str, runtime_error: bool) -> !;

static RAISE: OnceLock<Raise> = OnceLock::new();

/// For a front end of another language, before the runtime starts: from now on errors of the
/// runtime are raised by `f`.
pub fn set_raise(f: Raise) {
    let _ = RAISE.set(f);
}

/// Gives an error to [`set_raise`]'s function on goroutines of that language, which `g.defer_`
/// tells.
fn raise(msg: &str, runtime_error: bool) {
    let gp = curg();
    // SAFETY: the current goroutine; nothing with a destructor is live in the callers, the
    // runtime's functions.
    unsafe {
        if let Some(f) = RAISE.get()
            && !gp.is_null()
            && !(*gp).defer_.is_null()
        {
            f(msg, runtime_error);
        }
    }
}

/// Panics with an error of the runtime that prints as `msg` alone.
#[cold]
#[inline(never)]
#[track_caller]
pub fn plain_error(msg: &'static str) -> ! {
    raise(msg, false);
    if curg().is_null() {
        // A thread of the program's own: its hook prints text only.
        std::panic::panic_any(msg);
    }
    std::panic::panic_any(RuntimeError::Plain(Cow::Borrowed(msg)))
}

/// Panics with an error of the runtime that prints as `runtime error: msg`.
#[cold]
#[inline(never)]
#[track_caller]
pub fn error_string(msg: impl Into<Cow<'static, str>>) -> ! {
    let msg = msg.into();
    raise(&msg, true);
    if curg().is_null() {
        std::panic::panic_any(format!("runtime error: {msg}"));
    }
    std::panic::panic_any(RuntimeError::ErrorString(msg))
}
