//! Go's layout, asserted field by field: go1.23.1 linux/amd64, by go_asm.h and DWARF.
//!
//! Made by `cargo xtask layout`. Not to be edited: where this does not compile, the
//! structure is wrong.

use crate::ptrs::*;
use crate::types::*;
use core::mem::size_of;
use memoffset::offset_of;
use static_assertions::{const_assert, const_assert_eq};

// g
const_assert_eq!(offset_of!(G, stack), 0);
const_assert_eq!(offset_of!(G, stackguard0), 16);
const_assert_eq!(offset_of!(G, stackguard1), 24);
const_assert_eq!(offset_of!(G, panic_), 32);
const_assert_eq!(offset_of!(G, defer_), 40);
const_assert_eq!(offset_of!(G, m), 48);
const_assert_eq!(offset_of!(G, sched), 56);
const_assert_eq!(offset_of!(G, syscallsp), 112);
const_assert_eq!(offset_of!(G, syscallpc), 120);
const_assert_eq!(offset_of!(G, syscallbp), 128);
const_assert_eq!(offset_of!(G, stktopsp), 136);
const_assert_eq!(offset_of!(G, param), 144);
const_assert_eq!(offset_of!(G, atomicstatus), 152);
const_assert_eq!(offset_of!(G, stack_lock), 156);
const_assert_eq!(offset_of!(G, goid), 160);
const_assert_eq!(offset_of!(G, schedlink), 168);
const_assert_eq!(offset_of!(G, waitsince), 176);
const_assert_eq!(offset_of!(G, waitreason), 184);
const_assert_eq!(offset_of!(G, preempt), 185);
const_assert_eq!(offset_of!(G, preempt_stop), 186);
const_assert_eq!(offset_of!(G, preempt_shrink), 187);
const_assert_eq!(offset_of!(G, async_safe_point), 188);
const_assert_eq!(offset_of!(G, paniconfault), 189);
const_assert_eq!(offset_of!(G, gcscandone), 190);
const_assert_eq!(offset_of!(G, throwsplit), 191);
const_assert_eq!(offset_of!(G, active_stack_chans), 192);
const_assert_eq!(offset_of!(G, parking_on_chan), 193);
const_assert_eq!(offset_of!(G, in_mark_assist), 194);
const_assert_eq!(offset_of!(G, coroexit), 195);
const_assert_eq!(offset_of!(G, raceignore), 196);
const_assert_eq!(offset_of!(G, nocgocallback), 197);
const_assert_eq!(offset_of!(G, tracking), 198);
const_assert_eq!(offset_of!(G, tracking_seq), 199);
const_assert_eq!(offset_of!(G, tracking_stamp), 200);
const_assert_eq!(offset_of!(G, runnable_time), 208);
const_assert_eq!(offset_of!(G, lockedm), 216);
const_assert_eq!(offset_of!(G, sig), 224);
const_assert_eq!(offset_of!(G, writebuf), 232);
const_assert_eq!(offset_of!(G, sigcode0), 256);
const_assert_eq!(offset_of!(G, sigcode1), 264);
const_assert_eq!(offset_of!(G, sigpc), 272);
const_assert_eq!(offset_of!(G, parent_goid), 280);
const_assert_eq!(offset_of!(G, gopc), 288);
const_assert_eq!(offset_of!(G, ancestors), 296);
const_assert_eq!(offset_of!(G, startpc), 304);
const_assert_eq!(offset_of!(G, racectx), 312);
const_assert_eq!(offset_of!(G, waiting), 320);
const_assert_eq!(offset_of!(G, cgo_ctxt), 328);
const_assert_eq!(offset_of!(G, labels), 352);
const_assert_eq!(offset_of!(G, timer), 360);
const_assert_eq!(offset_of!(G, sleep_when), 368);
const_assert_eq!(offset_of!(G, select_done), 376);
const_assert_eq!(offset_of!(G, goroutine_profiled), 380);
const_assert_eq!(offset_of!(G, coroarg), 384);
const_assert_eq!(offset_of!(G, trace), 392);
const_assert_eq!(offset_of!(G, gc_assist_bytes), 424);
const_assert!(size_of::<G>() >= 432);

