//! Why a goroutine waits, with Go's strings: they stand in brackets in every traceback.

/// The reason given to `gopark`, printed as `goroutine 7 [chan receive]:`.
///
/// Go: runtime2.go:1058 waitReason
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum WaitReason {
    #[default]
    /// The empty string: not waiting.
    Zero = 0,
    /// `GC assist marking`
    GCAssistMarking = 1,
    /// `IO wait`
    IOWait = 2,
    /// `chan receive (nil chan)`
    ChanReceiveNilChan = 3,
    /// `chan send (nil chan)`
    ChanSendNilChan = 4,
    /// `dumping heap`
    DumpingHeap = 5,
    /// `garbage collection`
    GarbageCollection = 6,
    /// `garbage collection scan`
    GarbageCollectionScan = 7,
    /// `panicwait`
    PanicWait = 8,
    /// `select`
    Select = 9,
    /// `select (no cases)`
    SelectNoCases = 10,
    /// `GC assist wait`
    GCAssistWait = 11,
    /// `GC sweep wait`
    GCSweepWait = 12,
    /// `GC scavenge wait`
    GCScavengeWait = 13,
    /// `chan receive`
    ChanReceive = 14,
    /// `chan send`
    ChanSend = 15,
    /// `finalizer wait`
    FinalizerWait = 16,
    /// `force gc (idle)`
    ForceGCIdle = 17,
    /// `semacquire`
    Semacquire = 18,
    /// `sleep`
    Sleep = 19,
    /// `sync.Cond.Wait`
    SyncCondWait = 20,
    /// `sync.Mutex.Lock`
    SyncMutexLock = 21,
    /// `sync.RWMutex.RLock`
    SyncRWMutexRLock = 22,
    /// `sync.RWMutex.Lock`
    SyncRWMutexLock = 23,
    /// `trace reader (blocked)`
    TraceReaderBlocked = 24,
    /// `wait for GC cycle`
    WaitForGCCycle = 25,
    /// `GC worker (idle)`
    GCWorkerIdle = 26,
    /// `GC worker (active)`
    GCWorkerActive = 27,
    /// `preempted`
    Preempted = 28,
    /// `debug call`
    DebugCall = 29,
    /// `GC mark termination`
    GCMarkTermination = 30,
    /// `stopping the world`
    StoppingTheWorld = 31,
    /// `flushing proc caches`
    FlushProcCaches = 32,
    /// `trace goroutine status`
    TraceGoroutineStatus = 33,
    /// `trace proc status`
    TraceProcStatus = 34,
    /// `page trace flush`
    PageTraceFlush = 35,
    /// `coroutine`
    Coroutine = 36,
    /// `synctest.Run`
    ///
    /// Go 1.25: runtime2.go line 1096 waitReasonSynctestRun
    SynctestRun = 37,
    /// `synctest.Wait`
    SynctestWait = 38,
    /// `chan receive (durable)`
    SynctestChanReceive = 39,
    /// `chan send (durable)`
    SynctestChanSend = 40,
    /// `select (durable)`
    SynctestSelect = 41,
    /// `sync.WaitGroup.Wait (durable)`
    SynctestWaitGroupWait = 42,
    /// `future`: gort's own, `gort::block_on`
    Future = 43,
    /// `future (nobody can wake it)`: gort's own, the same without a waker anywhere
    FutureForever = 44,
}

/// The texts, by number; public for debuggers.
///
/// Go: runtime2.go:1100 waitReasonStrings
pub static WAIT_REASON_STRINGS: [&str; 45] = [
    "",
    "GC assist marking",
    "IO wait",
    "chan receive (nil chan)",
    "chan send (nil chan)",
    "dumping heap",
    "garbage collection",
    "garbage collection scan",
    "panicwait",
    "select",
    "select (no cases)",
    "GC assist wait",
    "GC sweep wait",
    "GC scavenge wait",
    "chan receive",
    "chan send",
    "finalizer wait",
    "force gc (idle)",
    "semacquire",
    "sleep",
    "sync.Cond.Wait",
    "sync.Mutex.Lock",
    "sync.RWMutex.RLock",
    "sync.RWMutex.Lock",
    "trace reader (blocked)",
    "wait for GC cycle",
    "GC worker (idle)",
    "GC worker (active)",
    "preempted",
    "debug call",
    "GC mark termination",
    "stopping the world",
    "flushing proc caches",
    "trace goroutine status",
    "trace proc status",
    "page trace flush",
    "coroutine",
    "synctest.Run",
    "synctest.Wait",
    "chan receive (durable)",
    "chan send (durable)",
    "select (durable)",
    "sync.WaitGroup.Wait (durable)",
    "future",
    "future (nobody can wake it)",
];

impl WaitReason {
    /// Go's text for the reason.
    ///
    /// Go: runtime2.go:1140 String
    #[doc(alias = "String")]
    pub fn string(self) -> &'static str {
        // :1141 cannot be out of range: the enum has no other values.
        WAIT_REASON_STRINGS[self as usize]
    }

    /// Whether the wait is for a `sync.Mutex` or `sync.RWMutex`: its time counts as mutex wait
    /// time.
    ///
    /// Go: runtime2.go:1147 isMutexWait
    #[doc(alias = "isMutexWait")]
    pub fn is_mutex_wait(self) -> bool {
        // :1148
        matches!(self, Self::SyncMutexLock | Self::SyncRWMutexRLock | Self::SyncRWMutexLock)
    }

    /// Whether the goroutine waits for (or on behalf of) a stop of the world or a collection.
    ///
    /// Go: runtime2.go:1153 isWaitingForGC
    #[doc(alias = "isWaitingForGC")]
    pub fn is_waiting_for_gc(self) -> bool {
        // :1154, and the table at :1163
        matches!(
            self,
            Self::StoppingTheWorld
                | Self::GCMarkTermination
                | Self::GarbageCollection
                | Self::GarbageCollectionScan
                | Self::TraceGoroutineStatus
                | Self::TraceProcStatus
                | Self::PageTraceFlush
                | Self::GCAssistMarking
                | Self::GCWorkerActive
                | Self::FlushProcCaches
        )
    }

    /// Whether a goroutine that waits so in a bubble is durably blocked: nothing outside of the
    /// bubble can wake it.
    ///
    /// Go 1.25: runtime2.go line 1191 isIdleInSynctest
    #[doc(alias = "isIdleInSynctest")]
    pub fn is_idle_in_synctest(self) -> bool {
        matches!(
            self,
            Self::ChanReceiveNilChan
                | Self::ChanSendNilChan
                | Self::SelectNoCases
                | Self::Sleep
                | Self::SyncCondWait
                | Self::SynctestWaitGroupWait
                | Self::Coroutine
                | Self::SynctestRun
                | Self::SynctestWait
                | Self::SynctestChanReceive
                | Self::SynctestChanSend
                | Self::SynctestSelect
        )
    }

    /// Whether a goroutine that waits so can only be woken by another one: what a deadlock consists
    /// of. gort's own.
    pub fn is_asleep(self) -> bool {
        self.is_idle_in_synctest()
            && !matches!(self, Self::Sleep | Self::SynctestRun | Self::SynctestWait)
            || self.is_mutex_wait()
            || matches!(
                self,
                Self::ChanReceive
                    | Self::ChanSend
                    | Self::Select
                    | Self::Semacquire
                    | Self::FutureForever
            )
    }
}
