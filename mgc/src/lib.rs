//! The goroutines of Go's collector, parked: forcegc, bgsweep, bgscavenge.
