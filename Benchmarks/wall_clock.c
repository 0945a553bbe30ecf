// A wall clock of its own for a program, by LD_PRELOAD: what it is ahead of the machine's, in
// seconds, stands as text in the file that WALL_CLOCK names, and may be written anew while the
// program runs, which is how a time server's first answer looks. `scripts/with-clock` builds it.
//
// Only the wall clock: timers, and all that counts from the machine's start, stay as they are.
// libfaketime shifts absolute timers of the monotonic clocks as well, so that programs that use them
// stand still.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES = 24 };

// Mapped, so that a change is seen by the next look at the clock.
static const volatile char *offset_text;

__attribute__((constructor)) static void open_clock(void) {
    const char *path = getenv("WALL_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, TEXT_BYTES, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) {
        fprintf(stderr, "wall_clock: WALL_CLOCK names no readable file: %s\n", strerror(errno));
        _exit(127);
    }
    close(file);
    offset_text = mapped;
}

static time_t offset(void) {
    // Programs look at the clock before this library's constructor has run.
    if (offset_text == NULL) return 0;
    char text[TEXT_BYTES];
    for (int i = 0; i < TEXT_BYTES; i++) text[i] = offset_text[i];
    text[TEXT_BYTES - 1] = 0;
    return (time_t)strtoll(text, NULL, 10);
}

static struct timespec to_machine(const struct timespec *time) {
    return (struct timespec){.tv_sec = time->tv_sec - offset(), .tv_nsec = time->tv_nsec};
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int code = (int)syscall(SYS_clock_gettime, clock, time);
    int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (code == 0 && is_wall) time->tv_sec += offset();
    return code;
}

int gettimeofday(struct timeval *time, void *zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) *out = now.tv_sec;
    return now.tv_sec;
}

// Waits until a time of the wall clock have to end by the machine's.

int pthread_cond_timedwait(
    pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    // glibc keeps the clock of a condition in this bit (nptl/pthread_cond_common.c).
    int is_monotonic = (condition->__data.__wrefs & 2) != 0;
    if (is_monotonic) return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, until);
    struct timespec end = to_machine(until);
    return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &end);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    struct timespec end = to_machine(until);
    return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, &end);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    struct timespec end = to_machine(until);
    return sem_clockwait(semaphore, CLOCK_REALTIME, &end);
}
