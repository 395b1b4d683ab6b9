//! panic.go: 1025–1088, 1227–1441. Fatal errors and the report that ends the program.

use crate::unwind::Panic;
use crate::value::printindented;
use core::sync::atomic::{AtomicBool, Ordering};
use gort_asm::{getg, getpcspbp, systemstack};
use gort_lock_futex::{lock, unlock};
use gort_os_linux::{exit, write_err};
use gort_print::print;
use gort_proc::{freezetheworld, readgstatus};
use gort_runtime1::{DEBUG, acquirem, gotraceback, is_secure_mode, releasem};
use gort_runtime2::*;
use gort_traceback::{goroutineheader, traceback, traceback_record, tracebackothers};

/// `throw` for the package sync.
///
/// Go: panic.go:1025 sync_throw
pub fn sync_throw(s: &str) -> ! {
    // :1026
    throw(s)
}

/// `fatal` for the package sync.
///
/// Go: panic.go:1030 sync_fatal
pub fn sync_fatal(s: &str) -> ! {
    // :1031
    fatal(s)
}

/// Ends the program: the runtime is broken. Prints all there is to print.
///
/// Go: panic.go:1058 throw
#[unsafe(export_name = "gort.throw")]
#[cold]
#[inline(never)]
pub fn throw(s: &str) -> ! {
    print_fatal_error(s);
    // SAFETY: the frame at (pc, sp, bp) is this one, which stays.
    unsafe {
        // :1067
        let (pc, sp, bp) = getpcspbp();
        fatalthrow(ThrowType::Runtime, pc, sp, bp)
    }
}

/// Ends the program: it has done what cannot be tolerated (deadlock, unlock of an unlocked mutex).
/// Frames and goroutines of the runtime stay out of the report unless GOTRACEBACK asks for them.
///
/// Go: panic.go:1079 fatal
#[unsafe(export_name = "gort.fatal")]
#[cold]
#[inline(never)]
pub fn fatal(s: &str) -> ! {
    print_fatal_error(s);
    // SAFETY: as in throw.
    unsafe {
        // :1088
        let (pc, sp, bp) = getpcspbp();
        fatalthrow(ThrowType::User, pc, sp, bp)
    }
}

/// `fatal error: s`; the whole report on a thread that is none of the runtime's.
fn print_fatal_error(s: &str) {
    let gp = getg();
    // SAFETY: g is this thread's own.
    unsafe {
        if gp.is_null() || (*gp).m.is_null() {
            // No m to hold locks or to freeze a world with.
            for part in ["fatal error: ", s, "\n"] {
                write_err(part.as_bytes());
            }
            exit(2);
        }
        // :1061, :1082
        systemstack(|| {
            print!("fatal error: ");
            printindented(s);
            print!("\n");
        });
    }
}

/// Freezes the world, prints stacks from (`pc`, `sp`, `bp`) on, and ends the process.
///
/// Go: panic.go:1227 fatalthrow
unsafe fn fatalthrow(t: ThrowType, pc: usize, sp: usize, bp: usize) -> ! {
    // SAFETY: g and m are this thread's own.
    unsafe {
        // :1230
        let gp = getg();
        let mp = (*gp).m;
        if (*mp).throwing == ThrowType::None {
            (*mp).throwing = t;
        }

        // :1238
        systemstack(|| {
            // :1239
            if is_secure_mode() {
                exit(2);
            }
            // :1243
            startpanic_m();
            if dopanic_m(gp, signame(gp), &|| traceback(pc, sp, bp, gp)) {
                // :1249
                linkname::crash();
            }
            exit(2);
        })
    }
}

