//! `GODEBUG=deadlockgraph=1`: why a deadlock is one. gort's own.
//!
//! Go's message says that all goroutines are asleep, and where. With this setting a report stands
//! before it that says what each of them waits for:
//!
//! ```text
//! deadlock graph:
//! goroutine 1 [sync.WaitGroup.Wait]: wait group 0x7ffd5c0 (counter 2)
//! goroutine 5 [sync.Mutex.Lock]: mutex 0x55d0, locked by goroutine 6
//! goroutine 6 [sync.Mutex.Lock]: mutex 0x55e0, locked by goroutine 5
//! goroutine 7 [select]: receive from chan 0x55f0 (len 0, cap 0) or send to chan 0x5610 (len 2, cap 2)
//! cycle: goroutine 5 -> mutex 0x55d0 -> goroutine 6 -> mutex 0x55e0 -> goroutine 5
//! ```
//!
//! Locks have holders, so chains of them are followed and cycles found. Channels belong to nobody;
//! of those the others that wait on the same one are named.

use gort_proc::*;
use gort_sync::owner::{holders, waits_on_cond};
use gort_sync::{RwMutex, WaitGroup};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A goroutine that waits.
struct Node {
    gp: *mut G,
    goid: u64,
    reason: WaitReason,
    /// What it waits for, if that is a lock.
    lock: Option<String>,
    /// Who holds that: indices of nodes.
    next: Vec<usize>,
}

