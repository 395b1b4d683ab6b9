//! How long goroutines and Ps are in their states: what a summary adds up, and a timeline draws.

use crate::HashMap;
use crate::event::{GoState, ProcState, Resource, StateTransition, States};

/// A state that is worth counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Of a goroutine that exists.
    Go(GoState),
    /// A P that an M has.
    Proc,
}

/// A time in one state.
#[derive(Clone, Debug)]
pub struct Interval<T> {
    /// Whose.
    pub resource: Resource,
    /// Which.
    pub state: State,
    /// When it began, ns.
    pub start: i64,
    /// When it ended, ns.
    pub end: i64,
    /// What was said when it began.
    pub what: T,
}

/// The states that have begun and not ended, each with what whoever asks wants to remember of it.
///
/// ```
/// use gort_tracereader::event::{GoState, Resource, StateTransition, States};
/// use gort_tracereader::intervals::{Intervals, State};
/// let resource = Resource::Goroutine(1);
/// let to = |from, to| StateTransition {
///     resource,
///     states: States::Go(from, to),
///     reason: vec![],
///     stack: 0,
/// };
/// let mut i = Intervals::default();
/// assert!(i.change(&to(GoState::Runnable, GoState::Running), 5, "began").is_none());
/// let ran = i.change(&to(GoState::Running, GoState::NotExist), 8, "ended").unwrap();
/// assert_eq!((ran.state, ran.start, ran.end), (State::Go(GoState::Running), 5, 8));
/// assert_eq!((ran.what, i.has(resource)), ("began", false));
/// ```
#[derive(Clone, Debug)]
pub struct Intervals<T>(HashMap<Resource, (State, i64, T)>);

impl<T> Default for Intervals<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T> Intervals<T> {
    /// Takes the next change, at `now`, and gives what it ends.
    pub fn change(&mut self, t: &StateTransition, now: i64, what: T) -> Option<Interval<T>> {
        let to = match t.states {
            States::Go(_, GoState::NotExist) => None,
            States::Go(_, to) => Some(State::Go(to)),
            States::Proc(_, ProcState::Running) => Some(State::Proc),
            States::Proc(..) => None,
        };
        let old = match to {
            Some(to) => self.0.insert(t.resource, (to, now, what)),
            None => self.0.remove(&t.resource),
        };
        let (state, start, what) = old?;
        Some(Interval { resource: t.resource, state, start, end: now, what })
    }

    /// Whether it is in a state that is worth counting.
    pub fn has(&self, r: Resource) -> bool {
        self.0.contains_key(&r)
    }

    /// Ends what lasts until the end of the trace.
    pub fn finish(&mut self, end: i64) -> Vec<Interval<T>> {
        let last = self.0.drain();
        last.map(|(resource, (state, start, what))| Interval { resource, state, start, end, what })
            .collect()
    }
}
