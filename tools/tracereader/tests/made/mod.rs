//! Traces made event by event.

#![allow(dead_code)] // Each test uses its part.

use gort_tracereader::spec::*;

pub fn uvarint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// The time, the type, and the arguments.
pub type Ev = (u64, Type, Vec<u64>);

/// A trace in parts that a test can change.
#[derive(Clone)]
pub struct Trace {
    pub version: u32,
    pub generation: u64,
    /// Events by thread.
    pub ms: Vec<(u64, Vec<Ev>)>,
    pub frequency: Option<u64>,
    pub strings: Vec<(u64, Vec<u8>)>,
    /// Id, then pc, function, file, line of each frame.
    pub stacks: Vec<(u64, Vec<[u64; 4]>)>,
    /// Time, M, P, G, stack.
    pub samples: Vec<[u64; 5]>,
    /// Comes after all that.
    pub more: Vec<u8>,
}

pub fn batch(out: &mut Vec<u8>, generation: u64, m: u64, time: u64, data: &[u8]) {
    out.push(EVENT_BATCH);
    for v in [generation, m, time, data.len() as u64] {
        uvarint(out, v);
    }
    out.extend(data);
}

pub fn events(base: u64, evs: &[Ev]) -> Vec<u8> {
    let (mut out, mut last) = (Vec::new(), base);
    for (time, typ, args) in evs {
        out.push(*typ);
        uvarint(&mut out, time.wrapping_sub(last));
        args.iter().for_each(|a| uvarint(&mut out, *a));
        last = *time;
    }
    out
}

impl Trace {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = format!("go 1.{} trace\0\0\0", self.version).into_bytes();
        for (m, evs) in &self.ms {
            batch(&mut out, self.generation, *m, 1000, &events(1000, evs));
        }
        let table = |typ: Type| vec![typ];
        let none = u64::MAX;
        let mut data = table(CPU_SAMPLES);
        for s in &self.samples {
            data.push(CPU_SAMPLE);
            s.iter().for_each(|v| uvarint(&mut data, *v));
        }
        batch(&mut out, self.generation, none, 0, &data);
        if let Some(f) = self.frequency {
            let mut data = table(FREQUENCY);
            uvarint(&mut data, f);
            batch(&mut out, self.generation, none, 0, &data);
        }
        let mut data = table(STACKS);
        for (id, frames) in &self.stacks {
            data.push(STACK);
            uvarint(&mut data, *id);
            uvarint(&mut data, frames.len() as u64);
            frames.iter().flatten().for_each(|v| uvarint(&mut data, *v));
        }
        batch(&mut out, self.generation, none, 0, &data);
        let mut data = table(STRINGS);
        for (id, s) in &self.strings {
            data.push(STRING);
            uvarint(&mut data, *id);
            uvarint(&mut data, s.len() as u64);
            data.extend(s);
        }
        batch(&mut out, self.generation, none, 0, &data);
        out.extend(&self.more);
        out
    }

    pub fn find(&mut self, m: usize, typ: Type) -> &mut Ev {
        self.ms[m].1.iter_mut().find(|e| e.1 == typ).expect("such an event")
    }

    pub fn without(mut self, m: usize, typ: Type) -> Self {
        self.ms[m].1.retain(|e| e.1 != typ);
        self
    }
}

/// Goroutine 1 on P 0 and M 11 makes goroutine 7, and blocks; 7 runs, and is in a system call in
/// which M 12 takes its P and runs goroutine 1 again; 7 comes back on P 1.
pub fn valid() -> Trace {
    let m11 = vec![
        (1001, PROC_STATUS, vec![0, 1]),
        (1002, GO_STATUS, vec![1, 11, 2]),
        (1003, PROCS_CHANGE, vec![2, 1]),
        (1004, STW_BEGIN, vec![6, 1]),
        (1006, STW_END, vec![]),
        (1010, GO_CREATE, vec![7, 2, 1]),
        (1020, GO_BLOCK, vec![1, 1]),
        (1021, GO_START, vec![7, 1]),
        (1030, GO_SYSCALL_BEGIN, vec![1, 3]),
        (1080, PROC_START, vec![1, 1]),
        (1081, GO_SYSCALL_END_BLOCKED, vec![]),
        (1082, GO_START, vec![7, 2]),
        (1090, GO_STOP, vec![5, 2]),
        (1096, GO_START, vec![7, 3]),
        (1097, USER_LOG, vec![0, 1, 5, 3]),
        (1100, GO_DESTROY, vec![]),
        (1110, PROC_STOP, vec![]),
    ];
    let m12 = vec![
        (1041, PROC_STATUS, vec![1, 2]),
        (1050, PROC_STEAL, vec![0, 2, 11]),
        (1051, PROC_START, vec![0, 3]),
        (1052, GO_UNBLOCK, vec![1, 1, 0]),
        (1053, GO_START, vec![1, 2]),
        (1060, GO_STOP, vec![5, 1]),
        (1070, GO_START, vec![1, 3]),
    ];
    let names = ["chan receive", "main.main", "/x/main.rs", "main.worker", "runtime.Gosched"];
    let more = ["stop-the-world (GOMAXPROCS)", "syscall.Read"];
    let strings =
        names.iter().chain(&more).enumerate().map(|(i, s)| (i as u64 + 1, s.as_bytes().to_vec()));
    Trace {
        version: 23,
        generation: 1,
        ms: vec![(11, m11), (12, m12)],
        frequency: Some(15_625_000),
        strings: strings.collect(),
        stacks: vec![
            (1, vec![[0x1000, 2, 3, 10]]),
            (2, vec![[0x2000, 4, 3, 20]]),
            (3, vec![[0x3000, 7, 3, 30], [0x2004, 4, 3, 22]]),
        ],
        samples: vec![[1025, 11, 0, 7, 3]],
        more: Vec::new(),
    }
}

/// Changes `bytes` in a few places: a bit, a byte, a piece taken out, doubled, or cut off.
pub fn mutate(bytes: &[u8], rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut b = bytes.to_vec();
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(16..b.len());
        match rng.u8(0..6) {
            0 => b[at] ^= 1 << rng.u8(0..8),
            1 => b[at] = rng.u8(..),
            2 => {
                b.remove(at);
            }
            3 => b.insert(at, rng.u8(..)),
            4 => {
                let piece = b[at..(at + rng.usize(1..40)).min(b.len())].to_vec();
                b.splice(at..at, piece);
            }
            _ => b.truncate(at.max(17)),
        }
        if b.len() < 20 {
            break;
        }
    }
    b
}
