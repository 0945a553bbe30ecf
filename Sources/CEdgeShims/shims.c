#define _GNU_SOURCE
#include "CEdgeShims.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

bool edge_clock_is_disciplined(void) {
    struct timex state = {0};
    int code = adjtimex(&state);
    return code >= 0 && code != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

static int stop_descriptor = -1;
static volatile sig_atomic_t stop_requested = 0;

static void on_stop_signal(int number) {
    if (stop_requested) _exit(128 + number);
    stop_requested = 1;
    uint64_t one = 1;
    // Async-signal-safe (signal-safety(7)); a failure leaves the second signal.
    ssize_t written = write(stop_descriptor, &one, sizeof one);
    (void)written;
}

int edge_stop_signals(void) {
    stop_descriptor = eventfd(0, EFD_CLOEXEC);
    struct sigaction action = {.sa_handler = on_stop_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return stop_descriptor;
}

void edge_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

int edge_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int edge_timer_create(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC); }

int edge_timer_set(int timer, int64_t milliseconds) {
    struct itimerspec when = {0};
    when.it_value.tv_sec = milliseconds / 1000;
    when.it_value.tv_nsec = milliseconds % 1000 * 1000000;
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

int edge_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int edge_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

short edge_spawn_new_session(void) { return POSIX_SPAWN_SETSID; }

int edge_shim_signal(int pid, int number) {
    return sigqueue(pid, SIGRTMIN, (union sigval){.sival_int = number});
}

int edge_discard_beginning(const char *path, uint64_t bytes) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    int code = fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes);
    close(file);
    return code;
}

size_t edge_trim_file_pages(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) return 0;
    size_t trimmed = 0;
    unsigned long start, end, inode;
    char permissions[5], line[512];
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &start, &end, permissions, &inode) != 4) continue;
        // Clean pages of files only: nothing is written anywhere, nothing can be lost.
        if (inode == 0 || permissions[1] == 'w') continue;
        if (madvise((void *)start, end - start, MADV_PAGEOUT) == 0) trimmed += end - start;
    }
    fclose(maps);
    return trimmed;
}

void edge_widen_sockets(int epoll, int bytes) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
    FILE *watched = fopen(path, "re");
    if (watched == NULL) return;
    int descriptor;
    while (fgets(line, sizeof line, watched) != NULL) {
        // Timers are watched, too, and refuse.
        if (sscanf(line, "tfd: %d", &descriptor) == 1) {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        }
    }
    fclose(watched);
}
