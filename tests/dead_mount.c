/* Preloaded into a command, makes the files below a folder named dead-mount hang whoever opens them
   or asks for more than their kind, as on a network mount whose server is gone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static void answer(const char *path) {
    if (path != NULL && strstr(path, "dead-mount/") != NULL)
        for (;;)
            pause();
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);    \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        int mode = va_arg(rest, int);                                     \
        va_end(rest);                                                     \
        answer(path);                                                     \
        return real(path, flags, mode);                                   \
    }

OPEN(open)
OPEN(open64)
