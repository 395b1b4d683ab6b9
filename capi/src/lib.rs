//! The C ABI of gort; `gort.h` beside this crate says what each function does. Functions are
//! `extern "C-unwind"`, as Go's panics and `Goexit` unwind through C frames.

use core::arch::naked_asm;
use core::ffi::{c_char, c_int, c_void};
use gort_chan::{Sent, chansend_checked};
use gort_proc::*;
use gort_select::Scase;

mod errors;
mod hidden;
mod local;
mod panics;
mod poll;
mod profile;
mod sync;
mod time;
mod trace;

/// A function of C with its argument.
type Entry = unsafe extern "C-unwind" fn(*mut c_void);

/// What crosses to another goroutine is C's own responsibility.
struct Start(Entry, *mut c_void);
// SAFETY: see above.
unsafe impl Send for Start {}

impl Start {
    fn call(self) {
        // SAFETY: gort_run's and gort_go's contract.
        unsafe { (self.0)(self.1) }
    }
}

/// Runs the program.
///
/// # Safety
/// `main` may be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_run(main: Option<Entry>, arg: *mut c_void) -> ! {
    let Some(main) = main else { gort_panic::fatal("gort: gort_run of a null function") };
    let s = Start(main, arg);
    gort_rs::run_main(move || s.call())
}

/// The handles that `gort_start` has given, for `gort_shutdown`.
static HANDLES: std::sync::Mutex<Vec<gort_rs::Runtime>> = std::sync::Mutex::new(Vec::new());

/// Starts the runtime beside the host program.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_start() {
    let rt = gort_rs::start(gort_rs::Config::new().library());
    HANDLES.lock().unwrap_or_else(|e| e.into_inner()).push(rt);
}

/// Undoes one `gort_start`; after the last one goroutines stop.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_shutdown() {
    let (rt, left) = {
        let mut h = HANDLES.lock().unwrap_or_else(|e| e.into_inner());
        (h.pop(), h.len())
    };
    if let Some(rt) = rt
        && left == 0
    {
        rt.shutdown();
    }
}

/// Makes this thread a goroutine until `gort_leave`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_enter() {
    // SAFETY: gort_leave is its end.
    unsafe { enter_thread() }
}

/// Undoes one `gort_enter`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_leave() {
    // SAFETY: after gort_enter, as the header says; otherwise nothing happens.
    unsafe { leave_thread() }
}

/// Runs a function on a goroutine and waits for its end.
///
/// # Safety
/// `f` may be called with `arg`, on another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_call(f: Option<Entry>, arg: *mut c_void) {
    let Some(f) = f else { fatal("go of nil func value") };
    let s = Start(f, arg);
    gort_rs::on_goroutine(move || s.call())
}

/// Starts a goroutine.
///
/// # Safety
/// `f` may be called with `arg`, on another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_go(f: Option<Entry>, arg: *mut c_void) {
    let Some(f) = f else { gort_panic::fatal("go of nil func value") };
    let s = Start(f, arg);
    gort_rs::go(move || s.call());
}

/// Starts a goroutine on a segmented stack.
///
/// # Safety
/// As for [`gort_go`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_go_segmented(f: Option<Entry>, arg: *mut c_void) {
    let Some(f) = f else { gort_panic::fatal("go of nil func value") };
    let s = Start(f, arg);
    gort_rs::go_on(StackKind::Segmented, move || s.call());
}

/// Lets others run.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_gosched() {
    gort_rs::runtime::gosched();
}

/// Ends the goroutine.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_goroutine_exit() -> ! {
    on_goroutine_for("gort_goroutine_exit");
    gort_rs::runtime::goexit()
}

/// Goroutines that exist.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_num_goroutine() -> c_int {
    gort_rs::runtime::num_goroutine() as c_int
}

/// Processors.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_num_cpu() -> c_int {
    match gort_rs::runtime::num_cpu() {
        // Before the runtime has started.
        0 => std::thread::available_parallelism().map_or(1, |n| n.get() as c_int),
        n => n,
    }
}

/// Sets gomaxprocs.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_gomaxprocs(n: c_int) -> c_int {
    gort_rs::runtime::gomaxprocs(n)
}

/// The caller's number.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_goid() -> u64 {
    gort_rs::runtime::goid()
}

/// Sleeps.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_sleep(nanoseconds: i64) {
    // SAFETY: on a goroutine.
    unsafe { gort_time::time_sleep(nanoseconds) }
}

/// Wires the goroutine to its thread.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_lock_os_thread() {
    gort_rs::runtime::lock_os_thread();
}

