/* A host that loads a library of Rust code (examples/plugin.rs), in which the runtime is; the host knows nothing of gort. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned (*squares)(unsigned);

static void *get(void *lib, const char *name) {
    void *f = dlsym(lib, name);
    if (!f) puts(name), exit(1);
    return f;
}

static void *thread(void *p) {
    *(unsigned *)p = squares(100);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t t[8];
    unsigned sums[8], all = 0;
    void *lib = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!lib) {
        puts(dlerror());
        return 1;
    }
    ((void (*)(void))get(lib, "plugin_start"))();
    *(void **)&squares = get(lib, "plugin_squares");
    for (int i = 0; i < 8; i++) pthread_create(&t[i], NULL, thread, &sums[i]);
    for (int i = 0; i < 8; i++) pthread_join(t[i], NULL), all += sums[i];
    printf("%u %u\n", squares(10), all);
    printf("%d\n", ((int (*)(void))get(lib, "plugin_panics"))());
    fflush(stdout);
    ((void (*)(void))get(lib, "plugin_stop"))();
    dlclose(lib);
    puts("the host goes on");
    return 0;
}
