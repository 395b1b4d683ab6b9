//! A profile in the form of profile.proto: samples with values and labels, their places, and what
//! stands there.

use crate::maps::{Mapping, mappings};
use crate::protobuf::Protobuf;
use flate2::Compression;
use flate2::write::GzEncoder;
use gort_traceback::symtab::{self, Owner, symbolize};
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

// Numbers of fields in profile.proto.
const PROFILE_SAMPLE_TYPE: u32 = 1;
const PROFILE_SAMPLE: u32 = 2;
const PROFILE_MAPPING: u32 = 3;
const PROFILE_LOCATION: u32 = 4;
const PROFILE_FUNCTION: u32 = 5;
const PROFILE_STRING_TABLE: u32 = 6;
const PROFILE_TIME_NANOS: u32 = 9;
const PROFILE_DURATION_NANOS: u32 = 10;
const PROFILE_PERIOD_TYPE: u32 = 11;
const PROFILE_PERIOD: u32 = 12;

/// Labels of a sample, sorted.
pub type Labels = Vec<(String, String)>;

/// What a profile counts: two values for each sample, and what one period is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Name and unit of the first value.
    pub first: (&'static str, &'static str),
    /// Of the second, if there is one.
    pub second: Option<(&'static str, &'static str)>,
    /// It was taken for a time, of which each sample of the second value stands for a period;
    /// otherwise the period is one of the first.
    pub timed: bool,
    /// Which frames are left out.
    pub trim: Trim,
}

/// Which frames of gort's are left out of a stack that has others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// Those that every goroutine begins with.
    Roots,
    /// Those also that the program has called.
    Both,
}

/// Processor time.
pub const CPU: Kind = Kind {
    first: ("samples", "count"),
    second: Some(("cpu", "nanoseconds")),
    timed: true,
    trim: Trim::Roots,
};
/// Events that were waited for.
pub const CONTENTION: Kind = Kind {
    first: ("contentions", "count"),
    second: Some(("delay", "nanoseconds")),
    timed: false,
    trim: Trim::Both,
};
/// Goroutines, and where they are.
pub const GOROUTINES: Kind =
    Kind { first: ("goroutine", "count"), second: None, timed: false, trim: Trim::Both };

/// A place as files have it.
struct Place {
    /// The number of the location; 0 until it is in a sample.
    id: u64,
    lines: Vec<(u64, u32)>,
    /// It has frames of the program or of a library that it uses.
    user: bool,
}

/// A profile that is being made.
pub struct Builder {
    kind: Kind,
    start: SystemTime,
    /// In the unit of the value that it is of.
    period: i64,
    samples: HashMap<(Vec<u64>, Labels), [i64; 2]>,
    strings: Vec<String>,
    string_ids: HashMap<String, u64>,
    functions: HashMap<(String, String), u64>,
    places: HashMap<u64, Place>,
    locations: u64,
    pb: Protobuf,
}

/// A goroutine of the runtime, and what has no function, has the name that it has in Go, which Go's
/// tools know.
fn go_name(func: &str) -> Option<&'static str> {
    Some(match func {
        "gort_cpuprof::prof::system" => "runtime._System",
        "gort_cpuprof::prof::external_code" => "runtime._ExternalCode",
        "gort_cpuprof::prof::lost_external_code" => "runtime._LostExternalCode",
        "gort_pprof::cpu::lost_profile_event" => "runtime/pprof.lostProfileEvent",
        _ => return None,
    })
}

impl Builder {
    /// An empty one, which begins now. `period`: of a CPU profile ns for each sample.
    pub fn new(kind: Kind, period: i64) -> Self {
        Self {
            kind,
            start: SystemTime::now(),
            period,
            samples: HashMap::new(),
            strings: vec![String::new()],
            string_ids: HashMap::from([(String::new(), 0)]),
            functions: HashMap::new(),
            places: HashMap::new(),
            locations: 0,
            pb: Protobuf::default(),
        }
    }

    /// Adds to a stack of return addresses, innermost first.
    pub fn add(&mut self, stk: &[u64], labels: Labels, values: [i64; 2]) {
        let s = self.samples.entry((stk.to_vec(), labels)).or_default();
        s[0] += values[0];
        s[1] += values[1];
    }

    /// What each sample stands for.
    pub fn period(&self) -> i64 {
        self.period
    }

