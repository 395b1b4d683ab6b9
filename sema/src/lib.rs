//! Go's sema.go: semaphores and notification lists.
