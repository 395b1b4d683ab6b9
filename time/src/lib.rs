//! Go's time.go: timers.
