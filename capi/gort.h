/* gort.h: goroutines, channels and Go's scheduler for C, C++, and languages that speak C's calling conventions.
 *
 *     #include <gort.h>
 *     #include <stdio.h>
 *
 *     static void hello(void *c) {
 *         int n = 42;
 *         gort_chan_send(c, &n);
 *     }
 *
 *     static void program(void *arg) {
 *         (void)arg;
 *         gort_chan *c = gort_chan_make(sizeof(int), 0);
 *         gort_go(hello, c);
 *         int n;
 *         gort_chan_recv(c, &n);
 *         printf("%d\n", n);
 *         gort_chan_free(c);
 *     }
 *
 *     int main(void) { gort_run(program, NULL); }
 *
 *     cc hello.c $(pkg-config --cflags --libs gort)
 *
 * Or link libgort.a with -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc (pkg-config --static). One runtime per process.
 *
 * WHERE. Functions may be called on any thread. A function that blocks parks the goroutine, and its thread runs others meanwhile. A
 * thread that the runtime has not started is a goroutine of its own for as long as a call takes, or from gort_enter to gort_leave; the
 * first call of all starts the runtime, if neither gort_run nor gort_start has.
 *
 * THREADS. A goroutine may continue on another thread after each call that can block. A function that makes such a call must not use
 * a thread-local variable (__thread, _Thread_local, thread_local) directly, not even once before and once after: the compiler
 * computes its address once for the function and keeps it. Reach it through a function that is marked __attribute__((noinline)) and
 * makes no such call. `errno` is one of them, and this header makes it right: it stands for *gort_errno(), which is looked up
 * each time. Include it in each file that uses errno and calls what can block. (GORT_NO_ERRNO, defined before, keeps the C library's.)
 * gort_lock_os_thread keeps a goroutine where it is.
 *
 * TIME. Durations are nanoseconds in an int64_t (GORT_MILLISECOND, GORT_SECOND); for time-outs a negative one means for ever, 0
 * without waiting.
 *
 * ERRORS. What Go calls a panic (a null pointer, close of a closed channel) is one here, with Go's text: gort_recover catches it,
 * otherwise it ends the program with a traceback and status 2. What Go calls fatal (a deadlock, unlock of an unlocked mutex, an
 * overflowing stack) ends the program. Functions that return an int error return 0 or a negative errno.
 *
 * STACKS are 256 KiB (environment: GORTSTACK=1M), of which only what is touched costs memory. 32 KiB of it, and as much below, are a
 * guard: overflowing a stack ends the program with Go's report, if no frame is larger than 64 KiB or the code is compiled with
 * -fstack-clash-protection (gcc has it off, unless the system's builders turned it on). Else a large frame may step over the guard,
 * unseen, into another goroutine's stack. Compile with unwind tables (the default of gcc and clang on x86-64): tracebacks, gort_recover and
 * gort_goroutine_exit walk through C frames. C has no destructors, so what a function holds when a panic leaves it stays held;
 * with -fexceptions gcc's __attribute__((cleanup)) runs, as destructors do in C++.
 *
 * C++ exceptions may be thrown and caught on goroutines, also around calls that block in catch blocks and destructors. The C++
 * runtime has to be there when gort starts: linked, or loaded.
 */
#ifndef GORT_H
#define GORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef GORT_NO_ERRNO
#include <errno.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GORT_NORETURN __attribute__((noreturn))
#else
#define GORT_NORETURN
#endif

/* --- version ---------------------------------------------------------------------------------------------------- */

/* Of this header. */
#define GORT_VERSION_MAJOR 0
#define GORT_VERSION_MINOR 1
#define GORT_VERSION_PATCH 0
#define GORT_VERSION ((GORT_VERSION_MAJOR << 16) | (GORT_VERSION_MINOR << 8) | GORT_VERSION_PATCH)

/* Of the library that the program runs with, in the same form, and as "0.1.0". On any thread, at any time. */
uint32_t gort_version(void);
const char *gort_version_string(void);

