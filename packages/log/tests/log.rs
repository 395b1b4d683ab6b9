//! Records of goroutines that move have the context of their own goroutine.

use gort::runtime::{self, with_labels};
use gort::sync::WaitGroup;
use gort::{Builder, go, task, time};
use gort_tests::in_child;
use log::kv::{self, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record, info};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was logged: the text, and the key-values in their order.
static RECORDS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());
static FLUSHED: AtomicU32 = AtomicU32::new(0);

/// Keeps what was logged in [`RECORDS`].
struct Keep;

struct Pairs(String);
impl<'k> VisitSource<'k> for Pairs {
    fn visit_pair(&mut self, k: Key<'k>, v: Value<'k>) -> Result<(), kv::Error> {
        self.0.push_str(&format!("{k}={v} "));
        Ok(())
    }
}

impl Log for Keep {
    fn enabled(&self, m: &Metadata<'_>) -> bool {
        m.target() != "quiet"
    }
    fn log(&self, r: &Record<'_>) {
        let mut pairs = Pairs(String::new());
        r.key_values().visit(&mut pairs).unwrap();
        RECORDS.lock().unwrap().push((r.args().to_string(), pairs.0.trim_end().into()));
    }
    fn flush(&self) {
        FLUSHED.fetch_add(1, SeqCst);
    }
}

fn init() {
    gort_log::init(Keep).unwrap();
    log::set_max_level(LevelFilter::Info);
}

/// Fifty goroutines with twenty records each and a label of their own, half of them from goroutines
/// that they start.
fn jobs() {
    init();
    let wg = Arc::new(WaitGroup::new());
    for i in 0..50u32 {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            with_labels([("job", i.to_string())], || {
                for _ in 0..10 {
                    time::sleep(Duration::from_micros(200));
                    info!("{i} {}", runtime::goid());
                    let child = task::spawn(move || {
                        runtime::gosched();
                        info!("{i} {}", runtime::goid());
                    });
                    child.join().unwrap();
                }
            });
            wg.done();
        });
    }
    wg.wait();
    let records = RECORDS.lock().unwrap();
    let right = records.iter().filter(|(text, pairs)| {
        let (i, id) = text.split_once(' ').unwrap();
        *pairs == format!("goroutine={id} job={i}")
    });
    println!("{} of {} records are right", right.count(), records.len());
}

const OUT: &str = "1000 of 1000 records are right\n";

#[test]
fn jobs_1() {
    in_child!(.procs(1), jobs).ok().stdout_is(OUT);
}
#[test]
fn jobs_2() {
    in_child!(.procs(2), jobs).ok().stdout_is(OUT);
}
#[test]
fn jobs_8() {
    in_child!(.procs(8), jobs).ok().stdout_is(OUT);
}

/// What the record has itself comes first; names; where there is no goroutine, or no processor.
#[test]
fn the_rest() {
    in_child!(.procs(2), || {
        init();
        let last = || RECORDS.lock().unwrap().pop().unwrap().1;
        let me = runtime::goid();
        info!(a = 1, b = "two"; "own ones");
        assert_eq!(last(), format!("a=1 b=two goroutine={me}"));
        with_labels([("user", "ann"), ("a", "label")], || {
            info!(a = 1; "both");
            assert_eq!(last(), format!("a=1 goroutine={me} a=label user=ann"));
            gort::blocking(|| info!("in a blocking section"));
            assert_eq!(last(), format!("goroutine={me} a=label user=ann"));
            // Another thread is no goroutine's.
            gort::blocking(|| std::thread::spawn(|| info!("a thread")).join().unwrap());
            assert_eq!(last(), "");
            Builder::new().name("reader").spawn(|| info!("named")).join().unwrap();
            let text = last();
            assert!(text.ends_with("goroutine_name=reader a=label user=ann"), "{text}");
        });
        info!("without");
        assert_eq!(last(), format!("goroutine={me}"));
        assert!(log::log_enabled!(log::Level::Info) && !log::log_enabled!(target: "quiet", log::Level::Info));
        log::logger().flush();
        assert_eq!(FLUSHED.load(SeqCst), 1);
    })
    .ok();
}
