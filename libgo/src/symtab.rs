//! Callers and names, for package `runtime`.

use crate::types::{BoolArg, Method, Slice, Str, yes};
use gort_traceback::symtab::{Inits, Owner, demangle, is_gccgo_wrapper, symbol, with_room};
use gort_traceback::{Symbol, callers, symbolize};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// `Caller`'s results.
#[repr(C)]
struct CallerInfo {
    pc: usize,
    file: Str,
    line: isize,
    ok: bool,
}

/// What stands at a pc.
#[repr(C)]
struct Location {
    function: Str,
    file: Str,
    line: isize,
    entry: usize,
    /// It is a call that was inlined there.
    inlined: bool,
}

/// A call on a stack: the return address, and which of Go's calls inlined there it is, innermost
/// first.
pub(crate) type Call = (usize, usize);

/// Where the index of an inlined call stands in a pc that is given to a program. Addresses end far
/// below.
///
/// Go has an instruction for each inlined call, so a pc alone says which one is meant; here all
/// calls that were inlined into one have a return address in common. The companion, which gets such
/// pcs back, knows this too.
const INLINE_SHIFT: u32 = 56;

/// A call as a pc for the program.
pub(crate) fn encode((pc, index): Call) -> usize {
    pc | index.min(63) << INLINE_SHIFT
}

/// The pc of a call that was encoded.
pub(crate) fn decode(pc: usize) -> Call {
    (pc & ((1 << INLINE_SHIFT) - 1), pc >> INLINE_SHIFT)
}

/// Where functions of package runtime are in Go 1.23.1, and where a call of them that programs see
/// stands: what is on the stack in their place is not Go's, and programs look for
/// `runtime/panic.go`, say, to leave such frames out.
const IN_GO: &[(&str, &str, u32)] = &[
    ("runtime.gopanic", "panic.go", 785),
    ("runtime.goPanicIndex", "panic.go", 115),
    ("runtime.goPanicIndexU", "panic.go", 121),
    ("runtime.goPanicSliceAlen", "panic.go", 129),
    ("runtime.goPanicSliceAlenU", "panic.go", 135),
    ("runtime.goPanicSliceAcap", "panic.go", 141),
    ("runtime.goPanicSliceAcapU", "panic.go", 147),
    ("runtime.goPanicSliceB", "panic.go", 155),
    ("runtime.goPanicSliceBU", "panic.go", 161),
    ("runtime.goPanicSlice3Alen", "panic.go", 167),
    ("runtime.goPanicSlice3AlenU", "panic.go", 171),
    ("runtime.goPanicSlice3Acap", "panic.go", 175),
    ("runtime.goPanicSlice3AcapU", "panic.go", 179),
    ("runtime.goPanicSlice3B", "panic.go", 185),
    ("runtime.goPanicSlice3BU", "panic.go", 189),
    ("runtime.goPanicSlice3C", "panic.go", 195),
    ("runtime.goPanicSlice3CU", "panic.go", 199),
    ("runtime.goPanicSliceConvert", "panic.go", 205),
    ("runtime.panicshift", "panic.go", 233),
    ("runtime.panicdivide", "panic.go", 241),
    ("runtime.panicoverflow", "panic.go", 248),
    ("runtime.panicfloat", "panic.go", 255),
    ("runtime.panicmem", "panic.go", 262),
    ("runtime.panicmemAddr", "panic.go", 267),
    ("runtime.Goexit", "panic.go", 629),
    ("runtime.sigpanic", "signal_unix.go", 900),
    ("runtime.closechan", "chan.go", 405),
    ("runtime.chansend", "chan.go", 217),
    ("runtime.chansend1", "chan.go", 156),
    ("runtime.makechan", "chan.go", 86),
    ("runtime.makeslice", "slice.go", 111),
    ("runtime.panicmakeslicelen", "slice.go", 29),
    ("runtime.panicmakeslicecap", "slice.go", 33),
    ("runtime.getitab", "iface.go", 102),
    ("runtime.panicdottype", "iface.go", 275),
    ("runtime.mapassign", "map.go", 634),
    ("runtime.mapassign_faststr", "map_faststr.go", 225),
    ("runtime.nilinterhash", "alg.go", 193),
    ("runtime.interhash", "alg.go", 166),
    ("runtime.efaceeq", "alg.go", 396),
    ("runtime.ifaceeq", "alg.go", 413),
    ("runtime.doInit1", "proc.go", 7290),
    ("runtime.doInit", "proc.go", 7257),
    ("runtime.main", "proc.go", 272),
    ("runtime.goexit", "asm_amd64.s", 1700),
    ("runtime.Callers", "extern.go", 331),
];

