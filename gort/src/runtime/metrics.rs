//! Go's package `runtime/metrics`: what the scheduler counts, by name, while the program runs.
//!
//! ```
//! use gort::runtime::metrics::{self, Sample};
//!
//! # gort::run_main(|| {
//! let mut s = [Sample::new("/sched/goroutines:goroutines"), Sample::new("/sched/latencies:seconds")];
//! metrics::read(&mut s);
//! println!("{} goroutines", s[0].value.uint64());
//! let h = s[1].value.float64_histogram();
//! println!("half of them wait for less than {} s", h.quantile(0.5));
//! # })
//! ```
//!
//! Names, kinds and meanings of those outside `/gort/` are Go's. Those of Go's allocator and
//! collector are missing, as is what they measure. Those under `/gort/` count what the processors
//! (Ps) do, summed over all that there have ever been; [`per_p`] has them for each.

use gort_proc::*;
use std::fmt;

/// The kind of a [`Value`].
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::metrics::{self, ValueKind};
/// let counts = metrics::all().into_iter().filter(|m| m.kind == ValueKind::Uint64).count();
/// assert!(counts > 5);
/// # })
/// ```
///
/// Go (runtime/metrics): value.go:13 ValueKind
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueKind {
    /// No value: there is no metric of that name.
    #[default]
    Bad,
    /// A count.
    Uint64,
    /// A number.
    Float64,
    /// A distribution.
    Float64Histogram,
}

/// The value of a metric.
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::metrics::{Sample, Value, read};
/// let mut s = [Sample::new("/sched/gomaxprocs:threads")];
/// read(&mut s);
/// assert!(matches!(s[0].value, Value::Uint64(n) if n >= 1));
/// # })
/// ```
///
/// Go (runtime/metrics): value.go:30 Value
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// No value.
    #[default]
    Bad,
    /// A count.
    Uint64(u64),
    /// A number.
    Float64(f64),
    /// A distribution.
    Float64Histogram(Float64Histogram),
}

impl Value {
    /// Its kind.
    ///
    /// ```
    /// use gort::runtime::metrics::{Value, ValueKind};
    /// assert_eq!(Value::Float64(0.5).kind(), ValueKind::Float64);
    /// ```
    ///
    /// Go (runtime/metrics): value.go:37 Kind
    pub fn kind(&self) -> ValueKind {
        // value.go:38
        match self {
            Value::Bad => ValueKind::Bad,
            Value::Uint64(_) => ValueKind::Uint64,
            Value::Float64(_) => ValueKind::Float64,
            Value::Float64Histogram(_) => ValueKind::Float64Histogram,
        }
    }

    /// The count.
    ///
    /// ```
    /// assert_eq!(gort::runtime::metrics::Value::Uint64(7).uint64(), 7);
    /// ```
    ///
    /// # Panics
    /// If it is of another kind.
    ///
    /// Go (runtime/metrics): value.go:44 Uint64
    pub fn uint64(&self) -> u64 {
        // value.go:45
        let Value::Uint64(v) = self else { panic!("called Uint64 on non-uint64 metric value") };
        *v
    }

    /// The number.
    ///
    /// ```
    /// assert_eq!(gort::runtime::metrics::Value::Float64(0.5).float64(), 0.5);
    /// ```
    ///
    /// # Panics
    /// If it is of another kind.
    ///
    /// Go (runtime/metrics): value.go:54 Float64
    pub fn float64(&self) -> f64 {
        // value.go:55
        let Value::Float64(v) = self else { panic!("called Float64 on non-float64 metric value") };
        *v
    }

    /// The distribution.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::runtime::metrics::{Sample, read};
    /// let mut s = [Sample::new("/sched/latencies:seconds")];
    /// gort::runtime::gosched();
    /// read(&mut s);
    /// let h = s[0].value.float64_histogram();
    /// assert_eq!(h.buckets.len(), h.counts.len() + 1);
    /// # })
    /// ```
    ///
    /// # Panics
    /// If it is of another kind.
    ///
    /// Go (runtime/metrics): value.go:64 Float64Histogram
    #[doc(alias = "Float64Histogram")]
    pub fn float64_histogram(&self) -> &Float64Histogram {
        // value.go:65
        let Value::Float64Histogram(v) = self else {
            panic!("called Float64Histogram on non-Float64Histogram metric value")
        };
        v
    }
}

