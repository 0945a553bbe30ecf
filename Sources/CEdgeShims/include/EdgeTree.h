// Trees of files that nothing leads out of, and what Swift cannot see of glibc for them.
#ifndef EDGETREE_H
#define EDGETREE_H

#include <stddef.h>
#include <stdint.h>

// Opens `path` beneath the directory `root`; no link is followed. By openat2(2), which enters no
// other file system either; before Linux 5.6, or where a filter forbids it, name by name with
// O_NOFOLLOW. Returns a descriptor, or -1 with errno: ELOOP or ENOTDIR where a link is in the way.
int edge_open_beneath(int root, const char *path, int flags);

// The same, by name alone: for tests of what old kernels get.
int edge_open_by_names(int root, const char *path, int flags);

// A character device 0/0 (overlayfs.rst, whiteouts). 0, or -1 with errno.
int edge_make_whiteout(int parent, const char *name);

// setxattr(2), getxattr(2) and listxattr(2) on a descriptor.
int edge_set_attribute(int file, const char *name, const uint8_t *value, size_t count);
long edge_get_attribute(int file, const char *name, uint8_t *value, size_t capacity);
long edge_list_attributes(int file, char *names, size_t capacity);

// Writes all that the file system of a descriptor has not written yet (syncfs(2)).
int edge_sync_file_system(int file);

#endif
