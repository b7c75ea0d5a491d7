/* Preloaded into a command, makes the files below a folder named dead-mount hang whoever opens them,
   and below one named dead-stat also whoever asks what they are, as on a network mount whose server
   is gone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void answer(const char *path, const char *folder) {
    if (path != NULL && strstr(path, folder) != NULL)
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
        answer(path, "dead-mount/");                                     \
        return real(path, flags, mode);                                   \
    }

OPEN(open)
OPEN(open64)

#define STAT(name, kind)                                                  \
    int name(const char *path, struct kind *found) {                      \
        int (*real)(const char *, struct kind *) = dlsym(RTLD_NEXT, #name); \
        answer(path, "dead-stat/");                                       \
        return real(path, found);                                         \
    }

STAT(stat, stat)
STAT(stat64, stat64)
