//! Random concurrent Go programs whose order of events is determined at GOMAXPROCS=1, so that two
//! schedulers can be compared event by event. A seed gives the same program always.
//!
//! A program is of one of two kinds: a *soup*, in which goroutines do random things to shared
//! channels, locks and conditions, often until none of them can go on; or a *menu* of patterns with
//! random parameters, one after the other or at once. It can be had in two forms, which do the
//! same: as a [Go file](Program::source), `go/prelude.go` (the log, operations that log, patterns)
//! with a main function; and as [data](Program::data) for [`INTERPRETER`], a Go program that need
//! be compiled but once.
//!
//! What keeps the order determined: nothing depends on the order of a map; a `select` is reached
//! with one case ready at most, or the cases are tried one by one instead; programs begin at a
//! known phase of the 61 time slices; timers expire together, after a wait that does not yield; the
//! log is printed at the end, so that a program is done long before its first time slice is over.

use fastrand::Rng;
use std::fmt::Write;

/// The environment variable that has the interpreter's program.
pub const PROGRAM: &str = "GORT_PROGRAM";

const PRELUDE: &str = include_str!("../go/prelude.go");

/// The Go file that runs a program given as data.
pub const INTERPRETER: &str =
    concat!(include_str!("../go/prelude.go"), include_str!("../go/interp.go"));

/// A statement: an operation of `go/prelude.go`.
#[derive(Clone, Debug)]
struct Stmt {
    /// `send`, and for methods the object's letter: `c.send`.
    op: &'static str,
    /// The number of the object.
    obj: usize,
    numbers: Vec<i64>,
    blocks: Vec<Vec<Stmt>>,
}

/// A generated program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Capacities of the channels.
    channels: Vec<i64>,
    mutexes: usize,
    /// What the latch counts from.
    latch: usize,
    body: Vec<Stmt>,
}

impl Program {
    /// The program of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut g = Gen { rng: Rng::with_seed(seed), budget: 0, channels: 0, mutexes: 0 };
        if g.one_in(3) {
            Self { channels: vec![], mutexes: 0, latch: 0, body: g.menu() }
        } else {
            g.soup()
        }
    }

    /// As a Go file of its own.
    #[must_use]
    pub fn source(&self) -> String {
        let mut s = format!("{PRELUDE}\nfunc main() {{\n\talign()\n\tg := \"main\"\n");
        let mut names = Vec::new();
        let mut object = |s: &mut String, name: String, new: String| {
            let _ = writeln!(s, "\t{name} := {new}");
            names.push(name);
        };
        for (i, n) in self.channels.iter().enumerate() {
            object(&mut s, format!("c{i}"), format!("newch(\"c{i}\", {n})"));
        }
        for i in 0..self.mutexes {
            object(&mut s, format!("m{i}"), format!("&mu{{name: \"m{i}\"}}"));
        }
        if !self.channels.is_empty() {
            object(&mut s, "w0".into(), "&rw{name: \"w0\"}".into());
            object(&mut s, "d0".into(), "newcond(\"d0\")".into());
            object(&mut s, "o0".into(), "&once{name: \"o0\"}".into());
            object(&mut s, "l0".into(), format!("newlatch(\"l0\", {})", self.latch));
            let _ = writeln!(s, "\t_ = []interface{{}}{{{}}}", names.join(", "));
        }
        source(&mut s, &self.body, 1);
        s + "}\n"
    }

    /// As data for the interpreter.
    #[must_use]
    pub fn data(&self) -> String {
        let mut s = String::new();
        numbers(&mut s, &self.channels);
        let _ = write!(s, "{} {} ", self.mutexes, self.latch);
        data(&mut s, &self.body);
        s
    }
}

fn numbers(s: &mut String, n: &[i64]) {
    let _ = write!(s, "{} ", n.len());
    for n in n {
        let _ = write!(s, "{n} ");
    }
}

fn data(s: &mut String, body: &[Stmt]) {
    let _ = write!(s, "{} ", body.len());
    for stmt in body {
        let _ = write!(s, "{} {} ", stmt.op, stmt.obj);
        numbers(s, &stmt.numbers);
        let _ = write!(s, "{} ", stmt.blocks.len());
        for b in &stmt.blocks {
            data(s, b);
        }
    }
}

