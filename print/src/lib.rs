//! Go's print.go: allocation-free output on standard error.
