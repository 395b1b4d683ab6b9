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
        assert!(
            all.iter().any(|s| s.contains("callers_of_this_function") || s == "{closure#0}"),
            "{all:?}"
        );
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

/// How long a goroutine has been blocked is shown in whole minutes, from when it was first seen so;
/// a system call counts as well.
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
    assert_eq!(
        s.lines().filter(|l| l.ends_with("(...)") && !l.starts_with("...")).count(),
        100,
        "{o}"
    );
    assert!(s.contains(" frames elided...\n"), "{o}");
}

#[test]
fn ancestors() {
    let o = in_child!(.env("GODEBUG", "tracebackancestors=5"), || {
        let c = gort::chan::<()>(0);
        gort::go(|| gort::go(|| panic!("grandchild")));
        c.recv();
    });
    o.exited(2)
        .stderr_has("\n[originating from goroutine ")
        .stderr_has("[originating from goroutine 1]:\n");
    // The frames of the ancestor, not only who created it (std_ancestors): the closure that has the
    // inner `go`.
    let (_, ancestor) = o.stderr.split_once("[originating from goroutine ").expect("an ancestor");
    let first = ancestor.lines().nth(1).unwrap_or_default();
    assert!(first.ends_with("(...)") && first.contains("traceback::ancestors::"), "{o}");
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

/// Every crate of the runtime is known, by its files and, where there is no debug information, by
/// its name; tools, tests and examples are what a user might have written.
#[test]
fn all_crates() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("members = [").unwrap();
    let lines =
        members.lines().take_while(|l| *l != "]").filter(|l| !l.trim_start().starts_with('#'));
    let members: Vec<&str> = lines.flat_map(|l| l.split('"').skip(1).step_by(2)).collect();
    assert!(members.len() > 30, "{members:?}");
    for m in members {
        let file = |source: &str| root.join(m).join("src").join(source).display().to_string();
        let tool =
            m == "tests" || m == "cmd" || m.starts_with("tools/") || m.starts_with("examples/");
        let owner = if tool { Owner::User } else { Owner::Runtime };
        assert_eq!(classify("f", &file("lib.rs"), false), owner, "{m}");
        assert_eq!(classify("main", &file("main.rs"), false), owner, "{m}");
        // The library of C programs is called as the one of Rust programs.
        if tool || m == "capi" {
            continue;
        }
        let m = m.rsplit('/').next().unwrap();
        let name = if m == "gort" { "gort::f".into() } else { format!("gort_{m}::f") };
        assert_eq!(classify(&name, "", false), Owner::Runtime, "{name}");
    }
}

/// Libraries that are loaded one after the other, each where the one before was: every stack goes
/// by its own tables.
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
        ["a", "b", "a", "b"]
            .map(|f| [show.to_string(), format!("{f}(...)"), main.to_string()])
            .concat(),
        "{o}"
    );
}

/// A library of C code, compiled for one test.
fn library(dir: &std::path::Path, name: &str, options: &[&str], text: &str) {
    let c = dir.join(format!("{name}.c"));
    std::fs::write(&c, text).unwrap();
    let mut cc = std::process::Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-fno-inline", "-fno-optimize-sibling-calls"])
        .args(options);
    cc.arg("-o").arg(dir.join(format!("lib{name}.so"))).arg(c);
    wait(cc, b"", std::time::Duration::from_secs(60)).ok();
}

/// A directory that is the test's own, also in its child.
fn directory(test: &str) -> std::path::PathBuf {
    match std::env::var("GORT_TEST_DIR") {
        Ok(d) => d.into(),
        Err(_) => {
            let d = std::env::temp_dir().join(format!("gort-{test}-{}", std::process::id()));
            std::fs::create_dir_all(&d).unwrap();
            d
        }
    }
}

