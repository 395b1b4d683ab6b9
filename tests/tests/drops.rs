//! Every value is dropped exactly once, whichever way it goes: through channels, selects, timers,
//! coroutines, panics and Goexit; for small, large (boxed in flight), zero-sized and over-aligned
//! values; at GOMAXPROCS 1, 2 and 8.

use gort::sync::{Mutex, Once, RwMutex, WaitGroup};
use gort::{Chan, TryRecvError, chan, go, iter, recover, runtime, select, time};
use gort_tests::{in_child, in_plain_child};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashSet;
use std::panic::panic_any;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// Freed memory is overwritten, so that what is read from it afterwards is seen to be wrong.
struct Overwrites;

// SAFETY: the system's allocator; a block may be written until it is given back.
unsafe impl GlobalAlloc for Overwrites {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        unsafe { System.alloc(l) }
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        // SAFETY: the caller's contract.
        unsafe {
            p.write_bytes(0xdb, l.size());
            System.dealloc(p, l);
        }
    }
}

#[global_allocator]
static ALLOCATOR: Overwrites = Overwrites;

static MADE: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);
/// The numbers of the values that live.
static LIVE: std::sync::Mutex<Option<HashSet<u64>>> = std::sync::Mutex::new(None);

/// A value that counts.
trait Value: Send + Sync + 'static {
    fn new() -> Self;
}

/// The identity of a value with a size: knows when it is dropped twice, or was never made.
struct Id(u64);

impl Id {
    fn new() -> Id {
        let n = MADE.fetch_add(1, SeqCst);
        LIVE.lock().unwrap().get_or_insert_default().insert(n);
        Id(n)
    }
}

impl Drop for Id {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, SeqCst);
        let lived = LIVE.lock().unwrap().as_mut().is_some_and(|l| l.remove(&self.0));
        if !lived {
            eprintln!("value {} dropped twice, or never made", self.0);
            std::process::abort();
        }
    }
}

struct Small(#[allow(dead_code)] Id);
impl Value for Small {
    fn new() -> Self {
        Small(Id::new())
    }
}

/// Larger than Go's elements may be; its ends are checked as well.
struct Large {
    id: Id,
    body: [u64; 10_000],
}
impl Value for Large {
    fn new() -> Self {
        let id = Id::new();
        Large { body: [id.0; 10_000], id }
    }
}
impl Drop for Large {
    fn drop(&mut self) {
        assert!(self.body[0] == self.id.0 && self.body[9_999] == self.id.0);
    }
}

struct Zero;
impl Value for Zero {
    fn new() -> Self {
        MADE.fetch_add(1, SeqCst);
        Zero
    }
}
impl Drop for Zero {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, SeqCst);
    }
}

#[repr(align(64))]
struct Aligned {
    id: Id,
    again: u64,
}
impl Value for Aligned {
    fn new() -> Self {
        let id = Id::new();
        Aligned { again: id.0, id }
    }
}
impl Drop for Aligned {
    fn drop(&mut self) {
        assert_eq!(self.again, self.id.0);
        assert_eq!((&raw const *self).addr() % 64, 0, "alignment");
    }
}

/// Gives way until `done`, or gives up.
fn until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        runtime::gosched();
    }
}

/// Runs one path with one type of values and checks that as many were dropped as were made.
fn balanced(f: fn()) {
    let n = runtime::num_goroutine();
    f();
    until("goroutines are left", || runtime::num_goroutine() <= n);
    until("values are left", || MADE.load(SeqCst) == DROPPED.load(SeqCst));
    assert!(MADE.load(SeqCst) > 0, "a path without a value");
}

/// Tests of the paths, each in processes of its own.
macro_rules! paths {
    ($($name:ident)*) => {
        mod paths { $(
            #[test]
            fn $name() {
                use super::*;
                for procs in [1, 2, 8] {
                    // A large value is copied a few times on its way in a debug build.
                    in_child!(.procs(procs).env("GORTSTACK", "4M"), || {
                        balanced(super::$name::<Small>);
                        balanced(super::$name::<Zero>);
                        balanced(super::$name::<Aligned>);
                        balanced(super::$name::<Large>);
                    })
                    .ok();
                }
            }
        )* }
    };
}

