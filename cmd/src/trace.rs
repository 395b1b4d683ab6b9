//! `gort trace`: execution traces of Go 1.22 and 1.23, checked, listed and summed up.

use clap::Args;
use gort_tracereader::Reader;
use gort_tracereader::summary::Summary;
use gort_tracereader::validate::Validator;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::exit;

#[derive(Args)]
#[command(
    after_help = "The traces are those of runtime/trace of Go 1.22 and 1.23 (`go test -trace`, trace.Start). A generation of \
    a trace is in memory at a time.\n\n\
    EXIT STATUS:\n  0  the trace is valid\n  1  it is not, or cannot be read: the text is Go's, with the thread and the place in \
    the file\n  2  wrong usage"
)]
pub struct Trace {
    /// The trace; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only check it: print nothing if it is valid.
    #[arg(long, conflicts_with_all = ["events", "summary"])]
    check: bool,
    /// Print its events, in the form of `go tool trace -d=1`.
    #[arg(long, conflicts_with = "summary")]
    events: bool,
    /// Print where the time of its goroutines and processors went. This is what is done without an option.
    #[arg(long)]
    summary: bool,
}

/// Runs the command.
pub fn run(t: &Trace) {
    let result = if t.file == Path::new("-") {
        read(t, std::io::stdin().lock())
    } else {
        match File::open(&t.file) {
            Ok(f) => read(t, BufReader::with_capacity(1 << 16, f)),
            Err(e) => Err(e.to_string()),
        }
    };
    if let Err(e) = result {
        eprintln!("gort: {}: {e}", t.file.display());
        exit(1);
    }
}

fn read(t: &Trace, input: impl BufRead) -> Result<(), String> {
    let mut reader = Reader::new(input).map_err(|e| e.to_string())?;
    let (mut validator, mut summary) = (Validator::default(), Summary::default());
    while let Some(e) = reader.read_event().map_err(|e| e.to_string())? {
        if t.events {
            println!("{}", e.to_string().trim_end());
        }
        validator.event(&e).map_err(|text| format!("{text} (offset {})", e.offset()))?;
        summary.event(&e);
    }
    if let Some(e) = reader.cut() {
        eprintln!("gort: {}: {e}: the trace ends here, as it does for Go's reader", t.file.display());
    }
    if !t.events && !t.check {
        summary.finish();
        print_out(&summary.to_string());
    }
    Ok(())
}

fn print_out(text: &str) {
    text.lines().for_each(|l| println!("{l}"));
}