/// A distribution: how many samples there were in each bucket.
///
/// ```
/// use gort::runtime::metrics::Float64Histogram;
/// let h = Float64Histogram { counts: vec![3, 1], buckets: vec![0.0, 1.0, 2.0] };
/// assert_eq!((h.total(), h.quantile(0.5)), (4, 1.0)); // most are below 1
/// ```
///
/// Go (runtime/metrics): histogram.go:8 Float64Histogram
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Float64Histogram {
    /// `counts[n]` samples were at least `buckets[n]` and less than `buckets[n + 1]`.
    pub counts: Vec<u64>,
    /// The boundaries, one more than there are counts, rising. The first may be -∞, the last +∞.
    /// They do not change while the program runs.
    pub buckets: Vec<f64>,
}

impl Float64Histogram {
    /// How many samples there were. gort's own.
    ///
    /// ```
    /// assert_eq!(gort::runtime::metrics::Float64Histogram::default().total(), 0);
    /// ```
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The upper boundary of the bucket that holds the sample which `q` (0 to 1) of all do not
    /// exceed; 0 if there are no samples. gort's own.
    ///
    /// ```
    /// use gort::runtime::metrics::Float64Histogram;
    /// let h = Float64Histogram { counts: vec![98, 1, 1], buckets: vec![0.0, 0.1, 1.0, 10.0] };
    /// assert_eq!((h.quantile(0.5), h.quantile(0.99), h.quantile(1.0)), (0.1, 1.0, 10.0));
    /// ```
    pub fn quantile(&self, q: f64) -> f64 {
        let total = self.total();
        let rank = ((q.clamp(0.0, 1.0) * total as f64).ceil() as u64).max(1);
        let mut sum = 0;
        for (n, c) in self.counts.iter().enumerate() {
            sum += c;
            if sum >= rank {
                return self.buckets[n + 1];
            }
        }
        0.0
    }
}

/// A metric's name, and its value once it has been read.
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::metrics::{Sample, read};
/// let mut s = ["/sched/goroutines:goroutines", "/no/such:metric"].map(Sample::new);
/// read(&mut s);
/// println!("{}: {}", s[0].name, s[0].value);
/// assert!(s[0].value.uint64() >= 1);
/// # })
/// ```
///
/// Go (runtime/metrics): sample.go:13 Sample
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// One of the names that [`all`] lists.
    pub name: String,
    /// What [`read`] found.
    pub value: Value,
}

impl Sample {
    /// A sample of the metric `name` that has not been read yet.
    ///
    /// ```
    /// use gort::runtime::metrics::{Sample, ValueKind};
    /// let s = Sample::new("/sched/goroutines:goroutines");
    /// assert_eq!(s.value.kind(), ValueKind::Bad); // not read yet
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Sample { name: name.into(), value: Value::Bad }
    }
}

/// What a metric is.
///
/// ```
/// use gort::runtime::metrics::{Description, all};
/// let grows = |d: &Description| d.cumulative;
/// assert!(all().iter().any(grows));
/// ```
///
/// Go (runtime/metrics): description.go:10 Description
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// Its full name, unit included: `/path:unit`.
    pub name: &'static str,
    /// What it measures.
    pub description: &'static str,
    /// The kind of its value.
    pub kind: ValueKind,
    /// Whether it only ever grows, so that a rate can be made of it.
    pub cumulative: bool,
}

/// A metric and how its value is found.
///
/// Go: metrics.go:29 metricData
struct MetricData {
    desc: Description,
    compute: fn() -> Value,
}

/// A metric with a count as its value.
macro_rules! count {
    ($name:literal, $cumulative:literal, $description:literal, $e:expr) => {
        MetricData {
            desc: Description {
                name: $name,
                description: $description,
                kind: ValueKind::Uint64,
                cumulative: $cumulative,
            },
            compute: || Value::Uint64($e),
        }
    };
}

/// A metric with a number of nanoseconds, read as seconds.
macro_rules! seconds {
    ($name:literal, $description:literal, $e:expr) => {
        MetricData {
            desc: Description {
                name: $name,
                description: $description,
                kind: ValueKind::Float64,
                cumulative: true,
            },
            compute: || Value::Float64(ns_to_sec($e)),
        }
    };
}

/// A metric with one of the scheduler's histograms.
macro_rules! histogram {
    ($name:literal, $field:ident, $description:literal) => {
        MetricData {
            desc: Description {
                name: $name,
                description: $description,
                kind: ValueKind::Float64Histogram,
                cumulative: true,
            },
            // SAFETY: a histogram of the scheduler's state, which is static.
            compute: || unsafe { float64_hist(&raw const (*sched()).$field) },
        }
    };
}

