"""Goroutines for gdb, in a live process or a core file of a gort program.

    (gdb) source tools/gdb/gort-gdb.py
    (gdb) info goroutines          all goroutines: number, state, where
    (gdb) goroutine 5 bt           the stack of goroutine 5
    (gdb) goroutine all bt         all stacks
    (gdb) goroutine 5 COMMAND      any command, in the frame where goroutine 5 stands

A goroutine that waits has no thread. Its registers are in its G; the script gives gdb's unwinder a frame that says so,
which works in a core file too. (gdb's own generate-core-file gives up at the first page of a memory mapping that it
cannot read, such as a guard page, and so leaves goroutine stacks out; the kernel does not. Run the program with
GORTGUARD=mprotect if gdb is to write the core file.) A goroutine that runs is its thread's business: the script switches to that thread.

No debug information of the runtime is needed, only the symbol `gort_gdb`: a table of addresses and offsets, see
gort/src/debugger.rs.
"""

import struct

import gdb
from gdb.unwinder import Unwinder

FIELDS = """allgptr allglen wait_reasons n_wait_reasons g_goid g_status g_waitreason g_waitsince g_stack_lo g_stack_hi
g_sched_sp g_sched_pc g_sched_bp g_m g_startpc g_gopc g_parent_goid g_lockedm m_id m_procid m_curg""".split()

STATES = {0: "idle", 1: "runnable", 2: "running", 3: "syscall", 4: "waiting", 6: "dead", 8: "copystack", 9: "preempted"}
SCAN = 0x1000


def memory(addr, n):
    return bytes(gdb.selected_inferior().read_memory(addr, n))


def word(addr):
    return struct.unpack("<Q", memory(addr, 8))[0]


def text(addr):
    """A Rust &'static str: pointer and length."""
    p, n = struct.unpack("<QQ", memory(addr, 16))
    return memory(p, n).decode() if n else ""


def value(expression):
    language = gdb.parameter("language")
    gdb.execute("set language c", to_string=True)
    try:
        return int(gdb.parse_and_eval(expression)) & (1 << 64) - 1
    finally:
        gdb.execute("set language " + language, to_string=True)


def table():
    try:
        addr = value("(unsigned long)&gort_gdb")
    except gdb.error:
        raise gdb.GdbError("no symbol gort_gdb: not a gort program, or a stripped one")
    try:
        head = memory(addr, 16)
        if head[:8] != b"gortgdb1":
            raise gdb.GdbError("gort_gdb is not the table this script knows")
        n = min(struct.unpack("<Q", head[8:])[0] // 8 - 2, len(FIELDS))
        return dict(zip(FIELDS, struct.unpack("<%dQ" % n, memory(addr + 16, 8 * n))))
    except gdb.MemoryError:
        raise gdb.GdbError("the program does not run")


class G:
    """A goroutine."""

    def __init__(self, t, addr):
        self.addr = addr
        self.goid = word(addr + t["g_goid"])
        self.status = struct.unpack("<I", memory(addr + t["g_status"], 4))[0]
        self.pc = word(addr + t["g_sched_pc"])
        self.sp = word(addr + t["g_sched_sp"])
        self.bp = word(addr + t["g_sched_bp"])
        m = word(addr + t["g_m"])
        self.thread = word(m + t["m_procid"]) if m else 0
        self.state = STATES.get(self.status & ~SCAN, "state %d" % self.status)
        if self.state == "waiting":
            r = memory(addr + t["g_waitreason"], 1)[0]
            if 0 < r < t["n_wait_reasons"]:
                self.state = text(t["wait_reasons"] + 16 * r)
        if self.status & SCAN:
            self.state += " (scan)"

    def dead(self):
        return self.status & ~SCAN in (0, 6)

    def on_thread(self):
        return self.status & ~SCAN in (2, 3) and self.thread != 0


def goroutines():
    t = table()
    array, n = word(t["allgptr"]), word(t["allglen"])
    gs = [G(t, word(array + 8 * i)) for i in range(n)]
    return sorted((g for g in gs if not g.dead()), key=lambda g: g.goid)


def thread_of(g):
    for th in gdb.selected_inferior().threads():
        if th.ptid[1] == g.thread or th.ptid[2] == g.thread:
            return th
    return None


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class ParkedUnwinder(Unwinder):
    """While `target` is a goroutine, the innermost frame of the selected thread is "called by" that goroutine."""

    def __init__(self):
        super().__init__("gort")
        self.target = None
        self.at = None

    def __call__(self, frame):
        if self.target is None:
            return None
        pc, sp = frame.read_register("rip"), frame.read_register("rsp")
        if (int(pc), int(sp)) != self.at:
            return None
        g = self.target
        # Stacks grow down, and gdb checks it: the frame that is left has to look as if it were below the goroutine's.
        info = frame.create_unwind_info(FrameId(gdb.Value(g.sp - 128).cast(sp.type), pc))
        info.add_saved_register("rip", gdb.Value(g.pc).cast(pc.type))
        info.add_saved_register("rsp", gdb.Value(g.sp).cast(sp.type))
        info.add_saved_register("rbp", gdb.Value(g.bp).cast(sp.type))
        return info


UNWINDER = ParkedUnwinder()
gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)
gdb.execute("handle SIGURG nostop noprint pass", to_string=True)


