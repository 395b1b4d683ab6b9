//! From native code into managed code: on a goroutine of its own, as a native stack cannot move and
//! a managed one has no native frames.

use gort_asm::{getg, getpcspbp, managed_stubs};
use gort_chan::{chanrecv1, closechan, freechan, makechan};
use gort_proc::{ManagedStart, newproc_managed};
use gort_runtime2::{ElemType, Hchan};
use gort_stack::on_goroutine_for;

/// What `gort_m_entry` finds its function, arguments and results in.
#[repr(C)]
struct Block {
    entry: usize,
    args: [u64; 9],
    results: [u64; 2],
    leaf: unsafe extern "C" fn(*mut Block),
    done: *mut Hchan,
}

/// The managed function has returned: on g0.
unsafe extern "C" fn done(b: *mut Block) {
    // SAFETY: who waits in `call` keeps both until the channel is closed.
    unsafe { closechan((*b).done) }
}

/// Nobody waits.
unsafe extern "C" fn finished(b: *mut Block) {
    // SAFETY: made by `start`, which has left it to us; the entry stub does not look at it any
    // more.
    drop(unsafe { Box::from_raw(b) });
}

/// Starts `entry`, and returns at once.
///
/// # Safety
/// As for [`call()`].
unsafe fn begin(b: *mut Block, callerpc: usize) {
    crate::stubs::init();
    // SAFETY: on a goroutine; the stub takes one word, the block's address.
    unsafe {
        let args = (&raw const b).cast::<u8>();
        let first = ManagedStart { fn_: managed_stubs().entry, ctxt: core::ptr::null_mut(), args };
        newproc_managed(&first, size_of::<usize>(), getg(), callerpc);
    }
}

/// Runs the managed function at `entry` on a goroutine of its own, with `args` in its registers,
/// and waits. Returns what it leaves in rax and rbx.
///
/// # Panics
/// If there are more than nine arguments.
///
/// # Safety
/// On a goroutine. `entry` is the first instruction of a function of a registered module, which
/// takes its arguments in registers.
#[inline(always)]
pub unsafe fn call(entry: usize, args: &[u64]) -> [u64; 2] {
    // SAFETY: the same contract.
    unsafe { call_from(entry, args, getpcspbp().0) }
}

/// [`call()`], said to be at `callerpc`.
unsafe fn call_from(entry: usize, args: &[u64], callerpc: usize) -> [u64; 2] {
    assert!(args.len() <= 9, "a managed function takes nine words in registers");
    on_goroutine_for("call of managed code");
    // SAFETY: the block and the channel are this function's, until the goroutine has closed the
    // channel.
    unsafe {
        let c = makechan(ElemType { size: 0, align: 1 }, 0);
        let mut b = Block { entry, args: [0; 9], results: [0; 2], leaf: done, done: c };
        b.args[..args.len()].copy_from_slice(args);
        begin(&raw mut b, callerpc);
        chanrecv1(c, core::ptr::null_mut());
        // closechan has unlocked the channel when it readied this goroutine, but may still be about
        // to return from it.
        freechan(c);
        (&raw const b.results).read_volatile()
    }
}

/// Runs the managed function at `entry` on a goroutine of its own and does not wait.
///
/// # Panics
/// If there are more than nine arguments.
///
/// # Safety
/// As for [`call()`].
#[inline(always)]
pub unsafe fn start(entry: usize, args: &[u64]) {
    // SAFETY: the same contract.
    unsafe { start_from(entry, args, getpcspbp().0) }
}

/// [`start`], said to be at `callerpc`.
unsafe fn start_from(entry: usize, args: &[u64], callerpc: usize) {
    assert!(args.len() <= 9, "a managed function takes nine words in registers");
    on_goroutine_for("go of managed code");
    let mut words = [0; 9];
    words[..args.len()].copy_from_slice(args);
    let b =
        Block { entry, args: words, results: [0; 2], leaf: finished, done: core::ptr::null_mut() };
    // SAFETY: the goroutine takes the block.
    unsafe { begin(Box::into_raw(Box::new(b)), callerpc) };
}
