//! What packages `runtime/debug`, `runtime/pprof`, `runtime/trace`, `runtime/metrics` and `testing`
//! ask of the runtime.
//!
//! What has a meaning here works: stacks, limits of stacks and threads, panics on faults, traceback
//! levels, the profile of goroutines and its labels, metrics. Settings of a collector are kept and
//! given back, statistics of one are zero. A program that asks for something that cannot be had
//! (heap profiles, heap dumps) is told so on standard error, once each, and gets an empty one.

use crate::mem::{Contents, alloc, alloc_runtime};
use crate::symtab::{decode, encode, go_calls, inlined_at};
use crate::types::{BoolArg, FuncVal, IntBool, Slice, Str, yes};
use core::ffi::c_void;
use core::sync::atomic::{
    AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, compiler_fence,
};
use gort::runtime::metrics::{self, Value};
use gort_cpuprof::ProfBufReadMode;
use gort_cpuprof::cpuprof::{Owner, owns, read_profile as read_cpu_profile};
use gort_print::print;
use gort_proc::{
    GDEAD, GIDLE, StwReason, for_each_g_race, getg, is_system_goroutine, labels::take_labels,
    labels_of_go, readgstatus, release_labels, start_the_world, stop_the_world, systemstack,
    trace_enabled, trace_user_log, trace_user_region, trace_user_task_create, trace_user_task_end,
};
use gort_traceback::{callers, gcallers};

/// Says, the first time, that something cannot be had.
fn absent(what: &'static str) {
    static SAID: std::sync::Mutex<Vec<&str>> = std::sync::Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap_or_else(|e| e.into_inner());
    if !said.contains(&what) {
        said.push(what);
        print!("runtime: gort has no {what}\n");
    }
}

/// The same for the companion.
#[unsafe(export_name = "gortgo.absent")]
unsafe extern "C-unwind" fn gortgo_absent(what: Str) {
    absent(match what.bytes() {
        b"heap" => "heap profiles",
        _ => "CPU profiles",
    });
}

/// `runtime.Breakpoint`
#[unsafe(export_name = "runtime.Breakpoint")]
extern "C-unwind" fn breakpoint() {
    // SAFETY: a trap.
    unsafe { core::arch::asm!("int3") }
}

// runtime/debug

/// `debug.SetPanicOnFault`, for the current goroutine.
#[unsafe(export_name = "runtime_1debug.setPanicOnFault")]
unsafe extern "C-unwind" fn set_panic_on_fault(on: BoolArg) -> bool {
    core::mem::replace(&mut (*getg()).paniconfault, yes(on))
}

/// `debug.SetTraceback`
#[unsafe(export_name = "runtime_1debug.SetTraceback")]
unsafe extern "C-unwind" fn set_traceback(level: Str) {
    gort_runtime1::set_traceback(&level.text());
}

/// `GOGC`, as package debug sees it: there is nothing that it would control.
#[unsafe(export_name = "runtime_1debug.setGCPercent")]
extern "C-unwind" fn set_gc_percent(n: i32) -> i32 {
    /// Not yet read from the environment.
    const UNSET: i32 = i32::MIN;
    static PERCENT: AtomicI32 = AtomicI32::new(UNSET);
    let n = n.max(-1);
    match PERCENT.swap(n, Relaxed) {
        UNSET => match std::env::var("GOGC").as_deref() {
            Ok("off") => -1,
            Ok(s) => s.parse().unwrap_or(100),
            Err(_) => 100,
        },
        old => old,
    }
}

/// `debug.ReadGCStats`: no pauses, then the last collection (never), their number, and their time,
/// all 0.
#[unsafe(export_name = "runtime_1debug.readGCStats")]
unsafe extern "C-unwind" fn read_gc_stats(pauses: *mut Slice) {
    let p = &mut *pauses;
    p.len = 3.min(p.cap);
    p.ptr.cast::<u64>().write_bytes(0, p.len as usize);
}

/// `debug.WriteHeapDump`
#[unsafe(export_name = "runtime_1debug.WriteHeapDump")]
extern "C-unwind" fn write_heap_dump(_fd: usize) {
    absent("heap dumps");
}

