//! A timeline as one HTML page: its data, and tables that need no script.
//!
//! Nothing is loaded from anywhere. The page's data is JSON in which no `<` is left, so that no
//! name can end the script that holds it; text outside of it is escaped.

use crate::chrome::state_name;
use crate::event::{GoState, Kind, NO, Resource};
use crate::summary::{Summary, ns};
use crate::timeline::{Lane, Slice, Span, SpanKind, Timeline};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Goroutines in the table, at most; those that ran longest.
const ROWS: usize = 10_000;

/// What [`Slices::state`] counts: no goroutine, the states, and what is beside them.
const STATES: [&str; 8] = [
    "no goroutine",
    "runnable",
    "running",
    "waiting",
    "in a system call",
    "stop of the world, collector",
    "task",
    "region",
];

fn state(s: Option<GoState>) -> usize {
    let name = s.map_or("", state_name);
    STATES.iter().position(|n| *n == name).unwrap_or(0)
}

/// Columns, by time; of slices that do not overlap. No goroutine, P, M or arrow is -1.
#[derive(Default, Serialize)]
struct Slices {
    start: Vec<i64>,
    end: Vec<i64>,
    state: Vec<usize>,
    g: Vec<i64>,
    p: Vec<i64>,
    m: Vec<i64>,
    reason: Vec<u32>,
    stack: Vec<u32>,
    ended: Vec<u32>,
    woken: Vec<i64>,
}

impl Slices {
    fn push(&mut self, first: i64, s: &Slice, state: usize) {
        self.start.push(s.start - first);
        self.end.push(s.end - first);
        self.state.push(state);
        self.g.push(s.g);
        self.p.push(s.p);
        self.m.push(s.m);
        self.reason.push(s.reason);
        self.stack.push(s.stack);
        self.ended.push(s.ended);
        self.woken.push(s.woken.map_or(-1, i64::from));
    }
}

/// When a P had which M.
#[derive(Default, Serialize)]
struct Held {
    start: Vec<i64>,
    end: Vec<i64>,
    m: Vec<i64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Columns {
    Slices(Slices),
    Counter { start: Vec<i64>, value: Vec<u64>, max: u64 },
}

/// A row of the drawing. Its kind is G, P, M, C for a counter, or S for what is beside them.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    id: i64,
    name: String,
    #[serde(flatten)]
    columns: Columns,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
}

#[derive(Default, Serialize)]
struct Arrows {
    time: Vec<i64>,
    g: Vec<i64>,
    p: Vec<i64>,
    m: Vec<i64>,
    to: Vec<i64>,
    stack: Vec<u32>,
    created: Vec<bool>,
    ran: Vec<Option<i64>>,
}

#[derive(Default, Serialize)]
struct Marks {
    time: Vec<i64>,
    g: Vec<i64>,
    kind: Vec<&'static str>,
    category: Vec<u32>,
    text: Vec<u32>,
}

#[derive(Serialize)]
struct Data<'a> {
    /// Length, ns; all times are since the first event.
    end: i64,
    /// The first event's time.
    start_ns: String,
    states: [&'static str; 8],
    /// Which of them there are.
    used: BTreeSet<usize>,
    strings: &'a [String],
    frames: Vec<(&'a str, &'a str, u64)>,
    stacks: &'a [Vec<u32>],
    lanes: Vec<Row>,
    arrows: Arrows,
    marks: Marks,
}

/// Rows for things that may overlap: each goes to the first row that is free.
fn packed<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<Vec<&'a Span>> {
    let mut spans: Vec<&Span> = spans.filter(|s| s.start < s.end).collect();
    spans.sort_by_key(|s| (s.start, std::cmp::Reverse(s.end)));
    let mut rows: Vec<Vec<&Span>> = Vec::new();
    for s in spans {
        match rows.iter_mut().find(|r| r.last().is_none_or(|l| l.end <= s.start)) {
            Some(r) => r.push(s),
            None => rows.push(vec![s]),
        }
    }
    rows
}