// m
const_assert_eq!(offset_of!(M, g0), 0);
const_assert_eq!(offset_of!(M, morebuf), 8);
const_assert_eq!(offset_of!(M, divmod), 64);
const_assert_eq!(offset_of!(M, pad), 68);
const_assert_eq!(offset_of!(M, procid), 72);
const_assert_eq!(offset_of!(M, gsignal), 80);
const_assert_eq!(offset_of!(M, go_sig_stack), 88);
const_assert_eq!(offset_of!(M, sigmask), 128);
const_assert_eq!(offset_of!(M, tls), 136);
const_assert_eq!(offset_of!(M, mstartfn), 184);
const_assert_eq!(offset_of!(M, curg), 192);
const_assert_eq!(offset_of!(M, caughtsig), 200);
const_assert_eq!(offset_of!(M, p), 208);
const_assert_eq!(offset_of!(M, nextp), 216);
const_assert_eq!(offset_of!(M, oldp), 224);
const_assert_eq!(offset_of!(M, id), 232);
const_assert_eq!(offset_of!(M, mallocing), 240);
const_assert_eq!(offset_of!(M, throwing), 244);
const_assert_eq!(offset_of!(M, preemptoff), 248);
const_assert_eq!(offset_of!(M, locks), 264);
const_assert_eq!(offset_of!(M, dying), 268);
const_assert_eq!(offset_of!(M, profilehz), 272);
const_assert_eq!(offset_of!(M, spinning), 276);
const_assert_eq!(offset_of!(M, blocked), 277);
const_assert_eq!(offset_of!(M, new_sigstack), 278);
const_assert_eq!(offset_of!(M, printlock), 279);
const_assert_eq!(offset_of!(M, incgo), 280);
const_assert_eq!(offset_of!(M, isextra), 281);
const_assert_eq!(offset_of!(M, is_extra_in_c), 282);
const_assert_eq!(offset_of!(M, is_extra_in_sig), 283);
const_assert_eq!(offset_of!(M, free_wait), 284);
const_assert_eq!(offset_of!(M, needextram), 288);
const_assert_eq!(offset_of!(M, traceback), 289);
const_assert_eq!(offset_of!(M, ncgocall), 296);
const_assert_eq!(offset_of!(M, ncgo), 304);
const_assert_eq!(offset_of!(M, cgo_callers_use), 308);
const_assert_eq!(offset_of!(M, cgo_callers), 312);
const_assert_eq!(offset_of!(M, park), 320);
const_assert_eq!(offset_of!(M, alllink), 328);
const_assert_eq!(offset_of!(M, schedlink), 336);
const_assert_eq!(offset_of!(M, lockedg), 344);
const_assert_eq!(offset_of!(M, createstack), 352);
const_assert_eq!(offset_of!(M, locked_ext), 608);
const_assert_eq!(offset_of!(M, locked_int), 612);
const_assert_eq!(offset_of!(M, nextwaitm), 616);
const_assert_eq!(offset_of!(M, m_lock_profile), 624);
const_assert_eq!(offset_of!(M, prof_stack), 688);
const_assert_eq!(offset_of!(M, waitunlockf), 712);
const_assert_eq!(offset_of!(M, waitlock), 720);
const_assert_eq!(offset_of!(M, wait_trace_skip), 728);
const_assert_eq!(offset_of!(M, wait_trace_block_reason), 736);
const_assert_eq!(offset_of!(M, syscalltick), 740);
const_assert_eq!(offset_of!(M, freelink), 744);
const_assert_eq!(offset_of!(M, trace), 752);
const_assert_eq!(offset_of!(M, libcall), 784);
const_assert_eq!(offset_of!(M, libcallpc), 832);
const_assert_eq!(offset_of!(M, libcallsp), 840);
const_assert_eq!(offset_of!(M, libcallg), 848);
const_assert_eq!(offset_of!(M, winsyscall), 856);
const_assert_eq!(offset_of!(M, vdso_sp), 856);
const_assert_eq!(offset_of!(M, vdso_pc), 864);
const_assert_eq!(offset_of!(M, preempt_gen), 872);
const_assert_eq!(offset_of!(M, signal_pending), 876);
const_assert_eq!(offset_of!(M, pcvalue_cache), 880);
const_assert_eq!(offset_of!(M, dlog_per_m), 1272);
const_assert_eq!(offset_of!(M, os), 1272);
const_assert_eq!(offset_of!(M, chacha8), 1280);
const_assert_eq!(offset_of!(M, cheaprand), 1584);
const_assert_eq!(offset_of!(M, locks_held_len), 1592);
const_assert_eq!(offset_of!(M, locks_held), 1600);
const_assert!(size_of::<M>() >= 1760);