paths! {
    rendezvous receiver_waits buffered leftovers leftovers_closed leftovers_drained handles channel_in_channel
    try_send send_on_closed sender_woken_by_close receivers_woken_by_close
    select_send select_default select_closed select_parked_closed select_recv select_both
    goexit goexit_with_panic panics payloads payload_again closures closures_nested
    timer_fires timer_stopped timer_reset timer_forgotten timer_many
    pull_all pull_some pull_none pull_stopped pull_panics pull_goexits pull_in_goexit
    locks once blocking crowd selecting_crowd
}

fn rendezvous<T: Value>() {
    let c = chan::<T>(0);
    let c1 = c.clone();
    go(move || {
        for _ in 0..20 {
            c1.send(T::new());
        }
        c1.close();
    });
    runtime::gosched();
    assert_eq!(c.iter().count(), 20);
}

fn receiver_waits<T: Value>() {
    let c = chan::<T>(0);
    let (c1, done) = (c.clone(), chan::<usize>(0));
    let done1 = done.clone();
    go(move || done1.send(c1.iter().count()));
    runtime::gosched();
    for _ in 0..20 {
        c.send(T::new());
        runtime::gosched();
    }
    c.close();
    assert_eq!(done.recv(), Some(20));
}

fn buffered<T: Value>() {
    let c = chan::<T>(3);
    let c1 = c.clone();
    go(move || {
        for _ in 0..20 {
            c1.send(T::new());
        }
        c1.close();
    });
    assert_eq!(c.iter().count(), 20);
}

fn leftovers<T: Value>() {
    let c = chan::<T>(4);
    // The ring is in the middle of a turn.
    for _ in 0..3 {
        c.send(T::new());
    }
    drop((c.recv(), c.recv()));
    for _ in 0..3 {
        c.send(T::new());
    }
    assert_eq!(c.len(), 4);
}

fn leftovers_closed<T: Value>() {
    let c = chan::<T>(3);
    for _ in 0..3 {
        c.send(T::new());
    }
    c.close();
    drop(c.recv());
}

fn leftovers_drained<T: Value>() {
    let c = chan::<T>(3);
    for _ in 0..3 {
        c.send(T::new());
    }
    c.close();
    assert_eq!(c.iter().count(), 3);
    assert!(c.recv().is_none() && matches!(c.try_recv(), Err(TryRecvError::Closed)));
}

fn handles<T: Value>() {
    // The last handle goes on another goroutine.
    let c = chan::<T>(2);
    let (tx, rx) = (c.sender(), c.receiver());
    tx.send(T::new());
    tx.send(T::new());
    for _ in 0..4 {
        let (tx, rx) = (tx.clone(), rx.clone());
        go(move || drop((tx, rx)));
    }
}

fn channel_in_channel<T: Value>() {
    let outer = chan::<Chan<T>>(2);
    for _ in 0..2 {
        let inner = chan::<T>(2);
        inner.send(T::new());
        inner.send(T::new());
        outer.send(inner);
    }
    drop(outer.recv());
}

fn try_send<T: Value>() {
    let c = chan::<T>(1);
    assert!(c.try_send(T::new()).is_ok());
    match c.try_send(T::new()) {
        Ok(()) => panic!("no room, yet sent"),
        Err(e) => drop(e.0),
    }
    let e = c.try_send(T::new());
    assert!(c.try_recv().is_ok() && matches!(c.try_recv(), Err(TryRecvError::Empty)));
    drop(e);
    let none = Chan::<T>::nil();
    assert!(none.try_send(T::new()).is_err());
}

