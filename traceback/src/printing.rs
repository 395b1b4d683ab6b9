//! traceback.go: 656–1330. Printing stacks and goroutines.

use crate::cfi::Regs;
use crate::helper::func_at;
use crate::modules::unguarded;
use crate::symtab::{FuncInfo, Inits, Owner, Symbol, shown_name};
use crate::unwinder::*;
use gort_asm::getg;
use gort_os_linux::nanotime;
use gort_print::{hexdump_words, print};
use gort_proc::{for_each_g_race, is_system_goroutine, readgstatus};
use gort_runtime1::gotraceback;
use gort_runtime2::*;

/// The name in three pieces, with `[...]` for the type arguments of a Go function. Rust's names are
/// left alone.
///
/// Go: traceback.go:741 funcNamePiecesForPrint
#[doc(alias = "funcNamePiecesForPrint")]
pub fn func_name_pieces_for_print(name: &str) -> (&str, &str, &str) {
    if name.contains("::") {
        return (name, "", "");
    }
    // :743
    let Some(i) = name.find('[') else { return (name, "", "") };
    // :747
    let Some(j) = name.rfind(']') else { return (name, "", "") };
    // :751
    if j <= i {
        return (name, "", "");
    }
    (&name[..i], "[...]", &name[j + 1..])
}

/// The name as it is shown.
///
/// Go: traceback.go:758 funcNameForPrint
#[doc(alias = "funcNameForPrint")]
pub fn func_name_for_print(name: &str) -> String {
    // :759
    let (a, b, c) = func_name_pieces_for_print(name);
    [a, b, c].concat()
}

/// Prints the name of a function.
///
/// Go: traceback.go:765 printFuncName
#[doc(alias = "printFuncName")]
pub fn print_func_name(name: &str) {
    // :766
    if name == "runtime.gopanic" {
        print!("panic");
        return;
    }
    // :770
    let name = shown_name(name);
    let (a, b, c) = func_name_pieces_for_print(&name);
    print!("{a}{b}{c}");
}

/// `file:line`, or what there is of it.
fn print_file_line(s: &Symbol, pc: usize) {
    if s.file.is_empty() {
        print!("\tpc={pc:#x}");
    } else if s.line == 0 {
        print!("\t{}", s.file);
    } else {
        print!("\t{}:{}", s.file, s.line);
    }
}

/// Prints which `go` statement created `gp`, except for the main goroutine. Without debug
/// information the user's function may be inlined into one of the runtime's and cannot be told from
/// it: then that one is named.
///
/// # Safety
/// `gp` is a goroutine.
///
/// Go: traceback.go:774 printcreatedby
pub unsafe fn printcreatedby(gp: *mut G) {
    // SAFETY: gopc and parent_goid are written before gp runs; gp is type-stable.
    unsafe {
        // :776
        let pc = (*gp).gopc;
        if pc == 0 {
            return;
        }
        let Some(f) = func_at(pc - 1) else { return };
        // :778
        if (*gp).goid != 1
            && f.frames
                .iter()
                .any(|s| showframe(s, gp, false) || is_creator(s) || s.file.is_empty())
            && let Some(i) = creator(&f)
        {
            printcreatedby1(&f, i, pc, (*gp).parent_goid);
        }
    }
}

/// The frame that has the `go` statement: what does it is inlined there, and is not the creator.
fn creator(f: &FuncInfo) -> Option<usize> {
    let i = f.frames.iter().position(|s| s.owner == Owner::User);
    i.or(f.frames.len().checked_sub(1))
}

/// Functions of gort that start goroutines of their own: as Go's package time they are named as
/// creators, although their frames are hidden.
fn is_creator(s: &Symbol) -> bool {
    s.name == "gort::time::go_func"
}

/// Go: traceback.go:783 printcreatedby1
fn printcreatedby1(f: &FuncInfo, i: usize, pc: usize, goid: u64) {
    // :784
    let s = &f.frames[i];
    print!("created by ");
    print_func_name(&s.name);
    if goid != 0 {
        print!(" in goroutine {goid}");
    }
    // :789
    print!("\n");
    // :795 line and file are those of the call: `f` was looked up there
    print_file_line(s, pc);
    if f.entry != 0 && pc > f.entry {
        print!(" +{:#x}", pc - f.entry);
    }
    // :799
    print!("\n");
}

