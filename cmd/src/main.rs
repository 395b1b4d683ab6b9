//! The command `gort`.

/// std's, but for the end where nothing can be written: see [`print_line`].
macro_rules! println {
    ($($t:tt)*) => { $crate::print_line(format_args!($($t)*)) };
}

/// std's, but for the panic where nothing can be written: there is nobody to be told.
macro_rules! eprint {
    ($($t:tt)*) => { _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!($($t)*)) };
}

/// As [`eprint!`].
macro_rules! eprintln {
    ($($t:tt)*) => { eprint!("{}\n", format_args!($($t)*)) };
}

mod diff;
mod difftrace;
mod examples;
mod gobuild;
mod inside;
mod progress;
mod study;
mod trace;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use gort_signal::die_from_signal;
use gort_stack::parse_stack_size;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::exit;

/// Go's goroutine scheduler, outside Go.
#[derive(Parser)]
#[command(
    name = "gort",
    version,
    arg_required_else_help = true,
    after_help = "EXIT STATUS:\n  0  done\n  1  it could not be done; of `run`: what the program ends with\n  2  wrong usage; of `run`: also \
    panic, deadlock or another fatal error; of `diff`: also that a program could not be compiled\n\n\
    `gort help COMMAND` has more on each command."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a built-in example program, or a Go program, on the scheduler.
    Run(Run),
    /// Compile a Go program to an executable that runs on the scheduler.
    Build(Build),
    /// Build, run or test Go programs with the user's own Go 1.23.1, with gort in the place of its
    /// scheduler.
    Go(inside::Go),
    /// Run Go programs on real Go and on gort, and show where they differ.
    Diff(diff::Diff),
    /// Check, list, sum up or show an execution trace of Go's.
    Trace(trace::Trace),
    /// Make a site of Go's scheduler beside the port, line by line, and serve it.
    Study(study::Study),
    /// Print a script that completes command lines in a shell.
    Completions(Completions),
    /// Print the manual page, or write all of them to a directory.
    Man(Man),
}

#[derive(Args)]
#[command(
    after_help = "bash:  gort completions bash > ~/.local/share/bash-completion/completions/gort\n\
    zsh:   gort completions zsh > DIR/_gort, with a DIR of $fpath\n\
    fish:  gort completions fish > ~/.config/fish/completions/gort.fish"
)]
struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

#[derive(Args)]
#[command(
    after_help = "gort man | man -l -    gort man run | man -l -    gort man --dir ~/.local/share/man/man1"
)]
struct Man {
    /// The command that it is about; without one, about `gort`.
    #[arg(conflicts_with = "dir")]
    command: Option<String>,
    /// Write the pages of `gort` and of all its commands to this directory.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Args)]
#[command(
    after_help = "The compiler is gccgo 12 (Debian: package gccgo-12; GCCGO overrides its path), so the language is Go 1.18 \
    without generics. GORT_LIBGO is the path of libgort_libgo.a if it is not beside this program.\n\n\
    EXIT STATUS:\n  0  done\n  1  the program does not compile or link\n  2  wrong usage"
)]
struct Build {
    /// Name of the executable, or the directory for it; without it that of the first file, without
    /// `.go`, or of the directory, in the current directory.
    #[arg(short, value_name = "EXE")]
    output: Option<PathBuf>,
    /// The packages, as a file lists them: each in a line, after those that it imports, with its
    /// path, name, directory and files between tabs. For tests of libgo's packages.
    #[arg(long, value_name = "FILE", hide = true, requires = "output", conflicts_with = "files")]
    packages: Option<PathBuf>,
    /// The files of package main, or its directory (with a slash in its name, or `.`).
    #[arg(required_unless_present = "packages", value_name = "FILE.go|DIR")]
    files: Vec<OsString>,
}

