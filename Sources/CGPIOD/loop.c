#define _GNU_SOURCE
#include "CGPIOD.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int edge_gpio_loop(void) { return epoll_create1(EPOLL_CLOEXEC); }

int edge_gpio_bell(void) { return eventfd(0, EFD_CLOEXEC); }

int edge_gpio_loop_add(int loop, int descriptor, uint64_t key, int only_end) {
    // EPOLLHUP is always reported.
    struct epoll_event event = {.events = only_end ? 0 : EPOLLIN, .data.u64 = key};
    return epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event);
}

void edge_gpio_loop_remove(int loop, int descriptor) {
    epoll_ctl(loop, EPOLL_CTL_DEL, descriptor, NULL);
}

int edge_gpio_loop_wait(int loop, uint64_t *keys, int capacity) {
    struct epoll_event events[16];
    int count = epoll_wait(loop, events, capacity > 16 ? 16 : capacity, -1);
    for (int i = 0; i < count; i++) keys[i] = events[i].data.u64;
    return count;
}

void edge_gpio_ring(int bell) { eventfd_write(bell, 1); }

void edge_gpio_wait(int bell, uint64_t nanoseconds) {
    struct pollfd rung = {.fd = bell, .events = POLLIN};
    struct timespec span = {
        .tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
    eventfd_t count;
    if (ppoll(&rung, 1, &span, NULL) > 0) eventfd_read(bell, &count);
}