// p
const_assert_eq!(offset_of!(P, id), 0);
const_assert_eq!(offset_of!(P, status), 4);
const_assert_eq!(offset_of!(P, link), 8);
const_assert_eq!(offset_of!(P, schedtick), 16);
const_assert_eq!(offset_of!(P, syscalltick), 20);
const_assert_eq!(offset_of!(P, sysmontick), 24);
const_assert_eq!(offset_of!(P, m), 48);
const_assert_eq!(offset_of!(P, mcache), 56);
const_assert_eq!(offset_of!(P, pcache), 64);
const_assert_eq!(offset_of!(P, raceprocctx), 88);
const_assert_eq!(offset_of!(P, deferpool), 96);
const_assert_eq!(offset_of!(P, deferpool) + offset_of!(PtrBuf<core::ffi::c_void, 32>, buf), 120);
const_assert_eq!(offset_of!(P, goidcache), 376);
const_assert_eq!(offset_of!(P, goidcacheend), 384);
const_assert_eq!(offset_of!(P, runqhead), 392);
const_assert_eq!(offset_of!(P, runqtail), 396);
const_assert_eq!(offset_of!(P, runq), 400);
const_assert_eq!(offset_of!(P, runnext), 2448);
const_assert_eq!(offset_of!(P, g_free), 2456);
const_assert_eq!(offset_of!(P, sudogcache), 2472);
const_assert_eq!(offset_of!(P, sudogcache) + offset_of!(PtrBuf<Sudog, 128>, buf), 2496);
const_assert_eq!(offset_of!(P, mspancache), 3520);
const_assert_eq!(offset_of!(P, pinner_cache), 4552);
const_assert_eq!(offset_of!(P, trace), 4560);
const_assert_eq!(offset_of!(P, palloc), 4624);
const_assert_eq!(offset_of!(P, gc_assist_time), 4640);
const_assert_eq!(offset_of!(P, gc_fractional_mark_time), 4648);
const_assert_eq!(offset_of!(P, limiter_event), 4656);
const_assert_eq!(offset_of!(P, gc_mark_worker_mode), 4664);
const_assert_eq!(offset_of!(P, gc_mark_worker_start_time), 4672);
const_assert_eq!(offset_of!(P, gcw), 4680);
const_assert_eq!(offset_of!(P, wb_buf), 4720);
const_assert_eq!(offset_of!(P, run_safe_point_fn), 8832);
const_assert_eq!(offset_of!(P, stats_seq), 8836);
const_assert_eq!(offset_of!(P, timers), 8840);
const_assert_eq!(offset_of!(P, max_stack_scan_delta), 8904);
const_assert_eq!(offset_of!(P, scanned_stack_size), 8912);
const_assert_eq!(offset_of!(P, scanned_stacks), 8920);
const_assert_eq!(offset_of!(P, preempt), 8928);
const_assert_eq!(offset_of!(P, gc_stop_time), 8936);
const_assert!(size_of::<P>() >= 8944);

// p.gFree
const_assert_eq!(offset_of!(PGFree, list), 0);
const_assert_eq!(offset_of!(PGFree, n), 8);
const_assert_eq!(size_of::<PGFree>(), 16);

