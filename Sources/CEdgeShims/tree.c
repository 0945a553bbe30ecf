#define _GNU_SOURCE
#include "EdgeTree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

// linux/openat2.h, which the oldest headers we build with lack.
struct edge_open_how {
    uint64_t flags, mode, resolve;
};
#define EDGE_RESOLVE_NO_XDEV 0x01
#define EDGE_RESOLVE_NO_MAGICLINKS 0x02
#define EDGE_RESOLVE_NO_SYMLINKS 0x04
#define EDGE_RESOLVE_BENEATH 0x08
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

int edge_open_by_names(int root, const char *path, int flags) {
    int folder = root;
    const char *name = path;
    while (1) {
        const char *end = strchrnul(name, '/');
        char part[NAME_MAX + 1];
        size_t length = (size_t)(end - name);
        int next = -1;
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else {
            memcpy(part, name, length);
            part[length] = '\0';
            // Callers check their names; this must hold without them.
            if (length == 0 || strcmp(part, "..") == 0) {
                errno = EXDEV;
            } else if (*end == '\0') {
                next = openat(folder, part, flags | O_NOFOLLOW | O_CLOEXEC);
            } else {
                next = openat(folder, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            }
        }
        int code = errno;
        if (folder != root) close(folder);
        errno = code;
        if (next < 0 || *end == '\0') return next;
        folder = next;
        name = end + 1;
    }
}

int edge_open_beneath(int root, const char *path, int flags) {
    struct edge_open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = EDGE_RESOLVE_BENEATH | EDGE_RESOLVE_NO_MAGICLINKS | EDGE_RESOLVE_NO_SYMLINKS |
                   EDGE_RESOLVE_NO_XDEV,
    };
    int file = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    // A seccomp filter that does not know the call says EPERM or ENOSYS; a path for which EPERM is
    // true is refused by the other way as well.
    if (file >= 0 || (errno != ENOSYS && errno != EPERM)) return file;
    return edge_open_by_names(root, path, flags);
}

int edge_make_whiteout(int parent, const char *name) {
    return mknodat(parent, name, S_IFCHR, makedev(0, 0));
}

int edge_set_attribute(int file, const char *name, const uint8_t *value, size_t count) {
    return fsetxattr(file, name, value, count, 0);
}

long edge_get_attribute(int file, const char *name, uint8_t *value, size_t capacity) {
    return fgetxattr(file, name, value, capacity);
}

long edge_list_attributes(int file, char *names, size_t capacity) {
    return flistxattr(file, names, capacity);
}

int edge_sync_file_system(int file) { return syncfs(file); }