/// A function of a library that is loaded now.
fn loaded(dir: &std::path::Path, name: &str, flags: i32, f: &str) -> *mut libc::c_void {
    let path = std::ffi::CString::new(format!("{}/lib{name}.so", dir.display())).unwrap();
    let f = std::ffi::CString::new(f).unwrap();
    // SAFETY: loads and looks up; the library stays.
    unsafe {
        let l = libc::dlopen(path.as_ptr(), flags);
        assert!(!l.is_null(), "{:?}", std::ffi::CStr::from_ptr(libc::dlerror()));
        let f = libc::dlsym(l, f.as_ptr());
        assert!(!f.is_null());
        f
    }
}

fn call(f: *mut libc::c_void) {
    // SAFETY: a C function without arguments.
    unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn()>(f)() }
}

/// The names of the functions of a report's first stack.
fn functions(report: &str) -> Vec<&str> {
    let (_, stack) = report.split_once("goroutine 1 ").unwrap_or_default();
    stack
        .split("\n\n")
        .next()
        .unwrap_or("")
        .lines()
        .filter_map(|l| l.strip_suffix("(...)"))
        .filter(|&l| l != "traceback::call")
        .collect()
}

/// A fault inside of the loader's lazy binding, in the resolver of an IFUNC: the loader keeps the
/// frame's address in rbx.
#[test]
fn lazy_binding() {
    if !there_is("cc") {
        return absent("cc", "no library is loaded");
    }
    let dir = directory("lazy-binding");
    if std::env::var("GORT_TEST_DIR").is_err() {
        let text = "static void (*resolve(void))(void) { *(volatile int *)8 = 1; return 0; }\n\
             void lazy(void) __attribute__((ifunc(\"resolve\")));\n\
             void asm_keeps(void);\n\
             void calls_lazy(void) { lazy(); asm_keeps(); }\nvoid asm_keeps(void) {}\n";
        library(&dir, "lazy", &["-Wl,-z,lazy"], text);
    }
    for gotraceback in ["single", "system"] {
        let o = in_child!(.procs(1).env("GORT_TEST_DIR", dir.display()).env("GOTRACEBACK", gotraceback), || {
            let f = loaded(&directory(""), "lazy", libc::RTLD_LAZY, "calls_lazy");
            // Now the library is known.
            print!("{}", stack_string(false));
            call(f);
        });
        o.exited(2).stderr_has("[signal SIGSEGV: segmentation violation");
        let f = functions(&o.stderr);
        let at = |name: &str| {
            f.iter().position(|&n| n == name).unwrap_or_else(|| panic!("no {name}\n{o}"))
        };
        assert!(at("resolve") < at("calls_lazy"), "{o}");
        assert!(f[at("calls_lazy")..].iter().any(|n| n.contains("traceback::lazy_binding")), "{o}");
        assert_eq!(gotraceback == "system", f.last() == Some(&"gort_goexit"), "{o}");
        assert!(!o.stderr.contains("runtime: "), "{o}");
        if gotraceback == "system" {
            assert!(
                f.iter().any(|n| n.starts_with("_dl_runtime_resolve")) || f[1].starts_with("0x"),
                "{o}"
            );
        }
    }
    let _ = std::fs::remove_dir_all(dir);
}

/// A command, which has to succeed; what it writes.
fn runs(dir: &std::path::Path, command: &str) -> String {
    let mut sh = std::process::Command::new("sh");
    sh.args(["-e", "-c", command]).current_dir(dir);
    wait(sh, b"", std::time::Duration::from_secs(120)).ok().stdout.clone()
}

