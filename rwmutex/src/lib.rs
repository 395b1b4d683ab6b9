//! Go's runtime/rwmutex.go: the runtime's own reader/writer lock.