/// The metrics that there are, sorted by name. Go fills its table, most of which is about the
/// collector and the allocator, in `initMetrics` of metrics.go.
static METRICS: &[MetricData] = &[
    // metrics.go:88
    count!(
        "/cgo/go-to-c-calls:calls",
        true,
        "Calls of foreign functions through the runtime.",
        gort_debug::num_cgo_call() as u64
    ),
    // metrics.go:92 those of the collector and the allocator are left out, up to metrics.go:432
    count!(
        "/gort/sched/global-polls:events",
        true,
        "Looks into the global queue that found something.",
        sum(|s| &s.global_polls)
    ),
    count!(
        "/gort/sched/goroutines/created:goroutines",
        true,
        "Goroutines created.",
        sum(|s| &s.gocreate)
    ),
    count!(
        "/gort/sched/goroutines/ended:goroutines",
        true,
        "Goroutines that have ended.",
        sum(|s| &s.goexit)
    ),
    count!(
        "/gort/sched/handoffs:events",
        true,
        "Processors handed to another thread because theirs blocked or went away.",
        sum(|s| &s.handoffs)
    ),
    seconds!(
        "/gort/sched/idle:seconds",
        "Time that processors have been idle, summed over them. An idle time that goes on is not in it yet.",
        // SAFETY: an atomic of the scheduler's state.
        unsafe { (*sched()).idle_time.load() }
    ),
    count!("/gort/sched/network-polls:events", true, "Polls of the network by the scheduler.", {
        sum(|s| &s.netpolls)
    }),
    count!(
        "/gort/sched/parks:events",
        true,
        "Times that a goroutine began to wait.",
        sum(|s| &s.park)
    ),
    count!(
        "/gort/sched/preemptions:events",
        true,
        "Times that a goroutine was made to give way.",
        sum(|s| &s.preempt)
    ),
    count!(
        "/gort/sched/runs:events",
        true,
        "Times that a goroutine was switched to.",
        sum(|s| &s.execute)
    ),
    count!(
        "/gort/sched/spins:events",
        true,
        "Times that a thread began to look for work.",
        sum(|s| &s.spins)
    ),
    count!(
        "/gort/sched/steals/runnext:events",
        true,
        "Steals that took what another processor was to run next.",
        sum(|s| &s.steal_runnext)
    ),
    count!(
        "/gort/sched/steals/stolen:goroutines",
        true,
        "Goroutines moved by stealing.",
        sum(|s| &s.stolen)
    ),
    count!(
        "/gort/sched/steals/tried:events",
        true,
        "Attempts to take work from another processor.",
        sum(|s| &s.steal_tries)
    ),
    count!(
        "/gort/sched/steals/won:events",
        true,
        "Attempts that got something.",
        sum(|s| &s.steals)
    ),
    count!("/gort/sched/syscalls:events", true, "Blocking sections entered.", sum(|s| &s.syscalls)),
    count!(
        "/gort/sched/threads/created:threads",
        true,
        "Threads made by the runtime.",
        // SAFETY: an atomic of the scheduler's state.
        unsafe { (*sched()).mnext.get() as u64 }
    ),
    count!("/gort/sched/timers:events", true, "Timers that have been run.", sum(|s| &s.timers_run)),
    count!(
        "/gort/sched/yields:events",
        true,
        "Times that a goroutine gave way by itself.",
        sum(|s| &s.gosched)
    ),
    // metrics.go:433
    count!(
        "/sched/gomaxprocs:threads",
        false,
        "How many threads may run goroutines at once: the present value of gomaxprocs.",
        GOMAXPROCS.get() as u64
    ),
    // metrics.go:439
    count!(
        "/sched/goroutines:goroutines",
        false,
        "Goroutines that exist.",
        gort_debug::num_goroutine() as u64
    ),
    // metrics.go:445
    histogram!(
        "/sched/latencies:seconds",
        time_to_run,
        "How long goroutines were ready to run before they ran. One wait in eight is measured."
    ),
    // metrics.go:450
    histogram!(
        "/sched/pauses/stopping/gc:seconds",
        stw_stopping_time_gc,
        "How long it took, from the decision, to stop the world for a collection: part of /sched/pauses/total/gc:seconds."
    ),
    // metrics.go:455
    histogram!(
        "/sched/pauses/stopping/other:seconds",
        stw_stopping_time_other,
        "How long it took, from the decision, to stop the world for another reason: part of /sched/pauses/total/other:seconds."
    ),
    // metrics.go:460
    histogram!(
        "/sched/pauses/total/gc:seconds",
        stw_total_time_gc,
        "How long the world was stopped for a collection, from the decision until it went on."
    ),
    // metrics.go:465
    histogram!(
        "/sched/pauses/total/other:seconds",
        stw_total_time_other,
        "How long the world was stopped for another reason, from the decision until it went on."
    ),
    // metrics.go:470
    seconds!(
        "/sync/mutex/wait/total:seconds",
        "About how long goroutines have waited for mutexes of gort::sync, and threads for locks of the runtime.",
        gort_debug::total_mutex_wait_time_nanos()
    ),
    // metrics.go:478 no metrics of GODEBUG settings
];