/// A fault in a library that was loaded after anything was known of it.
#[test]
fn loaded_and_faults() {
    if !there_is("cc") {
        return absent("cc", "no library is loaded");
    }
    let dir = directory("loaded");
    if std::env::var("GORT_TEST_DIR").is_err() {
        let text = "static void inner(void) { *(volatile int *)8 = 1; }\n\
             void keep(void);\nvoid outer(void) { inner(); keep(); }\nvoid keep(void) {}\n";
        library(&dir, "late", &["-fomit-frame-pointer"], text);
    }
    // In another namespace of the loader, too, which it does not tell.
    for namespace in ["0", "1"] {
        let o = in_child!(.procs(1).env("GORT_TEST_DIR", dir.display()).env("NAMESPACE", namespace), || {
            if std::env::var("NAMESPACE").unwrap() == "0" {
                return call(loaded(&directory(""), "late", libc::RTLD_NOW, "outer"));
            }
            let path = format!("{}/liblate.so\0", directory("").display());
            // SAFETY: loads a library of our own, and looks up.
            unsafe {
                let l = libc::dlmopen(libc::LM_ID_NEWLM, path.as_ptr().cast(), libc::RTLD_NOW);
                assert!(!l.is_null());
                call(libc::dlsym(l, c"outer".as_ptr()));
            }
        });
        o.exited(2);
        let f = functions(&o.stderr);
        assert_eq!(f[..2], ["inner", "outer"], "{o}");
        assert!(f[2].contains("traceback::loaded_and_faults"), "{o}");
        assert!(!o.stderr.contains("runtime: "), "{o}");
    }
    let _ = std::fs::remove_dir_all(dir);
}

/// One library in the place of another, without a look at the table in between.
#[test]
fn replaced_in_memory() {
    if !there_is("cc") {
        return absent("cc", "no library is loaded");
    }
    let dir = directory("in-memory");
    if std::env::var("GORT_TEST_DIR").is_err() {
        let text = |frame: u32, body: &str| {
            format!(
                "void use(char *);\nvoid use(char *p) {{ *p = 1; }}\n\
                 void f(void);\nvoid f(void) {{ char b[{frame}]; use(b); {body} use(b); }}\n"
            )
        };
        library(&dir, "a", &["-fomit-frame-pointer"], &text(16, ""));
        library(&dir, "b", &["-fomit-frame-pointer"], &text(3000, "*(volatile int *)8 = 1;"));
    }
    let o = in_child!(.procs(1).env("GORT_TEST_DIR", dir.display()), || {
        let dir = directory("");
        let f = loaded(&dir, "a", libc::RTLD_NOW, "f");
        stack_string(false);
        // SAFETY: nothing of it is used any more: once for this, once for the opening in `loaded`.
        unsafe {
            let l = libc::dlopen(format!("{}/liba.so\0", dir.display()).as_ptr().cast(), libc::RTLD_NOW);
            libc::dlclose(l);
            libc::dlclose(l);
        }
        let g = loaded(&dir, "b", libc::RTLD_NOW, "f");
        println!("{}", f as usize & !0xfff == g as usize & !0xfff);
        call(g);
    });
    o.exited(2).stdout_is("true\n");
    let f = functions(&o.stderr);
    assert_eq!(f[0], "f", "{o}");
    assert!(f[1].contains("traceback::replaced_in_memory"), "{o}");
    let _ = std::fs::remove_dir_all(dir);
}

const INLINED: &str = "static inline __attribute__((always_inline)) void inner(void) { *(volatile int *)8 = 1; }\n\
    void keep(void);\n\
    void outer(void) { inner(); keep(); }\n\
    void keep(void) {}\n";

