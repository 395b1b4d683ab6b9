// The client of echo_ext: one thread, epoll, 64 connections with one request of 64 bytes in flight
// each.
//
//     echoclient PORT [ID [HELD]]
//
// Opens HELD connections more that stay idle, each after a first answer. Warms up for 300 ms,
// measures for 1.5 s and prints ID.rps, ID.p50 and ID.p99 in the form of the benchmarks.
//
//     cc -O2 -o echoclient echoclient.c
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNS = 64, SIZE = 64 };

static struct conn {
    int fd;
    size_t got;
    int64_t sent;
    char msg[SIZE], buf[SIZE];
} conns[CONNS];

static uint32_t *list;
static size_t len, cap;

static void die(const char *what) {
    fprintf(stderr, "echoclient: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void record(int64_t ns) {
    if (len == cap) {
        cap = cap ? 2 * cap : 1 << 20;
        list = realloc(list, cap * sizeof *list);
        if (!list) die("memory");
    }
    list[len++] = (uint32_t)ns;
}

static void request(struct conn *c) {
    c->got = 0;
    c->sent = now();
    // 64 bytes always fit: the buffer is empty.
    if (write(c->fd, c->msg, SIZE) != SIZE) die("write");
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int dial(const struct sockaddr_in *a) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof *a) < 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

// Idle connections. They end by a reset, so that no port stays taken.
static void hold(const struct sockaddr_in *a, int n) {
    struct rlimit lim;
    getrlimit(RLIMIT_NOFILE, &lim);
    lim.rlim_cur = lim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &lim);
    for (int i = 0; i < n; i++) {
        int fd = dial(a);
        struct linger l = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
        char c = 'x';
        if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1) die("hold");
    }
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: echoclient PORT [ID [HELD]]\n");
        return 2;
    }
    const char *id = argc > 2 ? argv[2] : "echo_ext";
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    hold(&a, argc > 3 ? atoi(argv[3]) : 0);
    int ep = epoll_create1(0);
    if (ep < 0) die("epoll_create1");
    for (int i = 0; i < CONNS; i++) {
        struct conn *c = &conns[i];
        c->fd = dial(&a);
        memset(c->msg, i, SIZE);
        struct epoll_event ev = {.events = EPOLLIN, .data = {.ptr = c}};
        if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) < 0) die("epoll_ctl");
    }
    int64_t begin = now() + 300000000LL, end = begin + 1500000000LL;
    for (int i = 0; i < CONNS; i++) request(&conns[i]);
    while (now() < end) {
        struct epoll_event ev[CONNS];
        int n = epoll_wait(ep, ev, CONNS, 100);
        if (n < 0 && errno != EINTR) die("epoll_wait");
        for (int k = 0; k < n; k++) {
            struct conn *c = ev[k].data.ptr;
            ssize_t r = read(c->fd, c->buf + c->got, SIZE - c->got);
            if (r <= 0) die("read");
            c->got += r;
            if (c->got < SIZE) continue;
            if (memcmp(c->msg, c->buf, SIZE)) {
                fprintf(stderr, "echoclient: wrong answer\n");
                return 1;
            }
            int64_t t = now();
            if (c->sent >= begin && t <= end) record(t - c->sent);
            request(c);
        }
    }
    if (!len) {
        fprintf(stderr, "echoclient: no answers\n");
        return 1;
    }
    qsort(list, len, sizeof *list, by_value);
    printf("%s.rps\t%.3f\treq/s\thigher\n", id, len / 1.5);
    printf("%s.p50\t%.3f\tus\tlower\n", id, list[len / 2] / 1e3);
    printf("%s.p99\t%.3f\tus\tlower\n", id, list[len * 99 / 100] / 1e3);
    return 0;
}
