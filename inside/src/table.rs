//! What is swapped, and what Rust calls of Go's.

/// Where a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On g0 only, and it does not return: what `mcall` calls, and what that calls.
    Mcall,
    /// Anywhere: from a goroutine's stack the way leads over g0's.
    Any,
}

/// A function of proc.go whose body is the port's.
#[derive(Clone, Copy, Debug)]
pub struct Swap {
    /// Its name.
    pub name: &'static str,
    /// A letter for each word of its arguments: `w`, or `b` for a bool.
    pub args: &'static str,
    /// Words of results.
    pub results: usize,
    /// Where it runs.
    pub on: On,
}

const fn any(name: &'static str, args: &'static str, results: usize) -> Swap {
    Swap { name, args, results, on: On::Any }
}

/// All of them, in the order of proc.go.
pub const SWAPS: &[Swap] = &[
    any("mput", "w", 0),
    any("mget", "", 1),
    any("globrunqput", "w", 0),
    any("globrunqputhead", "w", 0),
    any("globrunqputbatch", "ww", 0),
    any("globrunqget", "ww", 1),
    any("pidleput", "ww", 1),
    any("pidleget", "w", 2),
    any("pidlegetSpinning", "w", 2),
    any("runqempty", "w", 1),
    any("runqput", "wwb", 0),
    any("runqputslow", "wwww", 1),
    any("runqputbatch", "www", 0),
    any("runqget", "w", 2),
    any("runqdrain", "w", 3),
    any("runqgrab", "wwwb", 1),
    any("runqsteal", "wwb", 1),
];

/// A function of Go's that Rust calls as `gort_go_NAME`.
#[derive(Clone, Copy, Debug)]
pub struct Up {
    /// Its name.
    pub name: &'static str,
    /// Words of arguments.
    pub args: usize,
    /// Words of results.
    pub results: usize,
    /// If it is none of package runtime: its Go text, by which it becomes one. Methods, and what the assembler cannot name.
    pub go: &'static str,
}

const fn up(name: &'static str, args: usize, results: usize) -> Up {
    Up { name, args, results, go: "" }
}

const fn glue(name: &'static str, args: usize, results: usize, go: &'static str) -> Up {
    Up { name, args, results, go }
}

/// All of them.
pub const UPS: &[Up] = &[
    up("throw", 2, 0),
    up("fatal", 2, 0),
    up("printstring", 2, 0),
    up("printlock", 0, 0),
    up("printunlock", 0, 0),
    up("lock", 1, 0),
    up("unlock", 1, 0),
    up("nanotime", 0, 1),
    up("usleep", 1, 0),
    up("checkdead", 0, 0),
    glue("addIdleTime", 1, 0, "func(d int64) { gcCPULimiter.addIdleTime(d) }"),
];

/// Go's variables that Rust names: those of `object/globals.rs`.
pub const VARS: &[&str] = &[
    "sched",
    "forcegc",
    "allpLock",
    "allglock",
    "deadlock",
    "allp",
    "idlepMask",
    "timerpMask",
    "allgs",
    "allm",
    "gomaxprocs",
    "ncpu",
    "newprocs",
    "mainStarted",
];
