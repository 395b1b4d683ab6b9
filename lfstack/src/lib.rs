//! Go's lfstack.go and tagptr_64bit.go: lock-free stack.
