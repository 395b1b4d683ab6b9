//! The crate `log` with a context that follows goroutines.
//!
//! Loggers that know the context of what they log (a mapped diagnostic context, a scope, a request
//! number) keep it in a variable of the *thread*. A goroutine that waits goes on on another thread,
//! and from then on its records have the context of some other goroutine. Here the context is the
//! goroutine's: its number, its name, and its [`labels`], which the goroutines
//! that it starts inherit. [`Log`] adds them to each record, as key-values, and passes it on to any
//! logger.
//!
//! ```
//! use gort::runtime::with_labels;
//! # struct Printer;
//! # impl log::Log for Printer {
//! #     fn enabled(&self, _: &log::Metadata<'_>) -> bool { true }
//! #     fn log(&self, r: &log::Record<'_>) {
//! #         let request = r.key_values().get("request".into());
//! #         assert_eq!(request.unwrap().to_string(), "1234", "{}", r.args());
//! #     }
//! #     fn flush(&self) {}
//! # }
//!
//! gort_log::init(Printer).unwrap(); // your logger in its place
//! log::set_max_level(log::LevelFilter::Info);
//! gort::run(|| {
//!     with_labels([("request", "1234")], || {
//!         gort::time::sleep(std::time::Duration::from_millis(1));
//!         log::info!("with request=1234, wherever it runs"); // and goroutine=1
//!         gort::task::spawn(|| log::info!("so is what it starts")).join().unwrap();
//!     });
//! });
//! ```
//!
//! * The logger has to print key-values: `env_logger` does with its feature `kv`, `fern` and others
//!   in the format that they are given.
//! * In [`gort::blocking`] the context is the goroutine's as elsewhere. Threads that run no
//!   goroutine have none.
//! * A logger that waits (a channel of gort's, gort's I/O) must not be used in `gort::blocking`.

use gort::runtime::{Labels, goid, labels, name};
use log::kv::{self, Key, Source, Value, VisitSource};
use log::{Metadata, Record, SetLoggerError};

/// A logger that adds to each record who has made it, and passes it on to `L`:
///
/// | key | value |
/// |---|---|
/// | `goroutine` | its number, as tracebacks have it |
/// | `goroutine_name` | its name, if it has one ([`gort::Builder::name`]) |
/// | each label's | the label's ([`gort::runtime::with_labels`]) |
///
/// They come after the record's own key-values, which so win with loggers that ask for a key.
///
/// ```
/// use log::kv::Key;
/// use log::{Log as _, Metadata, Record};
///
/// struct Shows;
/// impl log::Log for Shows {
///     fn enabled(&self, _: &Metadata<'_>) -> bool {
///         true
///     }
///     fn log(&self, r: &Record<'_>) {
///         let n = r.key_values().get(Key::from("goroutine")).unwrap();
///         assert_eq!(n.to_u64(), Some(gort::runtime::goid()));
///     }
///     fn flush(&self) {}
/// }
/// gort::run(|| gort_log::Log::new(Shows).log(&Record::builder().build()));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Log<L> {
    inner: L,
}

impl<L> Log<L> {
    /// Passes on to `inner`.
    ///
    /// ```
    /// let logger = gort_log::Log::new(log::logger()); // what has been set until now
    /// log::Log::flush(&logger);
    /// ```
    pub const fn new(inner: L) -> Self {
        Self { inner }
    }

    /// The logger that it passes on to.
    ///
    /// ```
    /// assert_eq!(gort_log::Log::new("any value").get_ref(), &"any value");
    /// ```
    pub const fn get_ref(&self) -> &L {
        &self.inner
    }
}

/// Makes `inner`, with the context of goroutines, the logger of the program. Its level is to be set
/// beside that ([`log::set_max_level`]).
///
/// # Errors
/// If the program has a logger already.
///
/// ```
/// # struct Quiet;
/// # impl log::Log for Quiet {
/// #     fn enabled(&self, _: &log::Metadata<'_>) -> bool { false }
/// #     fn log(&self, _: &log::Record<'_>) {}
/// #     fn flush(&self) {}
/// # }
/// gort_log::init(Quiet).unwrap();
/// assert!(gort_log::init(Quiet).is_err());
/// ```
pub fn init(inner: impl log::Log + 'static) -> Result<(), SetLoggerError> {
    log::set_boxed_logger(Box::new(Log::new(inner)))
}

impl<L: log::Log> log::Log for Log<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        let goroutine = goid();
        if goroutine == 0 {
            return self.inner.log(record);
        }
        let own = record.key_values();
        let context = Context { own, goroutine, name: name(), labels: labels() };
        self.inner.log(&record.to_builder().key_values(&context).build());
    }

    fn flush(&self) {
        self.inner.flush();
    }
}

/// The key-values of a record, and of its goroutine.
struct Context<'a> {
    own: &'a dyn Source,
    goroutine: u64,
    name: Option<&'static str>,
    labels: Labels,
}

impl Source for Context<'_> {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), kv::Error> {
        self.own.visit(visitor)?;
        visitor.visit_pair(Key::from("goroutine"), Value::from(self.goroutine))?;
        if let Some(name) = self.name {
            visitor.visit_pair(Key::from("goroutine_name"), Value::from(name))?;
        }
        for (key, value) in self.labels.iter() {
            visitor.visit_pair(Key::from(key), Value::from(value))?;
        }
        Ok(())
    }
}
