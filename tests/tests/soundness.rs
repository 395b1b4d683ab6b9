//! docs/soundness.md: what safe functions do where they were not meant to be called, and what was
//! once a hole.

use gort::context::Context;
use gort::debug::NoPark;
use gort::runtime::{Labels, metrics};
use gort::{chan, managed, pprof, trace};
use gort_tests::{in_child, in_plain_child};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Functions of the modules of which the rest of the tests is about other things.
const OPS: &[(&str, fn())] = &[
    ("context", || {
        let (ctx, cancel) = Context::background().with_value(7u32).with_cancel();
        let stop = ctx.after_func(|| ());
        assert_eq!(ctx.value::<u32>(), Some(&7));
        assert!(ctx.err().is_none() && ctx.cause().is_none() && !ctx.is_done());
        let child = ctx.with_timeout(Duration::from_secs(3600)).0;
        assert!(ctx.sleep(Duration::from_millis(1)).is_ok());
        stop.stop();
        drop(cancel.guard());
        assert!(child.is_done());
    }),
    ("context dropped", || drop(Context::background().with_timeout(Duration::from_secs(3600)))),
    ("no_park", || {
        let section = NoPark::new();
        assert_eq!(gort::debug::no_park(|| 1), 1);
        drop(gort::debug::checked(Mutex::new(1).lock().unwrap()));
        drop(section);
    }),
    ("is_in_bubble", || assert!(!gort::test::is_in_bubble())),
    ("bubble", || assert_eq!(gort::test::bubble(|| 7), 7)),
    ("test", || assert_eq!(gort::test(|| 7), 7)),
    ("metrics::read", || {
        let mut all: Vec<_> = metrics::all().iter().map(|d| metrics::Sample::new(d.name)).collect();
        metrics::read(&mut all);
        assert!(all.iter().all(|s| s.value.kind() != metrics::ValueKind::Bad));
    }),
    ("metrics::per_p", || assert!(!metrics::per_p().is_empty())),
    ("labels", || _ = gort::runtime::labels()),
    ("set_labels", || gort::runtime::set_labels(Labels::new([("a", "b")]))),
    ("with_labels", || gort::runtime::with_labels([("a", "b")], || ())),
    ("names", || {
        gort::runtime::set_name("name");
        _ = gort::runtime::name();
    }),
    ("trace", || {
        let r = trace::start(std::io::sink()).unwrap();
        let task = trace::task("task");
        task.region("region", || trace::log("category", "message"));
        drop(task);
        r.stop().unwrap();
    }),
    ("trace dropped", || drop(trace::start_blocking(std::io::sink()))),
    ("block profile", || {
        pprof::set_block_profile_rate(1);
        let c = chan(0);
        let tx = c.clone();
        gort::go(move || tx.send(1));
        c.recv();
        assert!(pprof::lookup("block").unwrap().count() > 0);
        pprof::lookup("block").unwrap().write_to(std::io::sink()).unwrap();
    }),
    ("mutex profile", || {
        pprof::set_mutex_profile_fraction(1);
        pprof::lookup("mutex").unwrap().write_to(std::io::sink()).unwrap();
    }),
    ("count of a profile", || _ = pprof::lookup("block").unwrap().count()),
    ("cpu profile", || {
        pprof::start_cpu_profile(std::io::sink()).unwrap();
        pprof::stop_cpu_profile().unwrap();
    }),
    ("shrink_stacks", managed::shrink_stacks),
    ("text", || {
        assert!(managed::Text::new(usize::MAX).is_err() && managed::Text::new(0).is_err());
        managed::Text::new(1).unwrap().finish(&[0xc3]).unwrap();
        assert!(managed::stub("gort_m_step").is_some());
    }),
    ("numbers", || {
        _ = (gort::runtime::num_goroutine(), gort::runtime::num_cpu(), gort::runtime::goid());
    }),
];

/// Something is in the block profile, so that there is something to count.
fn an_event() {
    pprof::set_block_profile_rate(1);
    let c = chan(0);
    let tx = c.clone();
    gort::go(move || {
        gort_tests::until_others_wait();
        tx.send(1);
    });
    c.recv();
}

/// On a goroutine, on a thread, before the runtime has been started, in a blocking section, in one
/// where nothing may park: each does what it says, or the program ends with a report that names the
/// operation. Nothing hangs, or faults.
#[test]
fn anywhere() {
    let mut wrong = String::new();
    for place in ["goroutine", "thread", "early", "blocking", "no park"] {
        for (i, (name, _)) in OPS.iter().enumerate() {
            let o = in_plain_child!(.procs(2).env("PLACE", place).env("OP", i.to_string()), || {
                let f = OPS[std::env::var("OP").unwrap().parse::<usize>().unwrap()].1;
                match std::env::var("PLACE").unwrap().as_str() {
                    "goroutine" => gort::run(f),
                    "thread" => {
                        let runtime = gort::start(gort::Config::new());
                        runtime.block_on(an_event);
                        std::thread::spawn(f).join().unwrap();
                    }
                    "early" => f(),
                    "blocking" => gort::run(move || gort::blocking(f)),
                    _ => gort::run(move || gort::debug::no_park(f)),
                }
                println!("done");
            });
            let refused = o.code == 2 && o.stderr.contains("fatal error: gort: ");
            let fine = o.code == 0 && o.stdout == "done\n";
            if !(fine || place != "goroutine" && refused) {
                wrong.push_str(&format!("{place}: {name}\n{o}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A section that a thread-local keeps ends with its goroutine, and not that of another one that
/// finds it there.
#[test]
fn a_section_in_a_thread_local() {
    in_child!(.procs(1), || {
        thread_local! { static KEPT: RefCell<Vec<NoPark>> = const { RefCell::new(Vec::new()) }; }
        let keep = || KEPT.with(|k| k.borrow_mut().push(NoPark::new()));
        for _ in 0..3 {
            gort::task::spawn(keep).join().unwrap();
            // On the same thread, with one processor; mostly with the same G.
            gort::task::spawn(|| {
                KEPT.with(|k| k.borrow_mut().clear());
                gort::runtime::gosched();
            })
            .join()
            .unwrap();
        }
        keep();
        gort::runtime::gosched();
    })
    .exited(2)
    .stderr_has("fatal error: gort: the goroutine would park, or go on on another thread");
}

/// A coroutine that outlives its bubble wakes nobody: the root of the bubble waits elsewhere.
#[test]
fn a_coroutine_of_a_bubble_that_has_ended() {
    for procs in [1, 2] {
        in_child!(.procs(procs), || {
            let kept = Arc::new(Mutex::new(None));
            let keep = kept.clone();
            let _ = gort::recover(move || {
                gort::test::bubble(move || {
                    let mut p = gort::iter::pull(|yield_| {
                        for i in 0u32.. {
                            if !yield_(i) {
                                return;
                            }
                        }
                    });
                    assert_eq!(p.next(), Some(0));
                    *keep.lock().unwrap() = Some(p);
                })
            });
            let c = chan(0);
            let tx = c.clone();
            gort::go(move || {
                gort_tests::until_others_wait();
                let mut p = kept.lock().unwrap().take().unwrap();
                for i in 1..100 {
                    assert_eq!(p.next(), Some(i));
                    gort::runtime::gosched();
                }
                tx.send(7);
            });
            assert_eq!(c.recv(), Some(7));
        })
        .ok();
    }
}
