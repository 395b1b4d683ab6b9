//! Unwinding, naming and printing of stacks.

use gort_tests::{absent, in_child, there_is, wait};
use gort_traceback::symtab::{Owner, classify, demangle};
use gort_traceback::*;
use std::hint::black_box;

#[inline(never)]
fn here(pcs: &mut [usize]) -> usize {
    black_box(callers(0, pcs))
}

/// The names of what stands at a return address.
fn names(pc: usize) -> Vec<String> {
    symbolize(pc - 1).map_or(Vec::new(), |f| f.frames.into_iter().map(|s| s.name).collect())
}

#[test]
fn callers_of_this_function() {
    in_child!(|| {
        let mut pcs = [0; 64];
        let n = here(&mut pcs);
        assert!(n > 3);
        assert!(names(pcs[0]).iter().any(|s| s == "traceback::here"), "{:?}", names(pcs[0]));
        let all: Vec<_> = pcs[..n].iter().flat_map(|&pc| names(pc)).collect();
        assert!(all.iter().any(|s| s.contains("callers_of_this_function") || s == "{closure#0}"), "{all:?}");
        assert_eq!(all.last().map(String::as_str), Some("gort_goexit"), "the root\n{all:?}");
        let mut skipped = [0; 64];
        assert_eq!(black_box(callers(1, &mut skipped)), n - 2);
    })
    .ok();
}

/// Lines are those of the source.
#[test]
fn lines() {
    in_child!(|| {
        let mut pcs = [0; 4];
        here(&mut pcs);
        let f = symbolize(pcs[1] - 1).expect("known");
        let s = &f.frames[0];
        assert!(s.file.ends_with("traceback/tests/traceback.rs"), "{s:?}");
        assert_eq!(s.line, line!() - 4, "{s:?}");
        assert!(f.entry != 0 && f.entry < pcs[1]);
        assert_eq!(s.owner, Owner::User);
    })
    .ok();
}

#[inline(never)]
fn parks(c: &gort::Chan<()>) {
    c.recv();
    black_box(c);
}

/// A parked goroutine is walked from its saved registers, to its root, by call frame information.
#[test]
fn all_stacks() {
    let o = in_child!(.procs(1), || {
        let c = gort::chan::<()>(0);
        let p = c.clone();
        gort::go(move || parks(&p));
        gort::go(|| {
            gort::runtime::lock_os_thread();
            gort::time::sleep(std::time::Duration::from_secs(1000));
        });
        for _ in 0..3 {
            gort::runtime::gosched();
        }
        print!("{}", stack_string(true));
    });
    let s = &o.ok().stdout;
    assert!(s.starts_with("goroutine 1 [running]:\n"), "{o}");
    assert!(s.contains("[chan receive]:\ntraceback::parks(...)\n\t"), "{o}");
    assert!(s.contains(" [sleep, locked to thread]:\n"), "{o}");
    assert_eq!(s.matches("\ncreated by ").count(), 2, "{o}");
    assert!(!s.contains("gort_"), "{o}");
    assert_eq!(s.matches("goroutine ").count() - s.matches(" in goroutine ").count(), 3, "{o}");
}

/// How long a goroutine has been blocked is shown in whole minutes, from when it was first seen so; a system call counts as well.
#[test]
fn minutes() {
    const MINUTE: i64 = 60_000_000_000;
    let o = in_child!(.procs(2), || {
        let (mut r, _w) = std::io::pipe().expect("pipe");
        let c = gort::chan::<()>(0);
        let c2 = c.clone();
        gort::go(move || parks(&c2));
        gort::go(|| {
            gort::runtime::lock_os_thread();
            gort::time::sleep(std::time::Duration::from_secs(1000));
        });
        gort::go(move || {
            use std::io::Read;
            gort::blocking(|| r.read(&mut [0]).expect("read"));
        });
        let until = |all: &[&str]| {
            loop {
                let s = stack_string(true);
                if all.iter().all(|w| s.contains(w)) {
                    return s;
                }
                gort::runtime::gosched();
            }
        };
        until(&["[chan receive]:", "[sleep, locked to thread]:", "[syscall]:"]);
        let now = gort_os_linux::nanotime();
        let headers = |first_seen: i64| {
            gort_proc::markroot_waitsince(first_seen);
            let s = stack_string(true);
            s.lines().filter(|l| l.ends_with("]:")).map(|l| format!("{}\n", &l[l.find('[').unwrap()..])).collect::<String>()
        };
        // Less than a minute: that begins in an hour.
        println!("{}-", headers(now + 60 * MINUTE));
        // Only the first time counts.
        println!("{}-", headers(now - 9 * MINUTE));
        // SAFETY: on a user goroutine; of the others only the time is changed.
        unsafe {
            gort_proc::for_each_g(&mut |gp| {
                if (*gp).waitsince.get() != 0 {
                    (*gp).waitsince.set(now - 3 * MINUTE - 1);
                }
            });
        }
        println!("{}-", headers(now));
        // Who runs again begins anew.
        c.send(());
        gort::go(move || parks(&c));
        until(&["[chan receive]:"]);
    });
    let fresh = "[running]:\n[chan receive]:\n[sleep, locked to thread]:\n[syscall]:\n-\n";
    let old = "[running]:\n[chan receive, 3 minutes]:\n[sleep, 3 minutes, locked to thread]:\n[syscall, 3 minutes]:\n-\n";
    o.ok().stdout_is(&format!("{fresh}{fresh}{old}"));
}

