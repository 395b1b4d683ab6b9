//! Profiles as files for `go tool pprof`, after Go's package runtime/pprof.
//!
//! | module | what | after Go's |
//! |---|---|---|
//! | `protobuf` | the encoding | runtime/pprof/protobuf.go |
//! | [`builder`] | samples to a file: places, functions, lines, mappings | runtime/pprof/proto.go |
//! | [`cpu`] | CPU profiles: who reads them, `GORT_CPUPROFILE` | runtime/pprof/pprof.go |
//! | `waits` | `GORT_BLOCKPROFILE`, `GORT_MUTEXPROFILE` | |
//! | [`profile`] | the block, mutex and goroutine profiles | runtime/pprof/pprof.go |
//!
//! The reader of a CPU profile is a thread of its own, not a goroutine: it takes no number and no
//! turn, and no deadlock is hidden by its timer.

pub mod builder;
pub mod cpu;
mod maps;
pub mod profile;
mod protobuf;
mod waits;
