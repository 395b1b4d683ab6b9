//! Go's signal_unix.go, signal_linux_amd64.go: signal handling.