#[test]
fn own_stack_only() {
    let o = in_child!(|| {
        print!("{}", stack_string(false));
        assert_eq!(std::thread::spawn(|| stack_string(true)).join().expect("joins"), "");
    });
    assert_eq!(o.ok().stdout.matches("goroutine ").count(), 1, "{o}");
}

/// A goroutine in a system call is walked from where it entered.
#[test]
fn in_a_system_call() {
    let o = in_child!(.procs(2), || {
        let (mut r, w) = std::io::pipe().expect("pipe");
        gort::go(move || {
            use std::io::Read;
            gort::blocking(|| r.read(&mut [0]).expect("read"));
        });
        let s = loop {
            let s = stack_string(true);
            if s.contains("[syscall]:") {
                break s;
            }
            gort::runtime::gosched();
        };
        print!("{s}");
        drop(w);
    });
    let s = &o.ok().stdout;
    let g = s.split("[syscall]:\n").nth(1).unwrap_or("");
    assert!(g.contains("traceback/tests/traceback.rs:"), "{o}");
}

#[inline(never)]
fn deep(n: u32) -> u32 {
    if n == 0 {
        panic!("bottom");
    }
    deep(black_box(n - 1)) + 1
}

/// The 50 innermost and the 50 outermost frames, and how many stand between them.
#[test]
fn elided() {
    let o = in_child!(|| {
        deep(1000);
    });
    o.exited(2).stderr_has(" frames elided...\n");
    let (a, b) = o.stderr.split_once("\n...").unwrap_or_default();
    let frames = |s: &str| s.lines().filter(|l| l.ends_with("(...)")).count();
    let (_, b) = b.split_once("elided...\n").unwrap_or_default();
    assert_eq!(a.matches("traceback::deep(...)").count(), 50, "{o}");
    assert_eq!(frames(b), 50, "{o}");
    let n: usize = o
        .stderr
        .lines()
        .find_map(|l| l.strip_prefix("...")?.strip_suffix(" frames elided..."))
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    assert!((895..=1000).contains(&n), "{n}\n{o}");
}

/// The same for a stack that is alive.
#[test]
fn elided_alive() {
    #[inline(never)]
    fn down(n: u32) {
        if n == 0 {
            print!("{}", stack_string(false));
        } else {
            down(black_box(n - 1));
        }
        black_box(n);
    }
    let o = in_child!(|| down(300));
    let s = &o.ok().stdout;
    assert_eq!(s.lines().filter(|l| l.ends_with("(...)") && !l.starts_with("...")).count(), 100, "{o}");
    assert!(s.contains(" frames elided...\n"), "{o}");
}

#[test]
fn ancestors() {
    let o = in_child!(.env("GODEBUG", "tracebackancestors=5"), || {
        let c = gort::chan::<()>(0);
        gort::go(|| gort::go(|| panic!("grandchild")));
        c.recv();
    });
    o.exited(2).stderr_has("\n[originating from goroutine ").stderr_has("[originating from goroutine 1]:\n");
}

#[test]
fn go_names() {
    assert!(is_exported_runtime("runtime.Gosched"));
    assert!(is_exported_runtime("runtime.(*Func).Entry"));
    assert!(!is_exported_runtime("runtime.gopark"));
    assert!(!is_exported_runtime("runtime.(*mheap).Alloc"));
    assert!(!is_exported_runtime("runtime."));
    assert!(!is_exported_runtime("main.main"));
    assert_eq!(func_name_for_print("main.f[go.shape.int]"), "main.f[...]");
    assert_eq!(func_name_for_print("main.f[go.shape.int].func1"), "main.f[...].func1");
    assert_eq!(func_name_for_print("main.f"), "main.f");
    assert_eq!(func_name_for_print("<[u8] as m::T>::f"), "<[u8] as m::T>::f");
}

