/* gort.h: goroutines, channels and Go's scheduler for C, and for languages that compile to C's calling conventions.
 *
 * Link libgort.a (with -lpthread -ldl -lm) or libgort.so. One runtime per process. All functions but gort_run and
 * gort_num_cpu are to be called on a goroutine: in what gort_run or gort_go started, on its own stack.
 *
 * A goroutine may continue on another thread after each call that can block. Do not keep the address of a thread-local
 * variable across such a call; `errno` is one.
 *
 * Stacks are 256 KiB (environment: GORTSTACK=1M), and overflowing one ends the program with Go's report, as do a
 * deadlock, a send on a closed channel, and the other things that Go ends a program for. Compile with unwind tables
 * (the default of gcc and clang on x86-64): tracebacks and gort_goroutine_exit walk through C frames.
 */
#ifndef GORT_H
#define GORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GORT_NORETURN __attribute__((noreturn))
#else
#define GORT_NORETURN
#endif

/* --- the program ------------------------------------------------------------------------------------------------ */

/* Starts the runtime on this thread and runs main(arg) as the main goroutine. When it returns, the process exits with
 * status 0, whatever other goroutines do. Reads GOMAXPROCS, GODEBUG, GOTRACEBACK as Go does. */
GORT_NORETURN void gort_run(void (*main)(void *), void *arg);

/* Go's `go fn(arg)`. */
void gort_go(void (*fn)(void *), void *arg);

/* The same on a segmented stack: it begins with 16 KiB and grows with each call of code that was compiled with gcc's or clang's
 * -fsplit-stack, up to 1 GB. Other code that it calls (the C library) has 128 KiB at least. For libgort.a only, and to be linked
 * without -fsplit-stack. longjmp must not leave a function for a caller on an older segment; exceptions may. */
void gort_go_segmented(void (*fn)(void *), void *arg);

/* Go's runtime.Gosched, runtime.Goexit, runtime.NumGoroutine, runtime.NumCPU, runtime.GOMAXPROCS (n < 1 only asks);
 * the number of the calling goroutine, as tracebacks show it. */
void gort_gosched(void);
GORT_NORETURN void gort_goroutine_exit(void);
int gort_num_goroutine(void);
int gort_num_cpu(void);
int gort_gomaxprocs(int n);
uint64_t gort_goid(void);

/* Go's time.Sleep. */
void gort_sleep(int64_t nanoseconds);

/* Go's runtime.LockOSThread and UnlockOSThread. */
void gort_lock_os_thread(void);
void gort_unlock_os_thread(void);

/* For loops that call nothing else of this header: lets others run if it is time, and the world be stopped. */
void gort_preempt_check(void);

/* Around what may block the thread: a system call, a foreign library. Other goroutines run meanwhile. Both are to be
 * called by the same function, and nothing else of this header in between. */
void gort_blocking_begin(void);
void gort_blocking_end(void);

/* --- channels --------------------------------------------------------------------------------------------------- */

/* Go's channels. Elements are moved as bytes; they are smaller than 64 KiB. A null channel blocks for ever. */
typedef struct gort_chan gort_chan;

gort_chan *gort_chan_make(size_t elem_size, size_t capacity);
/* Nobody may use or wait on it any more. */
void gort_chan_free(gort_chan *c);
void gort_chan_send(gort_chan *c, const void *elem);
/* False, and zeroes in *elem, if the channel is closed and empty. elem may be null. */
bool gort_chan_recv(gort_chan *c, void *elem);
/* Without waiting: false if it would have to. */
bool gort_chan_try_send(gort_chan *c, const void *elem);
/* *ok, if not null, is what gort_chan_recv would have returned. */
bool gort_chan_try_recv(gort_chan *c, void *elem, bool *ok);
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
 * the one that did, or -1 with has_default if none can. At most 32767 cases. */
ptrdiff_t gort_select(gort_case *cases, size_t n, bool has_default);

/* --- package sync ----------------------------------------------------------------------------------------------- */

/* All are ready to use when they are zero, and must not be moved while they are used. */
typedef struct {
    int32_t state;
    uint32_t sema;
} gort_mutex;

void gort_mutex_lock(gort_mutex *m);
bool gort_mutex_try_lock(gort_mutex *m);
void gort_mutex_unlock(gort_mutex *m);

typedef struct {
    gort_mutex w;
    uint32_t writer_sem, reader_sem;
    int32_t reader_count, reader_wait;
} gort_rwmutex;

void gort_rwmutex_lock(gort_rwmutex *m);
void gort_rwmutex_unlock(gort_rwmutex *m);
void gort_rwmutex_rlock(gort_rwmutex *m);
void gort_rwmutex_runlock(gort_rwmutex *m);

typedef struct {
    uint64_t state;
    uint32_t sema;
} gort_waitgroup;

void gort_waitgroup_add(gort_waitgroup *wg, ptrdiff_t delta);
void gort_waitgroup_done(gort_waitgroup *wg);
void gort_waitgroup_wait(gort_waitgroup *wg);

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
