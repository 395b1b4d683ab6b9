//! The numbers that compilers and the runtime agree on: Go's internal/abi/symtab.go.

/// The outermost function of its stack: a walk ends here, and is complete.
///
/// Go (internal/abi): symtab.go:17 FuncFlagTopFrame
pub const FUNC_FLAG_TOP_FRAME: u8 = 1;
/// Sets sp to something that no table can tell: a walk cannot go beyond.
///
/// Go (internal/abi): symtab.go:26 FuncFlagSPWrite
pub const FUNC_FLAG_SP_WRITE: u8 = 2;
/// Written in assembly: one of the runtime's stubs.
///
/// Go (internal/abi): symtab.go:29 FuncFlagAsm
pub const FUNC_FLAG_ASM: u8 = 4;
/// gort's own: the function does not compare sp with the guard at its entry, so its frame must fit
/// into what the guard keeps free.
pub const FUNC_FLAG_NOSPLIT: u8 = 0x80;

/// A function of which the runtime knows more than its tables say. Those without a use here keep
/// their numbers.
///
/// Go (internal/abi): symtab.go:36 FuncID
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuncID(pub u8);

#[allow(missing_docs, reason = "named as the functions that they stand for")]
impl FuncID {
    pub const NORMAL: Self = Self(0);
    pub const ABORT: Self = Self(1);
    pub const ASMCGOCALL: Self = Self(2);
    pub const ASYNC_PREEMPT: Self = Self(3);
    pub const CGOCALLBACK: Self = Self(4);
    pub const COROSTART: Self = Self(5);
    pub const DEBUG_CALL_V2: Self = Self(6);
    pub const GC_BG_MARK_WORKER: Self = Self(7);
    pub const GOEXIT: Self = Self(8);
    pub const GOGO: Self = Self(9);
    pub const GOPANIC: Self = Self(10);
    pub const HANDLE_ASYNC_EVENT: Self = Self(11);
    pub const MCALL: Self = Self(12);
    pub const MORESTACK: Self = Self(13);
    pub const MSTART: Self = Self(14);
    pub const PANICWRAP: Self = Self(15);
    pub const RT0_GO: Self = Self(16);
    pub const RUNFINQ: Self = Self(17);
    pub const RUNTIME_MAIN: Self = Self(18);
    pub const SIGPANIC: Self = Self(19);
    pub const SYSTEMSTACK: Self = Self(20);
    pub const SYSTEMSTACK_SWITCH: Self = Self(21);
    /// Made by the compiler; tracebacks hide it.
    pub const WRAPPER: Self = Self(22);
}

/// The size of a function's arguments is not known. Only Go's own tables have it: managed code must
/// say.
///
/// Go (internal/abi): symtab.go:71 ArgsSizeUnknown
pub const ARGS_SIZE_UNKNOWN: i32 = -0x8000_0000;

/// Go (internal/abi): symtab.go:77 PCDATA_UnsafePoint
pub const PCDATA_UNSAFE_POINT: u32 = 0;
/// Go (internal/abi): symtab.go:78 PCDATA_StackMapIndex
pub const PCDATA_STACK_MAP_INDEX: u32 = 1;
/// Go (internal/abi): symtab.go:79 PCDATA_InlTreeIndex
pub const PCDATA_INL_TREE_INDEX: u32 = 2;

/// Go (internal/abi): symtab.go:82 FUNCDATA_ArgsPointerMaps
pub const FUNCDATA_ARGS_POINTER_MAPS: u8 = 0;
/// Go (internal/abi): symtab.go:83 FUNCDATA_LocalsPointerMaps
pub const FUNCDATA_LOCALS_POINTER_MAPS: u8 = 1;
/// Go (internal/abi): symtab.go:84 FUNCDATA_StackObjects
pub const FUNCDATA_STACK_OBJECTS: u8 = 2;
/// Go (internal/abi): symtab.go:85 FUNCDATA_InlTree
pub const FUNCDATA_INL_TREE: u8 = 3;

/// An asynchronous preemption may happen here.
///
/// Go (internal/abi): symtab.go:94 UnsafePointSafe
pub const UNSAFE_POINT_SAFE: i32 = -1;
/// It may not.
///
/// Go (internal/abi): symtab.go:95 UnsafePointUnsafe
pub const UNSAFE_POINT_UNSAFE: i32 = -2;
/// It may; the goroutine then continues at the beginning of this sequence.
///
/// Go (internal/abi): symtab.go:102 UnsafePointRestart1
pub const UNSAFE_POINT_RESTART1: i32 = -3;
/// The same, for a sequence next to one of the first kind.
///
/// Go (internal/abi): symtab.go:103 UnsafePointRestart2
pub const UNSAFE_POINT_RESTART2: i32 = -4;
/// It may; the goroutine then continues at the function's entry.
///
/// Go (internal/abi): symtab.go:106 UnsafePointRestartAtEntry
pub const UNSAFE_POINT_RESTART_AT_ENTRY: i32 = -5;

/// The size of a bucket of the table from pc to function.
///
/// Go (internal/abi): symtab.go:111 FuncTabBucketSize
pub const FUNC_TAB_BUCKET_SIZE: usize = 256 * 16;
