//! Go's traceback.go: unwinding and printing goroutine stacks.