fn send_on_closed<T: Value>() {
    let c = chan::<T>(1);
    c.close();
    for _ in 0..3 {
        let e = recover(|| c.send(T::new())).unwrap_err();
        assert_eq!(e.message(), "send on closed channel");
        let e = recover(|| c.try_send(T::new()).is_ok()).unwrap_err();
        assert_eq!(e.message(), "send on closed channel");
    }
}

fn sender_woken_by_close<T: Value>() {
    let c = chan::<T>(1);
    c.send(T::new());
    let wg = Arc::new(WaitGroup::new());
    for _ in 0..5 {
        wg.add(1);
        let (c, wg) = (c.clone(), wg.clone());
        go(move || {
            let on_stack = T::new();
            assert!(recover(|| c.send(T::new())).is_err());
            drop(on_stack);
            wg.done();
        });
    }
    for _ in 0..10 {
        runtime::gosched();
    }
    c.close();
    wg.wait();
}

fn receivers_woken_by_close<T: Value>() {
    let c = chan::<T>(0);
    let wg = Arc::new(WaitGroup::new());
    for _ in 0..5 {
        wg.add(1);
        let (c, wg) = (c.clone(), wg.clone());
        go(move || {
            let _on_stack = T::new();
            assert!(c.recv().is_none());
            wg.done();
        });
    }
    for _ in 0..10 {
        runtime::gosched();
    }
    c.close();
    wg.wait();
}

fn select_send<T: Value>() {
    // Chosen, and not chosen.
    let (a, b) = (chan::<T>(1), chan::<T>(1));
    for _ in 0..20 {
        select! {
            send(a, T::new()) => {}
            send(b, T::new()) => {}
        }
        select! {
            recv(a) -> v => assert!(v.is_some()),
            recv(b) -> v => assert!(v.is_some()),
        }
    }
    let none = Chan::<T>::nil();
    select! {
        send(none, T::new()) => panic!("sent to nil"),
        send(a, T::new()) => {}
    }
    select! { send(b, T::new()) => {} }
}

fn select_default<T: Value>() {
    let (a, b) = (chan::<T>(0), chan::<T>(0));
    let mut none = 0;
    select! {
        send(a, T::new()) => {}
        send(b, T::new()) => {}
        default => none += 1,
    }
    select! {
        send(a, T::new()) => {}
        default => none += 1,
    }
    select! {
        recv(a) -> v => drop(v),
        recv(b) -> v => drop(v),
        default => none += 1,
    }
    assert_eq!(none, 3);
}

fn select_closed<T: Value>() {
    let (a, b) = (chan::<T>(0), chan::<T>(0));
    a.close();
    let e = recover(|| {
        select! {
            send(a, T::new()) => {}
            send(b, T::new()) => {}
        }
    });
    assert_eq!(e.unwrap_err().message(), "send on closed channel");
    let e = recover(|| select! { send(a, T::new()) => {} });
    assert!(e.is_err());
}

fn select_parked_closed<T: Value>() {
    let (a, b) = (chan::<T>(0), chan::<T>(0));
    let (a1, b1, done) = (a.clone(), b.clone(), chan::<bool>(0));
    let done1 = done.clone();
    go(move || {
        let e = recover(|| {
            select! {
                send(a1, T::new()) => {}
                send(b1, T::new()) => {}
            }
        });
        done1.send(e.is_err());
    });
    for _ in 0..10 {
        runtime::gosched();
    }
    b.close();
    assert_eq!(done.recv(), Some(true));
}

fn select_recv<T: Value>() {
    let (a, b) = (chan::<T>(0), chan::<T>(2));
    for c in [a.clone(), b.clone()] {
        go(move || {
            for _ in 0..10 {
                c.send(T::new());
            }
            c.close();
        });
    }
    let (mut got, mut open_a, mut open_b) = (0, a, b);
    while !open_a.is_nil() || !open_b.is_nil() {
        select! {
            recv(open_a) -> v => if v.is_some() { got += 1 } else { open_a = Chan::nil() },
            recv(open_b) -> v => if v.is_some() { got += 1 } else { open_b = Chan::nil() },
        }
    }
    assert_eq!(got, 20);
}

