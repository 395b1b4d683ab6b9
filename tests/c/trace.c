/* Records a trace into the file that the first argument names. */
#include "gort.h"
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static gort_waitgroup wg;
static uint64_t task;

static void part(void *arg) {
    (void)arg;
    gort_trace_region_begin(task, "part");
    gort_gosched();
    gort_trace_log(task, "category", "message");
    gort_trace_region_end(task, "part");
    gort_waitgroup_done(&wg);
}

static void *thread(void *arg) {
    (void)arg;
    gort_trace_log(task, "from", "a thread");
    return NULL;
}

static void run(void *arg) {
    int fd = open(arg, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert(fd >= 0);
    assert(gort_trace_stop() == -EINVAL);
    assert(gort_trace_start(-1) == -EBADF);
    assert(!gort_trace_enabled());
    gort_trace_log(0, "nobody", "records it");
    assert(gort_trace_start(fd) == 0);
    assert(gort_trace_start(fd) == -EEXIST);
    assert(gort_trace_enabled());
    task = gort_trace_task_begin(0, "task");
    uint64_t child = gort_trace_task_begin(task, "child");
    gort_waitgroup_add(&wg, 3);
    for (int i = 0; i < 3; i++) gort_go(part, NULL);
    gort_waitgroup_wait(&wg);
    pthread_t t;
    assert(pthread_create(&t, NULL, thread, NULL) == 0);
    gort_blocking_begin();
    pthread_join(t, NULL);
    gort_blocking_end();
    gort_trace_task_end(child);
    gort_trace_task_end(task);
    assert(gort_trace_stop() == 0);
    assert(write(fd, "", 0) == 0);
}

int main(int argc, char **argv) {
    assert(argc == 2);
    gort_run(run, argv[1]);
}
