/* Loads libgort.so at run time, as a language's FFI does, and holds the runtime beside its own main loop. The argument: the library. */
#include "gort.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define F(name) static __typeof__(name) *p_##name
F(gort_start);
F(gort_shutdown);
F(gort_go);
F(gort_chan_make);
F(gort_chan_send);
F(gort_chan_recv);
F(gort_chan_close);
F(gort_chan_free);
F(gort_goid);

static gort_chan *in, *out;

static void square(void *arg) {
    int n;
    (void)arg;
    while (p_gort_chan_recv(in, &n)) {
        n *= n;
        p_gort_chan_send(out, &n);
    }
    p_gort_chan_close(out);
}

static void *feed(void *arg) {
    (void)arg;
    for (int i = 1; i <= 10; i++) p_gort_chan_send(in, &i);
    p_gort_chan_close(in);
    return NULL;
}

static void *load(void *arg) {
    void *lib = dlopen(arg, RTLD_NOW | RTLD_LOCAL);
    if (!lib) {
        puts(dlerror());
        exit(1);
    }
#define GET(name) if (!(*(void **)&p_##name = dlsym(lib, #name))) puts(#name), exit(1)
    GET(gort_start);
    GET(gort_shutdown);
    GET(gort_go);
    GET(gort_chan_make);
    GET(gort_chan_send);
    GET(gort_chan_recv);
    GET(gort_chan_close);
    GET(gort_chan_free);
    GET(gort_goid);
    p_gort_start();
    return lib;
}

int main(int argc, char **argv) {
    pthread_t t;
    void *lib, *again;
    int n, sum = 0;
    if (argc < 3) return 1;
    if (argv[2][0] == 't') { /* on a thread that is gone afterwards */
        pthread_create(&t, NULL, load, argv[1]);
        pthread_join(t, &lib);
    } else {
        lib = load(argv[1]);
    }
    in = p_gort_chan_make(sizeof n, 0);
    out = p_gort_chan_make(sizeof n, 0);
    for (int i = 0; i < 3; i++) {
        /* a second goroutine finds the channel closed, and must not close the other one again */
        if (i == 0) p_gort_go(square, NULL);
        pthread_create(&t, NULL, i == 0 ? feed : load, i == 0 ? NULL : argv[1]);
        if (i > 0) {
            pthread_join(t, &again);
            if (again != lib) puts("another library");
            p_gort_shutdown();
            dlclose(again);
        } else {
            while (p_gort_chan_recv(out, &n)) sum += n;
            pthread_join(t, NULL);
        }
    }
    p_gort_chan_free(in);
    p_gort_chan_free(out);
    p_gort_shutdown();
    dlclose(lib);
    printf("%d\n", sum);
    /* The library stays loaded: its threads are there. */
    puts(dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) ? "still there" : "gone");
    return 0;
}