/// Debug information in all the forms that compilers and packagers leave it in.
#[test]
fn forms_of_debug_information() {
    if !there_is("cc") || !there_is("objcopy") || !there_is("dwp") {
        return absent("cc, objcopy or dwp", "nothing is compiled");
    }
    let dir = directory("forms");
    if std::env::var("GORT_TEST_DIR").is_err() {
        let split = ["-g", "-gsplit-dwarf"];
        library(&dir, "plain", &["-g"], INLINED);
        library(&dir, "four", &["-gdwarf-4"], INLINED);
        library(&dir, "compressed", &["-g", "-gz"], INLINED);
        library(&dir, "dwo", &split, INLINED);
        library(&dir, "dwo4", &["-gdwarf-4", "-gsplit-dwarf"], INLINED);
        // binutils' dwp knows DWARF 4 only; 5 is rustc's in `split_rust`.
        library(&dir, "package", &["-gdwarf-4", "-gsplit-dwarf"], INLINED);
        runs(&dir, "dwp -e libpackage.so -o libpackage.so.dwp; rm -f *package*.dwo");
        library(&dir, "short", &["-gdwarf-4", "-gsplit-dwarf"], INLINED);
        runs(&dir, "dwp -e libshort.so -o libshort.dwp; rm -f *short*.dwo");
        library(&dir, "lost", &split, INLINED);
        runs(&dir, "rm -f *lost*.dwo");
        library(&dir, "link", &["-g"], INLINED);
        runs(
            &dir,
            "mkdir .debug; objcopy --only-keep-debug liblink.so .debug/link.debug; strip liblink.so;
             objcopy --add-gnu-debuglink=.debug/link.debug liblink.so",
        );
        // The checksum instead of the build id.
        library(&dir, "crc", &["-g", "-Wl,--build-id=none"], INLINED);
        runs(
            &dir,
            "objcopy --only-keep-debug libcrc.so crc.debug; strip libcrc.so; objcopy --add-gnu-debuglink=crc.debug libcrc.so",
        );
        // And one that is of another build: not taken.
        library(&dir, "other", &["-g"], INLINED);
        library(&dir, "older", &["-g"], &format!("int x;\n\n\n{INLINED}"));
        runs(
            &dir,
            "objcopy --only-keep-debug libolder.so other.debug; strip libother.so;
             objcopy --add-gnu-debuglink=other.debug libother.so",
        );
    }
    for name in [
        "plain",
        "four",
        "compressed",
        "dwo",
        "dwo4",
        "package",
        "short",
        "lost",
        "link",
        "crc",
        "other",
    ] {
        let o = in_child!(.procs(1).env("GORT_TEST_DIR", dir.display()).env("NAME", name), || {
            call(loaded(&directory(""), &std::env::var("NAME").unwrap(), libc::RTLD_NOW, "outer"));
        });
        o.exited(2);
        let f = functions(&o.stderr);
        match name {
            "lost" => {
                assert_eq!(f[0], "outer", "{name}\n{o}");
                assert!(f[1].contains("traceback::forms"), "{name}\n{o}");
                let note =
                    "\nruntime: inlined calls are not shown, and lines may be theirs, for code of ";
                assert_eq!(o.stderr.matches(note).count(), 1, "{name}\n{o}");
                o.stderr_has("liblost.so.dwp nor in .dwo files\n");
            }
            "other" => {
                assert_eq!(f[0], "outer", "{name}\n{o}");
                assert!(!o.stderr.contains("other.c:"), "{name}\n{o}");
                assert!(!o.stderr.contains("older.c:"), "{name}\n{o}");
            }
            _ => {
                assert_eq!(f[..2], ["inner", "outer"], "{name}\n{o}");
                assert!(f[2].contains("traceback::forms"), "{name}\n{o}");
                for line in [1, 3] {
                    o.stderr_has(&format!("/{name}.c:{line}"));
                }
                assert!(!o.stderr.contains("runtime: "), "{name}\n{o}");
            }
        }
    }
    let _ = std::fs::remove_dir_all(dir);
}

