//! `gort go bisect` and `gort diff --inside` as commands. Programs with the port inside are
//! gort-inside's tests.

#[path = "../../inside/compile.rs"]
mod compile;

use gort_tests::{Outcome, absent, go_command, wait};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// `gort ARGS` in `dir`, with the cache of gort-inside's tests, if Go 1.23.1 is there.
fn gort(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Option<Outcome> {
    let root = go_command().and_then(|go| {
        let o = Command::new(go).args(["env", "GOROOT"]).output().ok()?;
        let root = String::from_utf8(o.stdout).ok()?.trim().to_string();
        let version = std::fs::read_to_string(Path::new(&root).join("VERSION")).ok()?;
        version.starts_with("go1.23.1\n").then_some(root)
    });
    let Some(root) = root else {
        absent("Go 1.23.1", "gort go bisect and gort diff --inside have not been tried");
        return None;
    };
    let mut c = Command::new(env!("CARGO_BIN_EXE_gort"));
    for k in ["GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "GORTSTACK"] {
        c.env_remove(k);
    }
    c.args(args)
        .current_dir(dir)
        .env("GOROOT", root)
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    c.envs(env.iter().copied());
    Some(wait(c, b"", Duration::from_secs(1200)))
}

/// Who is woken runs before who was started; fails if not, but for what the clock does to it now
/// and then.
const WOKEN: &str = r#"package main

import "runtime"

func main() {
	runtime.GOMAXPROCS(1)
	wrong := 0
	for range 20 {
		first := ""
		c, done := make(chan int), make(chan int, 2)
		ran := func(name string) {
			if first == "" {
				first = name
			}
			done <- 1
		}
		go func() { <-c; ran("woken") }()
		runtime.Gosched()
		go ran("started")
		c <- 1
		<-done
		<-done
		if first != "woken" {
			wrong++
		}
	}
	if wrong > 10 {
		panic(wrong)
	}
}
"#;

/// It finds the function with the bug, and says so if there is nothing to find.
#[test]
fn bisect() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    std::fs::write(here.join("main.go"), WOKEN).unwrap();
    let args = |more: &[&'static str], command: &[&'static str]| {
        [&["go"], more, &["bisect", "--"], command].concat()
    };
    let Some(o) = gort(here, &["go", "bisect", "--"], &[]) else { return };
    o.exited(2).stderr_has("which command of go's?");
    let inside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inside");
    let object = compile::compile(&inside, here, Some("the readied goes to the tail")).unwrap().0;
    std::fs::write(here.join("bug.o"), object).unwrap();
    // Of these, so that it need not build twenty programs.
    let o = gort(
        here,
        &args(&["--object", "bug.o", "--only", "ready,wakep"], &["run", "main.go"]),
        &[],
    )
    .unwrap();
    o.ok().stdout_is("go run main.go fails with\n  ready\nin Rust, and succeeds without it\n");
    let tries = "gort: 2 functions: fails\ngort: 0 functions: succeeds\ngort: 1 function: fails\n";
    assert_eq!(o.stderr, tries);
    let only = &["--object", "bug.o", "--only", "gcd"];
    let o = gort(here, &args(only, &["version"]), &[]).unwrap();
    o.exited(1).stderr_has("it succeeds with all of them in Rust");
    let o = gort(here, &args(only, &["nonesuch"]), &[]).unwrap();
    o.exited(1).stderr_has("it fails with none of them in Rust, too");
    // What does not end fails.
    std::fs::write(here.join("main.go"), "package main\n\nfunc main() {\n\tfor {\n\t}\n}\n")
        .unwrap();
    let o =
        gort(here, &args(&["--only", "gcd", "--limit", "3"], &["run", "main.go"]), &[]).unwrap();
    o.exited(1).stderr_has("gort: 1 function: hangs\n").stderr_has("it fails with none of them");
}

const TODAY: &str = "package main\n\nfunc sum[T int | float64](xs ...T) (s T) {\n\tfor i := range len(xs) {\n\t\ts += xs[i]\n\t}\n\treturn\n}\n\n\
    func main() {\n\tprintln(sum(1, 2, 3))\n}\n";

/// What gccgo cannot compile is compared inside, and the output says so; a `gort build` that is
/// broken is not passed over.
#[test]
fn diff() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    for (name, text) in [
        ("today.go", TODAY),
        ("generic.go", &TODAY.replace("i := range len(xs)", "i := range xs")),
        ("plain.go", "package main\n\nfunc main() {\n\tprintln(6)\n}\n"),
        ("broken.go", "package main\n\nfunc main() {\n\tx\n}\n"),
    ] {
        std::fs::write(here.join(name), text).unwrap();
    }
    let Some(o) = gort(here, &["diff", "-n", "1", "today.go"], &[]) else { return };
    o.ok().stdout_is("today.go: same (1 run each, the port inside of real Go)\n");
    o.stderr_has(
        "gort: today.go: its language is newer than gccgo's, so it is compared inside of real Go\n",
    );
    let o = gort(here, &["diff", "-n", "1", "--inside", "--json", "plain.go"], &[]).unwrap();
    assert!(o.ok().stdout.contains("\"inside\": true"), "{o}");
    let o = gort(here, &["diff", "-n", "1", "--inside", "broken.go"], &[]).unwrap();
    o.exited(2).stderr_has("undefined: x").stderr_has("real Go (go1.23.1) does not compile it");
    let o = gort(here, &["diff", "-n", "1", "broken.go"], &[]).unwrap();
    assert_eq!(o.exited(2).stderr.matches("undefined: x").count(), 1, "{o}");
    // Not the program's fault.
    let o = gort(here, &["diff", "-n", "1", "plain.go"], &[("GCCGO", "/nonesuch")]).unwrap();
    assert!(o.exited(2).stdout.is_empty(), "{o}");
    o.stderr_has("plain.go: gort build failed (exit status: 1); --inside does without it");
    if Command::new("gccgo-12").arg("--version").output().is_ok_and(|o| o.status.success()) {
        // It does not come to linking.
        let o =
            gort(here, &["diff", "-n", "1", "generic.go"], &[("GORT_LIBGO", "plain.go")]).unwrap();
        o.ok().stdout_is("generic.go: same (1 run each, the port inside of real Go)\n");
        o.stderr_has(
            "gort: generic.go: gccgo does not compile it, so it is compared inside of real Go\n",
        );
    }
}