fn source(s: &mut String, body: &[Stmt], indent: usize) {
    let tabs = "\t".repeat(indent);
    for stmt in body {
        s.push_str(&tabs);
        match stmt.op.split_once('.') {
            Some((object, method)) => _ = write!(s, "{object}{}.{method}(g", stmt.obj),
            None => _ = write!(s, "{}(g", stmt.op),
        }
        if let ("sel", [block, ops @ ..]) = (stmt.op, &stmt.numbers[..]) {
            let _ = write!(s, ", {block}");
            for op in ops.chunks(2) {
                let _ = write!(s, ", op{{c{}, {}}}", op[0], op[1]);
            }
        } else {
            for n in &stmt.numbers {
                let _ = write!(s, ", {n}");
            }
        }
        let param = if matches!(stmt.op, "spawn" | "together") { "g string" } else { "" };
        for b in &stmt.blocks {
            let _ = writeln!(s, ", func({param}) {{");
            source(s, b, indent + 1);
            let _ = write!(s, "{tabs}}}");
        }
        s.push_str(")\n");
    }
}

struct Gen {
    rng: Rng,
    /// Statements that may still be written.
    budget: usize,
    channels: usize,
    mutexes: usize,
}

fn call<const N: usize>(op: &'static str, numbers: [usize; N]) -> Stmt {
    Stmt { op, obj: 0, numbers: numbers.map(|n| n as i64).to_vec(), blocks: vec![] }
}

impl Stmt {
    fn on(self, obj: usize) -> Self {
        Self { obj, ..self }
    }
    fn block(mut self, b: Vec<Stmt>) -> Self {
        self.blocks.push(b);
        self
    }
}