    /// What was counted in all.
    pub fn total(&self) -> [i64; 2] {
        self.samples.values().fold([0, 0], |t, s| [t[0] + s[0], t[1] + s[1]])
    }

    fn string(&mut self, s: &str) -> u64 {
        if let Some(&id) = self.string_ids.get(s) {
            return id;
        }
        let id = self.strings.len() as u64;
        self.strings.push(s.to_string());
        self.string_ids.insert(s.to_string(), id);
        id
    }

    fn value_type(&mut self, tag: u32, (name, unit): (&str, &str)) {
        let (name, unit) = (self.string(name), self.string(unit));
        self.pb.message(tag, |b| {
            b.uint64(1, name);
            b.uint64(2, unit);
        });
    }

    /// The number of a function, which is written when it is met first.
    fn function(&mut self, name: &str, file: &str) -> u64 {
        let key = (name.to_string(), file.to_string());
        if let Some(&id) = self.functions.get(&key) {
            return id;
        }
        let id = self.functions.len() as u64 + 1;
        self.functions.insert(key, id);
        let (name, file) = (self.string(name), self.string(file));
        self.pb.message(PROFILE_FUNCTION, |b| {
            b.uint64_opt(1, id);
            b.uint64_opt(2, name);
            b.uint64_opt(3, name);
            b.uint64_opt(4, file);
        });
        id
    }

    /// Names what stands at a return address.
    fn name(&mut self, pc: u64) {
        if self.places.contains_key(&pc) {
            return;
        }
        let info =
            symtab::with_room(|| symbolize((pc as usize).wrapping_sub(1))).unwrap_or_default();
        // What stands for something else is never left out.
        let user = info.frames.is_empty()
            || info.frames.iter().any(|f| f.owner == Owner::User || go_name(&f.name).is_some());
        let mut lines = Vec::new();
        // Inlined calls of gort's are left out like others.
        let first = info.frames.iter().position(|f| f.owner == Owner::User);
        let skip = if self.kind.trim == Trim::Both { first.unwrap_or(0) } else { 0 };
        for f in &info.frames[skip..] {
            let name = go_name(&f.name).unwrap_or(&f.name);
            lines.push((self.function(name, &f.file), f.line));
        }
        self.places.insert(pc, Place { id: 0, lines, user });
    }