/// Undoes it.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_unlock_os_thread() {
    gort_rs::runtime::unlock_os_thread();
}

/// A point where the goroutine may be made to give way.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_preempt_check() {
    // On a thread that runs no goroutine, and in a blocking section, there is nothing to preempt.
    if has_goroutine() {
        // SAFETY: on a goroutine.
        unsafe { preempt_check() }
    }
}

/// Where this thread's `errno` is. gort's own.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C-unwind" fn gort_errno() -> *mut c_int {
    // SAFETY: it has no contract.
    unsafe { libc::__errno_location() }
}

/// Begins a blocking section: with pc, sp and frame pointer of the caller, whose frame lasts until
/// the end.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub extern "C-unwind" fn gort_blocking_begin() {
    naked_asm!(
        "mov rdi, qword ptr [rsp]",
        "lea rsi, [rsp + 8]",
        "mov rdx, rbp",
        "jmp {f}",
        f = sym blocking_begin,
    )
}

unsafe extern "C-unwind" fn blocking_begin(pc: usize, sp: usize, bp: usize) {
    // A thread that runs no goroutine keeps nobody from running.
    if getg().is_null() {
        return;
    }
    on_goroutine_for("gort_blocking_begin");
    // SAFETY: on a goroutine; the frame is the caller's.
    unsafe { reentersyscall(pc, sp, bp) }
}

/// Ends a blocking section.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub extern "C-unwind" fn gort_blocking_end() {
    naked_asm!("lea rdi, [rsp + 8]", "jmp {f}", f = sym blocking_end)
}

unsafe extern "C-unwind" fn blocking_end(sp: usize) {
    if getg().is_null() {
        return;
    }
    // SAFETY: after blocking_begin, called by the same function.
    unsafe { exitsyscall_frame(sp) }
}

/// Makes a channel.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_chan_make(elem_size: usize, capacity: usize) -> *mut Hchan {
    // The largest alignment that divides the size, 16 at most.
    let align = if elem_size == 0 { 1 } else { 1 << elem_size.trailing_zeros().min(4) };
    // SAFETY: a valid size and alignment.
    unsafe {
        gort_chan::makechan(
            ElemType { size: elem_size, align },
            isize::try_from(capacity).unwrap_or(-1),
        )
    }
}

/// Frees a channel.
///
/// # Safety
/// Nobody uses it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_free(c: *mut Hchan) {
    if !c.is_null() {
        // SAFETY: the caller's contract. A timer's channel goes with its timer.
        unsafe {
            match time::timer_of(c) {
                t if t.is_null() => gort_chan::freechan(c),
                t => time::gort_timer_free(t),
            }
        }
    }
}

/// What is sent must be somewhere.
#[inline]
fn elem_of(c: *mut Hchan, elem: *const c_void) {
    // SAFETY: a channel, by the callers' contract.
    if elem.is_null() && !c.is_null() && unsafe { (*c).elemsize } != 0 {
        errors::nil("send of a null element");
    }
}

/// Sends.
///
/// # Safety
/// A channel, and an element of its size.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_send(c: *mut Hchan, elem: *const c_void) {
    elem_of(c, elem);
    // SAFETY: the caller's contract.
    unsafe { gort_chan::chansend1(c, elem) }
}

/// Receives.
///
/// # Safety
/// A channel, and room for one element, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_recv(c: *mut Hchan, elem: *mut c_void) -> bool {
    // SAFETY: the caller's contract.
    unsafe { gort_chan::chanrecv2(c, elem) }
}

/// Sends if that is possible at once.
///
/// # Safety
/// As for [`gort_chan_send`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_try_send(c: *mut Hchan, elem: *const c_void) -> bool {
    elem_of(c, elem);
    // SAFETY: the caller's contract.
    unsafe { gort_chan::selectnbsend(c, elem) }
}

/// Receives if that is possible at once.
///
/// # Safety
/// As for [`gort_chan_recv`]; `ok` is valid or null.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_try_recv(
    c: *mut Hchan,
    elem: *mut c_void,
    ok: *mut bool,
) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        let (selected, received) = gort_chan::selectnbrecv(elem, c);
        if !ok.is_null() {
            *ok = received;
        }
        selected
    }
}

/// The channel of a timer that a time-out waits for; none if it is for ever. Freed at the end of
/// the wait, a panic included.
struct Expiry(*mut time::CTimer);