impl Gen {
    /// A number in a range that excludes its end.
    fn within(&mut self, r: std::ops::Range<usize>) -> usize {
        self.rng.usize(r)
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.within(0..n) == 0
    }
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.within(0..of.len())]
    }

    fn soup(&mut self) -> Program {
        self.budget = self.within(15..120);
        (self.channels, self.mutexes) = (self.within(1..5), self.within(1..3));
        let channels = (0..self.channels).map(|_| self.pick(&[0, 0, 0, 1, 1, 2, 3, 8])).collect();
        let latch = self.within(1..6);
        let mut body = Vec::new();
        for i in 0..self.within(2..12) {
            body.push(call("spawn", [i]).block(self.body(0)));
            if self.one_in(4) {
                body.push(self.brief());
            }
        }
        body.push(call("quiet", []));
        for _ in 0..self.within(0..4) {
            body.push(self.brief());
            body.push(call("quiet", []));
        }
        body.push(call("finish", [self.pick(&[0, 1, 1, 1, 1, 2, 3, 4, 5])]));
        Program { channels, mutexes: self.mutexes, latch, body }
    }

    /// The statements of a function.
    fn body(&mut self, depth: usize) -> Vec<Stmt> {
        let n = self.within(1..if depth == 0 { 9 } else { 4 });
        let mut b: Vec<Stmt> = (0..n).map(|_| self.statement(depth)).collect();
        if self.one_in(25) {
            b.push(call(self.pick(&["exit", "forever"]), []));
        }
        b
    }

    /// A statement that does not block.
    fn brief(&mut self) -> Stmt {
        let (c, v) = (self.within(0..self.channels), self.within(0..100));
        match self.within(0..9) {
            0 | 1 => call("c.trysend", [v]).on(c),
            2 | 3 => call("c.tryrecv", []).on(c),
            4 => call("c.close", []).on(c),
            5 => call("d.broadcast", []),
            6 => call("d.signal", []),
            7 => call("l.done", []),
            _ => call("count", []),
        }
    }

    fn statement(&mut self, depth: usize) -> Stmt {
        if self.budget == 0 {
            return call("count", []);
        }
        self.budget -= 1;
        let (c, v) = (self.within(0..self.channels), self.within(0..100));
        let m = self.within(0..self.mutexes);
        match self.within(0..if depth < 3 { 44 } else { 28 }) {
            0..5 => call("c.send", [v]).on(c),
            5..11 => call("c.recv", []).on(c),
            11..13 => call("yield", [self.within(1..5)]),
            13..19 => self.select(),
            19 => call("c.drain", []).on(c),
            20 | 21 => call("d.wait", []),
            22 => call("l.wait", []),
            23 => call("l.done", []),
            24..28 => self.brief(),
            28..32 => call("spawn", [v]).block(self.body(depth + 1)),
            32..35 => call("m.with", []).on(m).block(self.body(depth + 1)),
            35 => call("m.trylock", []).on(m).block(self.body(depth + 1)),
            36 | 37 => call("w.read", []).block(self.body(depth + 1)),
            38 => call("w.write", []).block(self.body(depth + 1)),
            39 => call("o.do", []).block(self.body(depth + 1)),
            40 => call("locked", []).block(self.body(depth + 1)),
            41 => {
                let mut b = self.body(depth + 1);
                b.push(call("throw", [v]));
                call("try", []).block(b)
            }
            42 => call("deferred", []).block(self.body(depth + 1)).block(self.body(depth + 1)),
            _ => call("repeat", [self.within(2..6)]).block(self.body(depth + 1)),
        }
    }

    fn select(&mut self) -> Stmt {
        let mut all: Vec<usize> = (0..self.channels).collect();
        self.rng.shuffle(&mut all);
        all.truncate(self.within(1..4));
        let mut s = call("sel", [usize::from(!self.one_in(4))]);
        for c in all {
            let v = if self.rng.bool() { self.within(0..100) as i64 } else { -1 };
            s.numbers.extend([c as i64, v]);
        }
        s
    }

    fn menu(&mut self) -> Vec<Stmt> {
        let mut body = Vec::new();
        for _ in 0..self.within(1..5) {
            body.push(match self.within(0..8) {
                0 | 1 => {
                    let n = self.within(2..5);
                    (0..n).fold(call("together", []), |s, _| s.block(vec![self.pattern(true)]))
                }
                2 => self.timers(),
                3 if self.one_in(3) => call("procs", [self.within(1..5)]),
                _ => self.pattern(false),
            });
        }
        body.push(call("finish", [self.pick(&[0, 0, 0, 1, 2, 3, 4])]));
        body
    }

    /// Different times, in any order.
    fn timers(&mut self) -> Stmt {
        let mut all: Vec<i64> = (0..100).collect();
        self.rng.shuffle(&mut all);
        all.truncate(self.within(2..14));
        Stmt { numbers: all, ..call("timers", []) }
    }

    /// A pattern; `beside` others it must not keep a mutex waiting for a millisecond: then the
    /// mutex works otherwise.
    fn pattern(&mut self, beside: bool) -> Stmt {
        let capacity = [0, 0, 1, 2, 5, 20];
        let (a, b, c) = (self.pick(&capacity), self.pick(&capacity), self.pick(&capacity));
        let (few, some) = (self.within(1..5), self.within(2..20));
        match self.within(if beside { 3..20 } else { 0..20 }) {
            0 | 1 => call("contend", [some, few, self.within(0..3), self.within(0..3)]),
            2 => call("readers", [some, self.within(2..6), few]),
            3..6 => {
                let n = [3, 10, 61, 62, 130, 250, 255, 256, 257, 258, 300, 400, 513, 700];
                call("fan", [self.pick(&n), self.pick(&[0, 1, 2, 3, 7, 61, 100])])
            }
            6 => {
                let (w, d) = self.pick(&[(2, 5), (3, 4), (4, 3), (7, 2), (1, 12), (17, 2)]);
                call("tree", [w, d])
            }
            7 | 8 => call("pipeline", [some, few, a, b, c]),
            9 | 10 => call("workers", [some, few, a, b, self.within(0..4)]),
            11 => call("pairs", [few, some, a]),
            12 => call("ring", [some, few, a]),
            13 => call("broadcast", [some, self.within(0..2)]),
            14 => call("senders", [some, self.within(0..12)]),
            15 => call("signals", [some, self.within(0..some)]),
            16 => call("gates", [some]),
            17 => call("choose", [some, few]),
            18 => call("threads", [few, some]),
            _ => call("exits", [some]),
        }
    }
}