fn rows(t: &Timeline, summary: &Summary) -> Vec<Row> {
    let (first, _) = t.span.unwrap_or_default();
    let mut rows = Vec::new();
    for (name, values) in &t.metrics {
        let start = values.iter().map(|v| v.0 - first).collect();
        let value: Vec<u64> = values.iter().map(|v| v.1).collect();
        let max = value.iter().copied().max().unwrap_or(0);
        let short = match *name {
            "/sched/gomaxprocs:threads" => "GOMAXPROCS",
            "/memory/classes/heap/objects:bytes" => "heap, bytes",
            "/gc/heap/goal:bytes" => "heap goal, bytes",
            other => other,
        };
        let name = format!("{short} ≤ {max}");
        let (id, columns) = (rows.len() as i64, Columns::Counter { start, value, max });
        rows.push(Row { kind: "C", id, name, columns, held: None });
    }
    let kinds = [(SpanKind::Range, 5), (SpanKind::Task, 6), (SpanKind::Region, 7)];
    for (kind, state) in kinds {
        for (i, row) in packed(t.spans.iter().filter(|s| s.kind == kind)).into_iter().enumerate() {
            let mut columns = Slices::default();
            for s in row {
                let (g, p) = match s.scope {
                    Resource::Goroutine(g) => (g, NO),
                    Resource::Proc(p) => (NO, p),
                    _ => (NO, NO),
                };
                let (reason, stack) = (s.name, s.stack);
                let Span { start, end, .. } = *s;
                let (m, ended, woken) = (NO, 0, None);
                let s = Slice { start, end, state: None, g, p, m, reason, stack, ended, woken };
                columns.push(first, &s, state);
            }
            let name = if i == 0 { STATES[state].to_string() } else { String::new() };
            let (id, columns) = (rows.len() as i64, Columns::Slices(columns));
            rows.push(Row { kind: "S", id, name, columns, held: None });
        }
    }
    for (lane, slices) in &t.lanes {
        let mut columns = Slices::default();
        let mut held = None;
        let (kind, id, name) = match *lane {
            Lane::Held(p) => {
                let mut h = Held::default();
                for s in slices {
                    h.start.push(s.start - first);
                    h.end.push(s.end - first);
                    h.m.push(s.m);
                }
                held = Some(h);
                // Its goroutines go into the same row.
                ("P", p, format!("P {p}"))
            }
            Lane::P(_) => continue,
            Lane::G(g) => {
                let of = summary.goroutines.get(&g).map_or("", |g| &g.name);
                ("G", g, format!("G {g} {of}").trim_end().to_string())
            }
            Lane::M(m) => ("M", m, format!("M {m}")),
        };
        let slices = match *lane {
            Lane::Held(p) => t.lanes.get(&Lane::P(p)).map_or(&[][..], |s| s),
            _ => slices,
        };
        slices.iter().for_each(|s| columns.push(first, s, state(s.state)));
        rows.push(Row { kind, id, name, columns: Columns::Slices(columns), held });
    }
    rows
}

fn data<'a>(t: &'a Timeline, summary: &Summary) -> Data<'a> {
    let (first, last) = t.span.unwrap_or_default();
    let mut arrows = Arrows::default();
    for a in &t.arrows {
        arrows.time.push(a.time - first);
        arrows.g.push(a.from.g);
        arrows.p.push(a.from.p);
        arrows.m.push(a.from.m);
        arrows.to.push(a.to);
        arrows.stack.push(a.stack);
        arrows.created.push(a.created);
        arrows.ran.push(a.ran.map(|r| r - first));
    }
    let mut marks = Marks::default();
    for m in &t.marks {
        marks.time.push(m.time - first);
        marks.g.push(m.on.g);
        marks.kind.push(match m.kind {
            Kind::Log => "log",
            Kind::Label => "label",
            _ => "CPU sample",
        });
        marks.category.push(m.category);
        marks.text.push(m.text);
    }
    let lanes = rows(t, summary);
    let mut used = BTreeSet::new();
    for l in &lanes {
        if let Columns::Slices(s) = &l.columns {
            used.extend(&s.state);
        }
        if l.held.is_some() {
            used.insert(0);
        }
    }
    Data {
        end: last - first,
        start_ns: first.to_string(),
        states: STATES,
        used,
        strings: &t.strings,
        frames: t.frames.iter().map(|f| (&*f.func, &*f.file, f.line)).collect(),
        stacks: &t.stacks,
        lanes,
        arrows,
        marks,
    }
}

