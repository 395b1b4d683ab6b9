//! Profiles that are there at any time.

use crate::builder::{Builder, CONTENTION};
use gort_mprof::{BlockProfileRecord, block_profile, mutex_profile};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Who waited.
    Block,
    /// Who kept others waiting.
    Mutex,
}

impl Profile {
    /// The profile of that name: `block`, `mutex`.
    pub fn lookup(name: &str) -> Option<Self> {
        match name {
            "block" => Some(Self::Block),
            "mutex" => Some(Self::Mutex),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Mutex => "mutex",
        }
    }

    fn records(self) -> Vec<BlockProfileRecord> {
        match self {
            Self::Block => block_profile(),
            Self::Mutex => mutex_profile(),
        }
    }

    /// How many stacks it has.
    pub fn count(self) -> usize {
        self.records().len()
    }

    /// What it has, to be written. On a goroutine; [`Builder::write`] is not for one: to compress
    /// takes some 400 KiB of stack.
    pub fn read(self) -> Builder {
        let mut b = Builder::new(CONTENTION, 1);
        for r in self.records() {
            let stk: Vec<u64> = r.stack.iter().map(|pc| *pc as u64).collect();
            b.add(&stk, Vec::new(), [r.count, r.cycles]);
        }
        b
    }
}
