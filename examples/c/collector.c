/* What a language with a conservative garbage collector does: stops the world, looks for pointers into its heap on all
 * stacks, frees what it did not find, starts the world. And other things of gort.h. */
#include "gort.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CELLS = 64 };
static struct cell {
    char bytes[64];
    bool used, marked;
} heap[CELLS];
static gort_mutex heap_lock;

static char *new_cell(const char *text) {
    gort_mutex_lock(&heap_lock);
    struct cell *c = heap;
    while (c < heap + CELLS && c->used)
        c++;
    if (c == heap + CELLS)
        abort();
    c->used = true;
    gort_mutex_unlock(&heap_lock);
    return strcpy(c->bytes, text);
}

/* This is all there is to "marking": cells have no pointers. */
static void mark(const gort_goroutine *g, void *arg) {
    int *goroutines = arg;
    ++*goroutines;
    for (uintptr_t p = g->sp & ~(uintptr_t)7; p < g->stack_hi; p += 8) {
        uintptr_t word;
        memcpy(&word, (void *)p, sizeof word);
        if (word >= (uintptr_t)heap && word < (uintptr_t)(heap + CELLS))
            heap[(word - (uintptr_t)heap) / sizeof(struct cell)].marked = true;
    }
}

static int collect(void) {
    int goroutines = 0, freed = 0;
    gort_stop_the_world();
    gort_for_each_goroutine(mark, &goroutines);
    for (struct cell *c = heap; c < heap + CELLS; c++) {
        freed += c->used && !c->marked;
        c->used = c->marked;
        c->marked = false;
    }
    gort_start_the_world();
    if (goroutines < 4)
        abort();
    return freed;
}

static gort_chan *stop, *started;
static gort_waitgroup done;

/* Has a cell on its stack, while it waits and after. */
static void holder(void *arg) {
    char *mine = new_cell("held");
    int n = (int)(intptr_t)arg;
    gort_chan_send(started, &n);
    gort_chan_recv(stop, NULL);
    if (strcmp(mine, "held") != 0)
        abort();
    gort_waitgroup_done(&done);
}

/* Holds a cell while it is in a blocking section. */
static void blocker(void *arg) {
    (void)arg;
    char *mine = new_cell("blocked");
    int n = -1;
    gort_chan_send(started, &n);
    gort_blocking_begin();
    volatile int spin = 0;
    while (!__atomic_load_n((int *)arg, __ATOMIC_ACQUIRE))
        spin++;
    gort_blocking_end();
    if (strcmp(mine, "blocked") != 0)
        abort();
    gort_waitgroup_done(&done);
}

static volatile uint64_t counter, looper_id;
static volatile int looper_stop;

/* A loop that calls nothing but the check. */
static void looper(void *arg) {
    (void)arg;
    looper_id = gort_goid();
    while (!looper_stop) {
        counter++;
        gort_preempt_check();
    }
    gort_waitgroup_done(&done);
}

struct look {
    bool right, still;
};

static void look_at(const gort_goroutine *g, void *arg) {
    struct look *look = arg;
    uint64_t before = counter;
    struct timespec t = {0, 5000000};
    nanosleep(&t, NULL);
    look->still = counter == before;
    look->right = g->goid == looper_id && g->sp > g->stack_lo && g->sp < g->stack_hi;
}

static __attribute__((noinline)) void garbage(int n) {
    for (int i = 0; i < n; i++)
        if (new_cell("garbage")[0] != 'g')
            abort();
}

/* Overwrites what is left of garbage() below. */
static __attribute__((noinline)) void scrub(void) {
    volatile char buffer[8192];
    for (size_t i = 0; i < sizeof buffer; i++)
        buffer[i] = 0;
}

static void program(void *arg) {
    (void)arg;
    stop = gort_chan_make(0, 0);
    started = gort_chan_make(sizeof(int), 0);
    int go_on = 0;
    gort_waitgroup_add(&done, 9);
    for (int i = 0; i < 8; i++)
        gort_go(holder, (void *)(intptr_t)i);
    gort_go(blocker, &go_on);
    int seen = 0, n;
    for (int i = 0; i < 9; i++) {
        gort_chan_recv(started, &n);
        seen += n;
    }
    printf("started: %d\n", seen);

    garbage(20);
    scrub();
    int freed = collect();
    int used = 0;
    for (struct cell *c = heap; c < heap + CELLS; c++)
        used += c->used;
    /* Conservative: a stale word may keep a piece of garbage or two. */
    printf("freed most: %s, kept all: %s\n", freed >= 16 ? "yes" : "no", used >= 9 ? "yes" : "no");

    /* Suspend a goroutine that runs: it stands still. */
    gort_waitgroup_add(&done, 1);
    gort_go(looper, NULL);
    while (counter == 0)
        gort_gosched();
    struct look look = {false, false};
    bool found = gort_suspend(looper_id, look_at, &look);
    printf("suspended: %s, stands still: %s\n", found && look.right ? "yes" : "no", look.still ? "yes" : "no");
    uint64_t before = counter;
    while (counter == before)
        gort_gosched();
    printf("no such goroutine: %s\n", gort_suspend(999999, look_at, &look) ? "no" : "yes");
    looper_stop = 1;

    __atomic_store_n(&go_on, 1, __ATOMIC_RELEASE);
    gort_chan_close(stop);
    gort_waitgroup_wait(&done);

    /* Select. */
    gort_chan *a = gort_chan_make(sizeof(int), 1), *b = gort_chan_make(sizeof(int), 1);
    int x = 7, y = 0;
    gort_case cases[] = {{.c = a, .elem = &y}, {.c = b, .elem = &x, .send = true}, {.c = NULL, .elem = &y}};
    printf("select: %td", gort_select(cases, 3, false));
    printf(" %td", gort_select(cases, 3, true));
    gort_chan_send(a, &x);
    printf(" %td", gort_select(cases, 3, false));
    printf(" %d %d\n", y, cases[0].ok);
    bool ok;
    printf("try: %d", gort_chan_try_send(b, &x));
    printf(" %d", gort_chan_try_recv(b, &y, &ok));
    printf(" %d %zu %zu\n", ok, gort_chan_len(b), gort_chan_cap(b));
    gort_chan_free(a);
    gort_chan_free(b);
}

int main(void) {
    gort_run(program, NULL);
}
