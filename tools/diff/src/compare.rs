//! What the runs of both sides gave, as sets of outcomes, and what follows from that.

use crate::normalise::{self, Line, Paths};
use crate::process::{Output, Status};
use serde::Serialize;

/// What one run gave, as far as it is compared.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Standard output.
    pub stdout: Vec<Line>,
    /// Standard error.
    pub stderr: Vec<Line>,
    /// The goroutines of a program that hung. Not compared.
    pub dump: String,
}

impl PartialEq for Outcome {
    fn eq(&self, o: &Self) -> bool {
        self.status == o.status && self.stdout == o.stdout && self.stderr == o.stderr
    }
}

impl Outcome {
    /// What is compared of an output.
    #[must_use]
    pub fn new(o: Output, paths: &Paths) -> Self {
        Self {
            status: o.status,
            stdout: normalise::text(&o.stdout, paths),
            stderr: normalise::report(&o.stderr, paths),
            dump: o.dump,
        }
    }
}

/// The outcomes of one side, the most frequent first, with how often each was seen.
#[derive(Clone, Debug, Default)]
pub struct Side {
    outcomes: Vec<(Outcome, usize)>,
}

impl Side {
    /// Counts a run.
    pub fn add(&mut self, o: Outcome) {
        match self.outcomes.iter_mut().find(|(known, _)| *known == o) {
            Some((_, n)) => *n += 1,
            None => self.outcomes.push((o, 1)),
        }
        self.outcomes.sort_by_key(|(_, n)| std::cmp::Reverse(*n)); // stable: the first seen comes first
    }
    /// The different outcomes, the most frequent first.
    #[must_use]
    pub fn outcomes(&self) -> &[(Outcome, usize)] {
        &self.outcomes
    }
    /// How many runs there were.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.outcomes.iter().map(|(_, n)| n).sum()
    }
    /// What more than half of the runs gave.
    fn mostly(&self) -> Option<&Outcome> {
        self.outcomes.first().filter(|(_, n)| 2 * n > self.runs()).map(|(o, _)| o)
    }
    fn has(&self, o: &Outcome) -> bool {
        self.outcomes.iter().any(|(known, _)| known == o)
    }
}

/// What follows from the runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All that gort gave was seen on Go too.
    Same,
    /// Both sides did the same in more than half of their runs; in some others gort's events came
    /// otherwise, as happens when the clock ends a time slice on a busy machine. It ended alike in
    /// all of them.
    Strays,
    /// All runs of Go gave one thing, and gort another.
    Differs,
    /// All runs of Go gave one thing, and gort several.
    Unstable,
    /// Go itself gave several, and gort something else besides: the program's behaviour is not
    /// determined, or rare cases were not seen.
    Undecided,
}

/// Both sides of a program.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Real Go.
    pub go: Side,
    /// gort.
    pub gort: Side,
}

/// Where two outcomes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Where {
    /// In standard output, from this line on, counted from 0 among the lines that are compared.
    Stdout(usize),
    /// In standard error.
    Stderr(usize),
    /// In how they ended only.
    Status,
}

impl Comparison {
    /// What the runs so far say.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut strange = self.gort.outcomes.iter().filter(|(o, _)| !self.go.has(o)).peekable();
        if strange.peek().is_none() {
            return Verdict::Same;
        }
        if let (Some(go), Some(gort)) = (self.go.mostly(), self.gort.mostly())
            && go == gort
            && strange.all(|(o, _)| o.status == go.status)
        {
            return Verdict::Strays;
        }
        match (self.go.outcomes.len(), self.gort.outcomes.len()) {
            (0 | 1, 1) => Verdict::Differs,
            (0 | 1, _) => Verdict::Unstable,
            _ => Verdict::Undecided,
        }
    }

    /// Whether no outcome was seen on both sides.
    #[must_use]
    pub fn disjoint(&self) -> bool {
        !self.gort.outcomes.iter().any(|(o, _)| self.go.has(o))
    }

    /// gort's most frequent outcome that Go did not have, Go's most frequent one, and where they
    /// part.
    #[must_use]
    pub fn difference(&self) -> Option<(&Outcome, &Outcome, Where)> {
        let (go, _) = self.go.outcomes.first()?;
        let (gort, _) = self.gort.outcomes.iter().find(|(o, _)| !self.go.has(o))?;
        Some((go, gort, part(go, gort)))
    }

    /// Whether the two outcomes that differ consist of the same lines in another order.
    #[must_use]
    pub fn reordered(&self) -> bool {
        let sorted = |lines: &[Line]| {
            let mut keys: Vec<String> = lines.iter().map(|l| l.key.clone()).collect();
            keys.sort_unstable();
            keys
        };
        self.difference().is_some_and(|(a, b, _)| {
            a.status == b.status
                && sorted(&a.stdout) == sorted(&b.stdout)
                && sorted(&a.stderr) == sorted(&b.stderr)
        })
    }
}

fn part(a: &Outcome, b: &Outcome) -> Where {
    let first = |a: &[Line], b: &[Line]| {
        let n = a.iter().zip(b).take_while(|(x, y)| x == y).count();
        (n < a.len() || n < b.len()).then_some(n)
    };
    first(&a.stdout, &b.stdout)
        .map(Where::Stdout)
        .or_else(|| first(&a.stderr, &b.stderr).map(Where::Stderr))
        .unwrap_or(Where::Status)
}