/* Ends the program with a message and status 2 if a program compiled with this version of the header cannot run with the library:
 * if that is older, or so much newer that something has changed (before 1.0.0: the minor number, later the major one). On any
 * thread, at any time: first of all in main.
 *
 *     GORT_CHECK_VERSION();
 */
void gort_check_version(uint32_t header);
#define GORT_CHECK_VERSION() gort_check_version(GORT_VERSION)

/* --- the program ------------------------------------------------------------------------------------------------ */

/* Starts the runtime on this thread and runs main(arg) as the main goroutine. When it returns, the process exits with
 * status 0, whatever other goroutines do. Reads GOMAXPROCS, GODEBUG, GOTRACEBACK as Go does. On the program's first thread. */
GORT_NORETURN void gort_run(void (*main)(void *), void *arg);

/* For a program that has a main loop of its own, or that loads libgort.so (dlopen, ctypes): starts the runtime beside it and returns.
 * The process ends when the host wants it to, and goroutines that all wait are no deadlock. Started again, it is joined. A fatal
 * error aborts the process, as in a Go library. */
void gort_start(void);

/* Undoes one gort_start. With the last one goroutines stop where they are, at their next call of this header, for good; nothing of
 * theirs is freed. A later call, on any thread, ends the process with a message. The library stays loaded after dlclose. Not on a
 * goroutine. */
void gort_shutdown(void);

/* Make the calling thread, which the runtime has not started, a goroutine, and undo it: cheaper than one by one if there are many
 * calls, and gort_goid is its own. Other goroutines lack the processor meanwhile, so what blocks the thread stands outside, or
 * between gort_blocking_begin and gort_blocking_end. They may be nested, and do nothing on a goroutine. */
void gort_enter(void);
void gort_leave(void);

/* Runs fn(arg) on a goroutine and waits until it has returned; on a goroutine, right there. */
void gort_call(void (*fn)(void *), void *arg);

/* Go's os.Exit: ends the process at once with this status (0 to 255). Goroutines are not unwound; what atexit has registered runs and
 * stdio is flushed. On any thread. */
GORT_NORETURN void gort_exit(int status);

/* Go's `go fn(arg)`: does not wait. A null fn is fatal ("go of nil func value"). */
void gort_go(void (*fn)(void *), void *arg);

/* The same on a segmented stack: it begins with 16 KiB and grows with each call of code that was compiled with gcc's or clang's
 * -fsplit-stack, up to 1 GB. Other code that it calls (the C library) has 128 KiB at least. For libgort.a only, and to be linked
 * without -fsplit-stack. longjmp must not leave a function for a caller on an older segment; exceptions may. */
void gort_go_segmented(void (*fn)(void *), void *arg);

/* Go's runtime.Gosched, runtime.Goexit, runtime.NumGoroutine, runtime.NumCPU, runtime.GOMAXPROCS (n < 1 only asks);
 * the number of the calling goroutine, as tracebacks show it. gort_num_cpu may be called anywhere. */
void gort_gosched(void);
GORT_NORETURN void gort_goroutine_exit(void);
int gort_num_goroutine(void);
int gort_num_cpu(void);
int gort_gomaxprocs(int n);
uint64_t gort_goid(void);

/* Go's runtime.LockOSThread and UnlockOSThread. */
void gort_lock_os_thread(void);
void gort_unlock_os_thread(void);

/* For loops that call nothing else of this header: lets others run if it is time, and the world be stopped. */
void gort_preempt_check(void);

/* Around what may block the thread: a system call, a foreign library. Other goroutines run meanwhile. Both are to be
 * called by the same function, and nothing else of this header in between.
 *
 *     gort_blocking_begin();
 *     ssize_t n = read(file, buffer, sizeof buffer);
 *     int error = errno;
 *     gort_blocking_end();
 */
void gort_blocking_begin(void);
void gort_blocking_end(void);