/// Prints the stack of `gp` from (`pc`, `sp`, `bp`) on; all ones for `pc` and `sp`: from its saved
/// registers.
///
/// # Safety
/// On a system stack. The frame is alive, or `gp` is stopped.
///
/// Go: traceback.go:802 traceback
pub unsafe fn traceback(pc: usize, sp: usize, bp: usize, gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe {
        // :803
        traceback1(Regs::new(pc, sp, bp), gp, 0);
    }
}

/// Like [`traceback`] with registers from a trap: `pc` is the instruction itself.
///
/// # Safety
/// As for [`traceback`].
///
/// Go: traceback.go:814 tracebacktrap
pub unsafe fn tracebacktrap(pc: usize, sp: usize, bp: usize, gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe {
        // :815 (library calls of other systems left out)
        // :820
        traceback1(Regs::new(pc, sp, bp), gp, UNWIND_TRAP);
    }
}

/// [`tracebacktrap`] with all registers.
///
/// # Safety
/// As for [`traceback`].
pub unsafe fn traceback_regs(regs: &Regs, gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe { traceback1(*regs, gp, UNWIND_TRAP) }
}

/// Prints a stack that was recorded earlier, and who created the goroutine.
///
/// # Safety
/// As for [`traceback`].
pub unsafe fn traceback_record(bt: &Backtrace, gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe { print_stack(Start::Record(bt), gp, UNWIND_PRINT_ERRORS) }
}

/// Go: traceback.go:823 traceback1
unsafe fn traceback1(mut regs: Regs, gp: *mut G, mut flags: UnwindFlags) {
    // SAFETY: the caller's contract.
    unsafe {
        // :825 (foreign frames are walked like all others)

        // :840 What faults in code that blocks its thread is on the goroutine's stack, above where
        // it entered.
        let here =
            flags & UNWIND_TRAP != 0 && (*gp).stack.lo <= regs.sp() && regs.sp() < (*gp).stack.hi;
        if readgstatus(gp) & !GSCAN == GSYSCALL && !here {
            // :842
            regs = Regs::new((*gp).syscallpc, (*gp).syscallsp, (*gp).syscallbp);
            flags &= !UNWIND_TRAP;
        }
        // :846 (the vDSO has CFI of its own)

        // :898
        flags |= UNWIND_PRINT_ERRORS;
        print_stack(Start::At(regs), gp, flags);
    }
}

/// Where a stack is walked from.
#[derive(Clone, Copy)]
enum Start<'a> {
    At(Regs),
    Record(&'a Backtrace),
}

impl Start<'_> {
    unsafe fn init(self, u: &mut Unwinder, gp: *mut G, flags: UnwindFlags) {
        // SAFETY: the caller's contract.
        unsafe {
            match self {
                Start::At(regs) => u.init_regs(regs, gp, flags),
                Start::Record(bt) => u.init_record(bt, gp, flags),
            }
        }
    }
}

/// The second half of traceback1, for stacks that are alive and for recorded ones.
unsafe fn print_stack(start: Start, gp: *mut G, flags: UnwindFlags) {
    // SAFETY: the caller's contract.
    unsafe {
        // Frames that a record has left out in the middle.
        let skipped = if let Start::Record(bt) = start { bt.skipped } else { 0 };
        // :899
        let mut u = Unwinder::default();
        let mut traceback_with_runtime = |show_runtime: bool| -> usize {
            // :902
            start.init(&mut u, gp, flags);
            let (n, last_n) = traceback2(&mut u, show_runtime, 0, TRACEBACK_INNER_FRAMES);
            // :904
            if n < TRACEBACK_INNER_FRAMES {
                return n;
            }
            // :911 count the rest with one walker, print its end with a copy
            let mut u2 = u;
            let (remaining, _) = traceback2(&mut u, show_runtime, usize::MAX, 0);
            let elide = remaining as isize - last_n as isize - TRACEBACK_OUTER_FRAMES as isize;
            // :914
            if elide > 0 {
                print!("...{} frames elided...\n", elide as usize + skipped);
                traceback2(&mut u2, show_runtime, last_n + elide as usize, TRACEBACK_OUTER_FRAMES);
            } else {
                // :920
                traceback2(&mut u2, show_runtime, last_n, TRACEBACK_OUTER_FRAMES);
            }
            n
        };
        // :926
        if traceback_with_runtime(false) == 0 {
            traceback_with_runtime(true);
        }
        print_doubt(&u.doubt);
        printcreatedby(gp);

        // :931
        if (*gp).ancestors.is_null() {
            return;
        }
        // :934
        for ancestor in &*(*gp).ancestors {
            print_ancestor_traceback(ancestor);
        }
    }
}