/// Debug information below `/usr/lib/debug`, where packages of distributions put it: found by the
/// build id alone, and by the name in the library below the library's own directory there.
#[test]
fn debug_information_of_packages() {
    /// Takes away what was put there, and directories that are empty then.
    struct Below(Vec<std::path::PathBuf>);
    impl Drop for Below {
        fn drop(&mut self) {
            for f in &self.0 {
                let _ = std::fs::remove_file(f);
                let up =
                    f.ancestors().skip(1).take_while(|d| d != &std::path::Path::new("/usr/lib"));
                let _ = up.map(std::fs::remove_dir).try_for_each(|r| r);
            }
        }
    }
    if !there_is("cc") || !there_is("objcopy") || !there_is("readelf") {
        return absent("cc, objcopy or readelf", "nothing is compiled");
    }
    let dir = directory("packaged");
    let mut below = Below(Vec::new());
    if std::env::var("GORT_TEST_DIR").is_err() {
        for name in ["byid", "byname"] {
            let options: &[&str] = if name == "byid" {
                &["-g", "-Wl,--build-id"]
            } else {
                &["-g", "-Wl,--build-id=none"]
            };
            library(&dir, name, options, INLINED);
            runs(
                &dir,
                &format!("objcopy --only-keep-debug lib{name}.so {name}.debug; strip lib{name}.so"),
            );
        }
        let notes = runs(&dir, "readelf -n libbyid.so");
        let id =
            notes.lines().find_map(|l| l.trim().strip_prefix("Build ID: ")).expect("a build id");
        runs(&dir, "objcopy --add-gnu-debuglink=byname.debug libbyname.so");
        for (from, to) in [
            ("byid.debug", format!("/usr/lib/debug/.build-id/{}/{}.debug", &id[..2], &id[2..])),
            ("byname.debug", format!("/usr/lib/debug{}/byname.debug", dir.display())),
        ] {
            let to = std::path::PathBuf::from(to);
            below.0.push(to.clone());
            let made = std::fs::create_dir_all(to.parent().unwrap());
            if made
                .and_then(|()| {
                    std::fs::rename(dir.join(from), &to).or_else(|_| {
                        std::fs::copy(dir.join(from), &to)?;
                        std::fs::remove_file(dir.join(from))
                    })
                })
                .is_err()
            {
                return absent(
                    "permission to write below /usr/lib/debug",
                    "it is not looked there",
                );
            }
        }
    }
    for name in ["byid", "byname"] {
        let o = in_child!(.procs(1).env("GORT_TEST_DIR", dir.display()).env("NAME", name), || {
            call(loaded(&directory(""), &std::env::var("NAME").unwrap(), libc::RTLD_NOW, "outer"));
        });
        o.exited(2);
        assert_eq!(functions(&o.stderr)[..2], ["inner", "outer"], "{name}\n{o}");
        for line in [1, 3] {
            o.stderr_has(&format!("/{name}.c:{line}"));
        }
    }
    drop(below);
    let _ = std::fs::remove_dir_all(dir);
}

/// A walk takes as long for each frame of a deep stack as for one of a shallow stack. By the
/// thread's own processor time, so that other work on the machine does not count.
#[test]
fn deep_stacks_are_walked_as_fast() {
    fn cpu() -> u64 {
        let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the kernel writes the time.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
        t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
    }
    #[inline(never)]
    fn deep(n: u32, f: &mut dyn FnMut()) -> u32 {
        if n == 0 {
            f();
            0
        } else {
            std::hint::black_box(deep(n - 1, f)) + 1
        }
    }
    let o = in_child!(.procs(1).env("GORTSTACK", "16M"), || {
        let walk = |depth| {
            let times = (0..7).map(|_| {
                let mut time = 0;
                deep(depth, &mut || {
                    let start = cpu();
                    let text = stack_string(false);
                    time = cpu() - start;
                    assert!(text.contains("frames elided"));
                });
                time
            });
            times.min().unwrap()
        };
        walk(1000); // reads the tables, and the debug information of the frames that are shown
        let (shallow, deep) = (walk(1000), walk(31_000));
        println!("{} ns for each frame", (deep - shallow) / 30_000);
        // A quadratic walk would take 961 times as long, not 31.
        assert!(deep < 100 * shallow, "1000 frames {shallow} ns, 31000 frames {deep} ns");
    });
    o.ok();
    print!("{}", o.stdout);
}