#[derive(Args)]
#[command(
    after_help = "ENVIRONMENT:\n  GOMAXPROCS   threads that run goroutines at once (default: all processors)\n  \
    GODEBUG      schedtrace=MS, scheddetail=1, metrics=1, asyncpreemptoff=1, asynctimerchan=1, ...\n  \
    GOTRACEBACK  none, single, all, system or crash\n  \
    GORTSTACK    size of goroutine stacks (16K to 64M, default: 256K)\n  \
    GORT_TRACE   file for an execution trace; %p in its name is the process's number\n  \
    GORT_CPUPROFILE  file for a CPU profile, likewise\n  \
    GORT_BLOCKPROFILE, GORT_MUTEXPROFILE  files for profiles of who waits, and of who keeps others waiting\n\n\
    GO PROGRAMS:\n  gort run FILE.go... [ARGUMENT...] compiles package main with gccgo 12 (Debian: package gccgo-12) and runs it;\n  \
    gort run DIR [ARGUMENT...] that of a directory (./prog, not prog), with the packages of its module.\n  \
    What stands behind goes to the program; options for gort stand before them. The result is kept in\n  \
    $XDG_CACHE_HOME/gort. Exit status and messages are the program's; 1 if it does not compile.\n  \
    There is no garbage collector yet: memory that a Go program has allocated is not freed before the program ends, and \
    finalizers never run.\n\n\
    EXIT STATUS:\n  0  the program ended\n  1  the program said so\n  2  panic, deadlock or another fatal error; wrong usage"
)]
struct Run {
    /// The program: a name from --list, or the files or the directory of a Go program and its
    /// arguments.
    #[arg(required_unless_present = "list")]
    program: Option<String>,
    /// List the example programs.
    #[arg(long)]
    list: bool,
    /// Size of the problem; each example has its own default and meaning.
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    n: Option<u64>,
    /// Threads that run goroutines at once; wins over GOMAXPROCS.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65536))]
    procs: Option<u32>,
    /// Print the scheduler's state every MS milliseconds, as GODEBUG=schedtrace=MS does.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..))]
    schedtrace: Option<u32>,
    /// With --schedtrace: every processor, thread and goroutine, as GODEBUG=scheddetail=1.
    #[arg(long, requires = "schedtrace")]
    scheddetail: bool,
    /// Print what the scheduler did when the program ends.
    #[arg(long)]
    stats: bool,
    /// Write an execution trace to FILE, for `gort trace` and `go tool trace`, as GORT_TRACE=FILE
    /// does.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write a CPU profile to FILE, for `go tool pprof`, as GORT_CPUPROFILE=FILE does.
    #[arg(long, value_name = "FILE")]
    cpuprofile: Option<PathBuf>,
    /// Write who waited, where and for how long to FILE, for `go tool pprof`, as
    /// GORT_BLOCKPROFILE=FILE does.
    #[arg(long, value_name = "FILE")]
    blockprofile: Option<PathBuf>,
    /// Write which unlocks others waited for to FILE, for `go tool pprof`, as
    /// GORT_MUTEXPROFILE=FILE does.
    #[arg(long, value_name = "FILE")]
    mutexprofile: Option<PathBuf>,
}

/// What stands behind these options of `gort run` is a file, even if it looks like a program.
const FILES: [&str; 4] = ["--trace", "--cpuprofile", "--blockprofile", "--mutexprofile"];

fn main() {
    let mut argv: Vec<OsString> = std::env::args_os().collect();
    // `gort run [OPTION...] a.go b.go x -y`, `gort run ./a x -y`: x and -y are the program's, which
    // clap would not believe.
    let mut go_args = Vec::new();
    if argv.get(1).is_some_and(|a| a == "run")
        && let Some(i) = (2..argv.len())
            .find(|&i| !FILES.iter().any(|f| argv[i - 1] == *f) && is_program(&argv[i]))
    {
        go_args = argv.split_off(i + 1);
    }
    let cli = Cli::try_parse_from(argv).unwrap_or_else(|e| refuse(e));
    match cli.command {
        Command::Run(r) => run(r, go_args),
        Command::Build(b) => build(&b),
        Command::Go(g) => inside::run(&g),
        Command::Diff(d) => diff::run(&d),
        Command::Trace(t) => trace::run(&t),
        Command::Study(s) => study::run(&s),
        Command::Completions(c) => {
            let mut script = Vec::new();
            clap_complete::generate(c.shell, &mut Cli::command(), "gort", &mut script);
            print_text(format_args!("{}", String::from_utf8_lossy(&script)), 1);
        }
        Command::Man(m) => man(&m),
    }
}