/// Says what a walk could not find out. Go's either finds all, or dies of it.
fn print_doubt(d: &Doubt) {
    if let Some(pc) = d.guess {
        print!(
            "runtime: frames may be missing: there is no call frame information for pc={pc:#x}\n"
        );
    }
    if let Some(text) = d.missing {
        print!("runtime: {text}\n");
    }
    if let Some((pc, stop)) = d.stop {
        print!("runtime: the traceback stops early, at pc={pc:#x}: ");
        stop.say(&|text, n| match n {
            None => print!("{text}"),
            Some(n) => print!("{text}{n:#x}"),
        });
        print!("\n");
    }
}

/// Prints logical frames from `u` on: leaves out `skip`, then prints at most `max`. Returns how
/// many were left out or printed, and how many of those belong to the physical frame where it
/// stopped.
///
/// Go: traceback.go:944 traceback2
unsafe fn traceback2(
    u: &mut Unwinder,
    show_runtime: bool,
    mut skip: usize,
    mut max: usize,
) -> (usize, usize) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut n = 0;
        // :964
        let gp = u.g;
        let (level, _, _) = gotraceback();
        // How many frames are shown at a pc: a deep recursion has few of them, and naming one takes
        // a microsecond.
        let mut known = [(0usize, 0usize); 16];
        let mut inits = Inits::default();
        while u.valid() {
            // :968
            let mut last_n = 0;
            let memo = &mut known[u.sym_pc() % 16];
            if n != 0 && memo.0 == u.sym_pc() && skip >= memo.1 && skip != 0 {
                n += memo.1;
                skip -= memo.1;
                u.next();
                continue;
            }
            let Some(f) = func_at(u.sym_pc()) else {
                // Code without any table (generated, not announced): its address is all there is to
                // show.
                let (pc, fp, sp) = (u.frame.pc, u.frame.fp, u.frame.sp);
                if skip == 0 && max == 0 {
                    return (n, last_n);
                }
                n += 1;
                if skip > 0 {
                    skip -= 1;
                } else {
                    max -= 1;
                    print!("unknown function at pc={pc:#x}\n\tfp={fp:#x} sp={sp:#x}\n");
                }
                u.next();
                continue;
            };
            // A function that has not begun has not made the calls that are inlined at its start
            // either.
            let begun = usize::from(u.fresh()) * (f.frames.len() - 1);
            // :970
            for s in &f.frames[begun..] {
                // :974
                if !inits.counts(&s.name) && level < 2
                    || !(show_runtime || showframe(s, gp, n == 0))
                {
                    continue;
                }

                // :978 commitFrame
                if skip == 0 && max == 0 {
                    return (n, last_n);
                }
                n += 1;
                last_n += 1;
                if skip > 0 {
                    // :956 earlier in Go's text
                    skip -= 1;
                    continue;
                }
                // :960
                max -= 1;
                u.doubt.missing = u.doubt.missing.or(f.missing);

                // :990
                print_func_name(&s.name);
                // :991 (arguments left out: System V does not say where they are)
                print!("(...)\n");
                // :999
                match u.panic_location() {
                    Some((file, line)) if n == 1 && s.guessed && s.file.ends_with(file) => {
                        print!("\t{}:{line}", s.file);
                    }
                    _ => print_file_line(s, u.frame.pc),
                }
                if !s.inlined {
                    if f.entry != 0 && u.frame.pc > f.entry {
                        print!(" +{:#x}", u.frame.pc - f.entry);
                    }
                    // :1004
                    let mp = (*gp).m;
                    if !mp.is_null()
                        && (*mp).throwing >= ThrowType::Runtime
                        && gp == (*mp).curg.ptr()
                        || level >= 2
                    {
                        print!(" fp={:#x} sp={:#x} pc={:#x}", u.frame.fp, u.frame.sp, u.frame.pc);
                    }
                }
                // :1008
                print!("\n");
            }
            // :1012 (no frames from a foreign unwinder)
            if n > last_n {
                *memo = (u.sym_pc(), last_n);
            }
            u.next();
        }
        // :1041
        (n, 0)
    }
}