fn select_both<T: Value>() {
    // A goroutine that sends and receives in the same select; what it offered last is not taken.
    let (to, from) = (chan::<T>(0), chan::<T>(0));
    let (to1, from1) = (to.clone(), from.clone());
    go(move || {
        loop {
            select! {
                send(to1, T::new()) => {}
                recv(from1) -> v => if v.is_none() { return },
            }
        }
    });
    for _ in 0..10 {
        from.send(T::new());
        assert!(to.recv().is_some());
    }
    from.close();
}

fn goexit<T: Value>() {
    let c = chan::<T>(1);
    c.send(T::new());
    for i in 0..4 {
        let (c, captured) = (c.clone(), T::new());
        go(move || {
            let _here = T::new();
            let nested = [T::new(), T::new()];
            let _received = if i == 0 { c.recv() } else { None };
            fn deep<T: Value>(n: u32, v: T) {
                if n == 0 {
                    runtime::goexit();
                }
                deep(n - 1, T::new());
                drop(v);
            }
            deep(3, T::new());
            drop((captured, nested));
        });
    }
}

/// Drops a value while it is dropped, after parking.
struct Parks<T: Value>(Chan<T>);
impl<T: Value> Drop for Parks<T> {
    fn drop(&mut self) {
        let c = self.0.clone();
        go(move || c.send(T::new()));
        self.0.recv();
    }
}

fn goexit_with_panic<T: Value>() {
    for _ in 0..3 {
        go(|| {
            let _v = T::new();
            let _p = Parks(chan::<T>(0));
            let _ = recover(|| {
                let _p = Parks(chan::<T>(0));
                let _v = T::new();
                panic!("x");
            });
            runtime::goexit();
        });
    }
}

fn panics<T: Value>() {
    for _ in 0..5 {
        let v = T::new();
        let e = recover(move || {
            let _w = T::new();
            let _moved = v;
            let _p = Parks(chan::<T>(0));
            panic!("x");
        });
        assert_eq!(e.unwrap_err().message(), "x");
    }
    let kept = recover(T::new);
    assert!(kept.is_ok());
}

fn payloads<T: Value>() {
    drop(recover(|| panic_any(T::new())).unwrap_err());
    let e = recover(|| panic_any(T::new())).unwrap_err();
    assert!(e.value().is::<T>() && !e.message().is_empty());
    let v = e.into_value();
    assert!(v.downcast::<T>().is_ok());
    // One panic replaced by another: the first value is lost in the handler.
    let e = recover(|| {
        let Err(first) = recover(|| panic_any(T::new()));
        let _first = first;
        panic_any(T::new());
    });
    assert!(e.is_err());
}

fn payload_again<T: Value>() {
    let e = recover(|| {
        let Err(e) = recover(|| {
            let Err(e) = recover(|| panic_any(T::new()));
            let _v = T::new();
            e.resume();
        });
        e.resume();
    });
    assert!(e.unwrap_err().value().is::<T>());
    let wg = Arc::new(WaitGroup::new());
    wg.add(1);
    let wg1 = wg.clone();
    go(move || {
        let r = recover(|| panic_any(T::new()));
        wg1.done();
        drop(r);
    });
    wg.wait();
}

fn closures<T: Value>() {
    for _ in 0..10 {
        let v = T::new();
        go(move || drop(v));
        let (v, w) = (T::new(), [T::new(), T::new(), T::new()]);
        go(move || {
            let _kept = (&v, &w);
        });
        let (v, room) = (T::new(), [7u8; 2000]);
        go(move || {
            assert_eq!(room[1999], 7);
            drop(v);
        });
        let v = T::new();
        go(move || {
            let _v = v;
            runtime::goexit();
        });
    }
}