/// Help and version go to standard output, what is wrong to standard error, with status 2.
fn refuse(mut e: clap::Error) -> ! {
    use clap::error::{ContextKind, ContextValue};
    if e.exit_code() == 0 {
        let text = e.render();
        if io::stdout().is_terminal() {
            print_text(format_args!("{}", text.ansi()), 1);
        } else {
            print_text(format_args!("{text}"), 1);
        }
        exit(0)
    }
    if let Some(ContextValue::String(s)) = e.get(ContextKind::InvalidSubcommand) {
        let s = s.clone();
        let cmd = Cli::command();
        if examples::ALL.iter().any(|x| x.name == s) || is_program(s.as_ref()) {
            // `gort sieve`, `gort prog.go`
            let tip = format!("to run it: gort run {s}").into();
            e.remove(ContextKind::SuggestedSubcommand);
            e.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        } else if let Some(near) = nearest(&s, cmd.get_subcommands().map(clap::Command::get_name)) {
            // clap's own measure knows no two letters exchanged in so short a word.
            let near = vec![near.to_string()];
            e.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(near));
        }
    }
    let _ = e.print();
    exit(e.exit_code())
}

fn man(m: &Man) {
    let cmd = Cli::command();
    if let Some(dir) = &m.dir {
        if let Err(e) =
            std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(cmd, dir))
        {
            eprintln!("gort: {}: {e}", dir.display());
            exit(1)
        }
        return;
    }
    let page = match &m.command {
        None => cmd,
        Some(name) => {
            let mut cmd = cmd.clone();
            cmd.build();
            match cmd.find_subcommand(name) {
                Some(c) => c.clone().name(c.get_display_name().unwrap_or(name).to_string()),
                None => {
                    let all = cmd.get_subcommands().map(|c| c.get_name().to_string());
                    let near = nearest(name, all)
                        .map_or(String::new(), |n| format!("; did you mean '{n}'?"));
                    usage("man", ErrorKind::InvalidValue, format!("no command '{name}'{near}"))
                }
            }
        }
    };
    let mut text = Vec::new();
    if let Err(e) = clap_mangen::Man::new(page).render(&mut text) {
        eprintln!("gort: {e}");
        exit(1)
    }
    print_text(format_args!("{}", String::from_utf8_lossy(&text)), 1);
}

/// Which of the names was meant: one that differs by as few letters (left out, added, wrong, or two
/// exchanged) as a typing mistake leaves, or that begins so.
fn nearest<S: AsRef<str>>(name: &str, names: impl IntoIterator<Item = S>) -> Option<S> {
    let apart = |n: &str| match n.starts_with(name) && name.len() >= 2 {
        true => 0,
        false => strsim::osa_distance(n, name),
    };
    let far = 1.max(name.chars().count() / 3);
    names.into_iter().filter(|n| apart(n.as_ref()) <= far).min_by_key(|n| apart(n.as_ref()))
}

/// Whether an argument of `run` begins a Go program.
fn is_program(arg: &OsStr) -> bool {
    gobuild::is_go(arg) || gobuild::is_dir(arg)
}

fn build(b: &Build) {
    if let (Some(list), Some(out)) = (&b.packages, &b.output) {
        return gobuild::build_packages_to(list, out);
    }
    let first = Path::new(&b.files[0]);
    let one_dir = b.files.len() == 1 && gobuild::is_dir(&b.files[0]);
    if !one_dir && let Some(f) = b.files.iter().find(|f| !gobuild::is_go(f)) {
        usage("build", ErrorKind::InvalidValue, format!("'{}' is not a Go file", f.display()));
    }
    let name =
        if one_dir { first.canonicalize().unwrap_or_default() } else { first.with_extension("") };
    let name = name.file_name().unwrap_or("a.out".as_ref());
    let out = match &b.output {
        Some(dir) if dir.is_dir() => dir.join(name),
        Some(file) => file.clone(),
        None => name.into(),
    };
    gobuild::build_to(&b.files, &out);
}

/// A Go program: compiles it and becomes it.
fn run_go(first: &str, mut args: Vec<OsString>) -> ! {
    let dir = gobuild::is_dir(first.as_ref());
    let more = args.iter().take_while(|a| !dir && gobuild::is_go(a)).count();
    let args_of_program = args.split_off(more);
    args.insert(0, first.into());
    gobuild::run(&args, &args_of_program)
}

/// A usage error of a subcommand: message and usage on standard error, status 2.
fn usage(subcommand: &str, kind: ErrorKind, msg: String) -> ! {
    let mut cmd = Cli::command();
    cmd.build();
    match cmd.find_subcommand_mut(subcommand) {
        Some(c) => c.error(kind, msg).exit(),
        None => {
            eprintln!("error: {msg}");
            exit(2)
        }
    }
}

