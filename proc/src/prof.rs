//! proc.go:5387–5564, CPU profiling by SIGPROF: see the crate gort-cpuprof. Profilers of the
//! operating system (perf) see goroutines as they see threads.
