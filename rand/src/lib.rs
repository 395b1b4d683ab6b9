//! Go's rand.go: per-M random numbers.