/* Where errno is now. The C library declares its own such function const, so compilers keep what it returned. */
int *gort_errno(void);
#ifndef GORT_NO_ERRNO
#undef errno
#define errno (*gort_errno())
#endif

/* --- panics ----------------------------------------------------------------------------------------------------- */

/* Go's panic(text). The text is copied. */
GORT_NORETURN void gort_panic(const char *text);

/* Calls f(arg) as Go calls a function that defers a recover. Null if it has returned; the text of the panic if one has left it, raised
 * by gort_panic, by a function of this header, or by code of Rust below: to be freed with free(). The stack has been unwound (no
 * setjmp is involved), so frames in between need unwind tables; C++ destructors have run. gort_goroutine_exit passes through.
 *
 *     char *text = gort_recover(parse, &input);
 *     if (text) {
 *         fprintf(stderr, "%s\n", text);
 *         free(text);
 *     }
 */
char *gort_recover(void (*f)(void *), void *arg);

/* --- channels --------------------------------------------------------------------------------------------------- */

/* Go's channels. Elements are moved as bytes; they are smaller than 64 KiB. A null channel blocks for ever. */
typedef struct gort_chan gort_chan;

/* Panics if there cannot be so large a channel. Never null. */
gort_chan *gort_chan_make(size_t elem_size, size_t capacity);
/* Nobody may use or wait on it any more. That of a timer is freed with its timer. Null: nothing. */
void gort_chan_free(gort_chan *c);
/* Blocks until somebody receives, or there is room. Panics if the channel is closed, now or meanwhile. */
void gort_chan_send(gort_chan *c, const void *elem);
/* Blocks. False, and zeroes in *elem, if the channel is closed and empty. elem may be null. */
bool gort_chan_recv(gort_chan *c, void *elem);
/* Without waiting: false if it would have to. */
bool gort_chan_try_send(gort_chan *c, const void *elem);
/* *ok, if not null, is what gort_chan_recv would have returned. */
bool gort_chan_try_recv(gort_chan *c, void *elem, bool *ok);
/* The same, waiting at most so long. 0, -ETIMEDOUT, or -EPIPE if the channel is closed (for a receive: and empty; *elem is
 * zeroes then), now or meanwhile: no panic. An element that is there when the time has passed is received. */
int gort_chan_send_timeout(gort_chan *c, const void *elem, int64_t nanoseconds);
int gort_chan_recv_timeout(gort_chan *c, void *elem, int64_t nanoseconds);
/* Panics if it is closed already, or null. */
void gort_chan_close(gort_chan *c);
size_t gort_chan_len(gort_chan *c);
size_t gort_chan_cap(gort_chan *c);

/* One case of a select. */
typedef struct {
    gort_chan *c; /* null: never happens */
    void *elem;   /* what is sent, or where it is received (may be null) */
    bool send;
    bool ok;      /* after the select, for the receive that happened: whether it got a value */
} gort_case;

/* Go's select statement: waits until one of the cases can go ahead; of several, each is equally likely. The index of
 * the one that did, or -1 with has_default if none can. At most 32767 cases. A send on a closed channel panics.
 *
 *     int n;
 *     gort_case cases[2] = {{numbers, &n, false, false}, {quit, NULL, false, false}};
 *     if (gort_select(cases, 2, false) == 0 && cases[0].ok) printf("%d\n", n);
 */
ptrdiff_t gort_select(gort_case *cases, size_t n, bool has_default);
/* The same, waiting at most so long: -1 if the time has passed and none could. */
ptrdiff_t gort_select_timeout(gort_case *cases, size_t n, int64_t nanoseconds);

/* --- variables of a goroutine ----------------------------------------------------------------------------------- */