/// `GOMAXPROCS`, if it is set. The runtime itself ignores a value that is no number of threads, as
/// Go's does; a person who typed it wants to know.
fn env_gomaxprocs(subcommand: &str) -> Option<String> {
    let v = std::env::var("GOMAXPROCS").ok().filter(|v| !v.is_empty())?;
    if !v.parse::<i32>().is_ok_and(|n| n >= 1) {
        let msg = format!("GOMAXPROCS='{v}' is not a number of threads (1 or more)");
        usage(subcommand, ErrorKind::InvalidValue, msg);
    }
    Some(v)
}

fn run(r: Run, go_args: Vec<OsString>) {
    if r.list {
        for e in examples::ALL {
            println!("{:<12} {} (-n: {}, default {})", e.name, e.about, e.n_is, e.n);
        }
        return;
    }
    let name = r.program.clone().unwrap_or_default();
    let go = is_program(name.as_ref());
    if go && (r.n.is_some() || r.stats) {
        usage("run", ErrorKind::ArgumentConflict, "-n and --stats are for example programs".into());
    }
    let example = examples::ALL.iter().find(|e| e.name == name);
    if !go && example.is_none() {
        let mut msg = format!("no example program '{name}'");
        if let Some(near) = nearest(&name, examples::ALL.iter().map(|e| e.name)) {
            msg += &format!("; did you mean '{near}'?");
        }
        msg += " (gort run --list shows all)";
        usage("run", ErrorKind::InvalidValue, msg);
    }
    if r.procs.is_none() {
        env_gomaxprocs("run");
    }
    if let Ok(v) = std::env::var("GORTSTACK")
        && !v.is_empty()
        && parse_stack_size(&v).is_none()
    {
        usage(
            "run",
            ErrorKind::InvalidValue,
            format!("GORTSTACK='{v}' is not a size of stacks (16K to 64M)"),
        );
    }
    // SAFETY: no other thread exists yet.
    unsafe {
        if let Some(p) = r.procs {
            std::env::set_var("GOMAXPROCS", p.to_string());
        }
        for (variable, file) in [
            ("GORT_TRACE", &r.trace),
            ("GORT_CPUPROFILE", &r.cpuprofile),
            ("GORT_BLOCKPROFILE", &r.blockprofile),
            ("GORT_MUTEXPROFILE", &r.mutexprofile),
        ] {
            if let Some(f) = file {
                std::env::set_var(variable, f);
            }
        }
        if let Some(ms) = r.schedtrace {
            let old = std::env::var("GODEBUG").unwrap_or_default();
            let detail = if r.scheddetail { ",scheddetail=1" } else { "" };
            let sep = if old.is_empty() { "" } else { "," };
            std::env::set_var("GODEBUG", format!("{old}{sep}schedtrace={ms}{detail}"));
        }
    }
    if go {
        run_go(&name, go_args);
    }
    let Some(e) = example else { return };
    let n = r.n.unwrap_or(e.n);
    let (f, stats) = (e.run, r.stats);
    gort::run_main(move || {
        let start = std::time::Instant::now();
        f(n);
        if stats {
            summary(start.elapsed());
        }
    })
}

/// Prints a line on standard output: see [`print_text`].
fn print_line(line: fmt::Arguments<'_>) {
    print_text(format_args!("{line}\n"), 1);
}

/// Prints on standard output. If nobody reads there any more the program dies of SIGPIPE, as Go's
/// do, and C's; if it cannot be written (a full disk) it says so, and ends with this status.
fn print_text(text: fmt::Arguments<'_>, status: i32) {
    let Err(e) = io::stdout().write_fmt(text) else { return };
    if e.kind() == io::ErrorKind::BrokenPipe {
        // SAFETY: ends the process.
        unsafe { die_from_signal(libc::SIGPIPE as u32) }
    }
    eprintln!("gort: standard output: {e}");
    gort::runtime::exit(status)
}

fn summary(t: std::time::Duration) {
    let s = gort::runtime::stats();
    eprintln!("--");
    eprintln!("time             {:.3} s", t.as_secs_f64());
    for (name, v) in [
        ("goroutines", s.goroutines),
        ("switches", s.switches),
        ("parks", s.parks),
        ("yields", s.yields),
        ("steal attempts", s.steal_tries),
        ("steals", s.steals),
        ("stolen", s.stolen),
        ("global polls", s.global_polls),
        ("net polls", s.netpolls),
        ("handoffs", s.handoffs),
        ("syscalls", s.syscalls),
        ("spins", s.spins),
        ("Ms started", s.threads as u64),
    ] {
        eprintln!("{name:<16} {v}");
    }
    eprint!("--\n{}", gort::runtime::metrics::dump());
}