/// Rust's `split-debuginfo`: closures and inlined calls are in the package only.
#[test]
fn split_rust() {
    if !there_is("rustc") {
        return absent("rustc", "nothing is compiled");
    }
    let dir = directory("split-rust");
    if std::env::var("GORT_TEST_DIR").is_err() {
        let text = "#[unsafe(no_mangle)]\npub extern \"C\" fn outer() {\n    let f = |p: *mut u32| inner(p);\n    f(8 as *mut u32);\n    \
             std::hint::black_box(());\n}\n#[inline(always)]\nfn inner(p: *mut u32) {\n    unsafe { p.write_volatile(1) }\n}\n";
        std::fs::write(dir.join("lib.rs"), text).unwrap();
        for split in ["packed", "unpacked", "lost"] {
            let how = if split == "unpacked" { split } else { "packed" };
            let options = "--edition 2024 --crate-type cdylib --crate-name";
            runs(
                &dir,
                &format!(
                    "rustc {options} {split} -O -g -C split-debuginfo={how} -C save-temps=no lib.rs"
                ),
            );
        }
        // All in one file, but the least of it.
        runs(
            &dir,
            "rustc --edition 2024 --crate-type cdylib --crate-name tables -O -C debuginfo=line-tables-only lib.rs",
        );
        runs(&dir, "rm liblost*.dwp");
    }
    for split in ["packed", "unpacked", "tables", "lost"] {
        let o = in_child!(.procs(1).env("GORT_TEST_DIR", dir.display()).env("NAME", split), || {
            call(loaded(&directory(""), &std::env::var("NAME").unwrap(), libc::RTLD_NOW, "outer"));
        });
        o.exited(2);
        let f = functions(&o.stderr);
        if split == "lost" {
            assert_eq!(f[0], "outer", "{o}");
            o.stderr_has(".dwp nor in .dwo files\n");
            continue;
        }
        let user: Vec<_> = f.iter().filter(|n| !n.contains("write_volatile")).collect();
        assert!(
            user[0].ends_with("inner")
                && [user[1]].iter().any(|n| n.ends_with("outer::{{closure}}")
                    || split == "tables" && **n == "{closure#0}")
                && *user[2] == "outer",
            "{split}\n{o}"
        );
        for line in [9, 3, 4] {
            o.stderr_has(&format!("lib.rs:{line}"));
        }
        assert!(!o.stderr.contains("runtime: "), "{split}\n{o}");
    }
    let _ = std::fs::remove_dir_all(dir);
}

/// The file of a library is deleted, or another one, when its names are asked for.
#[test]
fn replaced_on_disk() {
    if !there_is("cc") {
        return absent("cc", "no library is loaded");
    }
    for how in ["replaced", "deleted", "stripped"] {
        let dir = directory(&format!("disk-{how}"));
        if std::env::var("GORT_TEST_DIR").is_err() {
            library(&dir, "l", &["-g"], INLINED);
            // The same functions elsewhere.
            library(
                &dir,
                "m",
                &["-g"],
                &format!(
                    "void first(void) {{ outer_(); }}\nvoid outer_(void);\n{INLINED}void outer_(void) {{}}\n"
                )
                .replace("void first", "void outer_(void);\nvoid first"),
            );
        }
        let o = in_child!(.procs(1).env("GORT_TEST_DIR", dir.display()).env("HOW", how), || {
            let dir = directory("");
            let f = loaded(&dir, "l", libc::RTLD_NOW, "outer");
            match std::env::var("HOW").unwrap().as_str() {
                "replaced" => std::fs::rename(dir.join("libm.so"), dir.join("libl.so")).unwrap(),
                "deleted" => std::fs::remove_file(dir.join("libl.so")).unwrap(),
                _ => drop(runs(&dir, "strip libl.so")),
            }
            call(f);
        });
        o.exited(2);
        let f = functions(&o.stderr);
        // The kernel opens it all the same for who may.
        let named = f[..2] == ["inner", "outer"];
        match how {
            "stripped" => assert_eq!(f[0], "outer", "{how}\n{o}"),
            _ if named => {}
            _ => {
                assert!(f[0].starts_with("0x"), "{how}\n{o}");
                o.stderr_has("\nruntime: no names of functions in ")
                    .stderr_has("the file has been deleted, or replaced");
            }
        }
        assert!(f.iter().any(|n| n.contains("traceback::replaced_on_disk")), "{how}\n{o}");
        let _ = std::fs::remove_dir_all(dir);
    }
}

