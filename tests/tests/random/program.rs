//! The programs: some goroutines, each with a list of operations on shared channels and locks.

use proptest::prelude::*;

/// One side of a communication; without a channel it is on a nil one.
#[derive(Clone, Debug)]
pub struct Case {
    pub send: bool,
    pub chan: Option<usize>,
}

/// What a goroutine does.
#[derive(Clone, Debug)]
pub enum Op {
    /// A select; with a single case the plain operation. `poll`: with a default case. Sends come
    /// first, as in `selectgo`.
    Comm { cases: Vec<Case>, poll: bool },
    /// Closes a channel.
    Close(usize),
    /// Locks one of the mutexes.
    Lock(usize),
    /// The opposite, by the goroutine that has it.
    Unlock(usize),
    /// Waits for the mutex's condition, holding the mutex.
    CondWait(usize),
    /// Wakes the one that has waited longest.
    Signal(usize),
    /// Wakes all.
    Broadcast(usize),
    /// Locks the RWMutex for reading.
    RLock,
    /// The opposite.
    RUnlock,
    /// Locks it for writing.
    WLock,
    /// The opposite.
    WUnlock,
    /// One of the things is done that the WaitGroup counts: there are as many as there are of these
    /// operations.
    Done,
    /// Waits for all of them.
    Wait,
    /// Lets others run.
    Yield,
}

/// Mutexes, each with a condition.
pub const MUTEXES: usize = 2;

/// Capacities of the channels, and the goroutines.
#[derive(Clone)]
pub struct Program {
    pub caps: Vec<usize>,
    pub goroutines: Vec<Vec<Op>>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "channels with {:?}", self.caps)?;
        for (g, ops) in self.goroutines.iter().enumerate() {
            write!(f, "\ngoroutine {g}:")?;
            ops.iter().enumerate().try_for_each(|(pc, op)| write!(f, "\n  {pc} {op:?}"))?;
        }
        Ok(())
    }
}

impl Program {
    /// How many things the WaitGroup counts at first.
    pub fn things(&self) -> usize {
        self.goroutines.iter().flatten().filter(|o| matches!(o, Op::Done)).count()
    }
}

/// What the operation `pc` of goroutine `g` sends in its case `i`: each value is sent once.
pub fn value(g: usize, pc: usize, i: usize) -> u32 {
    (g * 10_000 + pc * 100 + i) as u32
}

fn comm(chans: usize) -> BoxedStrategy<Op> {
    let chan = prop_oneof![20 => (0..chans).prop_map(Some), 1 => Just(None)];
    let case = (any::<bool>(), chan).prop_map(|(send, chan)| Case { send, chan });
    let cases = prop_oneof![4 => prop::collection::vec(case.clone(), 1), 3 => prop::collection::vec(case, 2..4)];
    (cases, prop::bool::weighted(0.2))
        .prop_map(|(mut cases, poll)| {
            cases.sort_by_key(|c| !c.send);
            Op::Comm { cases, poll }
        })
        .boxed()
}

/// What may be done with and without locks.
fn simple(chans: usize) -> BoxedStrategy<Op> {
    prop_oneof![
        14 => comm(chans),
        1 => (0..chans).prop_map(Op::Close),
        1 => (0..MUTEXES).prop_map(Op::Signal),
        1 => (0..MUTEXES).prop_map(Op::Broadcast),
        1 => Just(Op::Done),
        1 => Just(Op::Wait),
        1 => Just(Op::Yield),
    ]
    .boxed()
}

fn block(chans: usize) -> BoxedStrategy<Vec<Op>> {
    let ops = |n| prop::collection::vec(simple(chans), n);
    let around = |a: Op, mut ops: Vec<Op>, b: Op| {
        ops.insert(0, a);
        ops.push(b);
        ops
    };
    prop_oneof![
        14 => ops(1..2),
        2 => (0..MUTEXES, ops(0..3)).prop_map(move |(m, o)| around(Op::Lock(m), o, Op::Unlock(m))),
        1 => (0..MUTEXES, ops(0..2)).prop_map(move |(m, mut o)| {
            o.push(Op::CondWait(m));
            around(Op::Lock(m), o, Op::Unlock(m))
        }),
        1 => ops(0..2).prop_map(move |o| around(Op::RLock, o, Op::RUnlock)),
        1 => ops(0..2).prop_map(move |o| around(Op::WLock, o, Op::WUnlock)),
    ]
    .boxed()
}

/// Programs of 2 to `gs` goroutines with at most `blocks` operations each, some of them within a
/// lock.
pub fn programs(gs: usize, blocks: usize) -> impl Strategy<Value = Program> {
    prop::collection::vec(0usize..3, 1..4).prop_flat_map(move |caps| {
        let g = prop::collection::vec(block(caps.len()), 1..=blocks).prop_map(|b| b.concat());
        prop::collection::vec(g, 2..=gs)
            .prop_map(move |goroutines| Program { caps: caps.clone(), goroutines })
    })
}