/* A variable that each goroutine has for itself, as pthread_key_create makes them for threads; it goes with the goroutine from thread
 * to thread. Keys are for the whole run of the program, and are not freed. The value is null until it is set, and inherits nothing.
 * When the goroutine's function has ended, by returning, a panic or gort_goroutine_exit, the destructor (may be null) is called with
 * each value that is not null, on the goroutine, the key used last first; it may block. The value is null by then, and to set it
 * again is a panic. On a thread that the runtime has not started the variables are the thread's, and end with it.
 *
 *     static gort_local *name;                      (name = gort_local_new(free) at start)
 *     gort_local_set(name, strdup("worker"));
 *     puts(gort_local_get(name));
 */
typedef struct gort_local gort_local;

gort_local *gort_local_new(void (*destructor)(void *));
void *gort_local_get(const gort_local *local);
void gort_local_set(const gort_local *local, void *value);

/* --- time ------------------------------------------------------------------------------------------------------- */

#define GORT_MICROSECOND INT64_C(1000)
#define GORT_MILLISECOND INT64_C(1000000)
#define GORT_SECOND INT64_C(1000000000)

/* Go's time.Sleep: blocks for at least so long; not at all if it is not positive. */
void gort_sleep(int64_t nanoseconds);

/* The clock of timers: nanoseconds of CLOCK_MONOTONIC. On any thread, at any time. */
int64_t gort_nanotime(void);

/* Go's time.Timer and time.Ticker. None of these functions blocks; they may be called by several goroutines at once. */
typedef struct gort_timer gort_timer;

/* Sends the time (an int64_t of gort_nanotime) on its channel once, so long from now; a ticker again and again. The channel holds one
 * element: a slow receiver misses ticks. A ticker's interval must be positive, or it panics. Never null.
 *
 *     gort_timer *t = gort_ticker_new(100 * GORT_MILLISECOND);
 *     for (int i = 0; i < 3; i++) gort_chan_recv(gort_timer_chan(t), NULL);
 *     gort_timer_free(t);
 */
gort_timer *gort_timer_new(int64_t nanoseconds);
gort_timer *gort_ticker_new(int64_t nanoseconds);
/* Go's time.AfterFunc: calls f(arg) on a goroutine of its own. It has no channel. */
gort_timer *gort_after_func(int64_t nanoseconds, void (*f)(void *), void *arg);
/* Its channel, which belongs to it; null for gort_after_func. */
gort_chan *gort_timer_chan(gort_timer *timer);
/* Prevents it from firing: true if it was going to. No value that was sent before can be received afterwards. A function that has
 * begun goes on. */
bool gort_timer_stop(gort_timer *timer);
/* It fires so long from now (a ticker: from then on at such intervals). True if it was going to fire. */
bool gort_timer_reset(gort_timer *timer, int64_t nanoseconds);
/* Stops and frees it, with its channel. Nobody may use either any more. Null: nothing. */
void gort_timer_free(gort_timer *timer);

/* Go's time.After: the channel of a new timer, to be freed with gort_chan_free, which stops the timer. */
gort_chan *gort_after(int64_t nanoseconds);

/* --- descriptors ------------------------------------------------------------------------------------------------ */

#define GORT_READ 1
#define GORT_WRITE 2

/* Blocks the goroutine, not the thread, until the descriptor can be read (or has ended, or has an error) or written: mode is one of
 * the two. 0, or -ETIMEDOUT, -EBADF, -EINVAL (another mode), or what epoll_ctl says: -EPERM for what cannot be waited for. A plain file
 * is always ready. Several goroutines may wait for the same descriptor. It must not be closed meanwhile.
 *
 *     while ((n = read(fd, buffer, sizeof buffer)) < 0 && errno == EAGAIN)   (fd is O_NONBLOCK)
 *         if ((error = gort_poll(fd, GORT_READ, 5 * GORT_SECOND)) < 0) return error;
 */
int gort_poll(int fd, int mode, int64_t timeout);

/* The same for a descriptor that is waited for often: the runtime's poller knows it until gort_fd_close, which saves two system calls
 * each time. 0 and a handle in *out, or a negative errno, -EEXIST if there is a handle for it already. */
