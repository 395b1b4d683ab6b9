//! Programs compiled with `panic = "abort"`: a build of its own.

use gort_tests::{profile_dir, tests_dir, wait};
use std::process::Command;
use std::time::Duration;

/// The report is Go's, with the reason, at once: nothing is unwound (adv_panic_abort).
#[test]
fn panic_abort() {
    let target = profile_dir().parent().expect("target").to_path_buf();
    let mut c = Command::new(env!("CARGO"));
    c.args(["build", "--quiet", "--offline", "-p", "gort-example-rust", "--bin", "abort"]);
    c.args(["--profile", "abort", "--target-dir"]).arg(&target).current_dir(tests_dir());
    wait(c, b"", Duration::from_secs(1800)).ok();
    let run = |what: &str| {
        let mut c = Command::new(target.join("abort/abort"));
        c.arg(what).env_remove("GOTRACEBACK").env_remove("GODEBUG");
        wait(c, b"", Duration::from_secs(60))
    };
    run("").ok().stdout_is("no panic\n");
    for what in ["panic", "goroutine"] {
        let o = run(what);
        o.exited(2).stderr_has("\ngoroutine ").stderr_has(" [running]:\nabort::main::{{closure");
        assert!(o.stderr.starts_with("panic: the reason\n"), "{o}");
    }
    run("closed").exited(2).stderr_has("panic: send on closed channel\n");
    let text = "fatal error: gort: goexit in a program compiled with panic=\"abort\"";
    run("goexit").exited(2).stderr_has(text);
}