/// Frames that neither sp nor rbp alone lead out of.
#[test]
fn unusual_frames() {
    if !there_is("cc") {
        return absent("cc", "no library is loaded");
    }
    let dir = directory("frames");
    if std::env::var("GORT_TEST_DIR").is_err() {
        let text = r#"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void fault(void) { *(volatile int *)8 = 1; }
void keep(void *);
void keep(void *p) { (void)p; }

/* The stack is realigned: where the frame is stands in memory, at rbp-8. */
void realigned(void);
void realigned(void) {
    char big[64] __attribute__((aligned(64)));
    char *more = __builtin_alloca(getpid() & 63);
    keep(big); keep(more); fault(); keep(more);
}
void aligned(void);
void aligned(void) { realigned(); keep(0); }

/* A handler on the goroutine's own stack: what it has interrupted comes next, at that very instruction. */
static void handler(int s) { (void)s; fault(); keep(0); }
void interrupted(void);
void interrupted(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    sigaction(SIGUSR1, &a, 0);
    raise(SIGUSR1);
    keep(0);
}

/* No call frame information: what can be found is, and that it may not be all is said. */
__asm__(".text\n.type no_table,@function\nno_table:\n call fault_\n ret\n.size no_table, .-no_table\n"
        ".type no_table_fault,@function\nno_table_fault:\n movl $1, 8\n ret\n.size no_table_fault, .-no_table_fault\n");
void no_table(void);
void no_table_fault(void);
void fault_(void) { fault(); keep(0); }
void bare(void);
void bare(void) { no_table(); keep(0); }
void stub(void);
void stub(void) { no_table_fault(); keep(0); }

/* A call of what is no code. */
void wild(void);
void wild(void) { ((void (*)(void))(unsigned long)0x123456789000)(); keep(0); }

/* The return address is overwritten by 0. */
void smashed(void);
void smashed(void) { ((void **)__builtin_frame_address(0))[1] = 0; ((void **)__builtin_frame_address(0))[0] = 0; keep(0); fault(); keep(0); }
"#;
        let sans = "-fomit-frame-pointer";
        library(&dir, "frames", &[sans], text);
        library(&dir, "pointers", &["-fno-omit-frame-pointer"], text);
    }
    for (lib, f, expected, note) in [
        ("frames", "aligned", &["fault", "realigned", "aligned"][..], ""),
        ("pointers", "aligned", &["fault", "realigned", "aligned"], ""),
        ("frames", "interrupted", &["fault", "handler", "interrupted"], ""),
        ("frames", "stub", &["no_table_fault", "stub"], "frames may be missing"),
        ("pointers", "bare", &["fault", "fault_", "no_table"], "frames may be missing"),
        ("frames", "wild", &["wild"], ""),
        ("pointers", "smashed", &["fault", "smashed"], "stops early, at pc=0x"),
    ] {
        let o = in_child!(
            .procs(1).env("GORT_TEST_DIR", dir.display()).env("LIBRARY", lib).env("FUNCTION", f),
            || {
                let [lib, f] = ["LIBRARY", "FUNCTION"].map(|v| std::env::var(v).unwrap());
                call(loaded(&directory(""), &lib, libc::RTLD_NOW, &f));
            }
        );
        o.exited(2);
        let shown = functions(&o.stderr);
        assert_eq!(shown[..expected.len()], *expected, "{f}\n{o}");
        let notes: Vec<_> = o.stderr.lines().filter(|l| l.starts_with("runtime: ")).collect();
        if note.is_empty() {
            assert!(notes.is_empty(), "{f}\n{o}");
        } else {
            assert!(notes.len() == 1 && notes[0].contains(note), "{f}\n{o}");
        }
        if !matches!(f, "bare" | "smashed") {
            assert!(shown[expected.len()].contains("traceback::unusual_frames"), "{f}\n{o}");
        }
    }
    let _ = std::fs::remove_dir_all(dir);
}

