//! Profiles that are there at any time.

use crate::builder::{Builder, CONTENTION, GOROUTINES, Labels};
use gort_mprof::{
    BlockProfileRecord, BucketType, block_profile, last_profile, mutex_profile,
    set_mutex_profile_fraction,
};
use gort_proc::labels::{labels, retain_labels, take_labels};
use gort_proc::{
    GDEAD, GIDLE, StwReason, for_each_g_race, getg, is_system_goroutine, readgstatus,
    start_the_world, stop_the_world, systemstack,
};
use gort_traceback::{callers, gcallers};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Who waited.
    Block,
    /// Who kept others waiting.
    Mutex,
    /// Where each goroutine is.
    Goroutine,
}

impl Profile {
    /// The profile of that name: `block`, `mutex`, `goroutine`.
    pub fn lookup(name: &str) -> Option<Self> {
        [Self::Block, Self::Mutex, Self::Goroutine].into_iter().find(|p| p.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Mutex => "mutex",
            Self::Goroutine => "goroutine",
        }
    }

    /// How many stacks it has; of goroutines how many there are.
    ///
    /// # Safety
    /// On a goroutine that holds no lock of the runtime.
    pub unsafe fn count(self) -> usize {
        match self {
            Self::Block => block_profile().len(),
            Self::Mutex => mutex_profile().len(),
            // SAFETY: the caller's contract.
            Self::Goroutine => unsafe { goroutines() }.len(),
        }
    }

    /// What it has, to be written. [`Builder::write`] is not for a goroutine: to compress takes
    /// some 400 KiB of stack.
    ///
    /// # Safety
    /// As for [`Profile::count`].
    pub unsafe fn read(self) -> Builder {
        match self {
            Self::Block => contentions(block_profile()),
            Self::Mutex => contentions(mutex_profile()),
            Self::Goroutine => {
                let mut b = Builder::new(GOROUTINES, 1);
                // SAFETY: the caller's contract.
                for (stk, labels) in unsafe { goroutines() } {
                    b.add(&stk, labels, [1, 0]);
                }
                b
            }
        }
    }

    /// What it is at the end of the process, on a thread of its own; nothing of goroutines.
    pub(crate) fn read_last(self) -> Builder {
        contentions(match self {
            Self::Block => last_profile(BucketType::Block),
            Self::Mutex => last_profile(BucketType::Mutex),
            Self::Goroutine => Vec::new(),
        })
    }

    /// The lines that its text begins with; `total` is the sum of its counts.
    pub fn header(self, total: i64) -> String {
        match self {
            Self::Block => "--- contention:\ncycles/second=1000000000\n".into(),
            Self::Mutex => format!(
                "--- mutex:\ncycles/second=1000000000\nsampling period={}\n",
                set_mutex_profile_fraction(-1)
            ),
            Self::Goroutine => format!("goroutine profile: total {total}\n"),
        }
    }
}

fn contentions(records: Vec<BlockProfileRecord>) -> Builder {
    let mut b = Builder::new(CONTENTION, 1);
    for r in records {
        let stk: Vec<u64> = r.stack.iter().map(|pc| *pc as u64).collect();
        b.add(&stk, Vec::new(), [r.count, r.cycles]);
    }
    b
}

/// Where the goroutines are, the caller first, and their labels: at one moment.
///
/// # Safety
/// On a goroutine that holds no lock of the runtime.
///
/// Go: mprof.go:1569 goroutineProfileWithLabelsSync
#[doc(alias = "goroutineProfileWithLabelsSync")]
unsafe fn goroutines() -> Vec<(Vec<u64>, Labels)> {
    const DEPTH: usize = 128;
    let me = getg(); // :1570
    let mut mine = [0; DEPTH];
    let depth = callers(0, &mut mine);
    let mut room = 10;
    loop {
        let mut raw = vec![[0usize; DEPTH]; room];
        let mut found = Vec::with_capacity(room);
        let mut n = 0;
        // SAFETY: the caller's contract; while the world is stopped the others stand still, and
        // nothing is allocated, as one may have been stopped that allocates.
        unsafe {
            let stw = stop_the_world(StwReason::GoroutineProfile); // :1579
            // :1608, and counted on the way
            systemstack(|| {
                for_each_g_race(&mut |gp| {
                    let status = readgstatus(gp);
                    if gp == me
                        || status == GDEAD
                        || status == GIDLE
                        || is_system_goroutine(gp, false)
                    {
                        return;
                    }
                    n += 1;
                    if found.len() < room {
                        let depth = gcallers(gp, 0, &mut raw[found.len()]);
                        found.push((depth, retain_labels((*gp).labels)));
                    }
                });
            });
            start_the_world(stw); // :1635
        }
        let stacks = raw.iter().zip(found).map(|(stk, (depth, labels))| {
            // SAFETY: retained above, given up here.
            (&stk[..depth], unsafe { take_labels(labels) })
        });
        // SAFETY: the caller's own.
        let all = [(&mine[..depth], unsafe { labels() })].into_iter().chain(stacks);
        let all: Vec<_> = all
            .map(|(stk, labels)| {
                let labels = labels.iter().flat_map(|l| l.iter());
                let labels = labels.map(|(k, v)| (k.to_string(), v.to_string())).collect();
                (stk.iter().map(|pc| *pc as u64).collect(), labels)
            })
            .collect();
        if n <= room {
            return all;
        }
        room = n + n / 8 + 10;
    }
}
