//! proc.go:6043-6420: sysmon, retake, preemption requests, schedtrace.