/// Functions that are calls in Go as well and can be seen by a program: those that panic, and those
/// at the roots of stacks.
const PORTED: [(&str, &str); 6] = [
    ("gort_chan::chansend", "runtime.chansend"),
    ("gort_libgo::iface::must_itab", "runtime.getitab"),
    ("gort_libgo::init::do_init1", "runtime.doInit1"),
    ("gort_libgo::init::do_init", "runtime.doInit"),
    ("gort_proc::main::main", "runtime.main"),
    ("gort_goexit", "runtime.goexit"),
];

/// What Go calls a function; `None` if it is Rust's, or C's, or the compiler's, or one that Go has
/// no call for.
fn go_name(s: &Symbol) -> Option<&str> {
    let name = s.name.as_str();
    if let Some((_, go)) = PORTED.iter().find(|(rust, _)| *rust == name) {
        return Some(go);
    }
    let counts = match name.split_once('.') {
        Some(("runtime", f)) => !matches!(f, "deferreturn" | "checkdefer" | "reflectcall"),
        Some(_) => s.owner != Owner::Runtime && !name.contains("::") && !name.starts_with("gort"),
        None => false,
    };
    counts.then_some(name)
}

/// The result of a call that is the last thing its caller does: the call does not become a jump, as
/// [`go_calls`] is to count the caller.
#[inline(always)]
pub(crate) fn counted<T>(result: T) -> T {
    // SAFETY: no instruction.
    unsafe { core::arch::asm!("", options(nomem, nostack, preserves_flags)) };
    result
}

/// Calls of Go functions on the stack with these return addresses, innermost first, without the
/// runtime's own at the near end.
pub(crate) fn go_calls(pcs: &[usize]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    with_room(|| {
        let mut inits = Inits::default();
        for &pc in pcs {
            let Some(f) = symbolize(pc - 1) else { continue };
            for (i, name) in f.frames.iter().filter_map(go_name).enumerate() {
                let counts = inits.counts(name);
                // The near end is over with the first function of the program.
                if counts && (!calls.is_empty() || !name.starts_with("runtime.")) {
                    calls.push((pc, i));
                }
            }
        }
    });
    calls
}

/// The same for the current stack.
fn go_callers() -> Vec<Call> {
    let mut pcs = vec![0; 4096];
    let n = callers(0, &mut pcs);
    go_calls(&pcs[..n])
}

/// How many calls are inlined at `pc`.
pub(crate) fn inlined_at(pc: usize) -> usize {
    with_room(|| symbolize(pc))
        .map_or(0, |f| f.frames.iter().filter_map(go_name).count().saturating_sub(1))
}

/// What stands at `pc`: that one of Go's calls inlined there, innermost first; the function itself
/// if the number is negative.
fn locate(pc: usize, index: isize) -> Location {
    let none =
        Location { function: Str::EMPTY, file: Str::EMPTY, line: 0, entry: 0, inlined: false };
    let Some(f) = with_room(|| symbolize(pc)) else { return none };
    let mut calls = f.frames.iter().filter(|s| go_name(s).is_some());
    let s = usize::try_from(index).map_or(f.frames.last(), |i| calls.nth(i));
    let Some(s) = s else { return none };
    let thunk = thunk_name(pc, f.entry).filter(|_| index < 0);
    let name = thunk.unwrap_or_else(|| with_receiver(go_name(s).unwrap_or(&s.name)).into_owned());
    let (file, line) = match IN_GO.iter().find(|(n, ..)| *n == name) {
        Some((_, file, line)) => (format!("{GO_SOURCE}{file}"), *line),
        None => (s.file.clone(), s.line),
    };
    Location {
        function: Str::copy(name.as_bytes()),
        file: Str::copy(file.as_bytes()),
        line: line as isize,
        entry: f.entry,
        inlined: s.inlined,
    }
}

/// Where Go's package runtime would be: in the companion's `defaultGOROOT`.
const GO_SOURCE: &str = "/usr/lib/go/src/runtime/";