impl Expiry {
    fn new(nanoseconds: i64) -> Self {
        Self(if nanoseconds < 0 {
            core::ptr::null_mut()
        } else {
            time::gort_timer_new(nanoseconds)
        })
    }
    /// Nil, which never happens, if there is none.
    fn chan(&self) -> *mut Hchan {
        if self.0.is_null() {
            core::ptr::null_mut()
        } else {
            // SAFETY: alive until the drop.
            unsafe { time::gort_timer_chan(self.0) }
        }
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        // SAFETY: made by `new`; nobody waits on its channel any more.
        unsafe { time::gort_timer_free(self.0) }
    }
}

/// Sends, waiting at most so long; a closed channel is an error.
///
/// # Safety
/// As for [`gort_chan_send`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_send_timeout(
    c: *mut Hchan,
    elem: *const c_void,
    nanoseconds: i64,
) -> c_int {
    elem_of(c, elem);
    let error = |sent| match sent {
        Sent::Yes => 0,
        Sent::WouldBlock => -libc::ETIMEDOUT,
        Sent::Closed => -libc::EPIPE,
    };
    // SAFETY: the caller's contract; the arrays are this frame's.
    unsafe {
        if nanoseconds < 0 {
            return error(chansend_checked(c, elem, true));
        }
        let now = || chansend_checked(c, elem, false);
        let sent = now();
        if sent != Sent::WouldBlock || nanoseconds == 0 {
            return error(sent);
        }
        let expiry = Expiry::new(nanoseconds);
        let mut cases = [
            Scase { c, elem: elem.cast_mut() },
            Scase { c: expiry.chan(), elem: core::ptr::null_mut() },
        ];
        let mut order = [0; 4];
        match gort_select::selectgo_checked(cases.as_mut_ptr(), order.as_mut_ptr(), 1, 1, true) {
            (0, true) => 0,
            (0, false) => -libc::EPIPE,
            // Both may have been ready.
            _ => error(now()),
        }
    }
}

/// Receives, waiting at most so long; a channel that is closed and empty is an error.
///
/// # Safety
/// As for [`gort_chan_recv`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_recv_timeout(
    c: *mut Hchan,
    elem: *mut c_void,
    nanoseconds: i64,
) -> c_int {
    let mut case = [Case { c, elem, send: false, ok: false }];
    // SAFETY: the caller's contract.
    match unsafe { select_within(&mut case, Wait::from(nanoseconds)) } {
        0 if case[0].ok => 0,
        0 => -libc::EPIPE,
        _ => -libc::ETIMEDOUT,
    }
}

/// Closes a channel.
///
/// # Safety
/// A channel.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_close(c: *mut Hchan) {
    // SAFETY: the caller's contract.
    unsafe { gort_chan::closechan(c) }
}

/// Elements in the buffer.
///
/// # Safety
/// A channel.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_len(c: *mut Hchan) -> usize {
    // SAFETY: the caller's contract.
    unsafe { gort_chan::chanlen(c) }
}

/// Room in the buffer.
///
/// # Safety
/// A channel.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_chan_cap(c: *mut Hchan) -> usize {
    // SAFETY: the caller's contract.
    unsafe { gort_chan::chancap(c) }
}

/// `gort_case`
#[repr(C)]
pub struct Case {
    /// The channel.
    pub c: *mut Hchan,
    /// The element.
    pub elem: *mut c_void,
    /// Send or receive.
    pub send: bool,
    /// Whether the receive got a value.
    pub ok: bool,
}

/// How long a select waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// It has a default case.
    Not,
    ForEver,
    /// For so many nanoseconds.
    For(i64),
}

impl From<i64> for Wait {
    fn from(nanoseconds: i64) -> Self {
        match nanoseconds {
            0 => Self::Not,
            1.. => Self::For(nanoseconds),
            _ => Self::ForEver,
        }
    }
}

/// The cases of a select of C's.
///
/// # Safety
/// `n` cases at `cases`, or `n` is 0.
unsafe fn cases_of<'a>(function: &str, cases: *mut Case, n: usize) -> &'a mut [Case] {
    if n >= 1 << 15 {
        errors::bad(format!("{function}: too many cases (max 32767)"));
    }
    if n == 0 {
        return &mut [];
    }
    if cases.is_null() {
        errors::nil(&format!("{function}: null cases"));
    }
    // SAFETY: the caller's contract.
    unsafe { core::slice::from_raw_parts_mut(cases, n) }
}

