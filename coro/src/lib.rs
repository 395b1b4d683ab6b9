//! Go's coro.go: coroutines.
