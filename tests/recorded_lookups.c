/* Answers for the C library that no name is known, and writes down which were asked for.

   Loaded before it (LD_PRELOAD) in tests; the file is named by RECORDED_LOOKUPS. Numbers and
   localhost are looked up as ever. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int allowed(const char *node) {
    if (node == NULL || strcmp(node, "localhost") == 0) return 1;
    return strspn(node, "0123456789.") == strlen(node) || strchr(node, ':') != NULL;
}

static void record(const char *node) {
    const char *path = getenv("RECORDED_LOOKUPS");
    char line[300];
    int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (file < 0) return;
    int size = snprintf(line, sizeof line, "%s\n", node);
    if (write(file, line, size) < 0) abort();
    close(file);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!allowed(node)) {
        record(node);
        return EAI_NONAME;
    }
    real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, found);
}

struct hostent *gethostbyname(const char *node) {
    struct hostent *(*real)(const char *);
    if (!allowed(node)) {
        record(node);
        h_errno = HOST_NOT_FOUND;
        return NULL;
    }
    real = dlsym(RTLD_NEXT, "gethostbyname");
    return real(node);
}
