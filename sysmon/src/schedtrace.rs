//! proc.go: 6331–6423. `GODEBUG=schedtrace`.

use gort_proc::atomic::Int64;
use gort_proc::*;

/// When the first line of [`schedtrace`] was printed.
///
/// Go: proc.go:6331 starttime
static STARTTIME: Int64 = Int64::new(0);

/// Prints an M's id, a G's or P's number, or `nil`.
macro_rules! print_or_nil {
    ($p:expr, $id:ident) => {{
        let p = $p;
        if p.is_null() {
            gort_print::print!("nil");
        } else {
            gort_print::print!("{}", (*p).$id);
        }
    }};
}

/// Prints the scheduler's state on standard error: one line, or everything about all Ps, Ms and Gs
/// if `detailed`.
///
/// # Safety
/// On the system stack, without `sched.lock`.
///
/// Go: proc.go:6333 schedtrace
#[cfg_attr(not(gort_inside), unsafe(export_name = "gort.schedtrace"))]
pub unsafe fn schedtrace(detailed: bool) {
    // SAFETY: Gs and Ps are not freed, and Ms leave allm under sched.lock, which is held. Plain
    // fields are read while their owners may write them: volatile, and only to be printed.
    unsafe {
        // :6334
        let now = nanotime();
        if STARTTIME.get() == 0 {
            STARTTIME.set(now);
        }

        // :6339
        let sched = sched();
        lock(&raw mut (*sched).lock);
        gort_print::print!(
            "SCHED {}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={} needspinning={} idlethreads={} runqueue={}",
            (now - STARTTIME.get()) / 1_000_000,
            GOMAXPROCS.get(),
            (*sched).npidle.load(),
            mcount(),
            (*sched).nmspinning.load(),
            (*sched).needspinning.load(),
            (*sched).nmidle.get(),
            (*sched).runqsize.get()
        );
        // :6341
        if detailed {
            gort_print::print!(
                " gcwaiting={} nmidlelocked={} stopwait={} sysmonwait={}\n",
                (*sched).gcwaiting.load(),
                (*sched).nmidlelocked.get(),
                (*sched).stopwait.get(),
                (*sched).sysmonwait.load()
            );
        }
        // :6347 all of it may change while it is read, so each pointer is read once
        let n = (*allp()).len;
        for i in 0..n {
            let pp = allp_at(i);
            let mp = (*pp).m.ptr();
            let h = (*pp).runqhead.load();
            let t = (*pp).runqtail.load();
            // :6351
            if detailed {
                gort_print::print!(
                    "  P{}: status={} schedtick={} syscalltick={} m=",
                    i,
                    (*pp).status.get(),
                    (*pp).schedtick.get(),
                    (*pp).syscalltick.get()
                );
                print_or_nil!(mp, id);
                // :6358 the published length of the heap: the heap itself belongs to the P
                #[cfg(not(gort_inside))]
                let gfreecnt = (*pp).g_free.n.get() + (*pp).m_free.n.get();
                #[cfg(gort_inside)]
                let gfreecnt = (*pp).g_free.n.get();
                gort_print::print!(
                    " runqsize={} gfreecnt={} timerslen={}\n",
                    t.wrapping_sub(h),
                    gfreecnt,
                    (*pp).timers.len.get()
                );
            } else {
                // :6362 [len1 len2 len3 len4]
                gort_print::print!(" ");
                if i == 0 {
                    gort_print::print!("[");
                }
                gort_print::print!("{}", t.wrapping_sub(h));
                // :6367
                if i == n - 1 {
                    gort_print::print!("]\n");
                }
            }
        }

        // :6373
        if !detailed {
            unlock(&raw mut (*sched).lock);
            return;
        }

        // :6378
        let mut mp = ALLM.load();
        while !mp.is_null() {
            let pp = (*mp).p.ptr();
            gort_print::print!("  M{}: p=", (*mp).id);
            print_or_nil!(pp, id);
            // :6386
            gort_print::print!(" curg=");
            print_or_nil!((*mp).curg.ptr(), goid);
            // :6392
            #[cfg(not(gort_inside))]
            let preemptoff = (*mp).preemptoff.get();
            #[cfg(gort_inside)]
            let preemptoff = gort_proc::linkname::go_str((*mp).preemptoff.words());
            gort_print::print!(
                " mallocing={} throwing={} preemptoff={} locks={} dying={} spinning={} blocked={} lockedg=",
                (&raw const (*mp).mallocing).read_volatile(),
                (&raw const (*mp).throwing).read_volatile() as u32,
                preemptoff,
                (*mp).locks.get(),
                (&raw const (*mp).dying).read_volatile(),
                (*mp).spinning.get(),
                (*mp).blocked.get()
            );
            // :6393
            print_or_nil!((*mp).lockedg.ptr(), goid);
            gort_print::print!("\n");
            mp = (*mp).alllink.get();
        }

        // :6401
        for_each_g(&mut |gp| {
            gort_print::print!(
                "  G{}: status={}({}) m=",
                (*gp).goid,
                readgstatus(gp),
                (&raw const (*gp).waitreason).read_volatile().string()
            );
            // :6403
            print_or_nil!((&raw const (*gp).m).read_volatile(), id);
            // :6408
            gort_print::print!(" lockedm=");
            print_or_nil!((*gp).lockedm.ptr(), id);
            gort_print::print!("\n");
        });
        // :6416
        unlock(&raw mut (*sched).lock);
    }
}
