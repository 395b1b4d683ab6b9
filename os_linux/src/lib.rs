//! Go's os_linux.go: futex, clock, threads.
