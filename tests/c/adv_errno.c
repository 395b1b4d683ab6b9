/* errno after a call that blocks, as C programs write it: adv_errno of the reports. No address is kept by the program. */
#include "gort.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static gort_waitgroup wg;
static long wrong, n;

static void body(void *arg) {
    (void)arg;
    for (int i = 0; i < 100000; i++) {
        errno = 0;
        gort_gosched();
        errno = 0;
        long r = close(-1); /* fails with EBADF on whatever thread this is */
        if (r == -1 && errno != EBADF)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&n, 1, __ATOMIC_SEQ_CST);
    }
    gort_waitgroup_done(&wg);
}

static void start(void *arg) {
    (void)arg;
    for (int i = 0; i < 8; i++) {
        gort_waitgroup_add(&wg, 1);
        gort_go(body, 0);
    }
    gort_waitgroup_wait(&wg);
    printf("errno not EBADF after close(-1): %ld of %ld\n", wrong, n);
}

int main(void) { gort_run(start, 0); }