// schedt
const_assert_eq!(offset_of!(Schedt, goidgen), 0);
const_assert_eq!(offset_of!(Schedt, lastpoll), 8);
const_assert_eq!(offset_of!(Schedt, poll_until), 16);
const_assert_eq!(offset_of!(Schedt, lock), 24);
const_assert_eq!(offset_of!(Schedt, midle), 32);
const_assert_eq!(offset_of!(Schedt, nmidle), 40);
const_assert_eq!(offset_of!(Schedt, nmidlelocked), 44);
const_assert_eq!(offset_of!(Schedt, mnext), 48);
const_assert_eq!(offset_of!(Schedt, maxmcount), 56);
const_assert_eq!(offset_of!(Schedt, nmsys), 60);
const_assert_eq!(offset_of!(Schedt, nmfreed), 64);
const_assert_eq!(offset_of!(Schedt, ngsys), 72);
const_assert_eq!(offset_of!(Schedt, pidle), 80);
const_assert_eq!(offset_of!(Schedt, npidle), 88);
const_assert_eq!(offset_of!(Schedt, nmspinning), 92);
const_assert_eq!(offset_of!(Schedt, needspinning), 96);
const_assert_eq!(offset_of!(Schedt, runq), 104);
const_assert_eq!(offset_of!(Schedt, runqsize), 120);
const_assert_eq!(offset_of!(Schedt, disable), 128);
const_assert_eq!(offset_of!(Schedt, g_free), 160);
const_assert_eq!(offset_of!(Schedt, sudoglock), 192);
const_assert_eq!(offset_of!(Schedt, sudogcache), 200);
const_assert_eq!(offset_of!(Schedt, deferlock), 208);
const_assert_eq!(offset_of!(Schedt, deferpool), 216);
const_assert_eq!(offset_of!(Schedt, freem), 224);
const_assert_eq!(offset_of!(Schedt, gcwaiting), 232);
const_assert_eq!(offset_of!(Schedt, stopwait), 236);
const_assert_eq!(offset_of!(Schedt, stopnote), 240);
const_assert_eq!(offset_of!(Schedt, sysmonwait), 248);
const_assert_eq!(offset_of!(Schedt, sysmonnote), 256);
const_assert_eq!(offset_of!(Schedt, safe_point_fn), 264);
const_assert_eq!(offset_of!(Schedt, safe_point_wait), 272);
const_assert_eq!(offset_of!(Schedt, safe_point_note), 280);
const_assert_eq!(offset_of!(Schedt, profilehz), 288);
const_assert_eq!(offset_of!(Schedt, procresizetime), 296);
const_assert_eq!(offset_of!(Schedt, totaltime), 304);
const_assert_eq!(offset_of!(Schedt, sysmonlock), 312);
const_assert_eq!(offset_of!(Schedt, time_to_run), 320);
const_assert_eq!(offset_of!(Schedt, idle_time), 1616);
const_assert_eq!(offset_of!(Schedt, total_mutex_wait_time), 1624);
const_assert_eq!(offset_of!(Schedt, stw_stopping_time_gc), 1632);
const_assert_eq!(offset_of!(Schedt, stw_stopping_time_other), 2928);
const_assert_eq!(offset_of!(Schedt, stw_total_time_gc), 4224);
const_assert_eq!(offset_of!(Schedt, stw_total_time_other), 5520);
const_assert_eq!(offset_of!(Schedt, total_runtime_lock_wait_time), 6816);
const_assert!(size_of::<Schedt>() >= 6824);

// schedt.disable
const_assert_eq!(offset_of!(SchedDisable, user), 0);
const_assert_eq!(offset_of!(SchedDisable, runnable), 8);
const_assert_eq!(offset_of!(SchedDisable, n), 24);
const_assert_eq!(size_of::<SchedDisable>(), 32);

// schedt.gFree
const_assert_eq!(offset_of!(SchedGFree, lock), 0);
const_assert_eq!(offset_of!(SchedGFree, stack), 8);
const_assert_eq!(offset_of!(SchedGFree, no_stack), 16);
const_assert_eq!(offset_of!(SchedGFree, n), 24);
const_assert_eq!(size_of::<SchedGFree>(), 32);

// gobuf
const_assert_eq!(offset_of!(Gobuf, sp), 0);
const_assert_eq!(offset_of!(Gobuf, pc), 8);
const_assert_eq!(offset_of!(Gobuf, g), 16);
const_assert_eq!(offset_of!(Gobuf, ctxt), 24);
const_assert_eq!(offset_of!(Gobuf, ret), 32);
const_assert_eq!(offset_of!(Gobuf, lr), 40);
const_assert_eq!(offset_of!(Gobuf, bp), 48);
const_assert_eq!(size_of::<Gobuf>(), 56);

// sudog
const_assert_eq!(offset_of!(Sudog, g), 0);
const_assert_eq!(offset_of!(Sudog, next), 8);
const_assert_eq!(offset_of!(Sudog, prev), 16);
const_assert_eq!(offset_of!(Sudog, elem), 24);
const_assert_eq!(offset_of!(Sudog, acquiretime), 32);
const_assert_eq!(offset_of!(Sudog, releasetime), 40);
const_assert_eq!(offset_of!(Sudog, ticket), 48);
const_assert_eq!(offset_of!(Sudog, is_select), 52);
const_assert_eq!(offset_of!(Sudog, success), 53);
const_assert_eq!(offset_of!(Sudog, waiters), 54);
const_assert_eq!(offset_of!(Sudog, parent), 56);
const_assert_eq!(offset_of!(Sudog, waitlink), 64);
const_assert_eq!(offset_of!(Sudog, waittail), 72);
const_assert_eq!(offset_of!(Sudog, c), 80);
const_assert_eq!(size_of::<Sudog>(), 88);

