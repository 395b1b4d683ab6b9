//! trace.go: 743–903. Reading the trace.

use core::ffi::c_void;
use gort_print::print;
use gort_proc::*;
use gort_sema::semrelease;

/// The next piece of the trace, waiting until there is one; `None` after the last one, when tracing
/// was stopped. The bytes are valid until the next call.
///
/// # Safety
/// On a user goroutine, by one at a time, after [`start_trace`](crate::start_trace).
///
/// Go: trace.go:749 ReadTrace
#[doc(alias = "ReadTrace")]
pub unsafe fn read_trace<'a>() -> Option<&'a [u8]> {
    // SAFETY: the reader's state is under trace.lock.
    unsafe {
        loop {
            // :753
            let (buf, park) = systemstack(|| read_trace0());
            // :756
            if !park {
                return buf;
            }
            gopark(Some(wait_for_data), core::ptr::null_mut(), WaitReason::TraceReaderBlocked);
        }
    }
}

/// Called on g0 when the reader waits: whether it may. There may be something to read by now.
///
/// Go: trace.go:749 ReadTrace
unsafe fn wait_for_data(gp: *mut G, _: *mut c_void) -> bool {
    // SAFETY: atomics; gp waits, and is whoever's takes it out of `reader`.
    unsafe {
        // :758 somebody else reads
        if !(*trace()).reader.cas(core::ptr::null_mut(), gp) {
            return false;
        }
        // :764 what came between the unlocking and the CAS would have found no reader to wake
        let g2 = trace_reader();
        if gp == g2 {
            return false;
        }
        // :769
        if !g2.is_null() {
            let goid = (*g2).goid;
            print!("runtime: got trace reader {g2:p} {goid}\n");
            throw("unexpected trace reader");
        }
        // :775
        true
    }
}

/// What [`read_trace`] does on the system stack: the next bytes, and whether to wait for some.
///
/// # Safety
/// On the system stack.
///
/// Go: trace.go:787 readTrace0
#[doc(alias = "readTrace0")]
unsafe fn read_trace0<'a>() -> (Option<&'a [u8]>, bool) {
    // SAFETY: the queues and the reader's state are under trace.lock; a buffer in `reading` is the
    // reader's.
    unsafe {
        let trace = trace();
        // :802 nothing is allocated meanwhile
        lock(&raw mut (*trace).lock);

        // :804 bad, but no reason to end the program
        if !(*trace).reader.load().is_null() {
            unlock(&raw mut (*trace).lock);
            print!("runtime: ReadTrace called from multiple goroutines simultaneously\n");
            return (None, false);
        }
        // :813
        let read = (*trace).reading;
        if !read.is_null() {
            (*read).link = (*trace).empty;
            (*trace).empty = read;
            (*trace).reading = core::ptr::null_mut();
        }
        // :819
        if !(*trace).header_written {
            (*trace).header_written = true;
            unlock(&raw mut (*trace).lock);
            return (Some(HEADER), false);
        }

        // :827
        if (*trace).reader_gen.load() == 0 {
            (*trace).reader_gen.store(1);
        }
        let mut gen_;
        loop {
            // :832
            assert_lock_held(&raw mut (*trace).lock);
            gen_ = (*trace).reader_gen.load();

            // :837
            if !(*trace).full[gen_ % 2].empty() {
                break;
            }
            // :845 mostly the reader is one generation ahead of what is complete; when it is not
            // any more, somebody waits for it
            if (*trace).flushed_gen.load() == gen_ {
                let last = (*trace).shutdown.load();
                if last {
                    unlock(&raw mut (*trace).lock);

                    // :859 whoever is woken clears `shutdown`, so that was read before
                    semrelease(&raw const (*trace).done_sema[gen_ % 2]);

                    // :863
                    return (None, false);
                }
                // :868
                (*trace).reader_gen.store((*trace).gen_.load());
                unlock(&raw mut (*trace).lock);

                // :879 after `gen` was read, or there might be yet another one by then
                semrelease(&raw const (*trace).done_sema[gen_ % 2]);

                // :882
                lock(&raw mut (*trace).lock);
                continue;
            }
            // :894 under the lock, as buffers are queued under it
            (*trace).work_available.store(false);
            unlock(&raw mut (*trace).lock);
            return (None, true);
        }
        // :899
        let tbuf = (*trace).full[gen_ % 2].pop();
        (*trace).reading = tbuf;
        unlock(&raw mut (*trace).lock);
        (Some(&(&(*tbuf).arr)[..(*tbuf).pos]), false)
    }
}
