//! Spans of the crate `tracing` that follow goroutines.
//!
//! `tracing_subscriber::Registry` keeps the spans that are entered in a variable of the *thread*. A
//! goroutine that waits inside of a span goes on on another thread, and from then on its events are
//! logged in whatever span some other goroutine has entered there. This crate's [`Registry`] keeps
//! them with the goroutine, and is otherwise that one: spans, their data and their life are its
//! own, and any layer can stand on it.
//!
//! ```no_run
//! use tracing_subscriber::layer::SubscriberExt;
//! use tracing_subscriber::util::SubscriberInitExt;
//!
//! gort_tracing::registry().with(tracing_subscriber::fmt::layer()).init();
//! gort::run(|| {
//!     let _job = tracing::info_span!("job", number = 7).entered();
//!     gort::time::sleep(std::time::Duration::from_millis(1));
//!     tracing::info!("in the span of this goroutine, wherever it runs");
//! });
//! ```
//!
//! What it does not change:
//! * `tracing_subscriber::fmt().init()` has std's registry inside: write
//!   `registry().with(fmt::layer())`, as above.
//! * `tracing::subscriber::with_default` and `set_default` are for the thread; use a global one
//!   (`init`).
//! * A new goroutine is in no span, as a new thread is in none. `span.in_scope(...)` in its
//!   function, with a clone of the span, puts it there.
//! * With a filter for one layer (`Layer::with_filter`) that hides the innermost span, an event is
//!   shown in no span by that layer, not in the next outer one: the layers look at the thread's
//!   list for that.
//! * A subscriber's writer or layer that waits (a channel of gort's, gort's I/O) while an event is
//!   handled: filters of layers keep notes in the thread.

use std::any::TypeId;
use std::cell::RefCell;
use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::{Dispatch, Event, Interest, LevelFilter, Metadata, Subscriber};
use tracing_subscriber::filter::FilterId;
use tracing_subscriber::registry::{LookupSpan, Registry as Inner, SpanData};

gort::goroutine_local! {
    /// The spans that this goroutine has entered, the innermost last; and of which registry they
    /// are, as a process may have several.
    static ENTERED: RefCell<Vec<(usize, Id)>> = const { RefCell::new(Vec::new()) };
}

/// A registry of spans in which each goroutine has its own current span. On threads without a
/// goroutine each thread has, as with `tracing_subscriber::Registry`.
#[derive(Debug, Default)]
pub struct Registry {
    inner: Inner,
    /// Its address is this registry's name.
    name: Box<u8>,
}

/// A new [`Registry`].
pub fn registry() -> Registry {
    Registry::default()
}

impl Registry {
    fn name(&self) -> usize {
        std::ptr::from_ref(&*self.name).addr()
    }

    /// The innermost span of this goroutine. At a goroutine's very end, when its variables are
    /// gone, there is none.
    fn current(&self) -> Option<Id> {
        let name = self.name();
        let innermost = |e: &RefCell<Vec<(usize, Id)>>| {
            let e = e.borrow();
            e.iter().rev().find_map(|(n, id)| (*n == name).then(|| id.clone()))
        };
        ENTERED.try_with(innermost).ok().flatten()
    }
}

impl Subscriber for Registry {
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.inner.on_register_dispatch(subscriber);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.inner.register_callsite(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.inner.max_level_hint()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        if !span.is_contextual() {
            return self.inner.new_span(span);
        }
        let (metadata, values) = (span.metadata(), span.values());
        match self.current() {
            Some(parent) => self.inner.new_span(&Attributes::child_of(parent, metadata, values)),
            None => self.inner.new_span(&Attributes::new_root(metadata, values)),
        }
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.inner.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.inner.record_follows_from(span, follows);
    }

    fn event_enabled(&self, event: &Event<'_>) -> bool {
        self.inner.event_enabled(event)
    }

    fn event(&self, event: &Event<'_>) {
        self.inner.event(event);
    }

    fn enter(&self, span: &Id) {
        let _ = ENTERED.try_with(|e| e.borrow_mut().push((self.name(), span.clone())));
    }

    fn exit(&self, span: &Id) {
        let name = self.name();
        let _ = ENTERED.try_with(|e| {
            let mut e = e.borrow_mut();
            // Guards may be dropped in another order than they were made in.
            if let Some(i) = e.iter().rposition(|(n, id)| *n == name && id == span) {
                e.remove(i);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.inner.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.inner.try_close(id)
    }

    fn current_span(&self) -> Current {
        let Some(id) = self.current() else { return Current::none() };
        match self.inner.span_data(&id) {
            Some(data) => Current::new(id, data.metadata()),
            None => Current::none(),
        }
    }

    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        // Layers ask for tracing_subscriber's registry when a span is closed.
        match id {
            id if id == TypeId::of::<Self>() => Some(std::ptr::from_ref(self).cast()),
            id if id == TypeId::of::<Inner>() => Some(std::ptr::from_ref(&self.inner).cast()),
            _ => None,
        }
    }
}

impl<'a> LookupSpan<'a> for Registry {
    type Data = <Inner as LookupSpan<'a>>::Data;

    fn span_data(&'a self, id: &Id) -> Option<Self::Data> {
        self.inner.span_data(id)
    }

    fn register_filter(&mut self) -> FilterId {
        self.inner.register_filter()
    }
}
