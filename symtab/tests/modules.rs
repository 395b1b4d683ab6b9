//! The list of modules, and the cache of an M.

mod dump;

use gort_symtab::*;
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn module(name: &str, functions: u32) -> ModuleBuilder {
    let mut m = ModuleBuilder::new(name);
    let file = m.file(&format!("{name}.x"));
    for i in 0..functions {
        let mut f = Function::new(&format!("{name}.f{i}"), i * 64, i * 64 + 64);
        f.pcsp(&[(4, 8), (8, 24 + 8 * i as i32), (60, 0)]).line(0, file, 10 * i as i32).line(
            20,
            file,
            10 * i as i32 + 1,
        );
        f.stack_map(30, &[-8], &[]);
        m.add(f);
    }
    m
}

fn add(name: &str, functions: u32, text: usize) -> Result<&'static Moduledata, String> {
    let parts = module(name, functions).build(text).unwrap().leak();
    // SAFETY: there is no code, and nobody walks through it.
    unsafe { register(parts) }.map_err(|e| e.to_string())
}

/// Modules are found by their code, each once.
#[test]
fn register_and_find() {
    assert!(!findfunc(0x100_0000).valid());
    add("a", 10, 0x100_0000).unwrap();
    add("b", 3, 0x100_0000 - 3 * 64).unwrap();
    add("c", 1, 0x100_0000 + 640).unwrap();
    let names: Vec<&str> =
        active_modules().map(|m| &m.modulename[..]).filter(|n| n.len() == 1).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(add("a", 10, 0x100_0000).unwrap_err(), "gort: module a: registered twice");
    assert_eq!(
        add("d", 1, 0x100_0000 + 639).unwrap_err(),
        "gort: module d: its code overlaps that of module a"
    );
    assert_eq!(
        add("d", 1, 0x100_0000 - 3 * 64 - 63).unwrap_err(),
        "gort: module d: its code overlaps that of module b"
    );
    for (pc, name) in [
        (0x100_0000 - 1, "b.f2"),
        (0x100_0000, "a.f0"),
        (0x100_0000 + 639, "a.f9"),
        (0x100_0000 + 640, "c.f0"),
    ] {
        assert_eq!(funcname(findfunc(pc)), name);
    }
    assert!(!findfunc(0x100_0000 - 3 * 64 - 1).valid() && !findfunc(0x100_0000 + 640 + 64).valid());
    assert_eq!(funcpkgpath(findfunc(0x100_0000)), "a");
}

/// Several threads register; readers see each module whole, or not yet.
#[test]
fn register_beside_readers() {
    const THREADS: usize = 3;
    const EACH: usize = 100;
    let base = 0x200_0000;
    let done = AtomicBool::new(false);
    let won = AtomicUsize::new(0);
    std::thread::scope(|s| {
        // All threads want all places; each place has one that gets it.
        let want = || {
            for i in 0..EACH {
                let at = base + i * 256;
                match add("race", 4, at) {
                    Ok(m) => {
                        assert_eq!(m.minpc, at);
                        won.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(e) => assert_eq!(e, "gort: module race: registered twice"),
                }
                assert_eq!(funcname(findfunc(at + 70)), "race.f1");
            }
        };
        let writers: Vec<_> = (0..THREADS).map(|_| s.spawn(want)).collect();
        s.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for m in active_modules() {
                    let pc = m.minpc + 25;
                    let f = findfunc(pc);
                    assert_eq!(
                        (f.entry(), funcline(f, pc).1, funcspdelta(f, pc)),
                        (m.minpc, 1, 24)
                    );
                }
            }
        });
        for w in writers {
            w.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let found = active_modules().filter(|m| m.modulename == "race").count();
    assert_eq!((found, won.into_inner()), (EACH, EACH));
}

/// On an M the cache answers: the same as without, from goroutines on several Ms, again and again.
#[test]
fn cache() {
    let out = in_child!(.procs(4), || {
        let m = add("cached", 100, 0x300_0000).unwrap();
        let uncached = std::thread::spawn(|| {
            let m = active_modules().next().unwrap();
            (m.minpc..m.maxpc).map(|pc| dump::at(m, findfunc(pc), pc)).collect::<Vec<_>>()
        });
        let want: &'static [String] = uncached.join().unwrap().leak();
        let wg = Arc::new(gort::sync::WaitGroup::new());
        for seed in 0..8 {
            let done = wg.clone();
            wg.add(1);
            gort::go(move || {
                let mut rng = fastrand::Rng::with_seed(seed);
                // Few places at a time, as in recursion.
                for _ in 0..300 {
                    let near = rng.usize(0..want.len() - 40);
                    for _ in 0..30 {
                        let i = near + rng.usize(0..40);
                        let pc = m.minpc + i;
                        assert_eq!(dump::at(m, findfunc(pc), pc), want[i], "{pc:#x}");
                    }
                    gort::runtime::gosched();
                }
                done.done();
            });
        }
        wg.wait();
        println!("same");
    });
    out.ok().stdout_is("same\n");
}

/// Tables that pass for those of another place end the program where they are asked, with Go's
/// words.
#[test]
fn a_pc_without_value() {
    let out = in_child!(|| {
        let m = add("short", 2, 0x400_0000).unwrap();
        let f = m.findfunc(0x400_0000);
        // Of another function: beyond the end of this one's table.
        funcspdelta(f, 0x400_0000 + 70);
    });
    out.exited(2)
        .stderr_has(
            "runtime: invalid pc-encoded table f=short.f0 pc=0x4000040 targetpc=0x4000046 tab=",
        )
        .stderr_has("\tvalue=24 until pc=0x400003c\n")
        .stderr_has("fatal error: invalid runtime symbol table\n");
}
