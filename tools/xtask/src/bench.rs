//! `cargo xtask bench`: gort and Go on the same workloads, A B A B.
//!
//! Both programs speak one protocol: `PROGRAM ID` prints a line
//! `name<TAB>value<TAB>unit<TAB>lower|higher` for each metric; exit status 64 means that there is
//! no such workload. Machines are noisy, so only ratios within one run mean something: the two run
//! in turns, and the medians of their rounds are compared.

use crate::echo;
use crate::golang;
use crate::process;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The workloads, with their numbers of workers.
pub const IDS: &[&str] = &[
    "switch",
    "yield1.w1",
    "yield1000.w1",
    "yield1000.w2",
    "spawn_join.w1",
    "spawn_join.w2",
    "spawn_batch.w1",
    "spawn_batch.w2",
    "pingpong.w1",
    "pingpong.w2",
    "pingpong_rdv.w1",
    "pingpong_rdv.w2",
    "chan_buf.w1",
    "chan_buf.w2",
    "chan_mpmc.w2",
    "ring.w1",
    "ring.w2",
    "sieve.w1",
    "sieve.w2",
    "select.w1",
    "select.w2",
    "mutex.w1",
    "mutex.w2",
    "mutex_hold.w1",
    "mutex_hold.w2",
    "steal_fib.w1",
    "steal_fib.w2",
    "steal_imbal.w1",
    "steal_imbal.w2",
    "timers.w2",
    "timers30k.w2",
    "timer_startstop.w1",
    "timer_reset.w1",
    "spawn_cold.w1",
    "spawn_cold.w2",
    "mem.10k",
    "mem.100k",
    "mem.1m",
    "echo_self.w2",
    "echo_ext.w1",
    "echo_ext.w2",
    "echo_held.w2",
    "syscall.w1",
    "startup",
];

/// Other runtimes, measured with `--peers` (tools/bench/peers).
const PEERS: [&str; 2] = ["tokio", "may"];
/// Where the values of Go with the port inside are, behind those of [`PEERS`].
const INSIDE: usize = 2 + PEERS.len();
/// How often `startup` starts each program in a round.
const STARTS: usize = 40;
/// Longer than any workload takes.
const LIMIT: Duration = Duration::from_secs(300);

/// What the command line asks for.
pub struct Options {
    /// The workloads; all if empty.
    pub ids: Vec<String>,
    /// Repetitions inside of a process, if not the workload's own number.
    pub reps: Option<u32>,
    /// Processes of each kind per workload.
    pub rounds: u32,
    /// Where the table and the chart go.
    pub out: PathBuf,
    /// Where Go is.
    pub goroot: Option<PathBuf>,
    /// Whether [`PEERS`] are measured too.
    pub peers: bool,
    /// Whether Go's program is also measured with the port inside (`gort go`).
    pub inside: bool,
}

/// One metric and what was measured.
struct Metric {
    name: String,
    unit: String,
    higher: bool,
    /// gort's values, Go's, those of [`PEERS`], and [`INSIDE`] those of Go with the port inside.
    values: [Vec<f64>; INSIDE + 1],
}

struct Programs {
    /// gort's program and Go's.
    bench: [PathBuf; 2],
    /// The programs of `startup`, likewise.
    hello: [PathBuf; 2],
    /// gort's as Cargo links it by default; that in `hello` is linked statically, as Go's is
    /// (tools/bench/build.rs).
    hello_dynamic: PathBuf,
    /// tools/bench/peers.
    peers: Option<PathBuf>,
    /// Go's program with the port inside.
    inside: Option<PathBuf>,
}

