//! Callers and names, for package `runtime`.

use crate::types::{BoolArg, Slice, Str, yes};
use gort_traceback::symtab::with_room;
use gort_traceback::{callers, symbolize};

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
}

/// gccgo's name of a function as Go writes it: `_1` is `/`, `..` before a closure is `.`.
pub fn demangle(s: &str) -> String {
    if !s.contains('.') {
        return s.to_string();
    }
    let b: Vec<char> = s.chars().collect();
    let mut out = String::with_capacity(s.len());
    let mut i = 0;
    while i < b.len() {
        let c = b[i];
        if c != '_' || i + 1 == b.len() {
            // `main..func1` is the first closure of the package's variables, `main.f..func1` that of a function.
            if !(c == '.' && out.ends_with('.')) {
                out.push(c);
            }
            i += 1;
            continue;
        }
        let plain = "_0123456789abc".find(b[i + 1]).map(|k| b"_./*,{}[]()\" ;"[k] as char);
        if let Some(p) = plain {
            out.push(p);
            i += 2;
            continue;
        }
        let n = match b[i + 1] {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let hex: String = b.iter().skip(i + 2).take(n).collect();
        match u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32) {
            Some(ch) if n > 0 && hex.len() == n => {
                out.push(ch);
                i += 2 + n;
            }
            _ => {
                out.push('_');
                i += 1;
            }
        }
    }
    out
}

/// Functions that the compiler has put in and Go does not count as callers.
fn is_thunk(name: &str) -> bool {
    if name == "__morestack" {
        return true;
    }
    let last = name.rsplit("..").next().unwrap_or("");
    name.contains("..") && (last == "r" || last.starts_with("thunk") || last.starts_with("stub"))
}

/// A call on a stack: the return address, and which of the calls inlined there it is, innermost first.
type Call = (usize, usize);

/// Calls of Go functions up the stack, innermost first, without the runtime's own at the near end.
fn go_callers() -> Vec<Call> {
    let mut pcs = vec![0; 4096];
    let n = callers(0, &mut pcs);
    let mut calls: Vec<Call> = Vec::new();
    with_room(|| {
        let own =
            |n: &str| n.is_empty() || n.starts_with("runtime.") || n.contains("::") || n.starts_with("gort");
        for &pc in &pcs[..n] {
            let Some(f) = symbolize(pc - 1) else { continue };
            for (i, s) in f.frames.iter().enumerate() {
                // The near end is over with the first function of the program; the far end is Rust again.
                if if calls.is_empty() {
                    own(&s.name)
                } else {
                    s.name.contains("::") || s.name.starts_with("gort")
                } {
                    continue;
                }
                if !is_thunk(&s.name) {
                    calls.push((pc, i));
                }
            }
        }
    });
    calls
}

/// What stands at `pc`: the call inlined there with this number, the function itself if it is negative.
fn locate(pc: usize, index: isize) -> Location {
    let none = Location { function: Str::EMPTY, file: Str::EMPTY, line: 0, entry: 0 };
    let Some(f) = with_room(|| symbolize(pc)) else { return none };
    let s = if index < 0 { f.frames.last() } else { f.frames.get(index as usize) };
    let Some(s) = s else { return none };
    Location {
        function: Str::copy(demangle(&s.name).as_bytes()),
        file: Str::copy(s.file.as_bytes()),
        line: s.line as isize,
        entry: f.entry,
    }
}

/// `runtime.Caller`
#[unsafe(export_name = "runtime.Caller")]
extern "C-unwind" fn caller(skip: isize) -> CallerInfo {
    match go_callers().get(skip.max(0) as usize) {
        Some(&(pc, i)) => {
            let l = locate(pc - 1, i as isize);
            CallerInfo { pc, file: l.file, line: l.line, ok: true }
        }
        None => CallerInfo { pc: 0, file: Str::EMPTY, line: 0, ok: false },
    }
}

/// `runtime.Callers`: 0 is `Callers` itself, 1 its caller. Calls inlined into one function have the same pc.
#[unsafe(export_name = "runtime.Callers")]
unsafe extern "C-unwind" fn runtime_callers(skip: isize, pc: Slice) -> isize {
    let mut calls = go_callers();
    if skip <= 0 {
        calls.insert(0, (runtime_callers as *const () as usize + 1, 0));
    }
    let found = calls.get((skip - 1).max(0) as usize..).unwrap_or(&[]);
    let n = found.len().min(pc.len.max(0) as usize);
    for (i, c) in found[..n].iter().enumerate() {
        pc.ptr.cast::<usize>().add(i).write(c.0);
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

/// Whether the function that returns to `ret` was called by code of the compiler's (for a method value, say) which the
/// deferred code that returns to `dret` has called.
pub(crate) fn called_by_wrapper(_ret: usize, _dret: usize) -> bool {
    false
}
