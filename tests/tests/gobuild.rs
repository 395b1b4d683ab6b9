//! `gort run` of programs that cannot be: who says what.

use gort_tests::{gort_command, wait};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(300);

/// A name that nothing provides is an error of the linker, and says so; a program that does not compile says why.
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
        wait(gort, b"", LIMIT).exited(1).stderr_has(says);
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
