/* One function of gort.h, named by the second argument, where it may not be called: before gort_run, on a thread of C's own, or on a
 * goroutine in a blocking section. */
#include "gort.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *name;

static void visit(const gort_goroutine *g, void *arg) {
    (void)g;
    (void)arg;
}

static void nothing(void *arg) { (void)arg; }

static void call(void) {
    int v = 0;
    if (!strcmp(name, "blocking_begin")) gort_blocking_begin();
    if (!strcmp(name, "blocking_end")) gort_blocking_end();
    if (!strcmp(name, "goroutine_exit")) gort_goroutine_exit();
    if (!strcmp(name, "stop_the_world")) gort_stop_the_world();
    if (!strcmp(name, "for_each_goroutine")) gort_for_each_goroutine(visit, NULL);
    if (!strcmp(name, "suspend")) gort_suspend(2, visit, NULL);
    if (!strcmp(name, "go")) gort_go(nothing, NULL);
    if (!strcmp(name, "gosched")) gort_gosched();
    if (!strcmp(name, "sleep")) gort_sleep(1);
    if (!strcmp(name, "chan_send")) gort_chan_send(gort_chan_make(sizeof v, 1), &v);
    if (!strcmp(name, "select")) gort_select(NULL, 0, false);
}

static void *thread(void *arg) {
    (void)arg;
    call();
    return NULL;
}

static void on_thread(void *arg) {
    (void)arg;
    pthread_t t;
    if (!pthread_create(&t, NULL, thread, NULL)) pthread_join(t, NULL);
}

static void in_blocking(void *arg) {
    (void)arg;
    gort_blocking_begin();
    call();
    gort_blocking_end();
}

int main(int argc, char **argv) {
    if (argc != 3) return 1;
    name = argv[2];
    if (!strcmp(argv[1], "before")) call();
    if (!strcmp(argv[1], "thread")) gort_run(on_thread, NULL);
    if (!strcmp(argv[1], "blocking")) gort_run(in_blocking, NULL);
    puts("survived");
    return 0;
}
