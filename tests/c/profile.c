/* Profiles into the directory that the first argument names. */
#include "gort.h"
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static gort_chan *c;
static int fds[4];

static void sends(void *arg) {
    (void)arg;
    int x = 1;
    for (int i = 0; i < 3; i++) {
        gort_sleep(20000000);
        gort_chan_send(c, &x);
    }
}

__attribute__((noinline)) static void receives(void) {
    int x;
    assert(gort_chan_recv(c, &x) && x == 1);
    __asm__ volatile("");
}

__attribute__((noinline)) static void spins(void) {
    struct timespec t;
    do {
        for (volatile int i = 0; i < 100000; i++) {
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    } while (t.tv_sec == 0 && t.tv_nsec < 300000000);
}

static void *thread(void *arg) {
    (void)arg;
    assert(gort_profile_write("goroutine", fds[3]) == 0);
    return NULL;
}

static void run(void *arg) {
    assert(chdir(arg) == 0);
    const char *names[] = {"cpu", "block", "goroutine", "thread"};
    for (int i = 0; i < 4; i++) {
        fds[i] = open(names[i], O_CREAT | O_TRUNC | O_WRONLY, 0600);
        assert(fds[i] >= 0);
    }
    assert(gort_cpu_profile_stop() == 0);
    assert(gort_cpu_profile_start(-1, 100) == -EBADF);
    assert(gort_cpu_profile_start(fds[0], 0) == -EINVAL);
    assert(gort_cpu_profile_start(fds[0], -1) == -EINVAL);
    assert(gort_cpu_profile_start(fds[0], 100) == 0);
    assert(gort_cpu_profile_start(fds[0], 100) == -EEXIST);
    spins();
    assert(gort_cpu_profile_stop() == 0);

    gort_block_profile_rate(1);
    assert(gort_mutex_profile_fraction(1) == 0);
    assert(gort_mutex_profile_fraction(-1) == 1);
    c = gort_chan_make(sizeof(int), 0);
    gort_go(sends, NULL);
    for (int i = 0; i < 3; i++) receives();
    assert(gort_profile_write("block", fds[1]) == 0);
    assert(gort_profile_write("block", -1) == -EBADF);
    assert(gort_profile_write("heap", fds[1]) == -ENOENT);
    assert(gort_profile_write("goroutine", fds[2]) == 0);
    pthread_t t;
    assert(pthread_create(&t, NULL, thread, NULL) == 0);
    gort_blocking_begin();
    pthread_join(t, NULL);
    gort_blocking_end();
}

int main(int argc, char **argv) {
    assert(argc == 2);
    gort_run(run, argv[1]);
}