fn closures_nested<T: Value>() {
    fn spawn<T: Value>(depth: u32, v: T) {
        if depth > 0 {
            for _ in 0..2 {
                let w = T::new();
                go(move || spawn(depth - 1, w));
            }
        }
        drop(v);
    }
    spawn(4, T::new());
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn timer_fires<T: Value>() {
    let done = chan::<()>(0);
    let (v, done1) = (T::new(), done.clone());
    let t = time::after_func_again(ms(2), move || {
        let _v = &v;
        done1.send(());
    });
    done.recv();
    drop(t);
}

fn timer_stopped<T: Value>() {
    let v = T::new();
    let t = time::after_func_again(ms(20), move || {
        let _v = &v;
        panic!("stopped, yet fired");
    });
    assert!(t.stop());
    assert!(!t.stop());
}

fn timer_reset<T: Value>() {
    let fired = chan::<()>(0);
    let (v, fired1) = (T::new(), fired.clone());
    let t = time::after_func_again(ms(1), move || {
        let _v = &v;
        fired1.send(());
    });
    for _ in 0..3 {
        fired.recv();
        t.reset(ms(1));
    }
    fired.recv();
    t.reset(ms(20));
    assert!(t.stop());
}

fn timer_forgotten<T: Value>() {
    // The handle goes while the timer is in the heap; the function is called all the same.
    let fired = Arc::new(AtomicU64::new(0));
    let (v, fired1) = (T::new(), fired.clone());
    drop(time::after_func_again(ms(3), move || {
        let _v = &v;
        fired1.fetch_add(1, SeqCst);
    }));
    until("the timer", || fired.load(SeqCst) == 1);
}

fn timer_many<T: Value>() {
    let ts: Vec<_> = (0..40)
        .map(|i| {
            let v = T::new();
            time::after_func_again(ms(1 + i % 7), move || _ = std::hint::black_box(&v))
        })
        .collect();
    for (i, t) in ts.iter().enumerate() {
        if i % 3 == 0 {
            t.stop();
        }
        if i % 5 == 0 {
            t.reset(ms(2));
        }
    }
    // The rest is dropped on other goroutines while the timers may be firing.
    for t in ts {
        go(move || drop(t));
    }
}

fn pull_all<T: Value>() {
    let p = iter::pull(|yield_| {
        for _ in 0..10 {
            yield_(T::new());
        }
    });
    assert_eq!(p.count(), 10);
}

fn pull_some<T: Value>() {
    let captured = T::new();
    let mut p = iter::pull(move |yield_| {
        let _inside = T::new();
        while yield_(T::new()) {}
        drop(captured);
    });
    assert!(p.next().is_some() && p.next().is_some());
}

fn pull_none<T: Value>() {
    let captured = T::new();
    let p = iter::pull(move |yield_| {
        yield_(captured);
    });
    drop(p);
}

fn pull_stopped<T: Value>() {
    let mut p = iter::pull(move |yield_| {
        let _inside = T::new();
        // It goes on yielding although it was told to stop: these values go nowhere.
        for _ in 0..5 {
            yield_(T::new());
        }
    });
    assert!(p.next().is_some());
    p.stop();
    assert!(p.next().is_none());
    p.stop();
}

fn pull_panics<T: Value>() {
    let mut p = iter::pull(move |yield_| {
        let _inside = T::new();
        yield_(T::new());
        panic_any(T::new());
    });
    assert!(p.next().is_some());
    let e = recover(|| p.next());
    assert!(e.is_err_and(|e| e.value().is::<T>()));
    assert!(p.next().is_none());
    // The panic comes while the iterator is dropped.
    let e = recover(|| {
        let mut p = iter::pull(move |yield_| {
            let _inside = T::new();
            if !yield_(T::new()) {
                panic_any(T::new());
            }
        });
        assert!(p.next().is_some());
    });
    assert!(e.is_err_and(|e| e.value().is::<T>()));
}

fn pull_goexits<T: Value>() {
    go(|| {
        let mut p = iter::pull(move |yield_| {
            let _inside = T::new();
            yield_(T::new());
            runtime::goexit();
        });
        let _here = T::new();
        drop(p.next());
        drop(p.next());
        unreachable!("Goexit goes on in the caller of next");
    });
}

fn pull_in_goexit<T: Value>() {
    go(|| {
        let mut p = iter::pull(move |yield_| {
            let _inside = T::new();
            while yield_(T::new()) {}
        });
        let _v = p.next();
        runtime::goexit();
    });
}

fn locks<T: Value>() {
    let m = Mutex::new(T::new());
    *m.lock() = T::new();
    drop(m.into_inner());
    let m = RwMutex::new(T::new());
    *m.lock() = T::new();
    drop(m.rlock());
    drop(m.into_inner());
    let m = Arc::new(Mutex::new(Some(T::new())));
    for _ in 0..5 {
        let m = m.clone();
        go(move || {
            let mut g = m.lock();
            drop(g.take());
            *g = Some(T::new());
        });
    }
    // A guard is dropped by the panic that passes it.
    let m = Mutex::new(T::new());
    let _ = recover(|| {
        let _g = m.lock();
        panic!("x");
    });
    assert!(m.try_lock().is_some());
}

fn once<T: Value>() {
    let o = Once::new();
    for _ in 0..3 {
        let v = T::new();
        o.call(move || drop(v));
    }
    let o = Once::new();
    let v = T::new();
    assert!(
        recover(|| o.call(move || {
            let _v = v;
            panic!("x");
        }))
        .is_err()
    );
}

fn blocking<T: Value>() {
    let v = T::new();
    let w = gort::blocking(move || {
        drop(v);
        T::new()
    });
    drop(w);
    let v = T::new();
    let e = recover(|| {
        gort::blocking(move || {
            let _w = T::new();
            std::thread::sleep(ms(1)); // so that the processor is taken away sometimes
            panic_any(v);
        })
    });
    assert!(e.unwrap_err().value().is::<T>());
}

fn crowd<T: Value>() {
    let c = chan::<T>(3);
    let (senders, receivers) = (Arc::new(WaitGroup::new()), Arc::new(WaitGroup::new()));
    let got = Arc::new(AtomicU64::new(0));
    for _ in 0..8 {
        senders.add(1);
        let (c, senders) = (c.clone(), senders.clone());
        go(move || {
            for _ in 0..25 {
                c.send(T::new());
            }
            senders.done();
        });
    }
    for _ in 0..4 {
        receivers.add(1);
        let (c, receivers, got) = (c.clone(), receivers.clone(), got.clone());
        go(move || {
            got.fetch_add(c.iter().count() as u64, SeqCst);
            receivers.done();
        });
    }
    senders.wait();
    c.close();
    receivers.wait();
    assert_eq!(got.load(SeqCst), 200);
}

fn selecting_crowd<T: Value>() {
    // Senders are caught by the close in all states: before, in and after their select.
    let (a, b) = (chan::<T>(0), chan::<T>(1));
    let wg = Arc::new(WaitGroup::new());
    for _ in 0..8 {
        wg.add(2);
        let (a1, b1, wg1) = (a.clone(), b.clone(), wg.clone());
        go(move || {
            let _ = recover(|| {
                loop {
                    select! {
                        send(a1, T::new()) => {}
                        send(b1, T::new()) => {}
                    }
                }
            });
            wg1.done();
        });
        let (a1, b1, wg1) = (a.clone(), b.clone(), wg.clone());
        go(move || {
            loop {
                let v = select! {
                    recv(a1) -> v => v,
                    recv(b1) -> v => v,
                };
                if v.is_none() {
                    break;
                }
            }
            wg1.done();
        });
    }
    for _ in 0..20 {
        runtime::gosched();
    }
    a.close();
    b.close();
    wg.wait();
}

/// Prints when it is dropped.
struct Loud;
impl Drop for Loud {
    fn drop(&mut self) {
        println!("dropped");
    }
}

/// As in Go, nothing more happens in other goroutines when main returns: what they own is not
/// dropped. The last two handles of a channel go at the same time on two threads: whoever is not
/// the last must not look at the channel any more. The threads run free, so that one of them is
/// interrupted now and then between two instructions.
#[test]
fn last_two_handles() {
    in_plain_child!(|| {
        const N: usize = 200_000;
        for _ in 0..20 {
            let (a, b): (Vec<_>, Vec<_>) =
                (0..N).map(|_| chan::<u8>(0)).map(|c| (c.clone(), c)).unzip();
            let together = Barrier::new(2);
            let drops = |handles: Vec<Chan<u8>>| {
                together.wait();
                handles.into_iter().for_each(drop);
            };
            std::thread::scope(|s| {
                s.spawn(|| drops(a));
                s.spawn(|| drops(b));
            });
        }
    })
    .ok();
}

/// Closes a channel when it is dropped.
struct Closes(Chan<()>);
impl Drop for Closes {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What a timer's function holds goes with it, whether or not the program ever uses a timer again:
/// nothing else would end these waits.
#[test]
fn timers_let_go() {
    in_child!(|| {
        for procs in [1, 4] {
            runtime::gomaxprocs(procs);
            let gone = chan::<()>(0);
            let held = Closes(gone.clone());
            drop(time::after_func_again(ms(1), move || _ = std::hint::black_box(&held)));
            gone.recv();

            // Fired, and kept for longer than it runs.
            let (gone, fired) = (chan::<()>(0), chan::<()>(1));
            let (held, fired1) = (Closes(gone.clone()), fired.clone());
            let t = time::after_func_again(ms(1), move || {
                let _held = &held;
                fired1.send(());
            });
            fired.recv();
            drop(t);
            gone.recv();

            // Stopped: its place in the heap stays taken for a while.
            let gone = chan::<()>(0);
            let held = Closes(gone.clone());
            let t = time::after_func_again(ms(3_600_000), move || _ = std::hint::black_box(&held));
            assert!(t.stop());
            drop(t);
            gone.recv();

            // Stopped, and dropped where the heap's lock cannot be taken: the heap is the last to
            // let go, here when another timer is put in, with the lock of that one's channel held.
            let gone = chan::<()>(0);
            let held = Closes(gone.clone());
            let t = time::after_func_again(ms(10), move || _ = std::hint::black_box(&held));
            assert!(t.stop());
            gort::blocking(move || drop(t));
            time::after(ms(20)).recv();
            gone.recv();
        }
    })
    .ok();
}

#[test]
fn program_ends() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let c = chan::<Loud>(1);
            c.send(Loud);
            std::mem::forget(c);
            let v = Loud;
            go(move || {
                let _v = v;
                select! {}
            });
            for _ in 0..10 {
                runtime::gosched();
            }
        })
        .ok()
        .stdout_is("");
    }
    // Never started.
    in_child!(.procs(1), || {
        let v = Loud;
        go(move || drop(v));
    })
    .ok()
    .stdout_is("");
}

/// A panic that ends the program drops what is on its own goroutine's stack, once, before the
/// report.
#[test]
fn panic_ends() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let other = Loud;
            go(move || {
                let _o = other;
                select! {}
            });
            for _ in 0..10 {
                runtime::gosched();
            }
            let _v = Loud;
            panic!("the end");
        })
        .exited(2)
        .stdout_is("dropped\n")
        .stderr_has("panic: the end\n\ngoroutine 1 [running]:\n");
    }
}

/// Main's Goexit drops what main has; the others go on and drop theirs.
#[test]
fn main_goexits() {
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let (v, gone) = (Loud, chan::<()>(0));
            let _v = (Loud, Closes(gone.clone())); // dropped in this order
            go(move || {
                gone.recv();
                drop(v);
                runtime::exit(7);
            });
            runtime::goexit();
        })
        .exited(7)
        .stdout_is("dropped\ndropped\n");
    }
}
