//! proc.go:5387–5564: CPU profiling by SIGPROF. Not ported: see docs/not-ported.md. Profilers of the operating
//! system (perf) see goroutines as they see threads.