/// Runs the command; the result is the exit status.
pub fn run(root: &Path, o: &Options) -> Result<u8, String> {
    std::fs::create_dir_all(&o.out).map_err(|e| format!("{}: {e}", o.out.display()))?;
    let programs = build(root, o)?;
    let ids: Vec<&str> = match o.ids.len() {
        0 => IDS.to_vec(),
        _ => o.ids.iter().map(String::as_str).collect(),
    };
    let mut metrics: Vec<Metric> = Vec::new();
    let mut failed = 0;
    println!("{}", heading(o));
    for id in ids {
        let from = metrics.len();
        let done = match id {
            "startup" => startup(&programs, o, &mut metrics),
            _ => workload(id, &programs, o, &mut metrics),
        };
        if let Err(e) = done {
            metrics.truncate(from);
            eprintln!("{id}: {e}");
            failed += 1;
        }
        for m in &metrics[from..] {
            println!("{}", row(m, o));
            let _ = std::io::stdout().flush();
        }
    }
    for best in [false, true] {
        if let Some(text) = costs_inside(&metrics, best) {
            println!("\n{text}");
        }
    }
    print!("\n{}", goals(&metrics));
    let write = |name: &str, text: String| {
        let path = o.out.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    };
    write("bench.tsv", tsv(&metrics))?;
    write("bench.svg", svg(&metrics))?;
    println!("\n{}, bench.svg", o.out.join("bench.tsv").display());
    Ok(u8::from(failed > 0))
}

fn build(root: &Path, o: &Options) -> Result<Programs, String> {
    let go = |dir: &str, exe: &str| -> Result<PathBuf, String> {
        let exe = o.out.join(exe);
        golang::build(&golang::goroot(o.goroot.clone())?, &root.join(dir), &exe)?;
        Ok(exe)
    };
    let (bench, hello) =
        (cargo(root, "gort-bench", "gort-bench")?, cargo(root, "gort-bench", "gort-hello")?);
    let peers = o
        .peers
        .then(|| cargo(&root.join("tools/bench/peers"), "gort-bench-peers", "gort-bench-peers"))
        .transpose()?;
    let inside = o.inside.then(|| build_inside(root, o)).transpose()?;
    // In a directory of its own, so that it does not replace the other.
    let options = ["--target-dir", "target/dynamic"];
    let hello_dynamic =
        cargo_with(root, "gort-bench", "gort-hello", &options, &[("GORT_HELLO", "dynamic")])?;
    Ok(Programs {
        bench: [bench, go("tools/bench/go", "bench-go")?],
        hello: [hello, go("tools/bench/go/hello", "hello-go")?],
        hello_dynamic,
        peers,
        inside,
    })
}

/// Go's program of workloads with the port inside.
fn build_inside(root: &Path, o: &Options) -> Result<PathBuf, String> {
    let exe = std::path::absolute(o.out.join("bench-inside")).map_err(|e| e.to_string())?;
    let goroot = golang::goroot(o.goroot.clone())?;
    let options = gort_inside::command::Options { goroot: Some(goroot), ..Default::default() };
    let args = ["build".into(), "-o".into(), exe.clone().into_os_string(), ".".into()];
    let (mut c, _shadow) = gort_inside::command::prepare(
        &options,
        &args,
        &std::path::absolute(root.join("target")).map_err(|e| e.to_string())?,
    )?;
    let s = c
        .current_dir(root.join("tools/bench/go"))
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=mod")
        .status();
    match s {
        Ok(s) if s.success() => Ok(exe),
        s => Err(format!("gort go build: {s:?}")),
    }
}

/// What Go costs with the port inside, as a multiple of what it costs unchanged: the geometric mean
/// shall be at most this,
const MEAN: f64 = 1.0;
/// and no metric's own more than this.
const WORST: f64 = 1.15;