/// For `debug.ReadBuildInfo`: gccgo records none.
#[unsafe(export_name = "runtime_1debug.modinfo")]
extern "C-unwind" fn modinfo() -> Str {
    Str::EMPTY
}

// runtime/pprof

/// A stack in a profile: up to 32 return addresses, then zeroes.
type StackRecord = [usize; 32];

/// The goroutines, each with its stack and its labels: how many there are, and whether there was
/// room for them.
///
/// Go: mprof.go:1569 goroutineProfileWithLabelsSync
unsafe fn goroutine_profile(records: Slice, labels: Slice) -> IntBool {
    const DEPTH: usize = 128;
    let me = getg(); // :1570
    let room = records.len.max(0) as usize;
    let mut raw = vec![[0usize; DEPTH]; room];
    let mut found: Vec<(usize, *mut c_void)> = Vec::with_capacity(room);
    let stw = stop_the_world(StwReason::GoroutineProfile); // :1579
    let mut n = 1;
    // :1593
    if room > 0 {
        let depth = callers(0, &mut raw[0]);
        found.push((depth, labels_of_go((*me).labels)));
    }
    // :1608, and counted on the way
    systemstack(|| {
        for_each_g_race(&mut |gp| {
            let status = readgstatus(gp);
            if gp == me || status == GDEAD || status == GIDLE || is_system_goroutine(gp, false) {
                return;
            }
            n += 1;
            // Within the capacity: nothing may be allocated here.
            if found.len() < room {
                let depth = gcallers(gp, 0, &mut raw[found.len()]);
                found.push((depth, labels_of_go((*gp).labels)));
            }
        });
    });
    start_the_world(stw); // :1635
    if n > room {
        return IntBool(n as isize, false);
    }
    for (i, &(depth, label)) in found.iter().enumerate() {
        let r = &mut *records.ptr.cast::<StackRecord>().add(i);
        r.fill(0);
        for (to, (pc, _)) in r.iter_mut().zip(go_calls(&raw[i][..depth])) {
            *to = pc;
        }
        if labels.len == records.len {
            *labels.ptr.cast::<*mut c_void>().add(i) = label;
        }
    }
    IntBool(n as isize, true)
}

/// `pprof.Lookup("goroutine")`
#[unsafe(export_name = "runtime_1pprof.runtime__goroutineProfileWithLabels")]
unsafe extern "C-unwind" fn goroutine_profile_with_labels(
    records: Slice,
    labels: Slice,
) -> IntBool {
    goroutine_profile(records, labels)
}

/// `runtime.GoroutineProfile`
#[unsafe(export_name = "runtime.GoroutineProfile")]
unsafe extern "C-unwind" fn runtime_goroutine_profile(records: Slice) -> IntBool {
    goroutine_profile(records, Slice::NIL)
}

/// `pprof.SetGoroutineLabels`
#[unsafe(export_name = "runtime_1pprof.runtime__setProfLabel")]
unsafe extern "C-unwind" fn set_prof_label(labels: *mut c_void) {
    let gp = getg();
    let old = core::mem::replace(&mut (*gp).labels, labels);
    // A signal of the profiler may look in between.
    compiler_fence(SeqCst);
    release_labels(old);
}

/// The labels of the current goroutine.
#[unsafe(export_name = "runtime_1pprof.runtime__getProfLabel")]
unsafe extern "C-unwind" fn get_prof_label() -> *mut c_void {
    labels_of_go((*getg()).labels)
}

/// Repeats the last pc for each call that is inlined there, as `Callers` would have given it.
#[unsafe(export_name = "runtime_1pprof.runtime__expandFinalInlineFrame")]
unsafe extern "C-unwind" fn expand_final_inline_frame(stk: Slice) -> Slice {
    let pcs = stk.of::<usize>();
    let Some(&last) = pcs.last() else { return stk };
    let (pc, index) = decode(last);
    let more = inlined_at(pc - 1).saturating_sub(index);
    if more == 0 {
        return stk;
    }
    let n = pcs.len() + more;
    let p = alloc(n * 8, Contents::Bytes).cast::<usize>();
    for i in 0..n {
        let next = |i| if index == 0 { last } else { encode((pc, index + 1 + i)) };
        p.add(i).write(pcs.get(i).copied().unwrap_or_else(|| next(i - pcs.len())));
    }
    Slice { ptr: p.cast(), len: n as isize, cap: n as isize }
}