/// Prints the stack on which an ancestor made its `go` statement.
///
/// Go: traceback.go:1046 printAncestorTraceback
#[doc(alias = "printAncestorTraceback")]
fn print_ancestor_traceback(ancestor: &AncestorInfo) {
    // :1047
    print!("[originating from goroutine {}]:\n", ancestor.goid);
    for (fidx, &pc) in ancestor.pcs.iter().enumerate() {
        // :1049
        if let Some(f) = func_at(pc - 1) {
            // :1050 Go has a pc for each inlined call; here they have one in common
            for s in f.frames.iter().filter(|s| showfuncinfo(s, fidx == 0)) {
                print_ancestor_traceback_func_info(&f, s, pc);
            }
        }
    }
    // :1054
    if ancestor.pcs.len() == TRACEBACK_INNER_FRAMES {
        print!("...additional frames elided...\n");
    }
    // :1058
    if ancestor.gopc != 0
        && ancestor.goid != 1
        && let Some(f) = func_at(ancestor.gopc - 1)
        && f.frames.iter().any(|s| showfuncinfo(s, false))
        && let Some(i) = creator(&f)
    {
        // :1062 without the goroutine's number: the next ancestor shows it
        printcreatedby1(&f, i, ancestor.gopc, 0);
    }
}

/// Go: traceback.go:1070 printAncestorTracebackFuncInfo
#[doc(alias = "printAncestorTracebackFuncInfo")]
fn print_ancestor_traceback_func_info(f: &FuncInfo, s: &Symbol, pc: usize) {
    // :1073
    print_func_name(&s.name);
    print!("(...)\n");
    print_file_line(s, pc);
    // :1076
    if f.entry != 0 && pc > f.entry {
        print!(" +{:#x}", pc - f.entry);
    }
    print!("\n");
}

/// Whether a traceback of `gp` shows this frame. `first_frame`: nothing has been shown yet.
///
/// # Safety
/// On an M.
///
/// Go: traceback.go:1113 showframe
pub unsafe fn showframe(s: &Symbol, gp: *mut G, first_frame: bool) -> bool {
    // SAFETY: the current M.
    unsafe {
        // :1114
        let mp = (*getg()).m;
        if (*mp).throwing >= ThrowType::Runtime
            && !gp.is_null()
            && (gp == (*mp).curg.ptr() || gp == (*mp).caughtsig.ptr())
        {
            return true;
        }
        // :1118
        showfuncinfo(s, first_frame)
    }
}

/// Whether a traceback shows this frame: the program's functions, and those of the standard library
/// that they have called; not the runtime's, nor the machinery of panics and closures.
/// `GOTRACEBACK=system` shows all.
///
/// Go: traceback.go:1123 showfuncinfo
pub fn showfuncinfo(s: &Symbol, first_frame: bool) -> bool {
    // :1124
    let (level, _, _) = gotraceback();
    if level > 1 {
        return true;
    }
    // :1130 (wrapper functions of Go's compiler left out)
    let name = s.name.as_str();
    // :1141
    if name == "runtime.gopanic" && !first_frame {
        return true;
    }
    // :1145
    match s.owner {
        Owner::Runtime => false,
        Owner::Library => !first_frame && !is_machinery(s),
        // Go's own names; a name without a dot is C's, which Go has no frames of, but gort's users
        // have.
        Owner::User => !name.starts_with("runtime.") || is_exported_runtime(name),
    }
}

