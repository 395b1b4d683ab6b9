/* Threads of C's own and a host program with a main loop. The argument says what. */
#include "gort.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static gort_chan *c;
static const char *mode;

static int is(const char *m) { return !strcmp(mode, m); }

static void send_three(void *p) {
    int v = 3;
    (void)p;
    gort_chan_send(c, &v);
}

static void *thread(void *p) {
    int v = 3;
    if (is("send") || is("blk") || is("second") || is("early") || is("earlygo")) send_three(p);
    if (is("go")) gort_go(send_three, NULL);
    if (is("try")) printf("%d\n", gort_chan_try_send(c, &v));
    return NULL;
}

static void program(void *p) {
    pthread_t t;
    int v = 0;
    (void)p;
    if (!c) c = gort_chan_make(sizeof(int), 1);
    pthread_create(&t, NULL, thread, NULL);
    if (is("blk")) gort_blocking_begin();
    if (is("blk") || is("send") || is("go") || is("try")) pthread_join(t, NULL);
    if (is("blk")) gort_blocking_end();
    gort_chan_recv(c, &v);
    printf("%d\n", v);
}

static void *runner(void *p) {
    gort_run(program, p);
    return NULL;
}

static void nested(void *p) {
    (void)p;
    puts("nested");
}

static void twice(void *p) { gort_run(nested, p); }

static void work(void *p) {
    (void)p;
    for (long i = 0; i < 100; i++) gort_chan_send(c, &i);
    gort_chan_close(c);
}

static void store(void *p) { *(int *)p = 1; }

static void *entered(void *p) {
    gort_waitgroup *wg = p;
    gort_enter();
    gort_enter();
    for (int i = 0; i < 10; i++) gort_waitgroup_done(wg), gort_gosched();
    gort_leave();
    gort_leave();
    return NULL;
}

int main(int n, char **a) {
    pthread_t t[10];
    mode = n > 1 ? a[1] : "";
    if (is("twice")) gort_run(twice, NULL);
    if (is("early")) {
        int v = 0;
        c = gort_chan_make(sizeof(int), 1);
        printf("%d\n", gort_chan_try_recv(c, &v, NULL));
    }
    if (is("earlygo")) {
        c = gort_chan_make(sizeof(int), 2);
        gort_go(store, &(int){0});
        mode = "early";
    }
    if (is("second") || is("asleep")) {
        pthread_create(t, NULL, runner, NULL);
        pthread_join(t[0], NULL);
    }
    if (is("host") || is("late")) {
        long v, sum = 0;
        int called = 0, counted;
        gort_waitgroup wg = {0};
        gort_start();
        c = gort_chan_make(sizeof(long), 0);
        gort_go(work, NULL);
        while (gort_chan_recv(c, &v)) sum += v;
        gort_call(store, &called);
        gort_waitgroup_add(&wg, 100);
        for (int i = 0; i < 10; i++) pthread_create(&t[i], NULL, entered, &wg);
        gort_waitgroup_wait(&wg);
        for (int i = 0; i < 10; i++) pthread_join(t[i], NULL);
        counted = gort_num_goroutine() > 0;
        gort_shutdown();
        if (is("late")) gort_chan_send(gort_chan_make(1, 1), "x");
        printf("%ld %d %d %d\n", sum, called, counted, 100);
        return 0;
    }
    gort_run(program, NULL);
}