// mutex
const_assert_eq!(offset_of!(Mutex, key), 0);
const_assert_eq!(size_of::<Mutex>(), 8);

// note
const_assert_eq!(offset_of!(Note, key), 0);
const_assert_eq!(size_of::<Note>(), 8);

// funcval
const_assert_eq!(offset_of!(Funcval, fn_), 0);
const_assert_eq!(size_of::<Funcval>(), 8);

// stack
const_assert_eq!(offset_of!(Stack, lo), 0);
const_assert_eq!(offset_of!(Stack, hi), 8);
const_assert_eq!(size_of::<Stack>(), 16);

// heldLockInfo
const_assert_eq!(offset_of!(HeldLockInfo, lock_addr), 0);
const_assert_eq!(offset_of!(HeldLockInfo, rank), 8);
const_assert_eq!(size_of::<HeldLockInfo>(), 16);

// gQueue
const_assert_eq!(offset_of!(GQueue, head), 0);
const_assert_eq!(offset_of!(GQueue, tail), 8);
const_assert_eq!(size_of::<GQueue>(), 16);

// gList
const_assert_eq!(offset_of!(GList, head), 0);
const_assert_eq!(size_of::<GList>(), 8);

// pMask
const_assert_eq!(offset_of!(Slice<crate::atomic::Uint32>, ptr), 0);
const_assert_eq!(offset_of!(Slice<crate::atomic::Uint32>, len), 8);
const_assert_eq!(offset_of!(Slice<crate::atomic::Uint32>, cap), 16);
const_assert_eq!(size_of::<Slice<crate::atomic::Uint32>>(), 24);

// timer
const_assert_eq!(offset_of!(Timer, mu), 0);
const_assert_eq!(offset_of!(Timer, astate), 8);
const_assert_eq!(offset_of!(Timer, state), 9);
const_assert_eq!(offset_of!(Timer, is_chan), 10);
const_assert_eq!(offset_of!(Timer, blocked), 12);
const_assert_eq!(offset_of!(Timer, when), 16);
const_assert_eq!(offset_of!(Timer, period), 24);
const_assert_eq!(offset_of!(Timer, f), 32);
const_assert_eq!(offset_of!(Timer, arg), 40);
const_assert_eq!(offset_of!(Timer, seq), 56);
const_assert_eq!(offset_of!(Timer, ts), 64);
const_assert_eq!(offset_of!(Timer, send_lock), 72);
const_assert!(size_of::<Timer>() >= 80);

// timers
const_assert_eq!(offset_of!(Timers, mu), 0);
const_assert_eq!(offset_of!(Timers, heap), 8);
const_assert_eq!(offset_of!(Timers, len), 32);
const_assert_eq!(offset_of!(Timers, zombies), 36);
const_assert_eq!(offset_of!(Timers, released), 40);
const_assert_eq!(offset_of!(Timers, min_when_heap), 48);
const_assert_eq!(offset_of!(Timers, min_when_modified), 56);
const_assert_eq!(size_of::<Timers>(), 64);

// timerWhen
const_assert_eq!(offset_of!(TimerWhen, timer), 0);
const_assert_eq!(offset_of!(TimerWhen, when), 8);
const_assert_eq!(size_of::<TimerWhen>(), 16);

// gsignalStack
const_assert_eq!(offset_of!(GsignalStack, stack), 0);
const_assert_eq!(offset_of!(GsignalStack, stackguard0), 16);
const_assert_eq!(offset_of!(GsignalStack, stackguard1), 24);
const_assert_eq!(offset_of!(GsignalStack, stktopsp), 32);
const_assert_eq!(size_of::<GsignalStack>(), 40);

// mOS
const_assert_eq!(offset_of!(MOS, profile_timer), 0);
const_assert_eq!(offset_of!(MOS, profile_timer_valid), 4);
const_assert_eq!(offset_of!(MOS, need_per_thread_syscall), 5);
const_assert_eq!(size_of::<MOS>(), 8);

