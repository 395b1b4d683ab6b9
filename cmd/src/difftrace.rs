//! `gort diff --trace`: what goroutines did, in order, as execution traces of real Go and of gort
//! tell it.
//!
//! A file is added to the program's package main. On real Go it starts a trace and a goroutine that
//! reads it; on gort, where the trace needs no reader (`GORT_TRACE`), it makes the same stop of the
//! world and as many goroutines that run once and wait, so that the program's own find the same
//! queues, ticks and numbers.
//!
//! Compared are transitions of goroutines, stops of the world and GOMAXPROCS. Left out is what
//! differs by nature: times, Ms, Ps, stacks, system calls (but for what they do to the order), the
//! goroutines of runtime and tracer. Goroutines are numbered in the order in which they were
//! created.

use gort_tracereader::event::{GoState, Kind, Resource, States};
use gort_tracereader::{Event, Reader};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The exit hook of real Go is reached by its name.
pub const GO_FLAGS: [&str; 1] = ["-ldflags=-checklinkname=0"];

/// How many goroutines the added files start.
const ADDED: usize = 3;

/// The stop of the world that the comparison begins after.
const MARK: &[u8] = b"stop-the-world (start trace)";

/// The program with what is added to it.
pub struct Prepared {
    /// A directory for real Go.
    pub go: PathBuf,
    /// One for gort.
    pub gort: PathBuf,
}

/// Copies the program, a file, to two directories and adds to each what it needs.
pub fn prepare(program: &Path, tmp: &Path) -> Result<Prepared, String> {
    let p = Prepared { go: tmp.join("for-go"), gort: tmp.join("for-gort") };
    let write = || {
        for dir in [&p.go, &p.gort] {
            std::fs::create_dir(dir)?;
            std::fs::copy(program, dir.join("main.go"))?;
        }
        // With a file in assembly, functions may have no body.
        std::fs::write(p.go.join("zz_gort.s"), "")?;
        std::fs::write(p.go.join("zz_gort.go"), include_str!("difftrace/gc.go"))?;
        std::fs::write(p.gort.join("zz_gort.go"), include_str!("difftrace/gccgo.go"))
    };
    write().map_err(|e: std::io::Error| format!("a copy of the program: {e}"))?;
    Ok(p)
}

/// One generation, no time slices: what is left is determined.
pub fn environment(c: &mut Command, trace: &Path) {
    _ = std::fs::remove_file(trace);
    c.env("GORT_TRACE", trace).env("GODEBUG", "traceadvanceperiod=2000000000,timeslice=0");
}

/// The sequence of a trace, a line for each event.
pub fn sequence(trace: &Path) -> Result<String, String> {
    let bytes = std::fs::read(trace).map_err(|e| format!("the trace: {e}"))?;
    let mut reader = Reader::new(&bytes[..]).map_err(|e| format!("the trace: {e}"))?;
    let mut s = Sequence::default();
    while let Some(e) = reader.read_event().map_err(|e| format!("the trace: {e}"))? {
        s.event(&e);
    }
    Ok(s.text)
}

#[derive(Default)]
struct Sequence {
    text: String,
    /// The mark's stop of the world has ended.
    begun: bool,
    /// Goroutines created since then.
    created: usize,
    /// The program's, with their numbers.
    gs: HashMap<i64, usize>,
    /// How many of them there have been.
    numbers: usize,
    /// One has come out of a system call without a P, and nobody has run since.
    out_of_call: Option<i64>,
}

impl Sequence {
    fn name(&self, g: i64) -> String {
        // No goroutine, or one of the runtime's.
        self.gs.get(&g).map_or("the runtime".into(), |n| format!("g{n}"))
    }

    fn line(&mut self, s: &str) {
        let _ = writeln!(self.text, "{s}");
    }

    fn event(&mut self, e: &Event) {
        match e.kind() {
            Kind::RangeBegin | Kind::RangeEnd => {
                let name = e.range().0;
                if !name.starts_with(b"stop-the-world") {
                    return;
                }
                if self.begun {
                    let end = if e.kind() == Kind::RangeEnd { "end of " } else { "" };
                    self.line(&format!("{end}{}", String::from_utf8_lossy(&name)));
                } else if name == MARK && e.kind() == Kind::RangeEnd {
                    self.begun = true;
                    self.numbers = 1;
                    self.gs.insert(e.context().g, 1);
                }
            }
            Kind::Metric if self.begun => {
                let (name, n) = e.metric();
                if name == "/sched/gomaxprocs:threads" {
                    self.line(&format!("GOMAXPROCS={n}"));
                }
            }
            Kind::StateTransition if self.begun => self.transition(e),
            _ => {}
        }
    }

    fn transition(&mut self, e: &Event) {
        let t = e.state_transition();
        let (Resource::Goroutine(id), States::Go(from, to)) = (t.resource, t.states) else {
            return;
        };
        if from == GoState::NotExist {
            self.created += 1;
            let runtime = e
                .frames(t.stack)
                .first()
                .is_some_and(|f| f.func.starts_with("runtime.") && f.func != "runtime.main");
            if self.created <= ADDED || runtime || !self.gs.contains_key(&e.context().g) {
                return;
            }
            let by = self.name(e.context().g);
            self.numbers += 1;
            let n = self.numbers;
            self.gs.insert(id, n);
            let how = if to == GoState::Waiting { ", waiting" } else { "" };
            return self.line(&format!("{by} creates g{n}{how}"));
        }
        if !self.gs.contains_key(&id) {
            return;
        }
        let g = self.name(id);
        let why = String::from_utf8_lossy(&t.reason).into_owned();
        match (from, to) {
            // A call that blocks is one that does not, if nobody has run meanwhile: whether sysmon
            // took the P is a matter of time.
            (GoState::Syscall, GoState::Runnable) => self.out_of_call = Some(id),
            (GoState::Running, GoState::Syscall) | (GoState::Syscall, GoState::Running) => {}
            (GoState::Runnable, GoState::Running) => {
                if self.out_of_call.take() != Some(id) {
                    self.line(&format!("{g} runs"));
                }
            }
            (GoState::Running, GoState::Runnable) => self.line(&format!("{g} yields: {why}")),
            (GoState::Running, GoState::Waiting) => self.line(&format!("{g} waits: {why}")),
            (GoState::Waiting, GoState::Runnable) => {
                let by = self.name(e.context().g);
                self.line(&format!("{by} wakes {g}"));
            }
            (GoState::Running, GoState::NotExist) => {
                self.line(&format!("{g} ends"));
                self.gs.remove(&id);
            }
            (from, to) => self.line(&format!("{g}: {from:?} to {to:?}")),
        }
    }
}