/// Cycles of the clock that contention is counted with, per second.
#[unsafe(export_name = "runtime_1pprof.runtime__cyclesPerSecond")]
extern "C-unwind" fn cycles_per_second() -> i64 {
    1_000_000_000
}

/// The same, inlined into package testing.
#[unsafe(export_name = "runtime.tickspersecond")]
extern "C-unwind" fn tickspersecond() -> i64 {
    cycles_per_second()
}

/// `runtime.SetCPUProfileRate`
#[unsafe(export_name = "runtime.SetCPUProfileRate")]
unsafe extern "C-unwind" fn set_cpu_profile_rate(hz: isize) {
    if !gort_cpuprof::cpuprof::set_cpu_profile_rate(Owner::Go, hz) {
        // cpuprof.go:80
        print!("runtime: cannot set cpu profile rate until previous profile has finished.\n");
    }
}

/// Samples, their labels, and whether these are the last.
#[repr(C)]
struct Profile {
    data: Slice,
    tags: Slice,
    eof: bool,
}

/// Samples of the CPU profile; waits for some.
#[unsafe(export_name = "runtime_1pprof.readProfile")]
unsafe extern "C-unwind" fn read_profile() -> Profile {
    let (mut data, mut tags) = (Vec::new(), Vec::new());
    // Another profile is being taken, of GORT_CPUPROFILE or of Rust, so this one's could not begin;
    // pprof.StartCPUProfile reads all the same, and wants a first record at least. The rate is
    // Go's, of which there are no samples.
    let eof = if owns(Owner::Go) {
        read_cpu_profile(Owner::Go, ProfBufReadMode::Blocking, &mut data, &mut tags)
    } else {
        data.extend([3, 0, 100]);
        tags.push(0);
        true
    };
    if data.is_empty() {
        return Profile { data: Slice::NIL, tags: Slice::NIL, eof };
    }
    let words = |words: &[u64], contents| {
        let p = alloc(words.len() * 8, contents).cast::<u64>();
        p.copy_from_nonoverlapping(words.as_ptr(), words.len());
        Slice { ptr: p.cast(), len: words.len() as isize, cap: words.len() as isize }
    };
    for tag in &mut tags {
        let labels = *tag as *mut c_void;
        *tag = labels_of_go(labels).addr() as u64;
        drop(take_labels(labels));
    }
    Profile { data: words(&data, Contents::Bytes), tags: words(&tags, Contents::Runtime), eof }
}

/// Read and written by calls that are inlined into packages pprof and testing.
#[unsafe(export_name = "runtime.blockprofilerate")]
static BLOCK_PROFILE_RATE: AtomicU64 = AtomicU64::new(0);
/// The same.
#[unsafe(export_name = "runtime.mutexprofilerate")]
static MUTEX_PROFILE_RATE: AtomicU64 = AtomicU64::new(0);

/// `runtime.SetBlockProfileRate`
#[unsafe(export_name = "runtime.SetBlockProfileRate")]
extern "C-unwind" fn set_block_profile_rate(rate: isize) {
    BLOCK_PROFILE_RATE.store(rate.max(0) as u64, Relaxed);
    if rate > 0 {
        gort_traceback::fast::renew_walks();
    }
    gort_mprof::set_block_profile_rate(rate as i64);
}

/// `runtime.SetMutexProfileFraction`
#[unsafe(export_name = "runtime.SetMutexProfileFraction")]
extern "C-unwind" fn set_mutex_profile_fraction(rate: isize) -> isize {
    if rate >= 0 {
        MUTEX_PROFILE_RATE.store(rate as u64, Relaxed);
    }
    if rate > 0 {
        gort_traceback::fast::renew_walks();
    }
    gort_mprof::set_mutex_profile_fraction(rate as i64) as isize
}

