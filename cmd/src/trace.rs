//! `gort trace`: execution traces of Go 1.22 and 1.23, checked, listed, summed up and shown.

use clap::Args;
use gort_tracereader::summary::Summary;
use gort_tracereader::timeline::Timeline;
use gort_tracereader::validate::Validator;
use gort_tracereader::{Reader, advice, chrome, page};
use std::fs::{File, Permissions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::exit;

#[derive(Args)]
#[command(
    after_help = "The traces are those of runtime/trace of Go 1.22 and 1.23 (`go test -trace`, trace.Start). A generation of \
    a trace is in memory at a time; for --json, --html and --advice all of it is.\n\n\
    EXIT STATUS:\n  0  the trace is valid\n  1  it is not, or cannot be read: the text is Go's, with the thread and the place in \
    the file; or OUT cannot be written: what was there before is there still\n  2  wrong usage"
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
    /// Print where the time of its goroutines and processors went. This is what is done without an
    /// option.
    #[arg(long)]
    summary: bool,
    /// Print what is wrong with how the program was scheduled, what shows it, and what to do; what
    /// costs most first.
    #[arg(long, conflicts_with_all = ["check", "events"])]
    advice: bool,
    /// Write what its goroutines, processors and threads did when to OUT (`-` is standard output),
    /// as JSON for ui.perfetto.dev and chrome://tracing.
    #[arg(long, value_name = "OUT", conflicts_with = "events")]
    json: Option<PathBuf>,
    /// Write the same to OUT as a page for a browser: one file that loads nothing.
    #[arg(long, value_name = "OUT", conflicts_with = "events")]
    html: Option<PathBuf>,
}

impl Trace {
    fn views(&self) -> bool {
        self.json.is_some() || self.html.is_some() || self.advice
    }
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
    let failed = |file: &Path, e: &dyn std::fmt::Display| -> ! {
        eprintln!("gort: {}: {e}", file.display());
        exit(1);
    };
    let (timeline, summary) = result.unwrap_or_else(|e| failed(&t.file, &e));
    if t.advice {
        print_out(&advice::advise(&timeline, &summary).to_string());
    }
    if let Some(out) = &t.json {
        save(out, &t.file, |w| chrome::write(&timeline, &summary, w))
            .unwrap_or_else(|e| failed(out, &e));
    }
    if let Some(out) = &t.html {
        let title = format!("Trace {}", t.file.display());
        save(out, &t.file, |w| page::write(&timeline, &summary, &title, w))
            .unwrap_or_else(|e| failed(out, &e));
    }
}

/// Writes a file as a whole or not at all.
fn save(
    out: &Path,
    trace: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    fn flushed(
        w: impl Write,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut w = BufWriter::with_capacity(1 << 16, w);
        write(&mut w)?;
        w.flush()
    }
    if out == Path::new("-") {
        return flushed(io::stdout().lock(), write);
    }
    // Through a link: the file that it leads to is the one that is written.
    let (out, old) = match out.canonicalize() {
        Ok(real) => {
            if trace.canonicalize().is_ok_and(|t| t == real) {
                return Err(io::Error::other("that is the trace"));
            }
            // A file that may not be written is not replaced either.
            let f = File::options().write(true).open(&real)?;
            if !f.metadata()?.is_file() {
                return flushed(f, write);
            }
            (real, Some(f.metadata()?.permissions()))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => (out.to_path_buf(), None),
        Err(e) => return Err(e),
    };
    let dir = out.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::metadata(dir)?; // Its error is clearer than that of a temporary file.
    let mut file = tempfile::Builder::new()
        .prefix(".gort-trace")
        .permissions(Permissions::from_mode(0o666)) // The umask takes from this,
        .tempfile_in(dir)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old)?; // but not from this.
    }
    flushed(&mut file, write)?;
    file.persist(out).map_err(|e| e.error)?;
    Ok(())
}

fn read(t: &Trace, input: impl BufRead) -> Result<(Timeline, Summary), String> {
    let printed = t.summary || !(t.events || t.check || t.views());
    let mut reader = Reader::new(input).map_err(|e| e.to_string())?;
    let (mut validator, mut summary) = (Validator::default(), Summary::default());
    let mut timeline = Timeline::default();
    while let Some(e) = reader.read_event().map_err(|e| e.to_string())? {
        if t.events {
            println!("{}", e.to_string().trim_end());
        }
        validator.event(&e).map_err(|text| format!("{text} (offset {})", e.offset()))?;
        if printed || t.views() {
            summary.event(&e);
        }
        if t.views() {
            timeline.event(&e);
        }
    }
    timeline.finish();
    summary.finish();
    if let Some(e) = reader.cut() {
        eprintln!(
            "gort: {}: {e}: the trace ends here, as it does for Go's reader",
            t.file.display()
        );
    }
    if printed {
        print_out(&summary.to_string());
    }
    Ok((timeline, summary))
}

fn print_out(text: &str) {
    text.lines().for_each(|l| println!("{l}"));
}