/// Nanoseconds as seconds.
///
/// Go: metrics.go:701 nsToSec
fn ns_to_sec(ns: i64) -> f64 {
    // :702
    ns as f64 / 1e9
}

/// Copies one of the scheduler's histograms. Go reuses what the sample had from its last reading; a
/// new one is made here.
///
/// # Safety
/// `h` is alive.
///
/// Go: metrics.go:774 float64HistOrInit
#[doc(alias = "float64HistOrInit")]
unsafe fn float64_hist(h: *const TimeHistogram) -> Value {
    // :780
    let buckets = gort_histogram::time_histogram_metrics_buckets();
    let mut counts = [0; TIME_HIST_TOTAL_BUCKETS];
    // SAFETY: the caller's contract.
    unsafe { gort_histogram::write(h, &mut counts) };
    // :784
    Value::Float64Histogram(Float64Histogram { counts: counts.to_vec(), buckets })
}

/// Calls `f` with each P that there has ever been: its number, its counters, how long it has been
/// idle.
fn each_p(mut f: impl FnMut(i32, &PStats, i64)) {
    // SAFETY: Ps are never freed, nor is allp's array; only atomics of theirs are read, and the
    // numbers that never change. No reference is made to a whole P, whose owner writes to it.
    unsafe {
        let mp = acquirem();
        lock(allp_lock());
        let ps = *allp();
        unlock(allp_lock());
        releasem(mp);
        // Ps beyond gomaxprocs have counted too.
        let ps = ps.upto(ps.cap);
        for i in 0..ps.len {
            let pp = *ps.at(i);
            if !pp.is_null() {
                f((*pp).id, &(*pp).stats, (*pp).idle.get());
            }
        }
    }
}

fn sum(field: impl Fn(&PStats) -> &atomic::Uint64) -> u64 {
    let mut n = 0;
    each_p(|_, stats, _| n += field(stats).get());
    n
}

/// Reads the samples, by their names. One whose name is none of [`all`]'s gets [`Value::Bad`].
///
/// Counters of processors that run are a moment old; nothing is stopped to read them.
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::metrics::{Sample, read};
/// let mut s = [Sample::new("/gort/sched/goroutines/created:goroutines")];
/// read(&mut s);
/// let before = s[0].value.uint64();
/// gort::task::spawn(|| ()).join().unwrap();
/// read(&mut s);
/// assert!(s[0].value.uint64() > before);
/// # })
/// ```
///
/// # Panics
/// Ends the program outside of goroutines and in a blocking section, where the list of processors
/// may change meanwhile.
///
/// Go (runtime/metrics): sample.go:45 Read
#[doc(alias = "Read")]
#[doc(alias = "readMetrics")]
pub fn read(samples: &mut [Sample]) {
    entry_here!("metrics.Read", read(samples));
    // metrics.go:834 Go has a lock around its table and what it gathers; this table does not
    // change, and nothing is gathered beforehand.
    // metrics.go:857
    for sample in samples {
        sample.value = match METRICS.binary_search_by(|m| m.desc.name.cmp(&sample.name)) {
            Ok(i) => (METRICS[i].compute)(), // metrics.go:869
            Err(_) => Value::Bad,            // metrics.go:861
        };
    }
}

/// The metrics that there are, sorted by name.
///
/// ```
/// let all = gort::runtime::metrics::all();
/// assert!(all.iter().any(|m| m.name == "/sched/latencies:seconds"));
/// assert!(all.windows(2).all(|m| m[0].name < m[1].name));
/// ```
///
/// Go (runtime/metrics): description.go:475 All
#[doc(alias = "All")]
pub fn all() -> Vec<Description> {
    // description.go:476
    METRICS.iter().map(|m| m.desc).collect()
}

