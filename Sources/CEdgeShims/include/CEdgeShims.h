// What Swift cannot call through glibc's own module.
#ifndef CEDGESHIMS_H
#define CEDGESHIMS_H

#include <stdbool.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>

#include "EdgeCrypto.h"
#include "EdgeCurl.h"
#include "EdgeI2C.h"
#include "EdgeInflate.h"
#include "EdgeTree.h"

// True while a time daemon disciplines the clock (adjtimex(2), whose header glibc's module leaves
// out).
bool edge_clock_is_disciplined(void);

// Takes SIGTERM and SIGINT: the first makes the returned descriptor readable, a second ends the
// process at once. SIGPIPE is ignored. Call once.
int edge_stop_signals(void);

// Names the calling thread; at most 15 bytes are kept.
void edge_name_thread(const char *name);

// A non-blocking eventfd(2) that is closed on exec, or -1.
int edge_eventfd(void);

// A timerfd(2) on CLOCK_BOOTTIME, which goes on during suspend, or -1. A time in the past fires at
// once; 0 disarms.
int edge_timer_create(void);
int edge_timer_set(int timer, int64_t milliseconds);

// posix_spawn_file_actions_addchdir_np(3), posix_spawn_file_actions_addclosefrom_np and
// POSIX_SPAWN_SETSID, all GNU extensions.
int edge_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);
int edge_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
short edge_spawn_new_session(void);

// Asks an edge-shim to send its workload a signal (sigqueue(3), which takes a union).
int edge_shim_signal(int pid, int number);

// Frees the blocks of a file's first bytes and leaves its size (fallocate(2),
// FALLOC_FL_PUNCH_HOLE), so that a log which is still appended to gives back what was read.
// Returns 0 or -1 with errno.
int edge_discard_beginning(const char *path, uint64_t bytes);

// Asks the kernel to take back pages of the process's own read-only file mappings
// (madvise(2), MADV_PAGEOUT): start-up code leaves memory, what is in use comes back by itself.
// Returns the bytes that were named, 0 where the kernel does not know the advice (before 5.4).
size_t edge_trim_file_pages(void);

// Asks for so many bytes of room for what was received and not read, on each socket that an
// epoll(7) descriptor watches: who made them may not say which they are. The kernel cuts it down to
// net.core.rmem_max without a word.
void edge_widen_sockets(int epoll, int bytes);

#endif