/// Go's select over the cases; the index of the one that happened, or -1.
///
/// # Safety
/// Each case has a channel, and an element as for a send or a receive.
unsafe fn select_within(cases: &mut [Case], wait: Wait) -> isize {
    if let Wait::For(nanoseconds) = wait {
        // SAFETY: the caller's contract. Without a timer first, as most often one of them is ready.
        return unsafe {
            let i = select_within(cases, Wait::Not);
            if i >= 0 {
                return i;
            }
            let expiry = Expiry::new(nanoseconds);
            match select_or(cases, expiry.chan(), true) {
                // Others may have been ready as well.
                -1 => select_within(cases, Wait::Not),
                i => i,
            }
        };
    }
    if cases.is_empty() {
        if wait == Wait::Not {
            return -1;
        }
        // SAFETY: it has no contract.
        unsafe { gort_select::block() };
    }
    // SAFETY: the caller's contract.
    unsafe { select_or(cases, core::ptr::null_mut(), wait == Wait::ForEver) }
}

/// [`select_within`] without a timer, with a receive from `end` as the last case: -1 if that
/// happened.
///
/// # Safety
/// As for [`select_within`]; `end` is null or a channel.
unsafe fn select_or(cases: &mut [Case], end: *mut Hchan, blocking: bool) -> isize {
    let n = cases.len();
    let all = n + usize::from(!end.is_null());
    // Sends first, then receives.
    const FEW: usize = 16;
    let (mut few, mut few_back, mut few_order) =
        ([Scase::default(); FEW], [0u16; FEW], [0u16; 2 * FEW]);
    let (mut many, mut many_back, mut many_order);
    let (scases, back, order): (&mut [Scase], &mut [u16], &mut [u16]) = if all <= FEW {
        (&mut few, &mut few_back, &mut few_order)
    } else {
        many = vec![Scase::default(); all];
        many_back = vec![0; all];
        many_order = vec![0; 2 * all];
        (&mut many, &mut many_back, &mut many_order)
    };
    let mut i = 0;
    let mut nsends = 0;
    for send in [true, false] {
        for (j, k) in cases.iter().enumerate().filter(|(_, k)| k.send == send) {
            if send {
                elem_of(k.c, k.elem);
            }
            scases[i] = Scase { c: k.c, elem: k.elem };
            back[i] = j as u16;
            i += 1;
        }
        if send {
            nsends = i;
        }
    }
    if !end.is_null() {
        scases[n] = Scase { c: end, elem: core::ptr::null_mut() };
    }
    // SAFETY: the caller's contract; the scratch arrays are this frame's, or its own on the heap.
    let (i, ok) = unsafe {
        gort_select::selectgo(
            scases.as_mut_ptr(),
            order.as_mut_ptr(),
            nsends,
            all - nsends,
            blocking,
        )
    };
    if i < 0 || i as usize == n {
        return -1;
    }
    let j = back[i as usize] as usize;
    cases[j].ok = ok;
    j as isize
}

/// The select statement.
///
/// # Safety
/// `n` cases, each with a channel and an element as for a send or a receive.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_select(
    cases: *mut Case,
    n: usize,
    has_default: bool,
) -> isize {
    let wait = if has_default { Wait::Not } else { Wait::ForEver };
    // SAFETY: the caller's contract.
    unsafe { select_within(cases_of("gort_select", cases, n), wait) }
}

/// The select statement, waiting at most so long.
///
/// # Safety
/// As for [`gort_select`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_select_timeout(
    cases: *mut Case,
    n: usize,
    nanoseconds: i64,
) -> isize {
    // SAFETY: the caller's contract.
    unsafe { select_within(cases_of("gort_select_timeout", cases, n), Wait::from(nanoseconds)) }
}

/// The stop in progress. Guarded by the runtime's semaphore for stops.
static STOP: Global<Option<WorldStop>> = Global::new(None);

/// Stops the world.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_stop_the_world() {
    // SAFETY: on a goroutine; who has stopped the world has STOP to itself.
    unsafe {
        enter_thread();
        *STOP.get() = Some(stop_the_world(StwReason::Unknown));
    }
}

/// Starts it again.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_start_the_world() {
    // SAFETY: as above.
    unsafe {
        if let Some(w) = (*STOP.get()).take() {
            start_the_world(w);
            leave_thread();
        }
    }
}

/// `gort_goroutine`
#[repr(C)]
pub struct Goroutine {
    goid: u64,
    status: u32,
    wait_reason: *const c_char,
    wait_reason_len: usize,
    stack_lo: usize,
    stack_hi: usize,
    sp: usize,
    pc: usize,
    bp: usize,
    segment: *const Segment,
}

