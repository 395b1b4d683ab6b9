//! Go's debug.go: GOMAXPROCS, NumCPU, NumGoroutine and their kin.