/// A record, as Go has it.
#[repr(C)]
struct BlockRecord {
    count: i64,
    cycles: i64,
    stack: StackRecord,
}

/// Fills `p`, if all of `found` has room there.
unsafe fn block_records(p: Slice, found: &[gort_mprof::BlockProfileRecord]) -> IntBool {
    if found.len() > p.len.max(0) as usize {
        return IntBool(found.len() as isize, false);
    }
    for (i, r) in found.iter().enumerate() {
        let to = &mut *p.ptr.cast::<BlockRecord>().add(i);
        (to.count, to.cycles) = (r.count, r.cycles);
        to.stack.fill(0);
        for (to, (pc, _)) in to.stack.iter_mut().zip(go_calls(r.stack)) {
            *to = pc;
        }
    }
    IntBool(found.len() as isize, true)
}

/// `runtime.BlockProfile`
#[unsafe(export_name = "gortgo.blockProfile")]
unsafe extern "C-unwind" fn block_profile(p: Slice) -> IntBool {
    block_records(p, &gort_mprof::block_profile())
}

/// `runtime.MutexProfile`
#[unsafe(export_name = "gortgo.mutexProfile")]
unsafe extern "C-unwind" fn mutex_profile(p: Slice) -> IntBool {
    block_records(p, &gort_mprof::mutex_profile())
}

// Calls of package runtime that are inlined into package pprof: NumGoroutine, Gosched, and the body
// of a spinning wait.

/// How many goroutines there are.
#[unsafe(export_name = "runtime.gcount")]
unsafe extern "C-unwind" fn gcount() -> i32 {
    gort_proc::gcount()
}

/// Those that `NumGoroutine` does not count beside the runtime's own: finalizers', which do not
/// exist.
#[unsafe(export_name = "runtime.expectedSystemGoroutines")]
static EXPECTED_SYSTEM_GOROUTINES: AtomicU32 = AtomicU32::new(0);

/// What `Gosched` hands to `mcall`; only its address counts.
#[unsafe(export_name = "runtime.gosched__m..f")]
static GOSCHED_M: FuncVal = FuncVal(core::ptr::null());

/// `mcall(gosched_m)`
#[unsafe(export_name = "runtime.mcall")]
unsafe extern "C-unwind" fn mcall(f: *const FuncVal) {
    if f != &raw const GOSCHED_M {
        gort_proc::throw("mcall of something else than gosched_m");
    }
    gort_proc::gosched();
}

/// Gives the processor away.
#[unsafe(export_name = "runtime.osyield")]
extern "C-unwind" fn osyield() {
    gort_proc::osyield();
}

// runtime/trace

/// Starts a trace; false: there is one.
#[unsafe(export_name = "gortgo.startTrace")]
unsafe extern "C-unwind" fn start_trace() -> bool {
    gort_trace::start_trace().is_ok()
}

/// `runtime.StopTrace`
#[unsafe(export_name = "runtime.StopTrace")]
unsafe extern "C-unwind" fn stop_trace() {
    gort_trace::stop_trace();
}

/// `runtime.ReadTrace`
#[unsafe(export_name = "runtime.ReadTrace")]
unsafe extern "C-unwind" fn read_trace() -> Slice {
    gort_trace::read_trace().map_or(Slice::NIL, |b| Slice {
        ptr: b.as_ptr().cast_mut(),
        len: b.len() as isize,
        cap: b.len() as isize,
    })
}

/// `trace.NewTask`
#[unsafe(export_name = "runtime_1trace.userTaskCreate")]
unsafe extern "C-unwind" fn user_task_create(id: u64, parent: u64, kind: Str) {
    if trace_enabled() {
        trace_user_task_create(id, parent, &kind.text());
    }
}
/// The end of one.
#[unsafe(export_name = "runtime_1trace.userTaskEnd")]
unsafe extern "C-unwind" fn user_task_end(id: u64) {
    trace_user_task_end(id);
}
/// `trace.StartRegion`
#[unsafe(export_name = "runtime_1trace.userRegion")]
unsafe extern "C-unwind" fn user_region(id: u64, mode: u64, kind: Str) {
    if trace_enabled() {
        trace_user_region(id, mode, &kind.text());
    }
}
/// `trace.Log`
#[unsafe(export_name = "runtime_1trace.userLog")]
unsafe extern "C-unwind" fn user_log(id: u64, category: Str, message: Str) {
    if trace_enabled() {
        trace_user_log(id, &category.text(), &message.text());
    }
}

