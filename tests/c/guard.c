/* Recursion in code that does not touch each page of a frame (-fno-stack-clash-protection), with frames of FRAME bytes of which
 * only the low end is used: it must not get past the guard into the stack of another goroutine. See adv_guard_step.c. */
#include "gort.h"
#include <stdio.h>

static gort_chan *never;

static void waits(void *arg) {
    (void)arg;
    gort_chan_recv(never, 0);
}

__attribute__((noinline)) static int deep(int n) {
    volatile char frame[FRAME];
    frame[0] = (char)n;
    int r = n < 1000000 ? deep(n + 1) : 0;
    return r + frame[0];
}

static void start(void *arg) {
    never = gort_chan_make(1, 0);
    for (int i = 0; i < 30; i++)
        gort_go(waits, arg);
    gort_gosched();
    printf("%d\n", deep(0));
}

int main(void) { gort_run(start, 0); }