/// What `gp`, which stands still in state `status`, looks like; `here` has pc, sp and frame pointer
/// of the running goroutine.
///
/// # Safety
/// `gp` cannot change.
unsafe fn describe(gp: *mut G, status: u32, here: (usize, usize, usize)) -> Goroutine {
    // SAFETY: the caller's contract.
    unsafe {
        let reason = if status == GWAITING { (*gp).waitreason.string() } else { "" };
        let (lo, hi) = ((*gp).stack.lo, (*gp).stack.hi);
        let (pc, sp, bp) = match status {
            _ if gp == getg() => here,
            // Its thread goes on below that place, with registers of its own.
            GSYSCALL => ((*gp).syscallpc, lo + guard_size(hi - lo), (*gp).syscallbp),
            _ => ((*gp).sched.pc, (*gp).sched.sp, (*gp).sched.bp),
        };
        Goroutine {
            goid: (*gp).goid,
            status,
            wait_reason: reason.as_ptr().cast(),
            wait_reason_len: reason.len(),
            stack_lo: lo,
            stack_hi: hi,
            sp,
            pc,
            bp,
            segment: (*gp).seg,
        }
    }
}

/// Goes on to the next older segment of a stack.
///
/// # Safety
/// The goroutine that `g` describes stands still, as for [`gort_for_each_goroutine`] and
/// [`gort_suspend`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_older_segment(g: *mut Goroutine) -> bool {
    // SAFETY: descriptors of segments do not change while the goroutine stands still.
    unsafe {
        let s = (*g).segment;
        if s.is_null() || (*s).prev.is_null() {
            return false;
        }
        let older = (*s).prev;
        (*g).segment = older;
        (*g).stack_lo = (*older).stack.lo;
        (*g).stack_hi = (*older).stack.hi;
        (*g).sp = (*s).frame - MORESTACK_SAVED;
        (*g).pc = 0;
        (*g).bp = (*s).frame;
        true
    }
}

/// Calls `f` with each goroutine.
///
/// # Safety
/// The world is stopped, by this goroutine.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C-unwind" fn gort_for_each_goroutine(
    f: unsafe extern "C-unwind" fn(*const Goroutine, *mut c_void),
    arg: *mut c_void,
) {
    on_goroutine_for("gort_for_each_goroutine");
    // SAFETY: nobody else runs. This frame is below the caller's and has its callee-saved
    // registers, or leaves them in place for frames below, which are looked at as well: the place
    // is that of the closure's frame.
    unsafe {
        for_each_g(&mut |gp| {
            let status = readgstatus(gp) & !GSCAN;
            if matches!(status, GIDLE | GDEAD) {
                return;
            }
            let here = spill();
            f(&describe(gp, status, here), arg);
        });
    }
}

/// pc, sp and frame pointer of a place below which nothing of the caller's is in registers only.
#[inline(always)]
fn spill() -> (usize, usize, usize) {
    // SAFETY: says that it changes all callee-saved registers that it may name, so that those that
    // are in use are stored in this frame; rbx and rbp the compiler keeps for itself, and whoever
    // needs them has stored them.
    unsafe {
        core::arch::asm!("", out("r12") _, out("r13") _, out("r14") _, out("r15") _, options(nomem, nostack));
    }
    getpcspbp()
}

/// Holds one goroutine at a safe point while `f` is called. The caller counts as waiting meanwhile,
/// so that two that suspend each other do not wait for ever, and stays on the system stack: with a
/// scan bit in hand nothing may be waited for.
///
/// # Safety
/// On a user goroutine; `f` may be called with `arg`, and does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_suspend(
    goid: u64,
    f: unsafe extern "C-unwind" fn(*const Goroutine, *mut c_void),
    arg: *mut c_void,
) -> bool {
    // SAFETY: the caller's contract.
    entry_here!("gort_suspend", unsafe { gort_suspend(goid, f, arg) });
    // SAFETY: Gs are never freed, and one that is suspended stands still.
    unsafe {
        let mut target = core::ptr::null_mut();
        for_each_g(&mut |g| {
            if (&raw const (*g).goid).read_volatile() == goid && readgstatus(g) & !GSCAN != GDEAD {
                target = g;
            }
        });
        let gp = getg();
        if target.is_null() || target == gp {
            return false;
        }
        systemstack(|| {
            // As a collector does when it scans: for the tracer it runs.
            cas_g_to_waiting_for_gc(gp, GRUNNING, WaitReason::GarbageCollectionScan);
            let state = gort_preempt::suspend_g(target);
            // It may have ended before it was suspended, and its G be another goroutine's by now.
            let found = !state.dead && (*target).goid == goid;
            if found {
                // The word may have its next state by now, for which its owner waits.
                f(&describe(target, state.status, (0, 0, 0)), arg);
            }
            gort_preempt::resume_g(state);
            casgstatus(gp, GWAITING, GRUNNING);
            found
        })
    }
}