/// What faults in code that blocks its thread is shown where it is, not where the blocking began.
#[test]
fn fault_while_blocking() {
    #[inline(never)]
    fn faults() {
        // SAFETY: it is not.
        unsafe { std::ptr::write_volatile(black_box(8 as *mut u8), 1) };
    }
    let o = in_child!(|| gort::blocking(faults));
    o.exited(2).stderr_has("SIGSEGV: segmentation violation\nPC=0x");
    let f = functions(&o.stderr);
    let at = |name: &str| {
        f.iter().position(|n| n.ends_with(name)).unwrap_or_else(|| panic!("no {name}\n{o}"))
    };
    assert!(at("fault_while_blocking::faults") < at("gort::go_::blocking"), "{o}");
    assert_eq!(f.last(), Some(&"gort_goexit"), "{o}");
}

/// The kernel's own module has names, too.
#[test]
fn vdso() {
    // SAFETY: a number.
    let at = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as usize;
    if at == 0 {
        println!("there is none here");
        return;
    }
    let named = |pc| symbolize(pc).map(|f| f.frames[0].clone());
    let s =
        (at..at + 0x2000).step_by(16).filter_map(named).find(|s| s.name.contains("clock_gettime"));
    let s = s.expect("a function of that name");
    assert_eq!(s.owner, Owner::Runtime, "{s:?}");
}

/// A program that is in no directory: its file is found all the same.
#[test]
fn program_without_a_file() {
    use std::os::unix::process::CommandExt;
    let o = gort_tests::in_plain_child!(.env("GOMAXPROCS", "1"), || {
        if std::env::var("GORT_TEST_MEMFD").is_ok() {
            gort::run_main(|| -> () { panic!("without a file") });
        }
        // SAFETY: a name; the descriptor is this process's.
        let fd = unsafe { libc::memfd_create(c"program".as_ptr(), 0) };
        let path = format!("/proc/self/fd/{fd}");
        std::fs::write(&path, std::fs::read("/proc/self/exe").expect("the program")).expect("a copy");
        let args: Vec<_> = std::env::args().collect();
        panic!("{}", std::process::Command::new(path).args(&args[1..]).env("GORT_TEST_MEMFD", "1").exec());
    });
    o.exited(2).stderr_has("panic: without a file");
    assert!(functions(&o.stderr)[0].contains("traceback::program_without_a_file"), "{o}");
    o.stderr_has("traceback/tests/traceback.rs:");
}

/// Generated code keeps frame pointers, and is walked by them, whether it was announced or not.
#[test]
fn through_generated_code() {
    for announced in ["yes", "no"] {
        let o = in_child!(.procs(1).env("ANNOUNCED", announced), || {
            // push rbp; mov rbp, rsp; call rdi; pop rbp; ret
            let code: [u8; 8] = [0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3];
            extern "C" fn faults() {
                // SAFETY: it is not.
                unsafe { std::ptr::write_volatile(black_box(8 as *mut u8), 1) };
                black_box(());
            }
            // SAFETY: a page of our own, with code in it, that calls a function without arguments.
            unsafe {
                let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
                let p = libc::mmap(std::ptr::null_mut(), 4096, prot, flags, -1, 0);
                assert!(p != libc::MAP_FAILED);
                std::ptr::copy_nonoverlapping(code.as_ptr(), p.cast(), code.len());
                libc::mprotect(p, 4096, libc::PROT_READ | libc::PROT_EXEC);
                if std::env::var("ANNOUNCED").unwrap() == "yes" {
                    symtab::register_code(p as usize, p as usize + 4096, None);
                }
                let f: extern "C" fn(extern "C" fn()) = std::mem::transmute(p);
                f(faults);
                black_box(());
            }
        });
        o.exited(2);
        let (_, stack) = o.stderr.split_once("goroutine 1 ").unwrap();
        let generated = if announced == "yes" { "\n0x" } else { "\nunknown function at pc=0x" };
        let at = |s: &str| stack.find(s).unwrap_or_else(|| panic!("no {s}\n{o}"));
        let (a, b) = (at("through_generated_code::{{closure}}::faults(...)"), at(generated));
        let c = at("traceback::through_generated_code::{{closure}}(...)");
        assert!(a < b && b < c, "{o}");
        assert!(!stack.contains("runtime: "), "{o}");
    }
}