/// What one processor has done so far. gort's own.
///
/// ```
/// # gort::run(|| {
/// use gort::runtime::metrics::{PCounters, per_p};
/// let busiest: Option<PCounters> = per_p().into_iter().max_by_key(|p| p.runs);
/// assert!(busiest.unwrap().runs > 0);
/// # })
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PCounters {
    /// Its number.
    pub id: i32,
    /// Goroutines created on it.
    pub created: u64,
    /// Goroutines that ended on it.
    pub ended: u64,
    /// Times that it switched to a goroutine.
    pub runs: u64,
    /// Times that a goroutine began to wait.
    pub parks: u64,
    /// Times that one gave way by itself.
    pub yields: u64,
    /// Times that one was made to.
    pub preemptions: u64,
    /// Attempts to take work from others.
    pub steals_tried: u64,
    /// Those that got something.
    pub steals_won: u64,
    /// Those that took what the other was to run next.
    pub steals_runnext: u64,
    /// Goroutines taken.
    pub stolen: u64,
    /// Looks into the global queue that found something.
    pub global_polls: u64,
    /// Polls of the network.
    pub network_polls: u64,
    /// Times that it was handed to another thread.
    pub handoffs: u64,
    /// Blocking sections entered.
    pub syscalls: u64,
    /// Times that its thread began to look for work.
    pub spins: u64,
    /// Timers run.
    pub timers: u64,
    /// How long it has been idle; an idle time that goes on is not in it yet.
    pub idle: std::time::Duration,
}

/// The counters of each processor that there has ever been, those beyond gomaxprocs included, by
/// their numbers. gort's own.
///
/// ```
/// # gort::run(|| {
/// let all = gort::runtime::metrics::per_p();
/// assert!(all.len() >= gort::runtime::gomaxprocs(0) as usize);
/// assert!(all.iter().map(|p| p.created).sum::<u64>() > 0);
/// # })
/// ```
///
/// # Panics
/// As [`read`].
pub fn per_p() -> Vec<PCounters> {
    entry_here!("metrics", per_p());
    let mut v = Vec::new();
    each_p(|id, s, idle| {
        v.push(PCounters {
            id,
            created: s.gocreate.get(),
            ended: s.goexit.get(),
            runs: s.execute.get(),
            parks: s.park.get(),
            yields: s.gosched.get(),
            preemptions: s.preempt.get(),
            steals_tried: s.steal_tries.get(),
            steals_won: s.steals.get(),
            steals_runnext: s.steal_runnext.get(),
            stolen: s.stolen.get(),
            global_polls: s.global_polls.get(),
            network_polls: s.netpolls.get(),
            handoffs: s.handoffs.get(),
            syscalls: s.syscalls.get(),
            spins: s.spins.get(),
            timers: s.timers_run.get(),
            idle: std::time::Duration::from_nanos(idle as u64),
        });
    });
    v
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bad => f.write_str("-"),
            Value::Uint64(v) => v.fmt(f),
            Value::Float64(v) => write!(f, "{v:.6}"),
            Value::Float64Histogram(h) => {
                write!(f, "{} samples", h.total())?;
                if h.total() > 0 {
                    let q = |q| seconds(h.quantile(q));
                    write!(f, ", p50 < {}, p99 < {}, max < {}", q(0.5), q(0.99), q(1.0))?;
                }
                Ok(())
            }
        }
    }
}

/// A duration in its natural unit.
fn seconds(s: f64) -> String {
    match s {
        _ if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        _ if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        _ if s < 1.0 => format!("{:.1} ms", s * 1e3),
        _ => format!("{s:.1} s"),
    }
}

/// All metrics as text: a line for each, then a table with a line for each processor. gort's own;
/// what `gort run --stats` prints.
///
/// ```
/// # gort::run(|| {
/// assert!(gort::runtime::metrics::dump().contains("/sched/goroutines:goroutines"));
/// # })
/// ```
///
/// # Panics
/// As [`read`].
pub fn dump() -> String {
    use std::fmt::Write;
    let mut samples: Vec<_> = METRICS.iter().map(|m| Sample::new(m.desc.name)).collect();
    read(&mut samples);
    let mut out = String::new();
    for s in &samples {
        let _ = writeln!(out, "{:<42} {}", s.name, s.value);
    }
    let _ = writeln!(
        out,
        "{:<5} {:>10} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>12}",
        "P",
        "runs",
        "parks",
        "tried",
        "won",
        "runnext",
        "global",
        "handoffs",
        "syscalls",
        "spins",
        "idle"
    );
    for p in per_p() {
        let _ = writeln!(
            out,
            "{:<5} {:>10} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>12}",
            p.id,
            p.runs,
            p.parks,
            p.steals_tried,
            p.steals_won,
            p.steals_runnext,
            p.global_polls,
            p.handoffs,
            p.syscalls,
            p.spins,
            seconds(p.idle.as_secs_f64())
        );
    }
    out
}
