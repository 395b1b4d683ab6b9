//! `gort run` of programs that cannot be: who says what.

use gort_tests::{gort_command, wait};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const LIMIT: Duration = Duration::from_secs(300);

/// Said of what gccgo refuses because it is too new.
const LANGUAGE: &str = "gort: the language and the packages are those of Go 1.18, without type parameters, cgo and plugins\n";

/// A name that nothing provides is an error of the linker, and says so; a program that does not
/// compile says why.
#[test]
fn errors() {
    let tmp = std::env::temp_dir().join(format!("gort-gobuild-{}", std::process::id()));
    std::fs::create_dir_all(&tmp).expect("a folder");
    for (name, text, says) in [
        ("syntax.go", "package main\nfunc main() { x := 1 }\n", "declared but not used"),
        ("missing.go", "package main\nfunc missing()\nfunc main() { missing() }\n", "main.missing"),
    ] {
        let Some(mut gort) = gort_command() else { return };
        let f = tmp.join(name);
        std::fs::write(&f, text).expect("written");
        gort.arg("run").arg(f);
        let o = wait(gort, b"", LIMIT);
        o.exited(1).stderr_has(says);
        assert!(!o.stderr.contains(LANGUAGE), "{o}");
    }
    // What Go 1.18 did not have, or gccgo does not: gccgo's message, and what is meant by it.
    for (name, text) in [
        (
            "cgo.go",
            "package main\n// #include <stdlib.h>\nimport \"C\"\nfunc main() { println(C.abs(-3)) }\n",
        ),
        ("plugin.go", "package main\nimport _ \"plugin\"\nfunc main() {}\n"),
        (
            "packages.go",
            "package main\nimport (\n\tl \"log/slog\"\n)\nfunc main() { l.Info(\"x\") }\n",
        ),
        (
            "func.go",
            "package main\nfunc id[T any](x T) T { return x }\nfunc main() { println(id(1)) }\n",
        ),
        ("type.go", "package main\ntype set[T comparable] map[T]bool\nfunc main() {}\n"),
        ("count.go", "package main\nfunc main() {\n\tfor i := range 3 {\n\t\tprintln(i)\n\t}\n}\n"),
        ("builtin.go", "package main\nfunc main() { println(min(1, 2)) }\n"),
    ] {
        let Some(mut gort) = gort_command() else { return };
        let f = tmp.join(name);
        std::fs::write(&f, text).expect("written");
        gort.arg("run").arg(f);
        wait(gort, b"", LIMIT).exited(1).stderr_has(": error: ").stderr_has(LANGUAGE);
    }
    let _ = std::fs::remove_dir_all(tmp);
    let Some(mut gort) = gort_command() else { return };
    gort.args(["run", "no-such-file.go"]);
    wait(gort, b"", LIMIT).exited(1).stderr_has("no-such-file.go: No such file");
}

/// A program that asks for a heap profile gets an empty one, and is told why, once.
#[test]
fn no_heap_profiles() {
    const TEXT: &str = r#"package main
import ("fmt"; "runtime"; "runtime/pprof")
func main() {
	fmt.Println(pprof.Lookup("heap").Count())
	fmt.Println(runtime.MemProfile(make([]runtime.MemProfileRecord, 8), true))
}
"#;
    let Some(mut gort) = gort_command() else { return };
    let f = std::env::temp_dir().join(format!("gort-heap-{}.go", std::process::id()));
    std::fs::write(&f, TEXT).expect("written");
    gort.arg("run").arg(&f);
    let o = wait(gort, b"", LIMIT);
    let _ = std::fs::remove_file(f);
    o.ok();
    assert_eq!(o.stdout, "0\n0 true\n");
    assert_eq!(o.stderr, "runtime: gort has no heap profiles\n");
}

/// Where the executable goes: into a directory; through a link to a device, which stays what it is;
/// over an older one.
#[test]
fn build_output() {
    let tmp = tempfile::tempdir().expect("a folder");
    let source = tmp.path().join("hi.go");
    std::fs::write(&source, "package main\nfunc main() { println(\"hi\") }\n").expect("written");
    let (dir, null) = (tmp.path().join("dir"), tmp.path().join("null"));
    std::fs::create_dir(&dir).expect("a folder");
    std::os::unix::fs::symlink("/dev/null", &null).expect("a link");
    for out in [&dir, &dir.join("hi"), &null] {
        let Some(mut gort) = gort_command() else { return };
        gort.arg("build").arg("-o").arg(out).arg(&source);
        wait(gort, b"", LIMIT).ok();
    }
    assert!(null.is_symlink());
    wait(Command::new(dir.join("hi")), b"", LIMIT).ok().stderr_has("hi\n");
}

/// What is half made goes when making it fails, and if the command was killed, with the next one.
#[test]
fn nothing_half_made_stays() {
    let tmp = tempfile::tempdir().expect("a folder");
    let source = tmp.path().join("p.go");
    // No other test has this program, so it is not in the cache.
    std::fs::write(
        &source,
        format!("package main\nfunc main() {{ println({}) }}\n", std::process::id()),
    )
    .expect("written");
    let objcopy = tmp.path().join("objcopy");
    std::fs::write(&objcopy, "#!/bin/sh\nexit 1\n").expect("written");
    std::fs::set_permissions(&objcopy, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let Some(mut gort) = gort_command() else { return };
    let cache = gort_tests::profile_dir().join("goprog-cache/gort");

    let path = std::env::var("PATH").expect("a path");
    gort.arg("run").arg(&source).env("PATH", format!("{}:{path}", tmp.path().display()));
    let child = gort.stderr(Stdio::piped()).spawn().expect("started");
    let prefix = format!("tmp-{}-", child.id());
    let o = child.wait_with_output().expect("waited");
    assert!(
        o.status.code() == Some(1) && String::from_utf8_lossy(&o.stderr).contains("objcopy failed"),
        "{o:?}"
    );
    let entries = std::fs::read_dir(&cache).expect("the cache").flatten();
    let left: Vec<_> =
        entries.filter(|e| e.file_name().to_string_lossy().starts_with(&prefix)).collect();
    assert!(left.is_empty(), "{left:?}");

    let (killed, at_work) = (cache.join("tmp-1-prog-x"), cache.join("tmp-1-prog-y"));
    std::fs::create_dir_all(killed.join("inc")).expect("a folder");
    std::fs::create_dir_all(&at_work).expect("a folder");
    let long_ago = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
    std::fs::File::open(&killed).and_then(|f| f.set_modified(long_ago)).expect("dated back");
    let Some(mut gort) = gort_command() else { return };
    wait(
        {
            gort.arg("run").arg(&source);
            gort
        },
        b"",
        LIMIT,
    )
    .ok();
    assert!(!killed.exists() && at_work.exists());
    let _ = std::fs::remove_dir(at_work);
}
