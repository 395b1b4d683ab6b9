/* C on segmented stacks: compiled with -fsplit-stack -fexceptions, linked with libgort.a. Each part checks what crosses from one
 * segment to the next; the argument chooses how deep. With `overflow` there is no end to the recursion. */
#include "gort.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define USE(p) __asm__ volatile("" ::"r"(p) : "memory")

static long depth;

static void check(int ok, const char *what) {
    if (!ok) {
        printf("WRONG: %s\n", what);
        fflush(stdout);
        abort();
    }
}

/* Nothing but a frame. */
static NOINLINE long sum(long n) {
    char pad[100];
    USE(pad);
    return n == 0 ? 0 : n + sum(n - 1);
}

/* All registers for integers, more arguments on the stack, a structure by value, and one as the result. */
struct big {
    long a[5];
};
static NOINLINE struct big args(long a, long b, long c, long d, long e, long f, long g, long h, struct big s, long n) {
    check(a == n + 1 && b == n + 2 && c == n + 3 && d == n + 4 && e == n + 5 && f == n + 6, "registers");
    check(g == n + 7 && h == n + 8 && s.a[0] == n && s.a[4] == -n, "arguments on the stack");
    if (n == 0) {
        struct big r = {{1, 2, 3, 4, 5}};
        return r;
    }
    struct big t = {{n - 1, 0, 0, 0, 1 - n}};
    struct big r = args(n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, t, n - 1);
    for (int i = 0; i < 5; i++)
        r.a[i]++;
    return r;
}

/* Vector registers, x87, and two registers of results. */
static NOINLINE double floats(double a, double b, double c, double d, double e, double f, double g, double h, double i, long n) {
    if (n == 0)
        return a + b + c + d + e + f + g + h + i;
    return floats(b, c, d, e, f, g, h, i, a, n - 1) + 1;
}
static NOINLINE long double x87(long n) {
    return n == 0 ? 0.5L : x87(n - 1) + 1;
}
struct two {
    long q;
    double r;
};
static NOINLINE struct two pair(long n) {
    struct two t = {0, 0.25};
    if (n > 0) {
        t = pair(n - 1);
        t.q++;
        t.r++;
    }
    return t;
}

/* A variadic function finds those of its arguments that are on the stack where its caller has put them. */
static NOINLINE long variadic(int count, ...) {
    va_list v;
    long s = 0;
    va_start(v, count);
    for (int i = 0; i < count; i++)
        s += va_arg(v, long);
    long n = va_arg(v, long);
    s += (long)va_arg(v, double);
    va_end(v);
    return n == 0 ? s : variadic(9, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, n - 1, 2.5) + 1;
}

/* Frames whose size is known when they run: some larger than what is left of a segment. */
static NOINLINE long variable(long n) {
    char a[1 + n * 37 % 5000 * (n % 100 == 0 ? 100 : 1)];
    memset(a, (int)n, sizeof a);
    long s = n == 0 ? 0 : variable(n - 1);
    check(a[sizeof a - 1] == (char)n, "variable frame");
    return s + 1;
}

/* Parks at every depth: another goroutine may run, and this one go on on another thread. */
static NOINLINE long parks(gort_chan *c, long n) {
    char pad[300];
    memset(pad, (int)n, sizeof pad);
    if (n == 0)
        return 0;
    long v = n;
    gort_chan_send(c, &v);
    gort_chan_recv(c, &v);
    long s = parks(c, n - 1) + v;
    check(pad[n % 300] == (char)n, "frame of one that has parked");
    return s;
}
static NOINLINE long echo(gort_chan *c, long n) {
    char pad[200];
    USE(pad);
    if (n == 0)
        return 0;
    long v;
    gort_chan_recv(c, &v);
    gort_chan_send(c, &v);
    return v + echo(c, n - 1);
}
static gort_waitgroup wg;
static void echo_main(void *c) {
    check(echo(c, depth / 100) == depth / 100 * (depth / 100 + 1) / 2, "echo");
    gort_waitgroup_done(&wg);
}

/* Goexit at the bottom: the unwinding runs the cleanups, each of which recurses on its own, from segment to segment. */
static gort_chan *cleaned;
static void cleanup(long *n) {
    check(sum(50) == 1275, "recursion while the stack is unwound");
    if (*n % 1000 == 0)
        gort_gosched();
    if (*n == depth / 10)
        gort_chan_send(cleaned, n);
}
static NOINLINE void exits(long n) {
    __attribute__((cleanup(cleanup))) long here = n;
    char pad[100];
    USE(pad);
    if (n == 0)
        gort_goroutine_exit();
    exits(n - 1);
    check(0, "returned from Goexit");
    USE(&here);
}
static void exits_main(void *arg) {
    (void)arg;
    exits(depth / 10);
}

