//! docs/guide.md keeps its word: its blocks in C are compiled with nothing but what it says, and
//! run. Those in Rust are documentation tests of this package (src/lib.rs).

use gort_tests::{absent, tests_dir, there_is, wait};
use std::process::Command;
use std::time::Duration;

/// The blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    text.split(&begin)
        .skip(1)
        .filter_map(|b| b.split("\n```").next())
        .map(|b| format!("{b}\n"))
        .collect()
}

#[test]
fn in_c() {
    if !there_is("cc") {
        return absent("C compiler", "the guide's program in C is not run");
    }
    let root = tests_dir().join("..");
    let guide = std::fs::read_to_string(root.join("docs/guide.md")).unwrap();
    let programs = blocks(&guide, "c");
    assert!(!programs.is_empty());
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "gort-capi", "--message-format=json"]).current_dir(&root);
    let o = wait(cargo, b"", Duration::from_secs(1800));
    let archive = o
        .ok()
        .stdout
        .split('"')
        .find(|s| s.ends_with("/libgort.a"))
        .expect("libgort.a")
        .to_string();
    let dir = tempfile::tempdir().unwrap();
    for (i, program) in programs.iter().enumerate() {
        let (source, exe) = (dir.path().join(format!("{i}.c")), dir.path().join(format!("{i}")));
        std::fs::write(&source, program).unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-I"])
            .arg(root.join("capi"))
            .arg("-o")
            .arg(&exe)
            .arg(&source);
        cc.arg(&archive).args(["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"]);
        wait(cc, b"", Duration::from_secs(120)).ok();
        for procs in ["1", "2", "8"] {
            let mut c = Command::new(&exe);
            c.env("GOMAXPROCS", procs).env_remove("GODEBUG");
            let o = wait(c, b"", Duration::from_secs(60));
            assert!(o.ok().stderr.is_empty(), "{o}");
            // What the text says behind each program.
            for line in o.stdout.lines() {
                assert!(guide.contains(&format!("`{line}`")), "the guide does not tell of {line}");
            }
        }
    }
}

/// The languages of blocks are those that are looked at, and the table of contents leads somewhere.
#[test]
fn whole() {
    let guide = std::fs::read_to_string(tests_dir().join("../docs/guide.md")).unwrap();
    for l in guide.lines().filter(|l| l.starts_with("```") && *l != "```") {
        assert!(["```rust", "```rust,should_panic", "```c", "```sh"].contains(&l), "{l}");
    }
    // What a newcomer looks for has a block that is run.
    for topic in [
        "Tests",
        "Threads",
        "Blocking",
        "Thread-locals",
        "Stacks",
        "Panics",
        "Exit",
        "Embedding",
        "Async",
        "C",
    ] {
        let chapter = guide.split("\n## ").find(|c| c.starts_with(&format!("{topic}\n")));
        let chapter = chapter.unwrap_or_else(|| panic!("no chapter {topic}"));
        let runs = |b: &String| ["assert", "main("].iter().any(|w| b.contains(w));
        let all = [blocks(chapter, "rust"), blocks(chapter, "c")].concat();
        assert!(all.iter().any(runs), "the chapter {topic} has no program");
    }
    for link in guide.split("](#").skip(1).filter_map(|l| l.split(')').next()) {
        let found = guide.lines().any(|l| {
            l.strip_prefix("## ")
                .is_some_and(|h| h.to_lowercase().replace(' ', "-").replace(',', "") == link)
        });
        assert!(found, "no chapter {link}");
    }
}