/// The two goals, and how far they are missed: by the medians of the rounds, or by their best,
/// which says more on a machine that has other work.
fn costs_inside(metrics: &[Metric], best: bool) -> Option<String> {
    let mut costs: Vec<(f64, &str)> = metrics
        .iter()
        .map(|m| (m.inside(best), m.name.as_str()))
        .filter(|(c, _)| c.is_finite() && *c > 0.0)
        .collect();
    costs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mean = (costs.iter().map(|c| c.0.ln()).sum::<f64>() / costs.len() as f64).exp();
    let mut s = format!(
        "with the port inside / Go, {} of the rounds, {} metrics: \
         geometric mean {mean:.3} (goal {MEAN:.2}: {})",
        if best { "best" } else { "medians" },
        costs.len(),
        if mean <= MEAN { "met".into() } else { format!("missed by {:.3}", mean - MEAN) }
    );
    let (worst, name) = *costs.first()?;
    let over: Vec<_> = costs.iter().filter(|c| c.0 > WORST).collect();
    let _ = write!(s, "\n    worst {worst:.2} {name} (goal {WORST}: ");
    if over.is_empty() {
        s += "met)";
    } else {
        let _ = write!(s, "missed by {} metrics)", over.len());
        for (c, name) in over {
            let _ = write!(s, "\n    {name}: {c:.2}, {:.2} too much", c - WORST);
        }
    }
    Some(s)
}

/// Builds a program; the result is its path.
pub fn cargo(root: &Path, package: &str, bin: &str) -> Result<PathBuf, String> {
    cargo_with(root, package, bin, &[], &[])
}

/// The same with further options and environment variables.
fn cargo_with(
    root: &Path,
    package: &str,
    bin: &str,
    options: &[&str],
    env: &[(&str, &str)],
) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cmd = Command::new(cargo);
    cmd.args(["build", "--release", "--package", package, "--bin", bin]);
    cmd.arg("--message-format=json-render-diagnostics").args(options).envs(env.iter().copied());
    let out = cmd
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{cmd:?}: {e}"))?;
    if !out.status.success() {
        return Err(format!("{bin} does not build"));
    }
    let messages = String::from_utf8_lossy(&out.stdout);
    let mut paths = golang::regex!(r#""executable":"([^"]+)""#).captures_iter(&messages);
    let path = paths.next().ok_or(format!("cargo built no {bin}"))?;
    Ok(PathBuf::from(path[1].replace("\\\\", "\\")))
}