// mLockProfile
const_assert_eq!(offset_of!(MLockProfile, wait_time), 0);
const_assert_eq!(offset_of!(MLockProfile, stack), 8);
const_assert_eq!(offset_of!(MLockProfile, pending), 32);
const_assert_eq!(offset_of!(MLockProfile, cycles), 40);
const_assert_eq!(offset_of!(MLockProfile, cycles_lost), 48);
const_assert_eq!(offset_of!(MLockProfile, disabled), 56);
const_assert_eq!(size_of::<MLockProfile>(), 64);

// libcall
const_assert_eq!(offset_of!(Libcall, fn_), 0);
const_assert_eq!(offset_of!(Libcall, n), 8);
const_assert_eq!(offset_of!(Libcall, args), 16);
const_assert_eq!(offset_of!(Libcall, r1), 24);
const_assert_eq!(offset_of!(Libcall, r2), 32);
const_assert_eq!(offset_of!(Libcall, err), 40);
const_assert_eq!(size_of::<Libcall>(), 48);

// sysmontick
const_assert_eq!(offset_of!(Sysmontick, schedtick), 0);
const_assert_eq!(offset_of!(Sysmontick, syscalltick), 4);
const_assert_eq!(offset_of!(Sysmontick, schedwhen), 8);
const_assert_eq!(offset_of!(Sysmontick, syscallwhen), 16);
const_assert_eq!(size_of::<Sysmontick>(), 24);

// limiterEvent
const_assert_eq!(offset_of!(LimiterEvent, stamp), 0);
const_assert_eq!(size_of::<LimiterEvent>(), 8);

// timeHistogram
const_assert_eq!(offset_of!(TimeHistogram, counts), 0);
const_assert_eq!(offset_of!(TimeHistogram, underflow), 1280);
const_assert_eq!(offset_of!(TimeHistogram, overflow), 1288);
const_assert_eq!(size_of::<TimeHistogram>(), 1296);

// traceSchedResourceState
const_assert_eq!(offset_of!(TraceSchedResourceState, status_traced), 0);
const_assert_eq!(offset_of!(TraceSchedResourceState, seq), 16);
const_assert_eq!(size_of::<TraceSchedResourceState>(), 32);

// mTraceState
const_assert_eq!(offset_of!(MTraceState, seqlock), 0);
const_assert_eq!(offset_of!(MTraceState, buf), 8);
const_assert_eq!(offset_of!(MTraceState, link), 24);
const_assert_eq!(size_of::<MTraceState>(), 32);

// pTraceState
const_assert_eq!(offset_of!(PTraceState, resource), 0);
const_assert_eq!(offset_of!(PTraceState, m_syscall_id), 32);
const_assert_eq!(offset_of!(PTraceState, may_sweep), 40);
const_assert_eq!(offset_of!(PTraceState, in_sweep), 41);
const_assert_eq!(offset_of!(PTraceState, swept), 48);
const_assert_eq!(offset_of!(PTraceState, reclaimed), 56);
const_assert_eq!(size_of::<PTraceState>(), 64);

// lfnode
const_assert_eq!(offset_of!(Lfnode, next), 0);
const_assert_eq!(offset_of!(Lfnode, pushcnt), 8);
const_assert_eq!(size_of::<Lfnode>(), 16);

// forcegcstate
const_assert_eq!(offset_of!(Forcegcstate, lock), 0);
const_assert_eq!(offset_of!(Forcegcstate, g), 8);
const_assert_eq!(offset_of!(Forcegcstate, idle), 16);
const_assert_eq!(size_of::<Forcegcstate>(), 24);

// waitq
const_assert_eq!(offset_of!(Waitq, first), 0);
const_assert_eq!(offset_of!(Waitq, last), 8);
const_assert_eq!(size_of::<Waitq>(), 16);

// coro
const_assert_eq!(offset_of!(Coro, gp), 0);
const_assert_eq!(offset_of!(Coro, f), 8);
const_assert_eq!(offset_of!(Coro, mp), 16);
const_assert_eq!(offset_of!(Coro, locked_ext), 24);
const_assert_eq!(offset_of!(Coro, locked_int), 28);
const_assert!(size_of::<Coro>() >= 32);

