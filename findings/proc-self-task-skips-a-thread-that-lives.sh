#!/usr/bin/env bash
# Linux's /proc/self/task (seen on 6.18).
#
# POSIX lets readdir leave it open whether entries that come or go meanwhile are listed; those that
# are there all the time are listed once. /proc/PID/task does not keep that. Between two calls of
# getdents64 the kernel remembers the thread that comes next, and how many it has told of. If that
# thread has ended, it counts from the first thread again; and if one of those already told of has
# ended, too, the count is one too far: a thread that was there from beginning to end is missing. C
# libraries read 32 KiB at a time, which are some thousand threads; here the buffer is small, so
# that 40 do.
#
# So who looks for a certain thread, or counts them, may not take one reading for the truth: read
# until two readings are equal.
#
# Seen: 41 threads, two of which end between two calls; 1 of the 39 that live is not listed. In a
# reading without an end all are.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/task.c" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { N = 40, FIRST = 10 };
static pthread_t thread[N];
static pid_t id[N];
static pthread_barrier_t begun;
static pthread_mutex_t stay[N];

static void *run(void *arg) {
    long n = (long)arg;
    id[n] = gettid();
    pthread_barrier_wait(&begun);
    pthread_mutex_lock(&stay[n]);
    return NULL;
}

static void end(int n) {
    pthread_mutex_unlock(&stay[n]);
    pthread_join(thread[n], NULL);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d", id[n]);
    while (access(path, F_OK) == 0) usleep(100);
}

/* How many of the threads that live are not listed; two end behind the first entries, if asked. */
static int missing(int ends) {
    int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY), seen[N] = {0};
    char buf[24 * FIRST];
    long got;
    while ((got = syscall(SYS_getdents64, fd, buf, sizeof buf)) > 0) {
        /* An entry: 8 bytes inode, 8 bytes offset, 2 bytes length, 1 byte type, the name. */
        unsigned short len;
        for (long at = 0; at < got; at += len) {
            memcpy(&len, buf + at + 16, sizeof len);
            pid_t tid = atoi(buf + at + 19);
            for (int n = 0; n < N; n++) seen[n] |= tid == id[n];
        }
        if (ends) {
            int next = 0;
            while (seen[next]) next++;
            end(0);
            end(next);
            seen[next] = 1;
            ends = 0;
        }
    }
    close(fd);
    int n = 0;
    for (int i = 0; i < N; i++) n += !seen[i];
    return n;
}

int main(void) {
    pthread_barrier_init(&begun, NULL, N + 1);
    for (long n = 0; n < N; n++) {
        pthread_mutex_init(&stay[n], NULL);
        pthread_mutex_lock(&stay[n]);
        pthread_create(&thread[n], NULL, run, (void *)n);
    }
    pthread_barrier_wait(&begun);
    printf("nobody ends: %d missing\n", missing(0));
    printf("one that was listed and the next one end: %d missing\n", missing(1));
    return 0;
}
C
cc -O2 -Wall -pthread -o "$dir/task" "$dir/task.c"
uname -sr
"$dir/task" | tee "$dir/out"
grep -qx 'nobody ends: 0 missing' "$dir/out"
grep -qx 'one that was listed and the next one end: 1 missing' "$dir/out"