typedef struct gort_fd gort_fd;
int gort_fd_open(int fd, gort_fd **out);
/* As gort_poll. One goroutine waits in each mode, further ones queue behind it. -EBADF when it is closed meanwhile. */
int gort_fd_wait(gort_fd *f, int mode, int64_t timeout);
/* Wakes who waits, and frees the handle. Does not close the descriptor: do that afterwards. Null: nothing. */
void gort_fd_close(gort_fd *f);

/* --- package sync ----------------------------------------------------------------------------------------------- */

/* All are ready to use when they are zero, and must not be moved while they are used. */
typedef struct {
    int32_t state;
    uint32_t sema;
} gort_mutex;

/* Blocks. */
void gort_mutex_lock(gort_mutex *m);
bool gort_mutex_try_lock(gort_mutex *m);
/* Waits at most so long; false if it has not locked. So do all below that end in _timeout. */
bool gort_mutex_lock_timeout(gort_mutex *m, int64_t nanoseconds);
/* Any goroutine may. Fatal if it is not locked. */
void gort_mutex_unlock(gort_mutex *m);

typedef struct {
    gort_mutex w;
    uint32_t writer_sem, reader_sem;
    uint64_t reader_count;
    int32_t reader_wait;
} gort_rwmutex;

void gort_rwmutex_lock(gort_rwmutex *m);
bool gort_rwmutex_try_lock(gort_rwmutex *m);
bool gort_rwmutex_lock_timeout(gort_rwmutex *m, int64_t nanoseconds);
void gort_rwmutex_unlock(gort_rwmutex *m);
void gort_rwmutex_rlock(gort_rwmutex *m);
bool gort_rwmutex_try_rlock(gort_rwmutex *m);
bool gort_rwmutex_rlock_timeout(gort_rwmutex *m, int64_t nanoseconds);
void gort_rwmutex_runlock(gort_rwmutex *m);

typedef struct {
    uint64_t state;
    uint64_t sema;
} gort_waitgroup;

/* Panics if the counter becomes negative. */
void gort_waitgroup_add(gort_waitgroup *wg, ptrdiff_t delta);
void gort_waitgroup_done(gort_waitgroup *wg);
/* Blocks until it is 0. */
void gort_waitgroup_wait(gort_waitgroup *wg);
/* False if it was not 0 in time. */
bool gort_waitgroup_wait_timeout(gort_waitgroup *wg, int64_t nanoseconds);

/* A condition variable. gort_cond_wait unlocks the mutex, blocks until it is signalled, and locks the mutex again; look at the
 * condition in a loop.
 *
 *     gort_mutex_lock(&m);
 *     while (!ready) gort_cond_wait(&c, &m);
 *     gort_mutex_unlock(&m);
 */
typedef struct {
    uint32_t wait, notify;
    uintptr_t lock;
    void *head, *tail, *vacant;
} gort_cond;

void gort_cond_wait(gort_cond *c, gort_mutex *m);
/* False if it was not signalled in time; the mutex is locked either way. A signal is never lost on one whose time has run out. */
bool gort_cond_wait_timeout(gort_cond *c, gort_mutex *m, int64_t nanoseconds);
void gort_cond_signal(gort_cond *c);
void gort_cond_broadcast(gort_cond *c);

typedef struct {
    uint32_t done;
    gort_mutex m;
} gort_once;

/* Calls f(arg) if this is the first call for this once; when it returns, f has returned. If f panics it counts as done. */
void gort_once_do(gort_once *o, void (*f)(void *), void *arg);
/* Waits at most so long for the call of another goroutine; false if that has not returned. */
bool gort_once_do_timeout(gort_once *o, void (*f)(void *), void *arg, int64_t nanoseconds);

/* --- execution traces ---------------------------------------------------------------------------------------------- */

/* Records a trace, for `gort trace` and `go tool trace`, into a file (a duplicate of fd, which stays the caller's) until
 * gort_trace_stop, by which all has been written. 0 or a negative errno: -EEXIST if one is being recorded, be it that of the environment
 * (GORT_TRACE); -EINVAL if there is none to stop; that of the first write that failed. */