/// The same of the main structures as a table, for the check when a Go program
/// starts: structure, field (or `_size`), offset.
pub const FIELDS: &[(&str, &str, u32)] = &[
    ("g", "_size", 432),
    ("g", "stack", 0),
    ("g", "stackguard0", 16),
    ("g", "stackguard1", 24),
    ("g", "_panic", 32),
    ("g", "_defer", 40),
    ("g", "m", 48),
    ("g", "sched", 56),
    ("g", "syscallsp", 112),
    ("g", "syscallpc", 120),
    ("g", "syscallbp", 128),
    ("g", "stktopsp", 136),
    ("g", "param", 144),
    ("g", "atomicstatus", 152),
    ("g", "stackLock", 156),
    ("g", "goid", 160),
    ("g", "schedlink", 168),
    ("g", "waitsince", 176),
    ("g", "waitreason", 184),
    ("g", "preempt", 185),
    ("g", "preemptStop", 186),
    ("g", "preemptShrink", 187),
    ("g", "asyncSafePoint", 188),
    ("g", "paniconfault", 189),
    ("g", "gcscandone", 190),
    ("g", "throwsplit", 191),
    ("g", "activeStackChans", 192),
    ("g", "parkingOnChan", 193),
    ("g", "inMarkAssist", 194),
    ("g", "coroexit", 195),
    ("g", "raceignore", 196),
    ("g", "nocgocallback", 197),
    ("g", "tracking", 198),
    ("g", "trackingSeq", 199),
    ("g", "trackingStamp", 200),
    ("g", "runnableTime", 208),
    ("g", "lockedm", 216),
    ("g", "sig", 224),
    ("g", "writebuf", 232),
    ("g", "sigcode0", 256),
    ("g", "sigcode1", 264),
    ("g", "sigpc", 272),
    ("g", "parentGoid", 280),
    ("g", "gopc", 288),
    ("g", "ancestors", 296),
    ("g", "startpc", 304),
    ("g", "racectx", 312),
    ("g", "waiting", 320),
    ("g", "cgoCtxt", 328),
    ("g", "labels", 352),
    ("g", "timer", 360),
    ("g", "sleepWhen", 368),
    ("g", "selectDone", 376),
    ("g", "goroutineProfiled", 380),
    ("g", "coroarg", 384),
    ("g", "trace", 392),
    ("g", "gcAssistBytes", 424),
    ("m", "_size", 1760),
    ("m", "g0", 0),
    ("m", "morebuf", 8),
    ("m", "divmod", 64),
    ("m", "procid", 72),
    ("m", "gsignal", 80),
    ("m", "goSigStack", 88),
    ("m", "sigmask", 128),
    ("m", "tls", 136),
    ("m", "mstartfn", 184),
    ("m", "curg", 192),
    ("m", "caughtsig", 200),
    ("m", "p", 208),
    ("m", "nextp", 216),
    ("m", "oldp", 224),
    ("m", "id", 232),
    ("m", "mallocing", 240),
    ("m", "throwing", 244),
    ("m", "preemptoff", 248),
    ("m", "locks", 264),
    ("m", "dying", 268),
    ("m", "profilehz", 272),
    ("m", "spinning", 276),
    ("m", "blocked", 277),
    ("m", "newSigstack", 278),
    ("m", "printlock", 279),
    ("m", "incgo", 280),
    ("m", "isextra", 281),
    ("m", "isExtraInC", 282),
    ("m", "isExtraInSig", 283),
    ("m", "freeWait", 284),
    ("m", "needextram", 288),
    ("m", "traceback", 289),
    ("m", "ncgocall", 296),
    ("m", "ncgo", 304),
    ("m", "cgoCallersUse", 308),
    ("m", "cgoCallers", 312),
    ("m", "park", 320),
    ("m", "alllink", 328),
    ("m", "schedlink", 336),
    ("m", "lockedg", 344),
    ("m", "createstack", 352),
    ("m", "lockedExt", 608),
    ("m", "lockedInt", 612),
    ("m", "nextwaitm", 616),
    ("m", "mLockProfile", 624),
    ("m", "profStack", 688),
    ("m", "waitunlockf", 712),
    ("m", "waitlock", 720),
    ("m", "waitTraceSkip", 728),
    ("m", "waitTraceBlockReason", 736),
    ("m", "syscalltick", 740),
    ("m", "freelink", 744),
    ("m", "trace", 752),
    ("m", "libcall", 784),
    ("m", "libcallpc", 832),
    ("m", "libcallsp", 840),
    ("m", "libcallg", 848),
    ("m", "winsyscall", 856),
    ("m", "vdsoSP", 856),
    ("m", "vdsoPC", 864),
    ("m", "preemptGen", 872),
    ("m", "signalPending", 876),
    ("m", "pcvalueCache", 880),
    ("m", "dlogPerM", 1272),
    ("m", "mOS", 1272),
    ("m", "chacha8", 1280),
    ("m", "cheaprand", 1584),
    ("m", "locksHeldLen", 1592),
    ("m", "locksHeld", 1600),
    ("p", "_size", 8944),
    ("p", "id", 0),
    ("p", "status", 4),
    ("p", "link", 8),
    ("p", "schedtick", 16),
    ("p", "syscalltick", 20),
    ("p", "sysmontick", 24),
    ("p", "m", 48),
    ("p", "mcache", 56),
    ("p", "pcache", 64),
    ("p", "raceprocctx", 88),
    ("p", "deferpool", 96),
    ("p", "deferpoolbuf", 120),
    ("p", "goidcache", 376),
    ("p", "goidcacheend", 384),
    ("p", "runqhead", 392),
    ("p", "runqtail", 396),
    ("p", "runq", 400),
    ("p", "runnext", 2448),
    ("p", "gFree", 2456),
    ("p", "sudogcache", 2472),
    ("p", "sudogbuf", 2496),
    ("p", "mspancache", 3520),
    ("p", "pinnerCache", 4552),
    ("p", "trace", 4560),
    ("p", "palloc", 4624),
    ("p", "gcAssistTime", 4640),
    ("p", "gcFractionalMarkTime", 4648),
    ("p", "limiterEvent", 4656),
    ("p", "gcMarkWorkerMode", 4664),
    ("p", "gcMarkWorkerStartTime", 4672),
    ("p", "gcw", 4680),
    ("p", "wbBuf", 4720),
    ("p", "runSafePointFn", 8832),
    ("p", "statsSeq", 8836),
    ("p", "timers", 8840),
    ("p", "maxStackScanDelta", 8904),
    ("p", "scannedStackSize", 8912),
    ("p", "scannedStacks", 8920),
    ("p", "preempt", 8928),
    ("p", "gcStopTime", 8936),
    ("schedt", "_size", 6824),
    ("schedt", "goidgen", 0),
    ("schedt", "lastpoll", 8),
    ("schedt", "pollUntil", 16),
    ("schedt", "lock", 24),
    ("schedt", "midle", 32),
    ("schedt", "nmidle", 40),
    ("schedt", "nmidlelocked", 44),
    ("schedt", "mnext", 48),
    ("schedt", "maxmcount", 56),
    ("schedt", "nmsys", 60),
    ("schedt", "nmfreed", 64),
    ("schedt", "ngsys", 72),
    ("schedt", "pidle", 80),
    ("schedt", "npidle", 88),
    ("schedt", "nmspinning", 92),
    ("schedt", "needspinning", 96),
    ("schedt", "runq", 104),
    ("schedt", "runqsize", 120),
    ("schedt", "disable", 128),
    ("schedt", "gFree", 160),
    ("schedt", "sudoglock", 192),
    ("schedt", "sudogcache", 200),
    ("schedt", "deferlock", 208),
    ("schedt", "deferpool", 216),
    ("schedt", "freem", 224),
    ("schedt", "gcwaiting", 232),
    ("schedt", "stopwait", 236),
    ("schedt", "stopnote", 240),
    ("schedt", "sysmonwait", 248),
    ("schedt", "sysmonnote", 256),
    ("schedt", "safePointFn", 264),
    ("schedt", "safePointWait", 272),
    ("schedt", "safePointNote", 280),
    ("schedt", "profilehz", 288),
    ("schedt", "procresizetime", 296),
    ("schedt", "totaltime", 304),
    ("schedt", "sysmonlock", 312),
    ("schedt", "timeToRun", 320),
    ("schedt", "idleTime", 1616),
    ("schedt", "totalMutexWaitTime", 1624),
    ("schedt", "stwStoppingTimeGC", 1632),
    ("schedt", "stwStoppingTimeOther", 2928),
    ("schedt", "stwTotalTimeGC", 4224),
    ("schedt", "stwTotalTimeOther", 5520),
    ("schedt", "totalRuntimeLockWaitTime", 6816),
    ("gobuf", "_size", 56),
    ("gobuf", "sp", 0),
    ("gobuf", "pc", 8),
    ("gobuf", "g", 16),
    ("gobuf", "ctxt", 24),
    ("gobuf", "ret", 32),
    ("gobuf", "lr", 40),
    ("gobuf", "bp", 48),
];