/// Ends the process after a panic that nobody recovered: prints `msgs` and those below it, and the
/// stacks.
///
/// # Safety
/// On a goroutine; `msgs` heads its list of panics, or is nil.
///
/// Go: panic.go:1263 fatalpanic
pub unsafe fn fatalpanic(msgs: *mut Panic) -> ! {
    // SAFETY: g and m are this thread's own; the list does not change any more.
    unsafe {
        // :1264
        let gp = getg();
        let (pc, sp, bp) = getpcspbp();
        // :1270
        let docrash = systemstack(|| {
            if startpanic_m() && !msgs.is_null() {
                // :1278 panicking keeps main from exiting now
                RUNNING_PANIC_DEFERS.add(u32::MAX);
                // :1280
                printpanics(msgs);
            }
            // :1283 the stack as it was where the panic began
            let bt = if msgs.is_null() { None } else { (*msgs).backtrace.as_deref() };
            dopanic_m(gp, signame(gp), &|| match bt {
                Some(bt) => traceback_record(bt, gp),
                None => traceback(pc, sp, bp, gp),
            })
        });
        // :1286
        if docrash {
            linkname::crash();
        }
        // :1293
        systemstack(|| exit(2))
    }
}

/// Prints panics in the order in which they began.
///
/// Go: panic.go:662 printpanics
unsafe fn printpanics(p: *mut Panic) {
    // SAFETY: the list does not change any more.
    unsafe {
        let p = &*p;
        // :663
        if !p.link.is_null() {
            printpanics(p.link);
            if !(*p.link).goexit {
                print!("\t");
            }
        }
        // :669
        if p.goexit {
            return;
        }
        // :672
        print!("panic: ");
        printindented(&p.arg);
        if p.recovered {
            print!(" [recovered]");
        }
        print!("\n");
    }
}

/// Prints a panic that was recovered, and the stack of `gp` where it began. The program goes on.
/// gort's own.
///
/// # Safety
/// On the goroutine `gp`.
pub unsafe fn print_recovered(p: &Panic, text: &str, gp: *mut G) {
    // SAFETY: the caller's goroutine; the lock keeps reports apart.
    unsafe {
        systemstack(|| {
            lock(paniclk());
            print!("panic: ");
            printindented(text);
            print!("\n");
            if gotraceback().0 > 0
                && let Some(bt) = &p.backtrace
            {
                print!("\n");
                goroutineheader(gp);
                traceback_record(bt, gp);
            }
            unlock(paniclk());
        });
    }
}

/// The text of the report of `p`, but for other goroutines: the panics, and the stack where the
/// innermost began. gort's own.
///
/// # Safety
/// On the goroutine `gp`; `p` heads its list.
pub unsafe fn panic_text(p: *mut Panic, gp: *mut G) -> String {
    let mut buf = Vec::with_capacity(4 << 10);
    let out: *mut Vec<u8> = &raw mut buf;
    // SAFETY: the current goroutine's list; what is printed on this g0 goes to the buffer
    // meanwhile.
    unsafe {
        systemstack(|| {
            let g0 = getg();
            (*g0).writebuf.ptr = out;
            printpanics(p);
            (*g0).writebuf.ptr = core::ptr::null_mut();
        });
        let mut text = String::from_utf8_lossy(&buf).into_owned();
        if let Some(bt) = &(*p).backtrace {
            text.push('\n');
            text += &gort_traceback::record_string(bt, gp);
        }
        text
    }
}

/// Prepares for the end: takes the lock of reports and freezes the world. False if things are so
/// bad that only stacks should be printed.
///
/// # Safety
/// On an M.
///
/// Go: panic.go:1312 startpanic_m
pub unsafe fn startpanic_m() -> bool {
    // SAFETY: g and m are this thread's own.
    unsafe {
        // :1313
        let mp = (*getg()).m;
        // :1314 (memory is there from the start)
        // :1321 a panic that comes now is fatal
        (*mp).mallocing += 1;

        // :1325 bad lock counts shall not cause another panic
        if (*mp).locks.get() < 0 {
            (*mp).locks.set(1);
        }

        // :1329
        match (*mp).dying {
            0 => {
                // :1332
                (*mp).dying = 1;
                PANICKING.add(1);
                lock(paniclk());
                // :1335
                if DEBUG.schedtrace.get() > 0 || DEBUG.scheddetail.get() > 0 {
                    linkname::schedtrace(true);
                }
                freezetheworld();
                true
            }
            1 => {
                // :1343
                (*mp).dying = 2;
                print!("panic during panic\n");
                false
            }
            2 => {
                // :1349 not even the stacks could be printed
                (*mp).dying = 3;
                print!("stack trace unavailable\n");
                exit(4)
            }
            // :1355
            _ => exit(5),
        }
    }
}