#[test]
fn whose_functions() {
    let c = |name, file| classify(name, file, false);
    assert_eq!(c("core::option::unwrap_failed", ""), Owner::Library);
    assert_eq!(c("<alloc::vec::Vec<T> as core::fmt::Debug>::fmt", ""), Owner::Library);
    assert_eq!(c("unwrap", "/rustc/0123/library/core/src/option.rs"), Owner::Library);
    assert_eq!(c("gort_proc::park::gopark", ""), Owner::Runtime);
    assert_eq!(c("<gort_chan::X as m::Y>::f", ""), Owner::Runtime);
    assert_eq!(c("gopark", concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")), Owner::Runtime);
    assert_eq!(c("test", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/x.rs")), Owner::User);
    assert_eq!(c("gort_user::f", "/src/x.rs"), Owner::User);
    assert_eq!(c("<m::T as core::fmt::Display>::fmt", "/src/x.rs"), Owner::User);
    assert_eq!(c("worker", ""), Owner::User);
    assert_eq!(c("main.worker", ""), Owner::User);
    assert_eq!(c("gort_mcall", ""), Owner::Runtime);
    assert_eq!(classify("read", "", true), Owner::Runtime);
}

/// Generated code is named by whoever announced it.
#[test]
fn generated_code() {
    symtab::register_code(0x1000, 0x2000, None);
    assert!(findfunc(0x1800) && !findfunc(0x2000));
    assert_eq!(
        symbolize(0x1800).map(|f| (f.entry, f.frames[0].name.clone())),
        Some((0x1000, "0x1800".into()))
    );
    assert!(symbolize(0x2000).is_none());
}

/// The linker's names of Go's functions, those that are not encoded too.
#[test]
fn names_of_gccgo() {
    for (linker, go) in [
        ("main.main", "main.main"),
        ("main.f..func1", "main.f.func1"),
        ("encoding_1json.Marshal", "encoding/json.Marshal"),
        ("internal_1poll.runtime__pollOpen", "internal/poll.runtime_pollOpen"),
        ("runtime.mapassign__faststr", "runtime.mapassign_faststr"),
        ("main._4x_bint_5..eq", "main.{x int}.eq"),
        ("main._u00e9t_ue9", "main.ét_ue9"),
        ("reflect.ffi_callback", "reflect.ffi_callback"),
    ] {
        assert_eq!(demangle(linker), go);
    }
}

/// Every crate of the runtime is known, by its files and, where there is no debug information, by its name; tools,
/// tests and examples are what a user might have written.
#[test]
fn all_crates() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("members = [").unwrap();
    let lines = members.lines().take_while(|l| *l != "]").filter(|l| !l.trim_start().starts_with('#'));
    let members: Vec<&str> = lines.flat_map(|l| l.split('"').skip(1).step_by(2)).collect();
    assert!(members.len() > 30, "{members:?}");
    for m in members {
        let file = |source: &str| root.join(m).join("src").join(source).display().to_string();
        let tool = m == "tests" || m == "cmd" || m.starts_with("tools/");
        let owner = if tool { Owner::User } else { Owner::Runtime };
        assert_eq!(classify("f", &file("lib.rs"), false), owner, "{m}");
        assert_eq!(classify("main", &file("main.rs"), false), Owner::User, "{m}");
        // The library of C programs is called as the one of Rust programs.
        if tool || m == "capi" {
            continue;
        }
        let m = m.rsplit('/').next().unwrap();
        let name = if m == "gort" { "gort::f".into() } else { format!("gort_{m}::f") };
        assert_eq!(classify(&name, "", false), Owner::Runtime, "{name}");
    }
}

/// Libraries that are loaded one after the other, each where the one before was: every stack goes by its own tables.
#[test]
fn libraries_come_and_go() {
    if !there_is("cc") {
        return absent("cc", "no libraries are loaded");
    }
    let tmp = std::env::temp_dir().join(format!("gort-libraries-{}", std::process::id()));
    std::fs::create_dir_all(&tmp).unwrap();
    for (name, frame) in [("a", 16), ("b", 3000)] {
        let text = format!(
            "void use(char *);\nvoid use(char *p) {{ *p = 1; }}\n\
             void {name}(void (*f)(void));\nvoid {name}(void (*f)(void)) {{ char b[{frame}]; use(b); f(); use(b); }}\n"
        );
        std::fs::write(tmp.join(format!("{name}.c")), text).unwrap();
        let mut cc = std::process::Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-fno-inline", "-fomit-frame-pointer", "-o"]);
        cc.arg(tmp.join(name)).arg(tmp.join(format!("{name}.c")));
        wait(cc, b"", std::time::Duration::from_secs(60)).ok();
    }
    let o = in_child!(.procs(1).env("LIBRARIES", tmp.display()), || {
        extern "C" fn show() {
            print!("{}", stack_string(false));
        }
        let dir = std::env::var("LIBRARIES").unwrap();
        for name in ["a", "b", "a", "b"] {
            let (path, symbol) = (format!("{dir}/{name}\0"), format!("{name}\0"));
            // SAFETY: the library's function is this, and it is unloaded after its call.
            unsafe {
                let library = libc::dlopen(path.as_ptr().cast(), libc::RTLD_NOW);
                assert!(!library.is_null());
                let f = libc::dlsym(library, symbol.as_ptr().cast());
                let f: extern "C" fn(extern "C" fn()) = std::mem::transmute(f);
                f(show);
                libc::dlclose(library);
            }
        }
    });
    let _ = std::fs::remove_dir_all(tmp);
    let shown: Vec<&str> = o.ok().stdout.lines().filter(|l| l.ends_with("(...)")).collect();
    let main = "traceback::libraries_come_and_go::{{closure}}(...)";
    let show = "traceback::libraries_come_and_go::{{closure}}::show(...)";
    assert_eq!(
        shown,
        ["a", "b", "a", "b"].map(|f| [show.to_string(), format!("{f}(...)"), main.to_string()]).concat(),
        "{o}"
    );
}