/// The name of a method with the receiver as Go writes it: gccgo's is `pkg.T.m` for a pointer, too.
fn with_receiver(name: &str) -> Cow<'_, str> {
    // The last element of the import path has the dots that count.
    let begin = name.rfind('/').map_or(0, |i| i + 1);
    let mut dots = name[begin..].match_indices('.').map(|(i, _)| begin + i);
    let (Some(package), Some(typ)) = (dots.next(), dots.next()) else { return name.into() };
    if name[package..].starts_with(".(") {
        return name.into(); // it has been said
    }
    // A closure in a method has more behind that.
    let method = dots.next().unwrap_or(name.len());
    if !pointer_methods().contains(&name[..method]) {
        return name.into();
    }
    format!("{}(*{}){}", &name[..=package], &name[package + 1..typ], &name[typ..]).into()
}

/// A function's name for a traceback, with the receiver as Go writes it.
pub(crate) fn shown_name(name: &str) -> Cow<'_, str> {
    // A fault while they are collected is told without them.
    if METHODS.get().is_none() && BUILDING.load(Ordering::Relaxed) {
        name.into()
    } else {
        with_receiver(name)
    }
}

static METHODS: OnceLock<HashSet<String>> = OnceLock::new();

/// Somebody has begun to collect them.
static BUILDING: AtomicBool = AtomicBool::new(false);

/// The methods of the program that have pointers as receivers, by gccgo's names.
fn pointer_methods() -> &'static HashSet<String> {
    METHODS.get_or_init(|| {
        BUILDING.store(true, Ordering::Relaxed);
        let mut found = HashSet::new();
        crate::reflect::each_type(|t| {
            let Some(elem) = t.elem() else { return };
            // The pointer's methods are those of what it points to, too.
            let values: HashSet<&[u8]> = elem.methods().iter().map(Method::text).collect();
            let own =
                t.methods().iter().filter(|m| !values.contains(m.text())).map(|m| m.tfn as usize);
            // Methods of embedded fields are called by way of stubs.
            let names =
                with_room(|| own.map(|pc| demangle(without_stub(symbol(pc)))).collect::<Vec<_>>());
            found.extend(names);
        });
        found
    })
}

/// gccgo's name of a promoted method, from that of the stub that calls it.
fn without_stub(name: &str) -> &str {
    name.split_once("..stub").map_or(name, |(n, _)| n)
}

/// What Go calls the function that gccgo has made for a method value or a method expression
/// (`PKG.go..thunkN`), if the code at `entry` is one: after the method that it calls, or that is
/// inlined in it. `None` if that is a method of an interface: nothing there says which.
fn thunk_name(pc: usize, entry: usize) -> Option<String> {
    let own = with_room(|| symbol(pc));
    if !own.contains("go..thunk") {
        return None;
    }
    // The function that a thunk or stub calls, by its linker's name.
    let callee = |entry: usize, own: &str| -> Option<(usize, &'static str)> {
        let end = (entry..entry + 1024).find(|&pc| symbol(pc) != own)?;
        // SAFETY: the code of a function.
        let code = unsafe { core::slice::from_raw_parts(entry as *const u8, end - entry) };
        code.windows(5).enumerate().find_map(|(i, w)| {
            // call, jmp
            let [0xe8 | 0xe9, a, b, c, d] = *w else { return None };
            let to = (entry + i + 5).wrapping_add_signed(i32::from_le_bytes([a, b, c, d]) as isize);
            let name = symbol(to);
            let whose = || symbolize(to)?.frames.last().map(|s| s.owner);
            let begins = !name.is_empty() && symbol(to - 1) != name;
            let counts =
                name.contains("..stub") || name.contains('.') && whose() != Some(Owner::Runtime);
            (begins && counts).then_some((to, name))
        })
    };
    with_room(|| {
        // The method of a value is in the closure, which is in r10; the prologue saves that
        // (`mov %r10,%rax`) while it asks for a stack.
        // SAFETY: the code of a function, which is longer.
        let prologue = unsafe { core::slice::from_raw_parts(entry as *const u8, 16) };
        let value = prologue.windows(3).any(|w| w == [0x4c, 0x89, 0xd0]);
        let inlined = |pc: usize| {
            let f = symbolize(pc)?;
            let mut inner = f.frames[..f.frames.len() - 1].iter().rev().map(|s| s.name.as_str());
            // Go names a method value after the method that is called in the end.
            let name = if value { inner.find(|n| !n.ends_with(".stub")) } else { inner.next() };
            name.map(|n| n.strip_suffix(".stub").unwrap_or(n).to_string())
        };
        let end = (entry..entry + 1024).find(|&pc| symbol(pc) != own)?;
        let name = (entry..end).find_map(inlined).or_else(|| {
            let (mut at, mut name) = callee(entry, own)?;
            while value && name.contains("..stub") {
                (at, name) = callee(at, name)?;
            }
            Some(demangle(without_stub(name)))
        })?;
        let suffix = if value { "-fm" } else { "" };
        Some(with_receiver(&name).into_owned() + suffix)
    })
}

