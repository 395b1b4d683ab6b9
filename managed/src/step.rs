//! What managed code can call that may park: functions for `gort_m_step`. Each runs on g0 up to
//! where the goroutine parks, and is called again when that runs again; in between there is no
//! frame of it, only the block of its caller.

use core::ffi::c_void;
use gort_chan::{
    Begin, Sent, chanparkcommit, chanrecv_begin, chanrecv_end, chansend_begin, chansend_end,
    check_bubble,
};
use gort_proc::park_on_g0;
use gort_runtime2::linkname::throw;
use gort_runtime2::{G, Hchan, WaitReason};
use gort_time::{maybe_run_chan, reset_for_sleep, time_sleep_begin};

/// The arguments and the state of such a call, on the caller's stack.
#[repr(C)]
struct Block {
    f: unsafe extern "C" fn(*mut G) -> u32,
    /// 0 at first; what the function says when it parks.
    phase: usize,
    /// Pointers: changed if the stack moves.
    p: [*mut c_void; 4],
    /// Other words; the first two are the results.
    s: [usize; 4],
}

/// Where the block is now. After parking it may be elsewhere.
///
/// # Safety
/// `gp` stands in `gort_m_step`.
unsafe fn block(gp: *mut G) -> *mut Block {
    // SAFETY: above the return address of the stub's call.
    unsafe { ((*gp).sched.sp + 8) as *mut Block }
}

/// The functions by their names in docs/managed-abi.md.
pub(crate) const ALL: &[(&str, *const ())] = &[
    ("gort_m_chansend1", chansend1 as *const ()),
    ("gort_m_chanrecv2", chanrecv2 as *const ()),
    ("gort_m_sleep", sleep as *const ()),
];

/// Waits for ever.
unsafe fn park_for_good(gp: *mut G, reason: WaitReason) -> ! {
    // SAFETY: nobody readies it.
    unsafe { park_on_g0(gp, None, core::ptr::null_mut(), reason) }
}

/// `c <- *elem`: p0 is elem, s0 the channel.
///
/// Go: chan.go:155 chansend1
unsafe extern "C" fn chansend1(gp: *mut G) -> u32 {
    // SAFETY: the block is the caller's; pointers into its stack are used before the goroutine
    // parks only, but for the sudog's, which follows.
    unsafe {
        let b = block(gp);
        let c = (*b).s[0] as *mut Hchan;
        let sent = if (*b).phase == 0 {
            (*b).phase = 1;
            if c.is_null() {
                park_for_good(gp, WaitReason::ChanSendNilChan);
            }
            if (*c).bubble != 0 {
                check_bubble(c, "send on synctest channel from outside bubble");
            }
            match chansend_begin(|| gp, c, (*b).p[0], true) {
                Begin::Done(sent) => sent,
                Begin::Park(_, _, reason) => {
                    park_on_g0(gp, Some(chanparkcommit), (&raw mut (*c).lock).cast(), reason)
                }
            }
        } else {
            chansend_end(gp, c, (*gp).waiting)
        };
        if sent == Sent::Closed {
            crate::fail::panic(gp, "send on closed channel");
        }
        0
    }
}

/// `*elem, ok = <-c`: p0 is elem, s0 the channel; ok is s0, and so rax.
///
/// Go: chan.go:493 chanrecv2
unsafe extern "C" fn chanrecv2(gp: *mut G) -> u32 {
    // SAFETY: as in chansend1.
    unsafe {
        let b = block(gp);
        let c = (*b).s[0] as *mut Hchan;
        let done = if (*b).phase == 0 {
            (*b).phase = 1;
            if c.is_null() {
                park_for_good(gp, WaitReason::ChanReceiveNilChan);
            }
            if (*c).bubble != 0 {
                check_bubble(c, "receive on synctest channel from outside bubble");
            }
            if !(*c).timer.is_null() {
                maybe_run_chan((*c).timer);
            }
            match chanrecv_begin(|| gp, c, (*b).p[0], true) {
                Begin::Done(done) => done,
                Begin::Park(_, _, reason) => {
                    park_on_g0(gp, Some(chanparkcommit), (&raw mut (*c).lock).cast(), reason)
                }
            }
        } else {
            chanrecv_end(gp, c, (*gp).waiting)
        };
        (*b).s[0] = usize::from(done.1);
        0
    }
}

/// `time.Sleep`: s0 is how many nanoseconds.
///
/// Go: time.go:268 timeSleep
unsafe extern "C" fn sleep(gp: *mut G) -> u32 {
    // SAFETY: as in chansend1.
    unsafe {
        let b = block(gp);
        match (*b).phase {
            0 if time_sleep_begin(gp, (*b).s[0] as i64) => {
                (*b).phase = 1;
                park_on_g0(gp, Some(reset_for_sleep), core::ptr::null_mut(), WaitReason::Sleep)
            }
            0 | 1 => 0,
            _ => throw("gort_m_sleep: bad phase"),
        }
    }
}
