//! Go's preempt.go: goroutine suspension and preemption points.
