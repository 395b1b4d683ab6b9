//! Go's panic.go: panics, throw, fatal, Goexit.