/// `runtime.Caller`
#[unsafe(export_name = "runtime.Caller")]
extern "C-unwind" fn caller(skip: isize) -> CallerInfo {
    match go_callers().get(skip.max(0) as usize) {
        Some(&(pc, i)) => {
            let l = locate(pc - 1, i as isize);
            CallerInfo { pc: encode((pc, i)), file: l.file, line: l.line, ok: true }
        }
        None => CallerInfo { pc: 0, file: Str::EMPTY, line: 0, ok: false },
    }
}

/// `runtime.Callers`: 0 is `Callers` itself, 1 its caller.
#[unsafe(export_name = "runtime.Callers")]
unsafe extern "C-unwind" fn runtime_callers(skip: isize, pc: Slice) -> isize {
    let mut calls = go_callers();
    if skip <= 0 {
        calls.insert(0, (runtime_callers as *const () as usize + 1, 0));
    }
    let found = calls.get((skip - 1).max(0) as usize..).unwrap_or(&[]);
    let n = found.len().min(pc.len.max(0) as usize);
    for (i, c) in found[..n].iter().enumerate() {
        pc.ptr.cast::<usize>().add(i).write(encode(*c));
    }
    n as isize
}

/// For the companion: what stands at `pc`.
#[unsafe(export_name = "gortgo.locate")]
unsafe extern "C-unwind" fn gortgo_locate(pc: usize, index: isize, l: *mut Location) {
    l.write(locate(pc, index));
}

/// `runtime.Stack`
#[unsafe(export_name = "runtime.Stack")]
unsafe extern "C-unwind" fn stack(buf: Slice, all: BoolArg) -> isize {
    let s = gort_traceback::stack_string(yes(all));
    let n = s.len().min(buf.len.max(0) as usize);
    core::ptr::copy_nonoverlapping(s.as_ptr(), buf.ptr, n);
    n as isize
}

/// Whether the function that returns to `ret` was called by the runtime as a deferred call, with
/// nothing in between but code that does not count: the compiler's, for a method value, say, or
/// reflect's for a function made by `reflect.MakeFunc`.
pub(crate) fn deferred(ret: usize) -> bool {
    let mut pcs = [0; 64];
    let n = callers(0, &mut pcs);
    let above = pcs[..n].iter().skip_while(|&&pc| pc != ret);
    // MakeFunc: what reflect does for its callback, the callback, what libffi did to call it.
    let mut reflect = false;
    let mut callback = false;
    for &pc in above {
        let name = with_room(|| symbol(pc - 1));
        match name {
            // Those that run deferred calls.
            "runtime.gopanic" | "runtime.deferreturn" | "runtime.checkdefer" | "runtime.Goexit" => {
                return callback == reflect;
            }
            "reflect.ffi_callback" => callback = true,
            "runtime.reflectcall" => reflect = true,
            _ if name.starts_with("reflect.") && !callback => reflect = true,
            // The join of two segments of the stack.
            "__morestack" => {}
            _ if name.starts_with("ffi_") => {}
            // The compiler's, unless the function that it is for has been inlined there.
            _ if is_gccgo_wrapper(name) && only_wrappers(pc - 1) => {}
            _ => return false,
        }
    }
    false
}

/// Whether all that is inlined at `pc` is the compiler's own. Unknown without debug information, so
/// not then.
fn only_wrappers(pc: usize) -> bool {
    let info = with_room(|| symbolize(pc));
    info.is_some_and(|f| f.frames.iter().all(|s| s.owner == Owner::Runtime && !s.file.is_empty()))
}