/// The name of the signal that `gp` panics for; the others' are in the crate `signal`, which
/// reports them itself.
unsafe fn signame(gp: *mut G) -> &'static str {
    // SAFETY: the caller's goroutine.
    match unsafe { (*gp).sig } as i32 {
        libc::SIGSEGV => "SIGSEGV: segmentation violation",
        libc::SIGBUS => "SIGBUS: bus error",
        libc::SIGFPE => "SIGFPE: floating-point exception",
        _ => "",
    }
}

/// Whether the other goroutines have been printed; under `paniclk`.
///
/// Go: panic.go:1360 didothers
static DIDOTHERS: AtomicBool = AtomicBool::new(false);

/// Prints the rest of the report: the signal, the stack of `gp`, and the other goroutines.
/// `signame` names the signal of `gp`, if there is one; `trace` prints the stack. Says whether the
/// process shall crash.
///
/// # Safety
/// After [`startpanic_m`], on the M of `gp`, on g0 or gsignal.
///
/// Go: panic.go:1365 dopanic_m
pub unsafe fn dopanic_m(gp: *mut G, signame: &str, trace: &dyn Fn()) -> bool {
    // SAFETY: g and m are this thread's own; other goroutines are printed by the traceback's own
    // rules.
    unsafe {
        // :1366
        let sig = (*gp).sig;
        if sig != 0 {
            if signame.is_empty() {
                print!("[signal {sig:#x}");
            } else {
                print!("[signal {signame}");
            }
            // :1373
            print!(
                " code={:#x} addr={:#x} pc={:#x}]\n",
                (*gp).sigcode0,
                (*gp).sigcode1,
                (*gp).sigpc
            );
        }

        // :1376
        let (level, mut all, docrash) = gotraceback();
        let mp = (*gp).m;
        if level > 0 {
            if gp != (*mp).curg.ptr() {
                all = true;
            }
            // :1381
            if gp != (*mp).g0 {
                print!("\n");
                goroutineheader(gp);
                trace();
            } else if level >= 2 || (*mp).throwing >= ThrowType::Runtime {
                // :1386
                print!("\nruntime stack:\n");
                trace();
            }
            // :1389
            if !DIDOTHERS.load(Ordering::Relaxed) && all {
                DIDOTHERS.store(true, Ordering::Relaxed);
                tracebackothers(gp);
            }
        }
        // :1394
        unlock(paniclk());

        // :1396
        if PANICKING.add(u32::MAX) != 0 {
            // Another M has something to say, and ends the process.
            lock(deadlock());
            lock(deadlock());
        }
        // :1405 (no debug log)
        docrash
    }
}

/// Whether a fault may become a panic: it came from the goroutine's own code.
///
/// # Safety
/// On an M.
///
/// Go: panic.go:1414 canpanic
pub unsafe fn canpanic() -> bool {
    // SAFETY: g and m are this thread's own.
    unsafe {
        // :1415
        let gp = getg();
        let mp = acquirem();

        // :1421
        if gp != (*mp).curg.ptr() {
            releasem(mp);
            return false;
        }
        // :1426 one lock is acquirem's
        let preemptoff = (*mp).preemptoff.get();
        if (*mp).locks.get() != 1
            || (*mp).mallocing != 0
            || (*mp).throwing != ThrowType::None
            || !preemptoff.is_empty()
            || (*mp).dying != 0
        {
            releasem(mp);
            return false;
        }
        // :1430
        let status = readgstatus(gp);
        if status & !GSCAN != GRUNNING || (*gp).syscallsp != 0 {
            releasem(mp);
            return false;
        }
        // :1439
        releasem(mp);
        true
    }
}
