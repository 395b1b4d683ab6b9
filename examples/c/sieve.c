/* The prime sieve of Go's own examples, in C: a growing chain of goroutines. Prints the first primes. */
#include "gort.h"
#include <stdio.h>
#include <stdlib.h>

static void generate(void *arg) {
    gort_chan *c = arg;
    for (int i = 2;; i++)
        gort_chan_send(c, &i);
}

struct filter {
    gort_chan *from, *to;
    int prime;
};

static void filter(void *arg) {
    struct filter *f = arg;
    int i;
    while (gort_chan_recv(f->from, &i))
        if (i % f->prime != 0)
            gort_chan_send(f->to, &i);
}

static void program(void *arg) {
    int n = *(int *)arg;
    gort_chan *c = gort_chan_make(sizeof(int), 0);
    gort_go(generate, c);
    for (int i = 0; i < n; i++) {
        struct filter *f = malloc(sizeof *f);
        f->from = c;
        gort_chan_recv(c, &f->prime);
        printf("%d\n", f->prime);
        f->to = c = gort_chan_make(sizeof(int), 0);
        gort_go(filter, f);
    }
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 10;
    gort_run(program, &n);
}