int gort_trace_start(int fd);
int gort_trace_stop(void);
bool gort_trace_enabled(void);

/* What the program adds: logical operations that begin and end anywhere (a part of another one, or parent is 0), what a goroutine is
 * doing (a part of a task, or task is 0), messages. The regions of a goroutine must be nested, and end with what they began
 * with, or the trace is not valid. Nothing but a test of a byte while none is recorded. */
uint64_t gort_trace_task_begin(uint64_t parent, const char *kind);
void gort_trace_task_end(uint64_t task);
void gort_trace_region_begin(uint64_t task, const char *name);
void gort_trace_region_end(uint64_t task, const char *name);
void gort_trace_log(uint64_t task, const char *category, const char *message);

/* --- profiles ------------------------------------------------------------------------------- */

/* For `go tool pprof`. Files are duplicates of fd, which stays the caller's. All return 0 or a
 * negative errno. */

/* Takes hz samples (100 is usual) in each second that a thread has a processor, until
 * gort_cpu_profile_stop, by which all has been written. -EEXIST if a profile is being taken, be it
 * that of the environment (GORT_CPUPROFILE); -EINVAL for hz less than 1 or more than 1,000,000. To
 * stop none does nothing. */
int gort_cpu_profile_start(int fd, int hz);
int gort_cpu_profile_stop(void);
/* Writes "block" (who waited, and for how long), "mutex" (which unlocks others waited for) or
 * "goroutine" (where each is); -ENOENT for another name. The first two are empty until they are
 * switched on: */
int gort_profile_write(const char *name, int fd);
/* one wait is recorded for each rate nanoseconds: 1 all, 0 none; */
void gort_block_profile_rate(int64_t rate);
/* one of rate unlocks, on average: 0 none; a negative rate changes nothing. Returns what it was. */
int64_t gort_mutex_profile_fraction(int64_t rate);

/* --- for a language with a garbage collector ---------------------------------------------------------------------- */

/* Stops all goroutines but the caller at safe points (calls into this header), as a collector does. Between the two
 * calls only gort_for_each_goroutine may be called. */
void gort_stop_the_world(void);
void gort_start_the_world(void);

typedef enum {
    GORT_RUNNABLE = 1,
    GORT_RUNNING = 2,
    GORT_SYSCALL = 3,
    GORT_WAITING = 4,
    GORT_PREEMPTED = 9
} gort_status;

/* A goroutine. All that its C code has in registers is in memory, in [sp, stack_hi): what a conservative collector
 * has to look at. Of one in a blocking section, whose thread goes on, sp is the lowest usable address of its stack. */
typedef struct {
    uint64_t goid;
    uint32_t status;         /* a gort_status */
    const char *wait_reason; /* Go's text if it waits, not terminated */
    size_t wait_reason_len;
    uintptr_t stack_lo, stack_hi;
    uintptr_t sp, pc, bp;
    const void *segment; /* of a segmented stack: the one that is described, the newest at first; otherwise null */
} gort_goroutine;

/* Makes of a (copy of a) description that of the next older segment of the same stack: its bounds, and in sp where its used part
 * begins. False if there is none. To be called in the function that got the description. */
bool gort_older_segment(gort_goroutine *g);

/* Calls f(goroutine, arg) for each goroutine, those of the runtime included. Only while the world is stopped. f calls
 * nothing of this header. */
void gort_for_each_goroutine(void (*f)(const gort_goroutine *, void *), void *arg);

/* Brings one goroutine to a safe point, calls f(goroutine, arg) while it is held there, and lets it go on; the others
 * are not disturbed. False if there is none of that number, or if it is the caller. f runs on the thread's own stack and
 * calls nothing of this header. */
bool gort_suspend(uint64_t goid, void (*f)(const gort_goroutine *, void *), void *arg);

#ifdef __cplusplus
}
#endif
#endif
