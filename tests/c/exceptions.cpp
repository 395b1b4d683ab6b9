// C++ exceptions belong to the goroutine: catch blocks and destructors that park, on threads that
// others use meanwhile. The reproducer new_exc.cpp is `rethrow` here.
#include "gort.h"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

static std::atomic<int> bad;
static gort_waitgroup done;

static void expect(bool ok, const char *what) {
    if (!ok) {
        bad++;
        std::printf("not so: %s\n", what);
    }
}

// A goroutine that has no exception of its own sees none.
static void clean(const char *where) {
    expect(std::uncaught_exceptions() == 0, where);
    expect(!std::current_exception(), where);
}

static void park() {
    gort_sleep(20000);
    gort_gosched();
}

static void rethrow(void *p) {
    long me = (long)p;
    for (int k = 0; k < 20; k++) {
        clean("rethrow");
        try {
            throw me;
        } catch (long) {
            gort_sleep(200000);
            try {
                throw;
            } catch (long e) {
                expect(e == me, "rethrow: my own exception");
            }
        }
    }
    gort_waitgroup_done(&done);
}

// Catch blocks in each other, with parks at each level.
static void nested(void *p) {
    long me = (long)p;
    for (int k = 0; k < 10; k++) {
        try {
            throw me;
        } catch (long e1) {
            park();
            try {
                throw std::to_string(me);
            } catch (const std::string &e2) {
                park();
                std::exception_ptr now = std::current_exception();
                park();
                expect(now == std::current_exception(), "nested: current_exception");
                expect(e1 == me && e2 == std::to_string(me), "nested: values");
                try {
                    throw;
                } catch (const std::string &e3) {
                    park();
                    expect(e3 == std::to_string(me), "nested: rethrown");
                }
            }
            park();
            try {
                throw;
            } catch (long e4) {
                expect(e4 == me, "nested: outer again");
            }
        }
        clean("nested");
    }
    gort_waitgroup_done(&done);
}

// Destructors that park while an exception passes, one that throws and catches meanwhile.
struct Parks {
    int uncaught;
    ~Parks() {
        for (int i = 0; i < 3; i++) {
            park();
            expect(std::uncaught_exceptions() == uncaught, "destructor: uncaught_exceptions");
        }
        if (uncaught == 1)
            try {
                Parks inner{2};
                throw 7;
            } catch (int i) {
                park();
                expect(i == 7 && std::uncaught_exceptions() == 1, "destructor: inner");
            }
    }
};

static void unwinds(void *p) {
    long me = (long)p;
    for (int k = 0; k < 5; k++) {
        try {
            Parks d{1};
            throw me;
        } catch (long e) {
            expect(e == me, "unwinds: value");
            expect(std::uncaught_exceptions() == 0, "unwinds: uncaught_exceptions");
        }
        clean("unwinds");
        gort_gosched();
        clean("unwinds, later");
    }
    gort_waitgroup_done(&done);
}

// Ends in a catch block: nothing of it stays on the thread.
static void ends(void *) {
    gort_waitgroup_done(&done);
    try {
        throw 1;
    } catch (int) {
        gort_goroutine_exit();
    }
}

// Catches nothing, looks often.
static void looks(void *) {
    for (int k = 0; k < 200; k++) {
        clean("looks");
        gort_gosched();
    }
    gort_waitgroup_done(&done);
}

static void start(void *) {
    void (*all[])(void *) = {rethrow, nested, unwinds, ends, looks};
    for (long i = 0; i < 50; i++)
        for (auto f : all) {
            gort_waitgroup_add(&done, 1);
            gort_go(f, (void *)i);
        }
    gort_waitgroup_wait(&done);
    clean("main");
    std::printf("wrong: %d\n", bad.load());
    std::fflush(stdout);
}

int main() { gort_run(start, nullptr); }