/// Functions of the standard library that stand between a call and what is called, or around a
/// panic.
fn is_machinery(s: &Symbol) -> bool {
    let files = [
        "/ops/function.rs",
        "/panicking.rs",
        "/panic.rs",
        "/panic/unwind_safe.rs",
        "/sys/backtrace.rs",
        "/rt.rs",
        "/src/boxed.rs",
        "/intrinsics/mod.rs",
        "/ptr/mod.rs",
        "/thread/mod.rs",
        "/thread/local.rs",
        "/src/alloc.rs",
        "/backtrace.rs",
    ];
    let names = [
        "core::ops::function::",
        "core::ptr::drop_in_place",
        "std::panicking::",
        "core::panicking::",
        "std::panic::",
        "std::sys::backtrace::",
        "std::rt::",
        "__rustc::",
        "std::thread::",
        "<alloc::boxed::Box<",
        "<core::panic::unwind_safe::AssertUnwindSafe<",
    ];
    files.iter().any(|f| s.file.ends_with(f)) || names.iter().any(|n| s.name.starts_with(n))
}

/// Whether `name` is an exported function of Go's package runtime.
///
/// Go: traceback.go:1150 isExportedRuntime
#[doc(alias = "isExportedRuntime")]
pub fn is_exported_runtime(name: &str) -> bool {
    // :1152
    let Some(name) = name.strip_prefix("runtime.").filter(|n| !n.is_empty()) else { return false };
    // :1161 the receiver's type, if there is one
    let (mut rcvr, name) = name.rsplit_once('.').unwrap_or(("", name));
    // :1169
    if let Some(r) = rcvr.strip_prefix("(*").and_then(|r| r.strip_suffix(')')) {
        rcvr = r;
    }
    // :1175
    let upper = |s: &str| s.as_bytes().first().is_some_and(u8::is_ascii_uppercase);
    upper(name) && (rcvr.is_empty() || upper(rcvr))
}

/// Go: traceback.go:1186 gStatusStrings
static G_STATUS_STRINGS: [&str; 10] =
    ["idle", "runnable", "running", "syscall", "waiting", "", "dead", "", "copystack", "preempted"];

/// Prints `goroutine 7 [chan receive, 2 minutes]:`.
///
/// # Safety
/// `gp` is a goroutine.
///
/// Go: traceback.go:1197 goroutineheader
pub unsafe fn goroutineheader(gp: *mut G) {
    // SAFETY: gp is type-stable; what is read of it may change meanwhile, which only blurs the
    // report.
    unsafe {
        // :1198
        let (level, _, _) = gotraceback();
        let mut gpstatus = readgstatus(gp);
        // :1202
        let is_scan = gpstatus & GSCAN != 0;
        gpstatus &= !GSCAN;

        // :1206
        let mut status = *G_STATUS_STRINGS.get(gpstatus as usize).unwrap_or(&"???");

        // :1214
        if gpstatus == GWAITING && (*gp).waitreason != WaitReason::Zero {
            status = (*gp).waitreason.string();
        }

        // :1219
        let mut waitfor = 0;
        let waitsince = (*gp).waitsince.get();
        if (gpstatus == GWAITING || gpstatus == GSYSCALL) && waitsince != 0 {
            waitfor = (nanotime() - waitsince) / 60_000_000_000;
        }
        // :1223
        print!("goroutine {}", (*gp).goid);
        let mp = (*gp).m;
        if !mp.is_null() && (*mp).throwing >= ThrowType::Runtime && gp == (*mp).curg.ptr()
            || level >= 2
        {
            // :1225
            print!(" gp={gp:p}");
            if mp.is_null() {
                print!(" m=nil");
            } else {
                print!(" m={} mp={mp:p}", (*mp).id);
            }
        }
        // :1232
        print!(" [{status}");
        if is_scan {
            print!(" (scan)");
        }
        // Go 1.25: traceback.go line 1251
        let bubble = (*gp).bubble;
        let bubbled = !bubble.is_null() && !(*bubble).real;
        if bubbled
            && gpstatus == GWAITING
            && (*gp).waitreason.is_idle_in_synctest()
            && !status.ends_with("(durable)")
        {
            print!(" (durable)");
        }
        // :1236
        if waitfor >= 1 {
            print!(", {waitfor} minutes");
        }
        let lockedm = (*gp).lockedm.ptr();
        // The lock of a goroutine that unwinds is not one that Go would have.
        if !lockedm.is_null()
            && (*lockedm).locked_ext + (*lockedm).locked_int.wrapping_sub((*lockedm).locked_unwind)
                != 0
        {
            print!(", locked to thread");
        }
        // Go 1.25: traceback.go line 1264
        if bubbled {
            print!(", synctest bubble {}", (*bubble).id.get());
        }
        // gort's own
        if let Some(name) = (*gp).name.load().as_ref() {
            print!(", {name:?}");
        }
        // :1242
        print!("]:\n");
    }
}