    /// The part of a stack that is shown.
    fn shown<'a>(&self, stk: &'a [u64]) -> &'a [u64] {
        let user = |pc: &u64| self.places[pc].user;
        let (Some(first), Some(last)) = (stk.iter().position(user), stk.iter().rposition(user))
        else {
            return stk;
        };
        match self.kind.trim {
            Trim::Roots => &stk[..=last],
            Trim::Both => &stk[first..=last],
        }
    }

    /// The number of a location, which is written when it is met first.
    fn location(&mut self, pc: u64, maps: &[Mapping]) -> u64 {
        let Some(place) = self.places.get_mut(&pc) else { return 0 };
        if place.id != 0 {
            return place.id;
        }
        self.locations += 1;
        place.id = self.locations;
        let (id, addr) = (place.id, pc.wrapping_sub(1));
        let map = maps.iter().position(|m| m.lo <= addr && addr < m.hi).map_or(0, |i| i as u64 + 1);
        let lines = &place.lines;
        self.pb.message(PROFILE_LOCATION, |b| {
            b.uint64_opt(1, id);
            b.uint64_opt(2, map);
            b.uint64_opt(3, addr);
            for (func, line) in lines {
                b.message(4, |b| {
                    b.uint64_opt(1, *func);
                    b.uint64_opt(2, u64::from(*line));
                });
            }
        });
        id
    }

    /// The profile as a text behind its header: what costs most first. Like [`Builder::write`] it
    /// is not for a goroutine. Its form is that of runtime/pprof.
    pub fn text(mut self) -> String {
        use std::fmt::Write as _;
        let mut out = String::new();
        let mut samples: Vec<_> = std::mem::take(&mut self.samples).into_iter().collect();
        let two = self.kind.second.is_some();
        samples.sort_by(|a, b| {
            let by = |s: &[i64; 2]| if two { s[1] } else { s[0] };
            by(&b.1).cmp(&by(&a.1)).then_with(|| a.0.cmp(&b.0))
        });
        for ((stk, labels), [count, cycles]) in samples {
            for &pc in &stk {
                self.name(pc);
            }
            let shown = self.shown(&stk);
            // Writing to a string does not fail.
            let _ = if two { write!(out, "{cycles} {count} @") } else { write!(out, "{count} @") };
            for pc in shown {
                let _ = write!(out, " {pc:#x}");
            }
            out.push('\n');
            if !labels.is_empty() {
                let labels: Vec<_> = labels.iter().map(|(k, v)| format!("{k:?}:{v:?}")).collect();
                let _ = writeln!(out, "# labels: {{{}}}", labels.join(", "));
            }
            for &pc in shown {
                let info = symtab::with_room(|| symbolize((pc as usize).wrapping_sub(1)));
                let info = info.unwrap_or_default();
                if info.frames.is_empty() {
                    let _ = writeln!(out, "#\t{pc:#x}");
                }
                for f in &info.frames {
                    let offset = pc.wrapping_sub(info.entry as u64);
                    let name = go_name(&f.name).unwrap_or(&f.name);
                    let _ = writeln!(out, "#\t{pc:#x}\t{name}+{offset:#x}\t{}:{}", f.file, f.line);
                }
            }
            out.push('\n');
        }
        out
    }

    /// Writes the profile, compressed.
    ///
    /// # Errors
    /// Those of `w`.
    pub fn write(mut self, w: impl Write) -> io::Result<()> {
        let maps = mappings();
        let nanos = |t: SystemTime| t.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
        self.pb.uint64_opt(PROFILE_TIME_NANOS, nanos(self.start));
        self.value_type(PROFILE_SAMPLE_TYPE, self.kind.first);
        if let Some(second) = self.kind.second {
            self.value_type(PROFILE_SAMPLE_TYPE, second);
        }
        // As runtime/pprof has them (printCountCycleProfile, build).
        if self.kind.timed {
            let d = SystemTime::now().duration_since(self.start).map_or(0, |d| d.as_nanos() as u64);
            self.pb.uint64_opt(PROFILE_DURATION_NANOS, d);
        }
        let of = self.kind.second.filter(|_| self.kind.timed).unwrap_or(self.kind.first);
        self.value_type(PROFILE_PERIOD_TYPE, of);
        self.pb.uint64_opt(PROFILE_PERIOD, self.period as u64);
        let n = 1 + usize::from(self.kind.second.is_some());
        let samples = std::mem::take(&mut self.samples);
        // In an order that does not change from run to run.
        let mut samples: Vec<_> = samples.into_iter().collect();
        samples.sort();
        for ((stk, labels), values) in samples {
            for &pc in &stk {
                self.name(pc);
            }
            let locations: Vec<u64> = self.shown(&stk).to_vec();
            let locations: Vec<u64> =
                locations.into_iter().map(|pc| self.location(pc, &maps)).collect();
            let labels: Vec<[u64; 2]> =
                labels.iter().map(|(k, v)| [self.string(k), self.string(v)]).collect();
            self.pb.message(PROFILE_SAMPLE, |b| {
                b.uint64s(1, &locations);
                b.uint64s(2, &values.map(|v| v as u64)[..n]);
                for [k, v] in labels {
                    b.message(3, |b| {
                        b.uint64_opt(1, k);
                        b.uint64_opt(2, v);
                    });
                }
            });
        }
        for (i, m) in maps.iter().enumerate() {
            let (file, build_id) = (self.string(&m.file), self.string(&m.build_id));
            // All that could be named has been, so pprof need not look for names in what has none.
            let in_it = |pc: &u64| m.lo < *pc && *pc <= m.hi;
            let mut named = self.places.iter().filter(|(pc, p)| p.id != 0 && in_it(pc)).peekable();
            let functions = named.peek().is_some() && named.all(|(_, p)| !p.lines.is_empty());
            self.pb.message(PROFILE_MAPPING, |b| {
                b.uint64_opt(1, i as u64 + 1);
                b.uint64_opt(2, m.lo);
                b.uint64_opt(3, m.hi);
                b.uint64_opt(4, m.offset);
                b.uint64_opt(5, file);
                b.uint64_opt(6, build_id);
                for tag in 7..=10 {
                    b.uint64_opt(tag, u64::from(functions));
                }
            });
        }
        for s in std::mem::take(&mut self.strings) {
            self.pb.string(PROFILE_STRING_TABLE, &s);
        }
        let mut z = GzEncoder::new(w, Compression::fast());
        z.write_all(&self.pb.data)?;
        z.finish()?.flush()
    }
}
