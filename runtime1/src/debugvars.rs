//! GODEBUG.

use crate::args::gogetenv;
use crate::string::atoi32;
use crate::traceback_cache::{keep_env, set_traceback};
use gort_runtime2::atomic::{Bool, Int32};
use gort_runtime2::linkname::throw;
use std::collections::HashSet;
use std::sync::OnceLock;

/// A variable of GODEBUG.
///
/// Go: runtime1.go:298 dbgVar
struct DbgVar {
    name: &'static str,
    /// The variable. All are atomics here; which of Go's two kinds it is says `changes`.
    value: &'static Int32,
    /// May change while the program runs (Go's `atomic` rather than `value`).
    changes: bool,
    /// Its default.
    def: i32,
}

macro_rules! debug_vars {
    ($($(#[$m:meta])* $f:ident: $name:literal $changes:literal $def:literal,)*) => {
        /// What GODEBUG can set.
        ///
        /// Go: runtime1.go:309 debug
        pub struct DebugVars {
            $($(#[$m])* pub $f: Int32,)*
            /// Go's allocator looks at it; set if `inittrace` or `sbrk` is.
            pub malloc: Bool,
        }
        /// The values in force.
        ///
        /// Go: runtime1.go:309 debug
        pub static DEBUG: DebugVars = DebugVars { $($f: Int32::new(0),)* malloc: Bool::new(false) };

        /// Go: runtime1.go:364 dbgvars
        static DBGVARS: &[DbgVar] = &[
            $(DbgVar { name: $name, value: &DEBUG.$f, changes: $changes, def: $def },)*
        ];
    };
}

debug_vars! {
    /// Start goroutines with stacks of average size; no effect.
    adaptivestackstart: "adaptivestackstart" false 0,
    /// No preemption by signals.
    asyncpreemptoff: "asyncpreemptoff" false 0,
    /// Timer channels with a buffer, as before Go 1.23.
    asynctimerchan: "asynctimerchan" true 0,
    /// Go's collector; no effect.
    cgocheck: "cgocheck" false 0,
    /// Go's collector; no effect.
    clobberfree: "clobberfree" false 0,
    /// gort's own: on a deadlock print who waits for whom.
    deadlockgraph: "deadlockgraph" false 0,
    /// Go's allocator; no effect.
    disablethp: "disablethp" false 0,
    /// A fatal error lets the other threads run.
    dontfreezetheworld: "dontfreezetheworld" false 0,
    /// Go's allocator; no effect.
    efence: "efence" false 0,
    /// Go's collector; no effect.
    gccheckmark: "gccheckmark" false 0,
    /// Go's collector; no effect.
    gcpacertrace: "gcpacertrace" false 0,
    /// Stacks do not shrink.
    gcshrinkstackoff: "gcshrinkstackoff" false 0,
    /// Go's collector; no effect.
    gcstoptheworld: "gcstoptheworld" false 0,
    /// Go's collector; no effect.
    gctrace: "gctrace" false 0,
    /// Go's allocator; no effect.
    harddecommit: "harddecommit" false 0,
    /// Initialisation of packages; no effect.
    inittrace: "inittrace" false 0,
    /// Go's collector; no effect.
    invalidptr: "invalidptr" false 0,
    /// Give memory back with MADV_DONTNEED.
    madvdontneed: "madvdontneed" false 0,
    /// gort's own: print the metrics when the program ends.
    metrics: "metrics" false 0,
    /// `panic(nil)` stays nil.
    panicnil: "panicnil" true 0,
    /// gort's own: say so, once, if a goroutine cannot be preempted for a second while others wait.
    preemptreport: "preemptreport" false 1,
    /// Frames kept by profiles.
    profstackdepth: "profstackdepth" false 128,
    /// Mutex profiles of the runtime's own locks; no effect.
    runtime_contention_stacks: "runtimecontentionstacks" true 0,
    /// Go's allocator; no effect.
    sbrk: "sbrk" false 0,
    /// Go's collector; no effect.
    scavtrace: "scavtrace" false 0,
    /// `schedtrace` shows every G, M and P.
    scheddetail: "scheddetail" false 0,
    /// Print the scheduler's state every so many milliseconds.
    schedtrace: "schedtrace" false 0,
    /// gort's own: milliseconds that a goroutine runs before it is asked to yield.
    timeslice: "timeslice" false 10,
    /// Execution traces; no effect.
    traceadvanceperiod: "traceadvanceperiod" false 0,
    /// Execution traces; no effect.
    traceallocfree: "traceallocfree" true 0,
    /// Execution traces; no effect.
    trace_check_stack_ownership: "tracecheckstackownership" false 0,
    /// Tracebacks show this many creators of a goroutine.
    tracebackancestors: "tracebackancestors" false 0,
    /// Execution traces; no effect.
    tracefpunwindoff: "tracefpunwindoff" false 0,
}

/// Go: mprof.go:57 maxProfStackDepth
const MAX_PROF_STACK_DEPTH: i32 = 1024;
/// Go: trace.go:978 defaultTraceAdvancePeriod
const DEFAULT_TRACE_ADVANCE_PERIOD: i32 = 1_000_000_000;
/// Settings compiled into the program: of Go programs; others have none.
///
/// Go: runtime.go:136 godebugDefault
static GODEBUG_DEFAULT: OnceLock<&'static str> = OnceLock::new();

/// The settings of GODEBUG that were compiled into the program. Those of the environment come
/// later, and win.
pub fn godebug_default() -> &'static str {
    GODEBUG_DEFAULT.get().copied().unwrap_or_default()
}

/// Sets [`godebug_default`], before the runtime starts. The first call counts.
pub fn set_godebug_default(settings: &'static str) {
    let _ = GODEBUG_DEFAULT.set(settings);
}

/// Reads GODEBUG and GOTRACEBACK.
///
/// Go: runtime1.go:396 parsedebugvars
pub fn parsedebugvars() {
    // :398
    DEBUG.cgocheck.set(1);
    DEBUG.invalidptr.set(1);
    DEBUG.adaptivestackstart.set(1);
    // :410
    DEBUG.madvdontneed.set(1);
    DEBUG.traceadvanceperiod.set(DEFAULT_TRACE_ADVANCE_PERIOD);
    // :414
    let godebug = gogetenv("GODEBUG").unwrap_or_default();
    // :416 godebugEnv is for Go's package internal/godebug
    // :421
    for v in DBGVARS {
        if v.def != 0 {
            v.value.store(v.def);
        }
    }
    // :433
    parsegodebug(godebug_default(), None);
    // :436
    parsegodebug(&godebug, None);
    // :438
    DEBUG.malloc.set((DEBUG.inittrace.get() | DEBUG.sbrk.get()) != 0);
    DEBUG.profstackdepth.set(DEBUG.profstackdepth.get().min(MAX_PROF_STACK_DEPTH));
    // :441
    set_traceback(&gogetenv("GOTRACEBACK").unwrap_or_default());
    keep_env();
}

/// Reads GODEBUG again, as it is `env` now: only those variables change that may.
///
/// Go: runtime1.go:447 reparsedebugvars
pub fn reparsedebugvars(env: &str) {
    // :448
    let mut seen = HashSet::new();
    parsegodebug(env, Some(&mut seen));
    // :452
    parsegodebug(godebug_default(), Some(&mut seen));
    // :454
    for v in DBGVARS {
        if v.changes && !seen.contains(v.name) {
            v.value.store(0);
        }
    }
}

/// Sets variables from `godebug`. At start (`seen` is `None`) from left to right, so that later
/// settings overwrite earlier ones; later from right to left, where the first setting seen wins, so
/// that no variable changes twice.
///
/// Go: runtime1.go:471 parsegodebug
fn parsegodebug<'a>(godebug: &'a str, mut seen: Option<&mut HashSet<&'a str>>) {
    // :472
    let mut p = godebug;
    while !p.is_empty() {
        let field;
        if seen.is_none() {
            // :476
            (field, p) = p.split_once(',').unwrap_or((p, ""));
        } else {
            // :484
            (p, field) = p.rsplit_once(',').unwrap_or(("", p));
        }
        // :494
        let Some((key, value)) = field.split_once('=') else { continue };
        // :499
        if let Some(seen) = seen.as_deref_mut()
            && !seen.insert(key)
        {
            continue;
        }
        // :509
        if seen.is_none() && key == "memprofilerate" {
            // :510 no memory profile
        } else {
            // :514
            for v in DBGVARS {
                if v.name == key
                    && let Some(n) = atoi32(value)
                {
                    // :517
                    if seen.is_none() && !v.changes {
                        v.value.set(n);
                    } else if v.changes {
                        v.value.store(n);
                    }
                }
            }
        }
    }
    // :528
    if DEBUG.cgocheck.get() > 1 {
        throw(
            "cgocheck > 1 mode is no longer supported at runtime. Use GOEXPERIMENT=cgocheck2 at build time instead.",
        );
    }
}