/* A collector sees each segment: a word in each frame of a goroutine that is parked. */
enum { MARKS = 1000 };
static NOINLINE int marks(gort_chan *c, uintptr_t mark, long n) {
    volatile uintptr_t here[20] = {mark + n};
    if (n == 0) {
        gort_chan_send(c, (void *)here);
        gort_chan_recv(c, NULL);
        return 1;
    }
    int ok = marks(c, mark, n - 1);
    return ok && here[0] == mark + n;
}
struct search {
    uintptr_t mark;
    uint64_t goid;
    long found, segments;
    char seen[MARKS + 1];
};
static struct search search;
static void marks_main(void *c) {
    search.goid = gort_goid();
    check(marks(c, ~search.mark, MARKS), "marks");
    gort_chan_send(c, &search.goid);
}
static void look(const gort_goroutine *g, void *arg) {
    struct search *s = arg;
    gort_goroutine part = *g;
    if (g->goid != s->goid)
        return;
    do {
        s->segments++;
        for (uintptr_t p = part.sp; p < part.stack_hi; p += sizeof p) {
            uintptr_t n = *(uintptr_t *)p - ~s->mark;
            if (n <= MARKS && !s->seen[n]) {
                s->seen[n] = 1;
                s->found++;
            }
        }
    } while (gort_older_segment(&part));
}
static void collected(void) {
    gort_chan *c = gort_chan_make(sizeof(uintptr_t), 0);
    uintptr_t v;
    search = (struct search){.mark = 0x123456789abcdef};
    gort_go_segmented(marks_main, c);
    gort_chan_recv(c, &v);
    check(v == ~search.mark, "mark");
    gort_stop_the_world();
    gort_for_each_goroutine(look, &search);
    gort_start_the_world();
    check(search.found == MARKS + 1 && search.segments >= 3, "marks on all segments");
    search.found = search.segments = 0;
    memset(search.seen, 0, sizeof search.seen);
    check(gort_suspend(search.goid, look, &search), "suspended");
    check(search.found == MARKS + 1 && search.segments >= 3, "marks on all segments, suspended");
    gort_chan_send(c, &v);
    gort_chan_recv(c, &v);
}

static void all(void) {
    check(sum(depth) == depth * (depth + 1) / 2, "sum");
    struct big s = {{depth / 10, 0, 0, 0, -depth / 10}};
    long n = depth / 10;
    struct big r = args(n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, s, n);
    check(r.a[0] == n + 1 && r.a[4] == n + 5, "structure as the result");
    check(floats(1, 2, 3, 4, 5, 6, 7, 8, 9, n) == 45 + n, "floating point");
    check(x87(n) == n + 0.5L, "x87");
    struct two t = pair(n);
    check(t.q == n && t.r == n + 0.25, "two registers");
    check(variadic(1, 3L, n, 7.5) == 45 + 2 + n, "variadic");
    check(variable(depth / 100) == depth / 100 + 1, "variable frames");
}

static void one(void *arg) {
    (void)arg;
    all();
    gort_chan *c = gort_chan_make(sizeof(long), 0);
    gort_waitgroup_add(&wg, 1);
    gort_go_segmented(echo_main, c);
    check(parks(c, depth / 100) == depth / 100 * (depth / 100 + 1) / 2, "parks");
    gort_waitgroup_done(&wg);
}

static NOINLINE long endless(long n) {
    char pad[8000];
    USE(pad);
    return endless(n + 1) + pad[n % 8000];
}
static void endless_main(void *arg) {
    (void)arg;
    printf("%ld\n", endless(0));
}

static void program(void *arg) {
    const char *mode = arg;
    if (strcmp(mode, "overflow") == 0) {
        gort_go_segmented(endless_main, NULL);
        gort_chan_recv(NULL, NULL);
    }
    depth = atol(mode);
    for (int i = 0; i < 8; i++) {
        gort_waitgroup_add(&wg, 1);
        gort_go_segmented(one, NULL);
    }
    gort_waitgroup_wait(&wg);
    cleaned = gort_chan_make(sizeof(long), 0);
    for (int i = 0; i < 4; i++) {
        long n;
        gort_go_segmented(exits_main, NULL);
        gort_chan_recv(cleaned, &n);
        check(n == depth / 10, "the last cleanup");
    }
    collected();
    printf("right\n");
}

int main(int argc, char **argv) {
    gort_run(program, argc > 1 ? argv[1] : "100000");
}
