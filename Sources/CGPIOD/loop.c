#define _GNU_SOURCE
#include "CGPIOD.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

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