// runtime/metrics

/// `metrics.Sample`
#[repr(C)]
struct Sample {
    name: Str,
    kind: isize,
    scalar: u64,
    pointer: *mut Histogram,
}

/// `metrics.Float64Histogram`
#[repr(C)]
struct Histogram {
    counts: Slice,
    buckets: Slice,
}

unsafe fn go_slice<T: Copy>(v: &[T]) -> Slice {
    let p = alloc(size_of_val(v), Contents::Bytes);
    p.cast::<T>().copy_from_nonoverlapping(v.as_ptr(), v.len());
    Slice { ptr: p, len: v.len() as isize, cap: v.len() as isize }
}

/// A distribution of sizes of which only the number is known.
fn of_any_size(n: u64) -> Value {
    Value::Float64Histogram(metrics::Float64Histogram {
        counts: vec![n],
        buckets: vec![1.0, f64::INFINITY],
    })
}

/// A distribution of times, with nothing in it.
fn no_times() -> Value {
    let mut m = [metrics::Sample::new("/sched/latencies:seconds")];
    metrics::read(&mut m);
    if let Value::Float64Histogram(h) = &mut m[0].value {
        h.counts.fill(0);
    }
    core::mem::take(&mut m[0].value)
}

/// `metrics.Read`. The names of Go 1.18's collector read 0, as there were no collections; what is
/// not known is "bad".
#[unsafe(export_name = "runtime_1metrics.runtime__readMetrics")]
unsafe extern "C-unwind" fn read_metrics(samples: *mut Sample, len: isize, _cap: isize) {
    let mem = crate::mem::stats();
    for i in 0..len.max(0) as usize {
        let s = &mut *samples.add(i);
        let name = s.name.text();
        let value = match name.as_str() {
            "/gc/heap/allocs:bytes" | "/memory/classes/heap/objects:bytes" => {
                Value::Uint64(mem.bytes)
            }
            "/gc/heap/allocs:objects" | "/gc/heap/objects:objects" => Value::Uint64(mem.objects),
            "/memory/classes/heap/unused:bytes" => Value::Uint64(mem.sys.saturating_sub(mem.bytes)),
            "/memory/classes/total:bytes" => Value::Uint64(mem.sys),
            "/gc/cycles/automatic:gc-cycles"
            | "/gc/cycles/forced:gc-cycles"
            | "/gc/cycles/total:gc-cycles"
            | "/gc/heap/frees:bytes"
            | "/gc/heap/frees:objects"
            | "/gc/heap/tiny/allocs:objects" => Value::Uint64(0),
            // As with GOGC=off.
            "/gc/heap/goal:bytes" => Value::Uint64(u64::MAX),
            // Sizes are not noted: all of them are between one byte and any number.
            "/gc/heap/allocs-by-size:bytes" => of_any_size(mem.objects),
            "/gc/heap/frees-by-size:bytes" => of_any_size(0),
            "/gc/pauses:seconds" => no_times(),
            // Nothing that is Go's heap or its collector's is anywhere else.
            _ if name.starts_with("/memory/classes/") => Value::Uint64(0),
            _ => {
                let mut m = [metrics::Sample::new(name)];
                metrics::read(&mut m);
                core::mem::take(&mut m[0].value)
            }
        };
        s.kind = value.kind() as isize;
        match value {
            Value::Uint64(n) => s.scalar = n,
            Value::Float64(x) => s.scalar = x.to_bits(),
            Value::Float64Histogram(h) => {
                s.pointer = alloc_runtime::<Histogram>();
                s.pointer.write(Histogram {
                    counts: go_slice(&h.counts),
                    buckets: go_slice(&h.buckets),
                });
            }
            // Bad. There are no others.
            _ => {}
        }
    }
}
