//! Programs of the little language, on stacks that grow, and whose old places cannot be read any
//! more; and what is no program.

use gort_example_managed::{compile, parse};
use gort_tests::in_child;

const DEEP: &str = include_str!("../programs/deep.x");
const FIB: &str = include_str!("../programs/fib.x");

/// References wait in the frame while other arguments are computed, which move the stack.
const ARGUMENTS: &str = "
fn grow(n, ref a) = if n then grow(n - 1, &n) + *a * 0 + 1 else 0
fn add(ref a, b, ref c, d) = *a + b + *c + d
fn both(a, b, depth) = add(&a, grow(depth, &b), &b, grow(depth * 2, &a))
fn main(n) = both(n, n * 10, 2000)
";

fn run(source: &'static str, args: &'static [i64]) {
    println!("{}", compile("test.x", source).unwrap().run(args));
}

#[test]
fn deep() {
    let out = in_child!(|| run(DEEP, &[1_000_000]));
    out.ok().stdout_is("999999\n");
}

#[test]
fn old_stacks_are_never_read() {
    let out = in_child!(.env("GORTSTACKDEBUG", "0,fault"), || {
        run(DEEP, &[100_000]);
        run(ARGUMENTS, &[7]);
        run(FIB, &[20]);
    });
    out.ok().stdout_is("99999\n6077\n6765\n");
}

/// Go's limit, with the names and lines of the program.
#[test]
fn without_end() {
    let out = in_child!(|| run("fn f(n) =\n  f(n + 1) + 1\nfn main(n) = f(n)", &[0]));
    out.exited(2)
        .stderr_has("runtime: goroutine stack exceeds 1000000000-byte limit\n")
        .stderr_has("fatal error: stack overflow\n")
        .stderr_has("main.f(...)\n\ttest.x:1 +0x")
        .stderr_has("main.main(...)\n\ttest.x:3 +0x");
}

#[test]
fn what_is_no_program() {
    for (source, error) in [
        ("", "1: there is no main"),
        ("fn main(n) =", "1: a name expected, found \"\""),
        ("fn main(n) = m", "1: m is not known"),
        ("fn main(ref n) = *n", "1: main is called with numbers"),
        ("fn f(ref a) = a\nfn main(n) = f(&n)", "1: a is a reference: write *a"),
        ("fn f(ref a) = *a\nfn main(n) =\n f(n)", "3: n is a number, no reference"),
        ("fn main(n) = *n", "1: n is a number, no reference"),
        ("fn main(n) = g(n)", "1: there is no function g"),
        ("fn main(n) = 1\nfn main(n) = 2", "2: main is there twice"),
        ("fn main(a, b, c, d, e, f, g) = 1", "1: main has more than six parameters"),
        ("fn main(n) = 99999999999999999999", "1: 99999999999999999999 is no number of 64 bits"),
        ("fn main(n) = (n", "1: ) expected, and the program ends"),
        ("fn main(n) = if n then 1", "1: else expected, and the program ends"),
    ] {
        assert_eq!(parse(source).map(|_| ()).unwrap_err().to_string(), error, "{source:?}");
    }
}
