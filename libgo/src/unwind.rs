//! Unwinding through compiled Go: the personality routine that its tables name, and the exception
//! that stands for a recovered panic on its way to the function that goes on.

use crate::panic::{GoState, state};
use core::ffi::c_void;
use gort_proc::throw;

/// `GNUCGO\0\0`
const GO_CLASS: u64 = 0x474e_5543_474f_0000;

type Reason = i32;
const CONTINUE_UNWIND: Reason = 8;
const HANDLER_FOUND: Reason = 6;
const INSTALL_CONTEXT: Reason = 7;
const FATAL_PHASE1_ERROR: Reason = 3;
const UA_SEARCH_PHASE: i32 = 1;

unsafe extern "C-unwind" {
    fn _Unwind_RaiseException(e: *mut Exception) -> Reason;
    fn _Unwind_Resume_or_Rethrow(e: *mut Exception) -> Reason;
}
unsafe extern "C" {
    fn _Unwind_GetLanguageSpecificData(c: *mut c_void) -> *const u8;
    fn _Unwind_GetRegionStart(c: *mut c_void) -> usize;
    fn _Unwind_GetIPInfo(c: *mut c_void, before: *mut i32) -> usize;
    fn _Unwind_SetGR(c: *mut c_void, reg: i32, v: usize);
    fn _Unwind_SetIP(c: *mut c_void, ip: usize);
}

/// The head of an exception as the unwinder wants it.
#[repr(C, align(16))]
pub struct Exception {
    class: u64,
    cleanup: usize,
    private: [usize; 6],
}

impl Exception {
    /// One that has not been thrown.
    pub const fn new() -> Self {
        Self { class: GO_CLASS, cleanup: 0, private: [0; 6] }
    }
}

impl Default for Exception {
    fn default() -> Self {
        Self::new()
    }
}

/// Throws: unwinds to the function whose deferred call has recovered.
///
/// # Safety
/// On a goroutine of Go's whose topmost deferred call is that one.
pub unsafe fn unwind_stack(st: *mut GoState) -> ! {
    (*st).own = Exception::new();
    (*st).exception = &raw mut (*st).own;
    (*st).foreign = false;
    _Unwind_RaiseException((*st).exception);
    throw("failed to throw unwind exception");
}

/// Goes on unwinding, from the landing pad of a function that does not stop here.
///
/// # Safety
/// Called by [`checkdefer`](crate::panic) only.
pub unsafe fn rethrow(st: *mut GoState) -> ! {
    _Unwind_Resume_or_Rethrow((*st).exception);
    throw("failed to rethrow unwind exception");
}

unsafe fn uleb(p: &mut *const u8) -> usize {
    let (mut v, mut shift) = (0, 0);
    loop {
        let b = **p;
        *p = p.add(1);
        v |= ((b & 0x7f) as usize) << shift;
        shift += 7;
        if b & 0x80 == 0 {
            return v;
        }
    }
}

/// A number in one of the encodings that call-site tables use: absolute, without a base.
unsafe fn encoded(enc: u8, p: &mut *const u8) -> usize {
    let (v, n) = match enc & 0x0f {
        0x01 => return uleb(p),
        0x02 => (p.cast::<u16>().read_unaligned() as usize, 2),
        0x03 => (p.cast::<u32>().read_unaligned() as usize, 4),
        0x0a => (p.cast::<i16>().read_unaligned() as usize, 2),
        0x0b => (p.cast::<i32>().read_unaligned() as usize, 4),
        0x00 | 0x04 | 0x0c => (p.cast::<usize>().read_unaligned(), 8),
        _ => throw("unwind: unknown encoding"),
    };
    *p = p.add(n);
    v
}

/// The personality routine: says for each Go frame whether it has something to do while it is
/// unwound, and where.
#[unsafe(export_name = "__gccgo_personality_v0")]
unsafe extern "C" fn personality(
    version: i32,
    actions: i32,
    class: u64,
    ue: *mut Exception,
    ctx: *mut c_void,
) -> Reason {
    const OMIT: u8 = 0xff;
    if version != 1 {
        return FATAL_PHASE1_ERROR;
    }
    let mut p = _Unwind_GetLanguageSpecificData(ctx);
    if p.is_null() {
        return CONTINUE_UNWIND;
    }
    let start = _Unwind_GetRegionStart(ctx);
    // Base of landing pads.
    let enc = *p;
    p = p.add(1);
    let lp_start = if enc == OMIT { start } else { encoded(enc, &mut p) };
    // Types: Go has none.
    let enc = *p;
    p = p.add(1);
    if enc != OMIT {
        uleb(&mut p);
    }
    let enc = *p;
    p = p.add(1);
    let len = uleb(&mut p);
    let end = p.add(len);
    let mut before = 0;
    let mut ip = _Unwind_GetIPInfo(ctx, &raw mut before);
    if before == 0 {
        ip -= 1;
    }
    while p < end {
        let cs_start = start + encoded(enc, &mut p);
        let cs_len = encoded(enc, &mut p);
        let cs_lp = encoded(enc, &mut p);
        let action = uleb(&mut p);
        if ip < cs_start {
            break;
        }
        if ip >= cs_start + cs_len {
            continue;
        }
        if cs_lp == 0 {
            break;
        }
        if actions & UA_SEARCH_PHASE != 0 {
            return if action == 0 { CONTINUE_UNWIND } else { HANDLER_FOUND };
        }
        let st = state();
        if !st.is_null() {
            (*st).exception = ue;
            (*st).foreign = class != GO_CLASS;
        }
        _Unwind_SetGR(ctx, 0, ue as usize);
        _Unwind_SetGR(ctx, 1, 0);
        _Unwind_SetIP(ctx, lp_start + cs_lp);
        return INSTALL_CONTEXT;
    }
    CONTINUE_UNWIND
}