/// Goroutine numbers in a sentence.
fn list(goids: &[u64]) -> String {
    let names: Vec<_> = goids.iter().map(|n| format!("goroutine {n}")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// Prints the report.
///
/// # Safety
/// On a system stack without locks; no goroutine runs, and none will.
#[unsafe(export_name = "gort.deadlockgraph")]
pub unsafe fn deadlockgraph() {
    // SAFETY: the caller's contract.
    let text = unsafe { graph() };
    gort_print::print!("{}\n", text.as_str());
}

/// The text of the report.
///
/// # Safety
/// As for [`deadlockgraph`].
unsafe fn graph() -> String {
    // SAFETY: nothing runs, so Gs, sudogs and what they wait on stand still; who waits for a thing
    // keeps it alive.
    unsafe {
        let mut nodes = Vec::new();
        for_each_g(&mut |gp| {
            if readgstatus(gp) & !GSCAN == GWAITING && !is_system_goroutine(gp, false) {
                let (goid, reason) = ((*gp).goid, (*gp).waitreason);
                nodes.push(Node { gp, goid, reason, lock: None, next: Vec::new() });
            }
        });
        nodes.sort_by_key(|n| n.goid);
        let index: BTreeMap<u64, usize> =
            nodes.iter().enumerate().map(|(i, n)| (n.goid, i)).collect();

        let mut semas = BTreeMap::new();
        gort_sema::for_each_waiter(|gp, addr| {
            semas.insert((*gp).goid, addr);
        });
        // All that waits on each channel.
        let mut chans = BTreeMap::<usize, Vec<u64>>::new();
        for n in &nodes {
            for c in cases(n.gp) {
                let v = chans.entry(c.addr()).or_default();
                if v.last() != Some(&n.goid) {
                    v.push(n.goid);
                }
            }
        }

        let mut out = String::from("deadlock graph:\n");
        for n in &mut nodes {
            let mut reason = n.reason.string();
            let what = match n.reason {
                WaitReason::ChanReceive
                | WaitReason::ChanSend
                | WaitReason::Select
                | WaitReason::SynctestChanReceive
                | WaitReason::SynctestChanSend
                | WaitReason::SynctestSelect => wait_for_chans(n.gp, n.goid, &chans),
                WaitReason::ChanReceiveNilChan | WaitReason::ChanSendNilChan => {
                    "a nil channel, for ever".into()
                }
                WaitReason::SelectNoCases => "nothing, for ever".into(),
                WaitReason::SyncCondWait => match waits_on_cond(n.goid) {
                    Some(c) => format!("cond {c:#x}"),
                    None => "a cond".into(),
                },
                WaitReason::Sleep => "time".into(),
                WaitReason::Coroutine => "a coroutine".into(),
                WaitReason::Semacquire
                | WaitReason::SynctestWaitGroupWait
                | WaitReason::SyncMutexLock
                | WaitReason::SyncRWMutexLock
                | WaitReason::SyncRWMutexRLock => match semas.get(&n.goid) {
                    None => "a semaphore".into(),
                    Some(&sema)
                        if matches!(
                            n.reason,
                            WaitReason::Semacquire | WaitReason::SynctestWaitGroupWait
                        ) =>
                    {
                        reason = "sync.WaitGroup.Wait";
                        let wg = sema - core::mem::offset_of!(WaitGroup, sema);
                        let counter = (*(wg as *const WaitGroup)).state.get() >> 32;
                        format!("wait group {wg:#x} (counter {counter})")
                    }
                    Some(&sema) => wait_for_lock(n, sema, &index),
                },
                _ => "something else".into(),
            };
            let _ = writeln!(out, "goroutine {} [{reason}]: {what}", n.goid);
        }
        cycles(&nodes, &mut out);
        out
    }
}

/// The channels that `gp` waits on.
///
/// # Safety
/// As for [`deadlockgraph`].
unsafe fn cases(gp: *mut G) -> Vec<*mut Hchan> {
    let mut v = Vec::new();
    // SAFETY: the sudogs of a goroutine that waits.
    unsafe {
        let mut sg = (*gp).waiting;
        while !sg.is_null() {
            if !(*sg).c.is_null() {
                v.push((*sg).c);
            }
            sg = (*sg).waitlink;
        }
    }
    v
}

/// What a goroutine waits for that waits for channels.
///
/// # Safety
/// As for [`deadlockgraph`].
unsafe fn wait_for_chans(gp: *mut G, goid: u64, chans: &BTreeMap<usize, Vec<u64>>) -> String {
    // SAFETY: the sudogs of a goroutine that waits, and their channels.
    unsafe {
        let mut parts = Vec::new();
        let mut sg = (*gp).waiting;
        while !sg.is_null() {
            let c = (*sg).c;
            let mut s = (*c).sendq.first.get();
            while !s.is_null() && s != sg {
                s = (*s).next;
            }
            // The cases of a select are in the order of their channels' addresses: sends first is
            // easier to read.
            let (rank, how) = if s == sg { (0, "send to") } else { (1, "receive from") };
            let (len, cap) = ((*c).qcount.get(), (*c).dataqsiz);
            let mut part = format!("{how} chan {:#x} (len {len}, cap {cap})", c.addr());
            let others: Vec<_> = chans[&c.addr()].iter().copied().filter(|&g| g != goid).collect();
            match others.len() {
                0 => {}
                1 => part += &format!(", as does {}", list(&others)),
                2..=4 => part += &format!(", as do {}", list(&others)),
                n => part += &format!(", as do {n} others"),
            }
            parts.push((rank, part));
            sg = (*sg).waitlink;
        }
        parts.sort_by_key(|&(rank, _)| rank);
        parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join(" or ")
    }
}

/// What a goroutine waits for that waits for a lock; notes the holders in `n`.
fn wait_for_lock(n: &mut Node, sema: usize, index: &BTreeMap<u64, usize>) -> String {
    let base = match n.reason {
        WaitReason::SyncRWMutexLock => core::mem::offset_of!(RwMutex, writer_sem),
        WaitReason::SyncRWMutexRLock => core::mem::offset_of!(RwMutex, reader_sem),
        _ => core::mem::offset_of!(gort_sync::Mutex, sema),
    };
    let addr = sema - base;
    let h = holders(addr);
    let kind = if n.reason == WaitReason::SyncMutexLock && !h.rw { "mutex" } else { "rwmutex" };
    let name = format!("{kind} {addr:#x}");
    // A writer that waits for readers has locked out other writers already.
    let (goids, how) = match n.reason {
        WaitReason::SyncRWMutexLock => (h.readers, "read"),
        _ => (h.writer.into_iter().collect(), "locked"),
    };
    let mut text = name.clone();
    if !goids.is_empty() {
        text += &format!(", {how} by {}", list(&goids));
    }
    for g in &goids {
        match index.get(g) {
            Some(&i) => n.next.push(i),
            None => text += &format!("; goroutine {g} has ended"),
        }
    }
    n.lock = Some(name);
    text
}

/// Follows the chains of locks, and says where they end in a circle.
fn cycles(nodes: &[Node], out: &mut String) {
    const NEW: u8 = 0;
    const ON_PATH: u8 = 1;
    const DONE: u8 = 2;
    let mut state = vec![NEW; nodes.len()];
    for start in 0..nodes.len() {
        // A depth-first walk; the path is kept apart, as chains may be long and this stack is
        // short.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if state[start] == NEW {
            state[start] = ON_PATH;
            path.push((start, 0));
        }
        while let Some((i, edge)) = path.last_mut() {
            let Some(&j) = nodes[*i].next.get(*edge) else {
                state[*i] = DONE;
                path.pop();
                continue;
            };
            *edge += 1;
            match state[j] {
                NEW => {
                    state[j] = ON_PATH;
                    path.push((j, 0));
                }
                ON_PATH => {
                    let from = path.iter().position(|&(k, _)| k == j).unwrap_or(0);
                    let _ = write!(out, "cycle: ");
                    for &(k, _) in &path[from..] {
                        let lock = nodes[k].lock.as_deref().unwrap_or("?");
                        let _ = write!(out, "goroutine {} -> {lock} -> ", nodes[k].goid);
                    }
                    let _ = writeln!(out, "goroutine {}", nodes[j].goid);
                }
                _ => {}
            }
        }
    }
}
