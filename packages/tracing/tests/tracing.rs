//! Of the reports: new_tracing. Spans that are entered on a goroutine that moves.

use gort::sync::WaitGroup;
use gort::{go, runtime, time};
use gort_tests::in_child;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes to [`LOG`].
struct ToLog;
impl io::Write for ToLog {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().write(b)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl MakeWriter<'_> for ToLog {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        Self
    }
}

/// Fifty goroutines with twenty events each in a span of their own, and another span inside of
/// that.
fn jobs() {
    let text = layer().with_writer(ToLog).with_ansi(false).without_time();
    gort_tracing::registry().with(text).init();
    static BAD: AtomicU32 = AtomicU32::new(0);
    let wg = Arc::new(WaitGroup::new());
    for i in 0..50u32 {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            // a new goroutine is in no span
            assert!(tracing::Span::current().is_none());
            let span = tracing::info_span!("job", i);
            let id = span.id();
            let e = span.enter();
            for n in 0..20 {
                time::sleep(Duration::from_micros(200));
                BAD.fetch_add(u32::from(tracing::Span::current().id() != id), Relaxed);
                tracing::info_span!("part", n).in_scope(|| {
                    runtime::gosched();
                    tracing::info!("working on {i}");
                });
            }
            drop(e);
            assert!(tracing::Span::current().is_none());
            wg.done();
        });
    }
    wg.wait();
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let right = log.lines().filter(|l| {
        let number = |after: &str| {
            l.split(after).nth(1).and_then(|s| s.split(['}', ' ']).next()).map(str::to_string)
        };
        l.contains("job{i=") && l.contains(":part{n=") && number("job{i=") == number("working on ")
    });
    println!(
        "in a wrong span: {} of 1000; lines: {} of {}",
        BAD.load(Relaxed),
        right.count(),
        log.lines().count()
    );
}

const OUT: &str = "in a wrong span: 0 of 1000; lines: 1000 of 1000\n";

#[test]
fn new_tracing_1() {
    in_child!(.procs(1), jobs).ok().stdout_is(OUT);
}
#[test]
fn new_tracing_2() {
    in_child!(.procs(2), jobs).ok().stdout_is(OUT);
}
#[test]
fn new_tracing_8() {
    in_child!(.procs(8), jobs).ok().stdout_is(OUT);
}

/// Counts the spans that are closed, as layers see it.
struct Closed;
static CLOSED: AtomicU32 = AtomicU32::new(0);
impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Closed {
    fn on_close(&self, id: tracing::span::Id, cx: tracing_subscriber::layer::Context<'_, S>) {
        assert!(cx.span(&id).is_some(), "its data is there still");
        CLOSED.fetch_add(1, Relaxed);
    }
}

/// Spans live as long as with tracing_subscriber's own registry; guards in another order; threads
/// beside.
#[test]
fn spans_are_closed() {
    in_child!(.procs(2), || {
        gort_tracing::registry().with(Closed).init();
        let parent = |s: &tracing::Span| {
            tracing::dispatcher::get_default(|d| {
                let r = d.downcast_ref::<gort_tracing::Registry>().expect("ours");
                r.span(&s.id().unwrap()).unwrap().parent().map(|p| p.id())
            })
        };
        let a = tracing::info_span!("a");
        let in_a = a.enter();
        let b = tracing::info_span!("b");
        assert_eq!(parent(&b), a.id());
        let in_b = b.enter();
        drop(in_a);
        assert_eq!(tracing::Span::current().id(), b.id());
        assert_eq!(parent(&tracing::info_span!(parent: None, "root")), None);
        assert_eq!(parent(&tracing::info_span!(parent: &a, "of a")), a.id());
        let again = b.enter();
        drop(again);
        assert_eq!(tracing::Span::current().id(), b.id());
        gort::blocking(|| {
            let alone = || {
                assert!(tracing::Span::current().is_none());
                let _e = tracing::info_span!("of the thread").entered();
                assert!(tracing::Span::current().id().is_some());
            };
            std::thread::spawn(alone).join().expect("the thread");
        });
        drop(in_b);
        assert!(tracing::Span::current().is_none());
        assert_eq!(CLOSED.load(Relaxed), 3);
        drop(a);
        assert_eq!(CLOSED.load(Relaxed), 3, "b is its child");
        drop(b);
        assert_eq!(CLOSED.load(Relaxed), 5);
    })
    .ok();
}