fn workload(id: &str, p: &Programs, o: &Options, metrics: &mut Vec<Metric>) -> Result<(), String> {
    let before = metrics.len();
    let run = |mut cmd: Command| {
        cmd.arg(id);
        if let Some(reps) = o.reps {
            cmd.env("BENCH_REPS", reps.to_string());
        }
        if id.starts_with("echo_ext") || id.starts_with("echo_held") {
            echo::run(&mut cmd, &echo::client(&o.out)?, id)
        } else if id.starts_with("syscall") {
            cmd.stdin(Stdio::piped());
            process::run_with(&mut cmd, LIMIT, feed)
        } else {
            process::run(&mut cmd, LIMIT)
        }
    };
    // Peers that have no such workload, or fail in it, are not asked again.
    let mut peers = [p.peers.as_ref(); PEERS.len()];
    for _ in 0..o.rounds {
        for (which, exe) in p.bench.iter().enumerate() {
            let out = run(Command::new(exe))?;
            match out.code {
                Some(0) => parse(&out.stdout, which, metrics)?,
                Some(64) => {
                    metrics.truncate(before);
                    println!("{id}: left out, {} has no such workload", ["gort", "Go"][which]);
                    return Ok(());
                }
                c => {
                    return Err(format!(
                        "{} ended with {c:?}\n{}",
                        ["gort", "Go"][which],
                        out.stderr
                    ));
                }
            }
        }
        if let Some(exe) = &p.inside {
            let out = run(Command::new(exe))?;
            if out.code != Some(0) {
                return Err(format!(
                    "Go with the port inside ended with {:?}\n{}",
                    out.code, out.stderr
                ));
            }
            parse(&out.stdout, INSIDE, metrics)?;
        }
        for (i, peer) in peers.iter_mut().enumerate() {
            let Some(exe) = *peer else { continue };
            let mut cmd = Command::new(exe);
            cmd.arg(PEERS[i]);
            match run(cmd)? {
                out if out.code == Some(0) => parse(&out.stdout, 2 + i, metrics)?,
                out => {
                    *peer = None;
                    if out.code != Some(64) {
                        println!("{id}: {} ended with {:?}", PEERS[i], out.code);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Writes a byte every 500 µs until nobody reads any more.
fn feed(child: &mut std::process::Child) {
    let Some(mut pipe) = child.stdin.take() else { return };
    std::thread::spawn(move || {
        let (start, every) = (Instant::now(), Duration::from_micros(500));
        for n in 1u32.. {
            if pipe.write_all(b"x").is_err() {
                return;
            }
            std::thread::sleep((start + every * n).saturating_duration_since(Instant::now()));
        }
    });
}

fn parse(out: &str, which: usize, metrics: &mut Vec<Metric>) -> Result<(), String> {
    for l in out.lines() {
        let f: Vec<&str> = l.split('\t').collect();
        let [name, value, unit, better] = f[..] else { return Err(format!("not a metric: {l:?}")) };
        let value: f64 = value.parse().map_err(|e| format!("{l:?}: {e}"))?;
        add(metrics, name, unit, better == "higher", which, value);
    }
    Ok(())
}

fn add(metrics: &mut Vec<Metric>, name: &str, unit: &str, higher: bool, which: usize, value: f64) {
    let i = metrics.iter().position(|m| m.name == name).unwrap_or_else(|| {
        let values = [const { Vec::new() }; INSIDE + 1];
        metrics.push(Metric { name: name.into(), unit: unit.into(), higher, values });
        metrics.len() - 1
    });
    metrics[i].values[which].push(value);
}

/// A hello-world program from its start to its end, and its size; the same linked dynamically.
fn startup(p: &Programs, o: &Options, metrics: &mut Vec<Metric>) -> Result<(), String> {
    let [gort, go] = &p.hello;
    let exes = [gort, go, &p.hello_dynamic];
    for exe in exes {
        let o = process::run(&mut Command::new(exe), LIMIT)?;
        if o.code != Some(0) || o.stdout != "hello, world\n" {
            return Err(format!(
                "{} ended with {:?}: {:?} {:?}",
                exe.display(),
                o.code,
                o.stdout,
                o.stderr
            ));
        }
    }
    for _ in 0..o.rounds {
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..STARTS {
            for (exe, times) in exes.iter().zip(&mut times) {
                let mut cmd = Command::new(exe);
                cmd.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                // Cargo's own, which would send the dynamic linker through its directories first.
                cmd.env_remove("LD_LIBRARY_PATH");
                let t = Instant::now();
                cmd.status().map_err(|e| format!("{cmd:?}: {e}"))?;
                times.push(t.elapsed().as_secs_f64() * 1e3);
            }
        }
        let [gort, go, dynamic] = times.map(|t| median(&t));
        for (name, value, which) in [
            ("startup.time", gort, 0),
            ("startup.time", go, 1),
            ("startup.dynamic", dynamic, 0),
            ("startup.dynamic", go, 1),
        ] {
            add(metrics, name, "ms", false, which, value);
        }
    }
    for (which, exe) in p.hello.iter().enumerate() {
        let kib = |p: &Path| {
            std::fs::metadata(p).map(|m| m.len() as f64 / 1024.0).map_err(|e| e.to_string())
        };
        add(metrics, "startup.size", "KiB", false, which, kib(exe)?);
        let stripped = o.out.join("stripped");
        if Command::new("strip")
            .arg("-o")
            .arg(&stripped)
            .arg(exe)
            .status()
            .is_ok_and(|s| s.success())
        {
            add(metrics, "startup.size_stripped", "KiB", false, which, kib(&stripped)?);
            let _ = std::fs::remove_file(&stripped);
        }
    }
    Ok(())
}

fn median(v: &[f64]) -> f64 {
    let mut v = v.to_vec();
    v.sort_by(f64::total_cmp);
    match v.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => v[n / 2],
        n => (v[n / 2 - 1] + v[n / 2]) / 2.0,
    }
}

impl Metric {
    fn median(&self, which: usize) -> f64 {
        median(&self.values[which])
    }
    fn spread(&self, which: usize) -> (f64, f64) {
        let v = &self.values[which];
        (
            v.iter().copied().fold(f64::INFINITY, f64::min),
            v.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        )
    }
    /// gort / Go.
    fn ratio(&self) -> f64 {
        self.median(0) / self.median(1)
    }
    /// What Go costs with the port inside as a multiple of unchanged Go, by the medians of the
    /// rounds or by their best; not a number if that was not measured.
    fn inside(&self, best: bool) -> f64 {
        let value = |which| match (best, self.spread(which)) {
            (false, _) => self.median(which),
            (true, (min, max)) => {
                if self.higher {
                    max
                } else {
                    min
                }
            }
        };
        let ratio = value(INSIDE) / value(1);
        if self.higher { 1.0 / ratio } else { ratio }
    }
    /// gort's cost as a multiple of Go's: less than one is better.
    fn cost(&self) -> f64 {
        if self.higher { 1.0 / self.ratio() } else { self.ratio() }
    }
}

/// What a metric shall be at most, as a multiple of Go's cost. `None`: there is no goal.
fn limit(name: &str) -> Option<f64> {
    let is = |s: &[&str]| s.iter().any(|s| name.starts_with(s));
    match name {
        "startup.dynamic" | "startup.time" | "startup.size_stripped" => Some(1.0),
        _ if is(&["echo"]) && name.ends_with(".rps") => Some(1.0 / 1.2),
        _ if is(&["echo"]) && name.ends_with(".p99") => Some(0.8),
        _ if is(&["echo", "mem", "syscall", "startup", "hotsplit"]) => None,
        _ if name.ends_with(".cpu") || name.ends_with(".late") => None,
        _ => Some(CORE),
    }
}

/// What every workload of the scheduler shall be at most, as a multiple of Go's time, and all of
/// them in the geometric mean.
const CORE: f64 = 0.8;
const CORE_MEAN: f64 = 0.5;

/// The same for the peer: of `PEERS[i]`'s cost.
fn peer_limit(name: &str, i: usize) -> Option<f64> {
    let server = name.starts_with("echo_self") || name.starts_with("echo_ext");
    match limit(name) {
        _ if server && (name.ends_with(".rps") || name.ends_with(".p99")) => Some(1.0),
        Some(CORE) if i == 0 && name.starts_with("yield1000") => Some(2.0),
        Some(CORE) if i == 0 => Some(1.0),
        _ => None,
    }
}

/// The goals: how far each is missed that is missed, and how many are met.
fn goals(metrics: &[Metric]) -> String {
    let mut s = String::new();
    let (mut met, mut all) = (0, 0);
    let mut goal = |name: &str, cost: f64, whose: &str, limit: f64| {
        all += 1;
        if cost <= limit {
            met += 1;
        } else {
            let by = (cost / limit - 1.0) * 100.0;
            let _ = writeln!(
                s,
                "{name:<22} {cost:.2} of {whose}, {limit:.2} at most: missed by {by:.0} %"
            );
        }
    };
    let mut core = vec![];
    for m in metrics {
        let Some(limit) = limit(&m.name).filter(|_| m.cost().is_finite()) else { continue };
        goal(&m.name, m.cost(), "Go's cost", limit);
        if limit == CORE && !m.name.starts_with("echo") {
            core.push(m.cost().ln());
        }
    }
    if !core.is_empty() {
        let mean = (core.iter().sum::<f64>() / core.len() as f64).exp();
        goal(&format!("mean of {}", core.len()), mean, "Go's cost", CORE_MEAN);
    }
    for m in metrics {
        for (i, peer) in PEERS.iter().enumerate() {
            let theirs = median(&m.values[2 + i]);
            let Some(limit) = peer_limit(&m.name, i).filter(|_| theirs.is_finite()) else {
                continue;
            };
            let ratio = m.median(0) / theirs;
            goal(
                &m.name,
                if m.higher { 1.0 / ratio } else { ratio },
                &format!("{peer}'s cost"),
                limit,
            );
        }
    }
    let _ = writeln!(s, "{met} of {all} goals are met");
    s
}

/// A number with about three digits.
fn short(v: f64) -> String {
    match v.abs() {
        a if a >= 100.0 => format!("{v:.0}"),
        a if a >= 10.0 => format!("{v:.1}"),
        _ => format!("{v:.2}"),
    }
}

fn heading(o: &Options) -> String {
    let mut s = format!(
        "{:<22} {:>7} {:>10} {:>19} {:>10} {:>19} {:>8}",
        "", "", "gort", "min-max", "Go", "min-max", "gort/Go"
    );
    for name in PEERS.iter().filter(|_| o.peers) {
        let _ = write!(s, " {name:>10}");
    }
    if o.inside {
        let _ = write!(s, " {:>10} {:>9} {:>9}", "inside", "cost", "of best");
    }
    s
}

fn row(m: &Metric, o: &Options) -> String {
    let mut s = format!("{:<22} {:>7}", m.name, m.unit);
    for which in 0..2 {
        let (lo, hi) = m.spread(which);
        let _ = write!(
            s,
            " {:>10} {:>19}",
            short(m.median(which)),
            format!("{}-{}", short(lo), short(hi))
        );
    }
    let _ = write!(s, " {:>8.2}", m.ratio());
    let or_dash = |v: &[f64]| if v.is_empty() { "-".into() } else { short(median(v)) };
    for v in m.values[2..INSIDE].iter().filter(|_| o.peers) {
        let _ = write!(s, " {:>10}", or_dash(v));
    }
    if o.inside {
        let _ = write!(s, " {:>10}", or_dash(&m.values[INSIDE]));
        for best in [false, true] {
            let c = m.inside(best);
            let _ = write!(s, " {:>9}", if c.is_finite() { format!("{c:.2}") } else { "-".into() });
        }
    }
    s + if m.higher { " (more is better)" } else { "" }
}

fn tsv(metrics: &[Metric]) -> String {
    let mut s = "metric\tunit\tbetter\tgort\tgort_min\tgort_max\tgo\tgo_min\tgo_max\tratio\truns"
        .to_string();
    for name in PEERS.iter().chain(&["inside"]) {
        s = s + "\t" + name;
    }
    s.push('\n');
    for m in metrics {
        let _ = write!(s, "{}\t{}\t{}", m.name, m.unit, if m.higher { "higher" } else { "lower" });
        for which in 0..2 {
            let (lo, hi) = m.spread(which);
            let _ = write!(s, "\t{:.3}\t{lo:.3}\t{hi:.3}", m.median(which));
        }
        let _ = write!(s, "\t{:.4}\t{}", m.ratio(), m.values[0].len());
        for v in &m.values[2..] {
            let _ = if v.is_empty() { write!(s, "\t") } else { write!(s, "\t{:.3}", median(v)) };
        }
        s.push('\n');
    }
    s
}

/// Bars from 1 to the left (better than Go) and to the right, on a logarithmic scale.
fn svg(metrics: &[Metric]) -> String {
    let metrics: Vec<&Metric> =
        metrics.iter().filter(|m| m.cost().is_finite() && m.cost() > 0.0).collect();
    let reach = metrics.iter().map(|m| m.cost().log2().abs()).fold(1.0, f64::max).ceil();
    let (left, width, line) = (190.0, 520.0, 18.0);
    let (mid, unit) = (left + width / 2.0, width / 2.0 / reach);
    let height = 60.0 + line * metrics.len() as f64;
    let mut s = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{height}\" viewBox=\"0 0 {w} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{mid}\" y=\"16\" text-anchor=\"middle\">gort's cost as a multiple of Go's (left of 1: gort is better)</text>\n",
        w = left + width + 60.0
    );
    for k in -(reach as i32)..=reach as i32 {
        let x = mid + unit * f64::from(k);
        let label = if k < 0 { format!("1/{}", 1u64 << -k) } else { format!("{}", 1u64 << k) };
        let _ = writeln!(
            s,
            "<line x1=\"{x:.1}\" y1=\"40\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"{}\"/>\
             <text x=\"{x:.1}\" y=\"34\" text-anchor=\"middle\" fill=\"#666\">{label}</text>",
            height - 10.0,
            if k == 0 { "#333" } else { "#ddd" }
        );
    }
    for (i, m) in metrics.iter().enumerate() {
        let (y, cost) = (46.0 + line * i as f64, m.cost());
        let end = mid + unit * cost.log2();
        let (x, w, colour) =
            if cost < 1.0 { (end, mid - end, "#2a7f62") } else { (mid, end - mid, "#c8553d") };
        let _ = writeln!(
            s,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#333\">{cost:.2}</text>",
            left - 8.0,
            y + 10.0,
            m.name,
            left + width + 10.0,
            y + 10.0
        );
    }
    s.push_str("</svg>\n");
    s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics() {
        let mut m = Vec::new();
        parse("a\t1.0\tns\tlower\nb\t50\t%\thigher\n", 0, &mut m).unwrap();
        parse("a\t2.0\tns\tlower\nb\t100\t%\thigher\n", 1, &mut m).unwrap();
        parse("a\t3.0\tns\tlower\n", 0, &mut m).unwrap();
        assert_eq!((m[0].median(0), m[0].ratio(), m[0].spread(0)), (2.0, 1.0, (1.0, 3.0)));
        assert_eq!((m[1].ratio(), m[1].cost()), (0.5, 2.0));
        assert!(parse("a 1\n", 0, &mut m).is_err());
        assert_eq!(costs_inside(&m, false), None);
        parse("a\t4.0\tns\tlower\nb\t200\t%\thigher\n", INSIDE, &mut m).unwrap();
        let inside = |m: &[Metric], best| costs_inside(m, best).unwrap();
        assert!(inside(&m, false).contains("2 metrics: geometric mean 1.000 (goal 1.00: met)"));
        assert!(inside(&m, false).ends_with("by 1 metrics)\n    a: 2.00, 0.85 too much"));
        parse("a\t1.0\tns\tlower\na\t9.0\tns\tlower\n", INSIDE, &mut m).unwrap();
        parse("b\t50\t%\thigher\n", INSIDE, &mut m).unwrap();
        assert!(
            inside(&m, true).ends_with("worst 0.50 a (goal 1.15: met)"),
            "{}",
            inside(&m, true)
        );
        assert!(inside(&m, false).contains("(goal 1.00: missed by "));
        let mut m = Vec::new();
        let gort = "ring.w1\t60\tns\tlower\nyield1.w1\t90\tns\tlower\necho_self.w2.rps\t110\treq/s\thigher\nmem.1m.rss\t9\tB\tlower\n";
        let go = "ring.w1\t100\tns\tlower\nyield1.w1\t100\tns\tlower\necho_self.w2.rps\t100\treq/s\thigher\nmem.1m.rss\t1\tB\tlower\n";
        parse(gort, 0, &mut m).unwrap();
        parse(go, 1, &mut m).unwrap();
        parse("ring.w1\t50\tns\tlower\necho_self.w2.rps\t100\treq/s\thigher\n", 2, &mut m).unwrap();
        assert_eq!(
            goals(&m).lines().collect::<Vec<_>>(),
            [
                "yield1.w1              0.90 of Go's cost, 0.80 at most: missed by 12 %",
                "echo_self.w2.rps       0.91 of Go's cost, 0.83 at most: missed by 9 %",
                "mean of 2              0.73 of Go's cost, 0.50 at most: missed by 47 %",
                "ring.w1                1.20 of tokio's cost, 1.00 at most: missed by 20 %",
                "2 of 6 goals are met",
            ]
        );
        let mut m = Vec::new();
        parse("a\t1.0\tns\tlower\nb\t50\t%\thigher\n", 0, &mut m).unwrap();
        parse("a\t2.0\tns\tlower\nb\t100\t%\thigher\n", 1, &mut m).unwrap();
        assert_eq!(tsv(&m).lines().count(), 3);
        assert_eq!(svg(&m).matches("<rect").count(), 3);
    }
}