class At:
    """Selects the place where a goroutine stands; restores thread and frame afterwards."""

    def __init__(self, g):
        self.g = g

    def __enter__(self):
        self.thread = gdb.selected_thread()
        if self.thread is None:
            raise gdb.GdbError("the program does not run")
        self.frame = gdb.selected_frame().level()
        if self.g.on_thread():
            th = thread_of(self.g)
            if th is None:
                raise gdb.GdbError("the thread of goroutine %d is gone" % self.g.goid)
            th.switch()
            gdb.newest_frame().select()
            return gdb.newest_frame()
        top = gdb.newest_frame()
        UNWINDER.at = (int(top.read_register("rip")), int(top.read_register("rsp")))
        UNWINDER.target = self.g
        gdb.invalidate_cached_frames()
        f = gdb.newest_frame()
        while f is not None and int(f.read_register("rsp")) != self.g.sp:
            f = f.older()
        if f is None:
            raise gdb.GdbError("cannot unwind goroutine %d" % self.g.goid)
        f.select()
        return f

    def __exit__(self, *_):
        UNWINDER.target = None
        gdb.invalidate_cached_frames()
        self.thread.switch()
        gdb.execute("frame %d" % self.frame, to_string=True)
        return False


def safe_at(g):
    """`At`, undone if it fails half-way."""
    at = At(g)
    try:
        return at, at.__enter__()
    except BaseException:
        if getattr(at, "frame", None) is not None:
            at.__exit__()
        raise


def symbol(pc):
    """The symbol at pc, with an offset unless pc is the first instruction of a function."""
    s = gdb.execute("info symbol %#x" % pc, to_string=True)
    return "??" if s.startswith("No symbol") else s.split(" in section")[0].strip()


def describe(f):
    at = symbol(f.pc())
    # A goroutine that has not begun: gdb looks for the call before its pc, which is in another function, or in none.
    name = at if at != "??" and " + " not in at else f.name() or at
    sal = f.find_sal()
    where = " at %s:%d" % (sal.symtab.filename, sal.line) if sal.symtab and sal.line else ""
    return name, where


# A call from one stack to another is in a part of __morestack: see asm/src/morestack_amd64.rs.
SKIP = ("gort_", "__morestack", "std::", "core::", "alloc::")


def user_frame(f):
    """The first frame that is the program's own, or the innermost one."""
    first = f
    for _ in range(64):
        if f is None:
            break
        name = f.name() or ""
        if name and not name.lstrip("<").startswith(SKIP) and "{impl#" not in name.split("::")[0]:
            if not name.startswith(("gort::", "gort.")):
                return f
        try:
            f = f.older()
        except gdb.error:
            break
    return first


def find(goid):
    for g in goroutines():
        if g.goid == goid:
            return g
    raise gdb.GdbError("no goroutine %d" % goid)


class InfoGoroutines(gdb.Command):
    """All goroutines: number, state, thread if it has one, and where it is.

The one that the selected thread runs is marked with an asterisk."""

    def __init__(self):
        super().__init__("info goroutines", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, arg, from_tty):
        th = gdb.selected_thread()
        ids = th.ptid[1:] if th else ()
        for g in goroutines():
            mark = "*" if g.on_thread() and g.thread in ids else " "
            thread = " LWP %d" % g.thread if g.on_thread() else ""
            try:
                at, f = safe_at(g)
                try:
                    name, where = describe(user_frame(f))
                finally:
                    at.__exit__()
            except gdb.error as e:
                name, where = "?", " (%s)" % e
            gdb.write("%s %d [%s]%s %s%s\n" % (mark, g.goid, g.state, thread, name, where))


class Goroutine(gdb.Command):
    """Runs a command where a goroutine stands.

usage: goroutine NUMBER|all COMMAND, as in `goroutine 5 bt` and `goroutine all bt`"""

    def __init__(self):
        super().__init__("goroutine", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, arg, from_tty):
        which, _, command = arg.strip().partition(" ")
        command = command.strip() or "bt"
        if which == "all":
            for g in goroutines():
                gdb.write("goroutine %d [%s]:\n" % (g.goid, g.state))
                try:
                    self.run(g, command)
                except gdb.error as e:
                    gdb.write("  %s\n" % e)
                gdb.write("\n")
            return
        try:
            goid = int(which, 0)
        except ValueError:
            raise gdb.GdbError("usage: goroutine NUMBER|all COMMAND")
        self.run(find(goid), command)

    def run(self, g, command):
        at, f = safe_at(g)
        try:
            if command in ("bt", "backtrace", "where"):
                n = 0
                while f is not None:
                    name, where = describe(f)
                    gdb.write("#%-3d 0x%016x in %s%s\n" % (n, f.pc(), name, where))
                    n += 1
                    f = f.older()
            else:
                gdb.execute(command)
        finally:
            at.__exit__()


InfoGoroutines()
Goroutine()
