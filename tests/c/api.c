/* What gort.h has beyond goroutines and channels: timers, descriptors, panics, package sync, time-outs. Each check prints its line if it fails;
 * "right" at the end. With an argument: one mistake, whose message is wanted. */
#include <gort.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int failures;

#define CHECK(x) \
    do { \
        if (!(x)) { \
            failures++; \
            printf("line %d: %s\n", __LINE__, #x); \
        } \
    } while (0)

/* --- time */

static void count(void *arg) { gort_waitgroup_done(arg); }

static void timers(void) {
    int64_t begin = gort_nanotime(), t = 0;
    gort_timer *a = gort_timer_new(2 * GORT_MILLISECOND);
    CHECK(gort_chan_recv(gort_timer_chan(a), &t));
    CHECK(t - begin >= 2 * GORT_MILLISECOND && t <= gort_nanotime());
    CHECK(!gort_timer_stop(a));
    CHECK(!gort_timer_reset(a, 1000 * GORT_SECOND));
    CHECK(gort_timer_reset(a, 0));
    CHECK(gort_chan_recv(gort_timer_chan(a), &t));
    /* A value that has been sent is gone after a stop. */
    gort_timer_reset(a, 0);
    gort_sleep(GORT_MILLISECOND);
    gort_timer_stop(a);
    CHECK(!gort_chan_try_recv(gort_timer_chan(a), &t, NULL));
    gort_timer_free(a);

    gort_timer *k = gort_ticker_new(GORT_MILLISECOND);
    int64_t last = 0;
    for (int i = 0; i < 3; i++) {
        CHECK(gort_chan_recv(gort_timer_chan(k), &t));
        CHECK(t > last);
        last = t;
    }
    gort_timer_reset(k, GORT_MICROSECOND);
    for (int i = 0; i < 3; i++) CHECK(gort_chan_recv(gort_timer_chan(k), NULL));
    gort_timer_stop(k);
    CHECK(!gort_chan_try_recv(gort_timer_chan(k), NULL, NULL));
    gort_timer_free(k);

    gort_chan *after = gort_after(GORT_MILLISECOND);
    CHECK(gort_chan_recv(after, &t) && t > begin);
    gort_chan_free(after);
    gort_chan_free(gort_after(1000 * GORT_SECOND));

    gort_waitgroup called = {0, 0};
    gort_waitgroup_add(&called, 2);
    gort_timer *f = gort_after_func(GORT_MILLISECOND, count, &called);
    CHECK(gort_timer_chan(f) == NULL);
    gort_timer *g = gort_after_func(1000 * GORT_SECOND, count, &called);
    CHECK(gort_timer_reset(g, 0));
    gort_waitgroup_wait(&called);
    CHECK(!gort_timer_stop(f));
    gort_timer_free(f);
    gort_timer_free(g);
    /* One that is still to come does not. */
    gort_timer_free(gort_after_func(GORT_SECOND, count, NULL));
    gort_timer_free(NULL);
}

/* Many at once, freed by others while they fire. */
static void short_lives(void *wg) {
    for (int i = 0; i < 200; i++) {
        gort_timer *t = i % 2 ? gort_timer_new(i * GORT_MICROSECOND) : gort_ticker_new((i + 1) * GORT_MICROSECOND);
        if (i % 3 == 0) gort_chan_recv(gort_timer_chan(t), NULL);
        gort_gosched();
        gort_timer_free(t);
    }
    gort_waitgroup_done(wg);
}

static void many_timers(void) {
    gort_waitgroup wg = {0, 0};
    gort_waitgroup_add(&wg, 20);
    for (int i = 0; i < 20; i++) gort_go(short_lives, &wg);
    gort_waitgroup_wait(&wg);
}

/* --- descriptors */

struct reader {
    int fd;
    gort_fd *handle;
    gort_chan *result;
};

static void wait_for(void *arg) {
    struct reader *r = arg;
    int e = r->handle ? gort_fd_wait(r->handle, GORT_READ, -1) : gort_poll(r->fd, GORT_READ, -1);
    gort_chan_send(r->result, &e);
}

static void visit(const gort_goroutine *g, void *n) {
    const char *reason[] = {"IO wait", "semacquire"};
    for (int i = 0; i < 2; i++)
        *(int *)n += g->status == GORT_WAITING && g->wait_reason_len == strlen(reason[i]) &&
                     !memcmp(g->wait_reason, reason[i], g->wait_reason_len);
}

/* Until so many goroutines wait for descriptors, or behind such. */
static void until_waiting(int n) {
    for (int waiting = 0; waiting != n; gort_sleep(10 * GORT_MICROSECOND)) {
        waiting = 0;
        gort_stop_the_world();
        gort_for_each_goroutine(visit, &waiting);
        gort_start_the_world();
    }
}

static void descriptors(void) {
    int p[2], e = 1;
    char b;
    CHECK(!pipe(p));
    CHECK(gort_poll(p[1], GORT_WRITE, 0) == 0);
    CHECK(gort_poll(p[0], GORT_READ, 0) == -ETIMEDOUT);
    int64_t begin = gort_nanotime();
    CHECK(gort_poll(p[0], GORT_READ, 2 * GORT_MILLISECOND) == -ETIMEDOUT);
    CHECK(gort_nanotime() - begin >= 2 * GORT_MILLISECOND);
    CHECK(gort_poll(p[0], GORT_READ | GORT_WRITE, 0) == -EINVAL);
    CHECK(gort_poll(-1, GORT_READ, -1) == -EBADF);
    CHECK(gort_poll(12345, GORT_READ, -1) == -EBADF);
    int file = open("/proc/self/exe", O_RDONLY);
    CHECK(gort_poll(file, GORT_READ, -1) == 0);
    gort_fd *h = (gort_fd *)&e;
    CHECK(gort_fd_open(file, &h) == -EPERM && h == NULL);
    CHECK(gort_fd_open(-1, &h) == -EBADF);
    close(file);

    /* Three wait for the same descriptor. */
    gort_chan *result = gort_chan_make(sizeof(int), 0);
    struct reader r = {p[0], NULL, result};
    for (int i = 0; i < 3; i++) gort_go(wait_for, &r);
    until_waiting(3);
    CHECK(!gort_chan_try_recv(result, &e, NULL));
    CHECK(write(p[1], "x", 1) == 1);
    for (int i = 0; i < 3; i++) CHECK(gort_chan_recv(result, &e) && e == 0);
    CHECK(read(p[0], &b, 1) == 1);

    /* A handle: again and again, with and without a time-out, closed while two wait. */
    CHECK(gort_fd_open(p[0], &h) == 0);
    gort_fd *second;
    CHECK(gort_fd_open(p[0], &second) == -EEXIST);
    r.handle = h;
    for (int i = 0; i < 100; i++) {
        gort_go(wait_for, &r);
        if (i % 2) gort_gosched();
        CHECK(write(p[1], "y", 1) == 1);
        CHECK(gort_chan_recv(result, &e) && e == 0);
        CHECK(gort_fd_wait(h, GORT_READ, -1) == 0);
        CHECK(read(p[0], &b, 1) == 1);
        CHECK(gort_fd_wait(h, GORT_READ, 0) == -ETIMEDOUT);
        if (i % 10 == 0) CHECK(gort_fd_wait(h, GORT_READ, GORT_MICROSECOND) == -ETIMEDOUT);
    }
    CHECK(gort_fd_wait(h, 3, 0) == -EINVAL);
    gort_go(wait_for, &r);
    gort_go(wait_for, &r);
    until_waiting(2);
    gort_fd_close(h);
    for (int i = 0; i < 2; i++) CHECK(gort_chan_recv(result, &e) && e == -EBADF);
    gort_fd_close(NULL);

    /* The end of a stream makes it readable. */
    int s[2];
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    r.fd = s[0];
    r.handle = NULL;
    gort_go(wait_for, &r);
    until_waiting(1);
    close(s[1]);
    CHECK(gort_chan_recv(result, &e) && e == 0);
    close(s[0]);
    close(p[0]);
    close(p[1]);
    gort_chan_free(result);
}

/* --- panics */

static void fine(void *arg) { ++*(int *)arg; }
static void fails(void *arg) {
    ++*(int *)arg;
    gort_panic("no bread");
}
static void closes_twice(void *arg) {
    gort_chan *c = arg;
    gort_chan_close(c);
    gort_chan_close(c);
}
static void of_null(void *arg) {
    (void)arg;
    gort_mutex_lock(NULL);
}
static void nested(void *arg) {
    char *t = gort_recover(fails, arg);
    CHECK(t && !strcmp(t, "no bread"));
    free(t);
    gort_panic("no butter");
}
static void leaves(void *arg) {
    (void)arg;
    gort_goroutine_exit();
}
static void exits_in_recover(void *wg) {
    /* The count goes down by the timer's function only, not here: this goroutine ends before. */
    gort_after_func(GORT_MILLISECOND, count, wg);
    gort_recover(leaves, NULL);
    CHECK(!"reached");
}
static void cleaned(int *p) { *p += 100; }
static void holds(void *arg) {
    (void)arg;
    static int seen;
    (void)seen;
    gort_gosched();
    gort_panic("held");
}
static int released;
static void with_cleanup(void *arg) {
    int *where __attribute__((unused)) = &released;
    int x __attribute__((cleanup(cleaned))) = 1;
    holds(arg);
    (void)x;
}
static void cleanup_seen(int *p) { released = *p; }
static void with_cleanup_seen(void *arg) {
    int x __attribute__((cleanup(cleanup_seen))) = 7;
    with_cleanup(arg);
    (void)x;
}

static void panics(void) {
    int n = 0;
    CHECK(gort_recover(fine, &n) == NULL && n == 1);
    char *t = gort_recover(fails, &n);
    CHECK(t && !strcmp(t, "no bread") && n == 2);
    free(t);
    t = gort_recover(nested, &n);
    CHECK(t && !strcmp(t, "no butter") && n == 3);
    free(t);
    gort_chan *c = gort_chan_make(1, 0);
    t = gort_recover(closes_twice, c);
    CHECK(t && !strcmp(t, "close of closed channel"));
    free(t);
    gort_chan_free(c);
    t = gort_recover(of_null, NULL);
    CHECK(t && !strcmp(t, "runtime error: invalid memory address or nil pointer dereference: gort_mutex_lock"));
    free(t);
    t = gort_recover(with_cleanup_seen, NULL);
    CHECK(t && !strcmp(t, "held") && released == 7);
    free(t);
    gort_waitgroup wg = {0, 0};
    gort_waitgroup_add(&wg, 1);
    gort_go(exits_in_recover, &wg);
    gort_waitgroup_wait(&wg);
    /* The goroutine is no worse for it. */
    for (int i = 0; i < 100; i++) {
        free(gort_recover(fails, &n));
        gort_gosched();
    }
}

/* --- package sync */

static gort_mutex m;
static gort_cond cond;
static gort_once once;
static gort_rwmutex rw;
static int turn, calls;

static void first(void *arg) {
    gort_gosched();
    ++*(int *)arg;
}
static void takes_turns(void *arg) {
    int mine = (int)(intptr_t)arg;
    gort_once_do(&once, first, &calls);
    CHECK(calls == 1);
    for (int i = 0; i < 100; i++) {
        gort_mutex_lock(&m);
        while (turn % 3 != mine) gort_cond_wait(&cond, &m);
        turn++;
        gort_cond_broadcast(&cond);
        gort_mutex_unlock(&m);
    }
}
static void waits_once(void *wg) {
    gort_mutex_lock(&m);
    gort_cond_wait(&cond, &m);
    gort_mutex_unlock(&m);
    gort_waitgroup_done(wg);
}

static void syncs(void) {
    for (intptr_t i = 1; i < 3; i++) gort_go(takes_turns, (void *)i);
    takes_turns(NULL);
    gort_mutex_lock(&m);
    while (turn != 300) gort_cond_wait(&cond, &m);
    gort_mutex_unlock(&m);

    gort_waitgroup wg = {0, 0};
    gort_waitgroup_add(&wg, 1);
    gort_go(waits_once, &wg);
    /* It holds the mutex until it waits. */
    do {
        gort_gosched();
        gort_mutex_lock(&m);
        turn = cond.wait != cond.notify;
        gort_mutex_unlock(&m);
    } while (!turn);
    gort_cond_signal(&cond);
    gort_waitgroup_wait(&wg);

    CHECK(gort_rwmutex_try_rlock(&rw) && gort_rwmutex_try_rlock(&rw) && !gort_rwmutex_try_lock(&rw));
    gort_rwmutex_runlock(&rw);
    gort_rwmutex_runlock(&rw);
    CHECK(gort_rwmutex_try_lock(&rw) && !gort_rwmutex_try_rlock(&rw));
    gort_rwmutex_unlock(&rw);
    CHECK(gort_mutex_try_lock(&m) && !gort_mutex_try_lock(&m));
    gort_mutex_unlock(&m);
}

/* --- time-outs of package sync */

static void waits_for_turn(void *w) { gort_mutex_lock(w), gort_mutex_unlock(w); }

static void sync_timeouts(void) {
    int64_t soon = GORT_MILLISECOND;
    CHECK(gort_rwmutex_lock_timeout(&rw, soon) && !gort_rwmutex_lock_timeout(&rw, soon));
    CHECK(!gort_rwmutex_rlock_timeout(&rw, soon));
    gort_rwmutex_unlock(&rw);
    CHECK(gort_rwmutex_rlock_timeout(&rw, soon) && !gort_rwmutex_lock_timeout(&rw, soon));
    CHECK(gort_rwmutex_rlock_timeout(&rw, 0)); /* the writer has left nothing behind */
    gort_rwmutex_runlock(&rw);
    gort_rwmutex_runlock(&rw);
    CHECK(gort_mutex_lock_timeout(&m, soon) && !gort_mutex_lock_timeout(&m, soon));
    gort_mutex_unlock(&m);
    gort_waitgroup wg = {0, 0};
    gort_waitgroup_add(&wg, 1);
    CHECK(!gort_waitgroup_wait_timeout(&wg, soon));
    gort_waitgroup_done(&wg);
    CHECK(gort_waitgroup_wait_timeout(&wg, 0));
    /* Somebody is at it. */
    static gort_once o;
    gort_mutex_lock(&o.m);
    CHECK(!gort_once_do_timeout(&o, waits_for_turn, &m, soon));
    gort_mutex_unlock(&o.m);
    CHECK(gort_once_do_timeout(&o, waits_for_turn, &m, soon) && gort_once_do_timeout(&o, waits_for_turn, NULL, 0));
}

static gort_cond timed;

/* Nobody waits, and nothing is left of those who have gone. */
static bool nobody(void) { return timed.wait == timed.notify && !timed.head && !timed.vacant; }

static void waits_for_signal(void *wg) {
    gort_mutex_lock(&m);
    CHECK(gort_cond_wait_timeout(&timed, &m, -1));
    gort_mutex_unlock(&m);
    gort_waitgroup_done(wg);
}

static void cond_timeouts(void) {
    gort_mutex_lock(&m);
    CHECK(!gort_cond_wait_timeout(&timed, &m, GORT_MILLISECOND) && nobody());
    CHECK(!gort_cond_wait_timeout(&timed, &m, 0) && nobody());
    for (int all = 0; all < 2; all++) {
        /* One waits, and two behind it give up: the signal is for the one. */
        gort_waitgroup wg = {0, 0};
        gort_waitgroup_add(&wg, 1);
        gort_go(waits_for_signal, &wg);
        while (!timed.head) {
            gort_mutex_unlock(&m);
            gort_gosched();
            gort_mutex_lock(&m);
        }
        CHECK(!gort_cond_wait_timeout(&timed, &m, GORT_MILLISECOND) && timed.vacant);
        CHECK(!gort_cond_wait_timeout(&timed, &m, GORT_MILLISECOND) && timed.vacant);
        if (all) gort_cond_broadcast(&timed);
        else gort_cond_signal(&timed);
        gort_mutex_unlock(&m);
        gort_waitgroup_wait(&wg);
        gort_mutex_lock(&m);
        CHECK(nobody());
    }
    gort_mutex_unlock(&m);
}

/* A negative time-out is none. */

static void nothing(void *arg) { (void)arg; }
static void unlocks(void *arg) { (void)arg, gort_sleep(GORT_MILLISECOND), gort_mutex_unlock(&m); }
static void unlocks_rw(void *arg) { (void)arg, gort_sleep(GORT_MILLISECOND), gort_rwmutex_unlock(&rw); }
static void runlocks_rw(void *arg) { (void)arg, gort_sleep(GORT_MILLISECOND), gort_rwmutex_runlock(&rw); }
static void is_done(void *wg) { gort_sleep(GORT_MILLISECOND), gort_waitgroup_done(wg); }
static void unlocks_once(void *o) { gort_sleep(GORT_MILLISECOND), gort_mutex_unlock(&((gort_once *)o)->m); }

static void no_timeouts(void) {
    gort_mutex_lock(&m), gort_go(unlocks, NULL);
    CHECK(gort_mutex_lock_timeout(&m, -1));
    gort_mutex_unlock(&m);
    gort_rwmutex_lock(&rw), gort_go(unlocks_rw, NULL);
    CHECK(gort_rwmutex_rlock_timeout(&rw, -1));
    gort_go(runlocks_rw, NULL);
    CHECK(gort_rwmutex_lock_timeout(&rw, -1));
    gort_rwmutex_unlock(&rw);
    gort_waitgroup wg = {0, 0};
    gort_waitgroup_add(&wg, 1), gort_go(is_done, &wg);
    CHECK(gort_waitgroup_wait_timeout(&wg, -1));
    static gort_once o;
    gort_mutex_lock(&o.m), gort_go(unlocks_once, &o);
    CHECK(gort_once_do_timeout(&o, nothing, NULL, -1) && o.done);
}

/* --- time-outs of channels */

static void send_7(void *c) {
    int v = 7;
    gort_sleep(GORT_MILLISECOND);
    gort_chan_send(c, &v);
}

static void recv_one(void *c) {
    gort_sleep(GORT_MILLISECOND);
    gort_chan_recv(c, NULL);
}

static void close_it(void *c) {
    gort_sleep(GORT_MILLISECOND);
    gort_chan_close(c);
}

static void time_outs(void) {
    int v = 5;
    gort_chan *c = gort_chan_make(sizeof v, 0), *one = gort_chan_make(sizeof v, 1);
    for (int64_t d = 0; d <= 2 * GORT_MILLISECOND; d += 2 * GORT_MILLISECOND) {
        int64_t begin = gort_nanotime();
        CHECK(gort_chan_recv_timeout(c, &v, d) == -ETIMEDOUT);
        CHECK(gort_chan_send_timeout(c, &v, d) == -ETIMEDOUT);
        gort_case k = {c, &v, false, false};
        CHECK(gort_select_timeout(&k, 1, d) == -1);
        CHECK(gort_select_timeout(NULL, 0, d) == -1);
        CHECK(gort_chan_recv_timeout(NULL, &v, d) == -ETIMEDOUT);
        CHECK(gort_chan_send_timeout(NULL, &v, d) == -ETIMEDOUT);
        CHECK(gort_nanotime() - begin >= 6 * d);
        /* What is ready is taken, however short the time. */
        CHECK(gort_chan_send_timeout(one, &v, d) == 0 && v == 5);
        CHECK(gort_chan_send_timeout(one, &v, d) == -ETIMEDOUT && gort_chan_len(one) == 1);
        v = 0;
        CHECK(gort_chan_recv_timeout(one, &v, d) == 0 && v == 5);
    }
    /* Somebody comes in time. */
    for (int64_t d = -1; d < 0 || d == 1000 * GORT_SECOND; d = d < 0 ? 1000 * GORT_SECOND : 0) {
        gort_go(send_7, c);
        CHECK(gort_chan_recv_timeout(c, &v, d) == 0 && v == 7);
        gort_go(recv_one, c);
        CHECK(gort_chan_send_timeout(c, &v, d) == 0);
        gort_go(send_7, c);
        v = 0;
        gort_case k[3] = {{one, &v, false, false}, {NULL, &v, true, false}, {c, &v, false, false}};
        CHECK(gort_select_timeout(k, 3, d) == 2 && k[2].ok && v == 7);
    }
    /* More cases than have room on the stack, and one that sends. */
    gort_case many[20];
    for (int i = 0; i < 20; i++) many[i] = (gort_case){c, &v, false, false};
    CHECK(gort_select_timeout(many, 16, GORT_MILLISECOND) == -1);
    CHECK(gort_select_timeout(many, 20, GORT_MILLISECOND) == -1);
    many[13] = (gort_case){one, &v, true, false};
    CHECK(gort_select_timeout(many, 20, GORT_MILLISECOND) == 13 && gort_chan_len(one) == 1);
    /* A closed channel is no panic, with what is left in it first. */
    gort_chan_close(one);
    CHECK(gort_chan_recv_timeout(one, &v, -1) == 0 && v == 7);
    for (int64_t d = -1; d < 2; d++) {
        v = 1;
        CHECK(gort_chan_recv_timeout(one, &v, d) == -EPIPE && v == 0);
        CHECK(gort_chan_send_timeout(one, &v, d) == -EPIPE);
    }
    for (int64_t d = -1; d < 0 || d == 1000 * GORT_SECOND; d = d < 0 ? 1000 * GORT_SECOND : 0) {
        gort_chan *closes = gort_chan_make(sizeof v, 0);
        gort_go(close_it, closes);
        CHECK(gort_chan_send_timeout(closes, &v, d) == -EPIPE);
        gort_chan_free(closes);
        closes = gort_chan_make(sizeof v, 0);
        gort_go(close_it, closes);
        CHECK(gort_chan_recv_timeout(closes, &v, d) == -EPIPE);
        gort_chan_free(closes);
    }
    gort_chan_free(c);
    gort_chan_free(one);
}

/* --- variables of a goroutine */

static gort_local *plain, *counted, *other;
static int dropped;

static void drop(void *p) {
    /* Its own value is gone; another, which was used before, is there. It may wait. */
    CHECK(gort_local_get(counted) == NULL && gort_local_get(other) == &other);
    gort_gosched();
    __atomic_add_fetch(&dropped, *(int *)p, __ATOMIC_RELAXED);
    free(p);
}

struct job {
    int n;
    gort_waitgroup *wg;
};

static void with_locals(void *arg) {
    struct job j = *(struct job *)arg;
    free(arg);
    CHECK(gort_local_get(plain) == NULL);
    gort_local_set(plain, &j);
    gort_local_set(other, &other);
    CHECK(gort_local_get(counted) == NULL);
    for (int i = 0; i < 10; i++) {
        int *p = malloc(sizeof *p);
        *p = j.n;
        free(gort_local_get(counted));
        gort_local_set(counted, p);
        gort_gosched();
        CHECK(gort_local_get(plain) == &j && *(int *)gort_local_get(counted) == j.n);
    }
    /* The destructors come after this. */
    gort_waitgroup_done(j.wg);
    if (j.n % 3 == 0) gort_goroutine_exit();
}

static void locals(void) {
    plain = gort_local_new(NULL);
    counted = gort_local_new(drop);
    other = gort_local_new(NULL);
    gort_waitgroup wg = {0, 0};
    gort_waitgroup_add(&wg, 100);
    int sum = 0;
    for (int i = 1; i <= 100; i++) {
        struct job *j = malloc(sizeof *j);
        *j = (struct job){i, &wg};
        gort_go(with_locals, j);
        sum += i;
    }
    gort_waitgroup_wait(&wg);
    while (__atomic_load_n(&dropped, __ATOMIC_RELAXED) != sum) gort_gosched();
    CHECK(gort_local_get(plain) == NULL && gort_local_get(counted) == NULL);
}

static void program(void *arg) {
    (void)arg;
    time_outs();
    locals();
    timers();
    many_timers();
    descriptors();
    panics();
    syncs();
    sync_timeouts();
    cond_timeouts();
    no_timeouts();
    if (!failures) puts("right");
    gort_exit(failures ? 1 : 0);
}

static const char *mistake;

static void errs(void *arg) {
    (void)arg;
    const char *x = mistake;
    if (!strcmp(x, "panic")) gort_panic("no bread");
    if (!strcmp(x, "panic_null")) gort_panic(NULL);
    if (!strcmp(x, "go_null")) gort_go(NULL, NULL);
    if (!strcmp(x, "mutex_null")) gort_mutex_lock(NULL);
    if (!strcmp(x, "waitgroup_null")) gort_waitgroup_wait(NULL);
    if (!strcmp(x, "cond_null")) gort_cond_wait(&cond, NULL);
    if (!strcmp(x, "once_null")) gort_once_do(&once, NULL, NULL);
    if (!strcmp(x, "timer_null")) gort_timer_stop(NULL);
    if (!strcmp(x, "after_func_null")) gort_after_func(1, NULL, NULL);
    if (!strcmp(x, "ticker_0")) gort_ticker_new(0);
    if (!strcmp(x, "ticker_reset")) gort_timer_reset(gort_ticker_new(1), 0);
    if (!strcmp(x, "send_null")) gort_chan_send(gort_chan_make(4, 1), NULL);
    if (!strcmp(x, "close_null")) gort_chan_close(NULL);
    if (!strcmp(x, "select_null")) gort_select(NULL, 2, false);
    if (!strcmp(x, "select_many")) gort_select(calloc(40000, sizeof(gort_case)), 40000, false);
    gort_case closed = {gort_chan_make(0, 0), NULL, true, false};
    gort_chan_close(closed.c);
    if (!strcmp(x, "select_timeout_null")) gort_select_timeout(NULL, 2, 1);
    if (!strcmp(x, "select_timeout_closed")) gort_select_timeout(&closed, 1, GORT_SECOND);
    if (!strcmp(x, "send_timeout_null")) gort_chan_send_timeout(gort_chan_make(4, 1), NULL, 1);
    if (!strcmp(x, "local_null")) gort_local_set(NULL, NULL);
    if (!strcmp(x, "fd_null")) gort_fd_open(0, NULL);
    if (!strcmp(x, "recover_null")) gort_recover(NULL, NULL);
    if (!strcmp(x, "chan_size")) gort_chan_make(8, SIZE_MAX / 2);
    if (!strcmp(x, "chan_memory")) gort_chan_make(1, (size_t)1 << 46);
    if (!strcmp(x, "chan_element")) gort_chan_make(1 << 16, 1);
    if (!strcmp(x, "exit_3")) gort_exit(3);
    if (!strcmp(x, "recv_null_for_ever")) gort_chan_recv(NULL, NULL);
}

int main(int argc, char **argv) {
    GORT_CHECK_VERSION();
    CHECK(gort_version() == GORT_VERSION);
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", GORT_VERSION_MAJOR, GORT_VERSION_MINOR, GORT_VERSION_PATCH);
    CHECK(!strcmp(text, gort_version_string()));
    CHECK(gort_nanotime() > 0);
    if (argc < 2) gort_run(program, NULL);
    mistake = argv[1];
    if (!strcmp(mistake, "version_newer")) gort_check_version(GORT_VERSION + 0x100);
    if (!strcmp(mistake, "version_major")) gort_check_version(GORT_VERSION + 0x10000);
    if (!strcmp(mistake, "version_patch")) gort_check_version(GORT_VERSION + 1);
    if (!strcmp(mistake, "run_null")) gort_run(NULL, NULL);
    if (!strcmp(mistake, "nothing")) gort_run(nothing, NULL);
    gort_run(errs, NULL);
}