/// Prints all goroutines but `me`: first the one that runs on this M, then the others as they stand
/// in `allgs`.
///
/// # Safety
/// On a system stack; the other Ms are stopped as far as that is possible.
///
/// Go: traceback.go:1245 tracebackothers
pub unsafe fn tracebackothers(me: *mut G) {
    // SAFETY: the same contract.
    unsafe { tracebacksomeothers(me, &mut |_| true) }
}

/// [`tracebackothers`] for those goroutines that `showf` wants.
///
/// # Safety
/// As for [`tracebackothers`].
///
/// Go 1.25: traceback.go line 1274 tracebacksomeothers
pub unsafe fn tracebacksomeothers(me: *mut G, showf: &mut dyn FnMut(*mut G) -> bool) {
    // SAFETY: Gs are type-stable; a goroutine that runs elsewhere is not walked.
    unsafe {
        // :1246
        let (level, _, _) = gotraceback();

        // :1249
        let mp = (*getg()).m;
        let curgp = (*mp).curg.ptr();
        if !curgp.is_null() && curgp != me && showf(curgp) {
            print!("\n");
            goroutineheader(curgp);
            traceback(usize::MAX, usize::MAX, 0, curgp);
        }

        // :1263 without allglock, which the crash may have left locked
        for_each_g_race(&mut |gp| {
            if gp == me
                || gp == curgp
                || readgstatus(gp) & !GSCAN == GDEAD
                || readgstatus(gp) == GIDLE
                || is_system_goroutine(gp, false) && level < 2
                || !showf(gp)
            {
                return;
            }
            // :1267
            print!("\n");
            goroutineheader(gp);
            // :1273 on this M it may run and yet be walked: a signal came during a systemstack
            if (*gp).m != mp && readgstatus(gp) & !GSCAN == GRUNNING {
                print!("\tgoroutine running on other thread; stack unavailable\n");
                printcreatedby(gp);
            } else {
                // :1277
                traceback(usize::MAX, usize::MAX, 0, gp);
            }
        });
    }
}

/// Dumps the stack around a frame: up to 32 words beyond it on either side, never off the stack.
/// The words at the frame's ends and at `bad` are marked.
///
/// # Safety
/// `stk` is mapped, but for a guard page.
///
/// Go: traceback.go:1285 tracebackHexdump
#[doc(alias = "tracebackHexdump")]
pub unsafe fn traceback_hexdump(stk: Stack, frame: &Stkframe, bad: usize) {
    // :1286
    const EXPAND: usize = 32 * 8;
    const MAX_EXPAND: usize = 256 * 8;
    // :1289
    let (mut lo, mut hi) = (frame.sp, frame.sp);
    if frame.fp != 0 && frame.fp < lo {
        lo = frame.fp;
    }
    // :1294
    if frame.fp != 0 && frame.fp > hi {
        hi = frame.fp;
    }
    // :1298
    lo = lo.saturating_sub(EXPAND);
    hi = hi.saturating_add(EXPAND);
    // :1300
    lo = lo.max(frame.sp.saturating_sub(MAX_EXPAND));
    hi = hi.min(frame.sp.saturating_add(MAX_EXPAND));
    // :1307
    let readable = unguarded(stk);
    lo = lo.max(readable.start);
    hi = hi.min(readable.end);

    // :1315
    print!(
        "stack: frame={{sp:{:#x}, fp:{:#x}}} stack=[{:#x},{:#x})\n",
        frame.sp, frame.fp, stk.lo, stk.hi
    );
    // SAFETY: within the stack; words are aligned there, as sp is.
    unsafe {
        // :1316
        hexdump_words(
            lo & !7,
            hi,
            Some(&|p| match p {
                _ if p == frame.fp => b'>',
                _ if p == frame.sp => b'<',
                _ if p == bad => b'!',
                _ => 0,
            }),
        );
    }
}