/// JSON has `<` in strings only, where it may be written as its number.
struct NoLess<W>(W);

impl<W: Write> Write for NoLess<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (i, part) in bytes.split(|b| *b == b'<').enumerate() {
            if i > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Text that is text in HTML, in quotes as well.
fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Characters that HTML has no way to write.
            '\0' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x01'..='\x08' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn table(
    out: &mut impl Write,
    caption: &str,
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    writeln!(out, "<table><caption>{}</caption>\n<thead><tr>", escape(caption))?;
    head.iter().try_for_each(|h| writeln!(out, "<th scope=\"col\">{}</th>", escape(h)))?;
    writeln!(out, "</tr></thead><tbody>")?;
    for row in rows {
        write!(out, "<tr>")?;
        row.iter().try_for_each(|cell| write!(out, "<td>{}</td>", escape(cell)))?;
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table>")
}

fn tables(out: &mut impl Write, s: &Summary) -> io::Result<()> {
    let (first, last) = s.span.unwrap_or_default();
    let whole = (last - first).max(1);
    writeln!(out, "<h2>In numbers</h2>\n<p>{} events in {}.</p>", s.events, ns(last - first))?;
    let ps = s.procs.iter().map(|(id, p)| {
        let share = format!("{:.1} %", 100.0 * p.running as f64 / whole as f64);
        vec![format!("P {id}"), ns(p.running), share]
    });
    table(out, "Processors", &["P", "with a thread", "share"], ps)?;
    let mut gs: Vec<_> = s.goroutines.iter().collect();
    gs.sort_by_key(|(id, g)| (std::cmp::Reverse(g.running), **id));
    let caption = if gs.len() > ROWS {
        format!("The {ROWS} of {} goroutines that ran longest", gs.len())
    } else {
        "Goroutines".to_string()
    };
    let rows = gs.iter().take(ROWS).map(|(id, g)| {
        let why = |(why, t): (&String, &i64)| {
            format!("{} {}", ns(*t), if why.is_empty() { "for no known reason" } else { why })
        };
        let blocked: Vec<String> = g.blocked.iter().map(why).collect();
        let [a, b, c] = [g.running, g.runnable, g.syscall].map(ns);
        vec![format!("G {id}"), g.name.clone(), a, b, c, blocked.join("; ")]
    });
    let head = ["goroutine", "function", "running", "runnable", "in system calls", "waiting"];
    table(out, &caption, &head, rows)?;
    let rows = s.longest.iter().map(|b| {
        let at = |f: &crate::event::StackFrame| format!("{} {}:{}", f.func, f.file, f.line);
        let stack: Vec<String> = b.stack.iter().map(at).collect();
        vec![format!("G {}", b.goroutine), ns(b.time), b.reason.clone(), stack.join(" ← ")]
    });
    table(out, "Waited longest", &["goroutine", "for", "why", "where"], rows)
}

/// Writes the page of a finished timeline. The summary is that of the same events, and gives the
/// names of goroutines and the tables; `title` is text.
///
/// # Errors
/// Those of `out`.
///
/// ```
/// use gort_tracereader::{page, summary::Summary, timeline::Timeline};
/// let mut out = Vec::new();
/// page::write(&Timeline::default(), &Summary::default(), "<x>", &mut out).unwrap();
/// assert!(String::from_utf8(out).unwrap().contains("<title>&lt;x&gt;</title>"));
/// ```
pub fn write(t: &Timeline, summary: &Summary, title: &str, mut out: impl Write) -> io::Result<()> {
    let mut rest = include_str!("page.html");
    while let Some((before, at)) = rest.split_once('@') {
        out.write_all(before.as_bytes())?;
        let (what, after) = at.split_once('@').unwrap_or((at, ""));
        rest = after;
        match what {
            "TITLE" => out.write_all(escape(title).as_bytes())?,
            "TABLES" => tables(&mut out, summary)?,
            "DATA" => serde_json::to_writer(NoLess(&mut out), &data(t, summary))?,
            _ => unreachable!("the page has no other {what}"),
        }
    }
    out.write_all(rest.as_bytes())
}
