//! GOTRACEBACK.

use crate::atoi;
use gort_asm::getg;
use gort_runtime2::atomic::Uint32;
use gort_runtime2::{ISCGO, ThrowType};

/// Go: runtime1.go:20 tracebackCrash
const TRACEBACK_CRASH: u32 = 1 << 0;
/// Go: runtime1.go:21 tracebackAll
const TRACEBACK_ALL: u32 = 1 << 1;
/// Go: runtime1.go:22 tracebackShift
const TRACEBACK_SHIFT: u32 = 2;

/// Go: runtime1.go:25 traceback_cache
static TRACEBACK_CACHE: Uint32 = Uint32::new(2 << TRACEBACK_SHIFT);
/// Go: runtime1.go:26 traceback_env
static TRACEBACK_ENV: Uint32 = Uint32::new(0);

/// What a traceback shows: its level (0 nothing, 1 without the runtime's frames, 2 with them),
/// whether it shows all goroutines, and whether the process ends with a core dump.
///
/// Go: runtime1.go:37 gotraceback
pub fn gotraceback() -> (i32, bool, bool) {
    // SAFETY: the current M is alive, and these fields are its own. A thread without g has no such
    // wishes.
    let (throwing, traceback) = unsafe {
        // :38
        let gp = getg();
        if gp.is_null() {
            (ThrowType::None, 0)
        } else {
            ((*(*gp).m).throwing, (*(*gp).m).traceback)
        }
    };
    // :39
    let t = TRACEBACK_CACHE.load();
    let crash = t & TRACEBACK_CRASH != 0;
    let all = throwing >= ThrowType::User || t & TRACEBACK_ALL != 0;
    // :42
    let level = if traceback != 0 {
        traceback as i32
    } else if throwing >= ThrowType::Runtime {
        // :47
        2
    } else {
        (t >> TRACEBACK_SHIFT) as i32
    };
    (level, all, crash)
}

/// Go: runtime1.go:534 setTraceback
#[doc(alias = "setTraceback")]
pub fn set_traceback(level: &str) {
    // :536
    let mut t = match level {
        "none" => 0,
        "single" | "" => 1 << TRACEBACK_SHIFT,
        // :542
        "all" => 1 << TRACEBACK_SHIFT | TRACEBACK_ALL,
        "system" => 2 << TRACEBACK_SHIFT | TRACEBACK_ALL,
        "crash" => 2 << TRACEBACK_SHIFT | TRACEBACK_ALL | TRACEBACK_CRASH,
        // :547 "wer" means something on Windows only
        _ => {
            // :555
            let mut t = TRACEBACK_ALL;
            if let Some(n) = atoi(level)
                && n == n as u32 as isize
            {
                t |= (n as u32) << TRACEBACK_SHIFT;
            }
            t
        }
    };
    // :562 the process belongs to a host program: abort rather than exit
    if ISCGO.get() {
        t |= TRACEBACK_CRASH;
    }
    // :566
    t |= TRACEBACK_ENV.get();
    TRACEBACK_CACHE.store(t);
}

/// Makes the present setting the least that later [`set_traceback`] calls can set.
pub(crate) fn keep_env() {
    // parsedebugvars does this at its end
    TRACEBACK_ENV.set(TRACEBACK_CACHE.get());
}
