#define _GNU_SOURCE
#include "CGPIOD.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static uint64_t all(uint32_t count) { return count >= 64 ? ~0ULL : (1ULL << count) - 1; }

static uint64_t flags(const struct edge_gpio_request *request) {
    static const uint64_t bias[] = {
        0, GPIO_V2_LINE_FLAG_BIAS_DISABLED, GPIO_V2_LINE_FLAG_BIAS_PULL_UP,
        GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN,
    };
    static const uint64_t drive[] = {
        0, GPIO_V2_LINE_FLAG_OPEN_DRAIN, GPIO_V2_LINE_FLAG_OPEN_SOURCE,
    };
    static const uint64_t edges[] = {
        0, GPIO_V2_LINE_FLAG_EDGE_RISING, GPIO_V2_LINE_FLAG_EDGE_FALLING,
        GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING,
    };
    uint64_t flags = bias[request->bias & 3];
    if (request->is_active_low) flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
    if (request->is_output) return flags | GPIO_V2_LINE_FLAG_OUTPUT | drive[request->drive % 3];
    return flags | GPIO_V2_LINE_FLAG_INPUT | edges[request->edges & 3];
}

int edge_gpio_request(const char *path, const struct edge_gpio_request *request) {
    if (request->count == 0 || request->count > EDGE_GPIO_LINES_MAX) {
        errno = EINVAL;
        return -1;
    }
    int chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0) return -1;
    struct gpio_v2_line_request wanted;
    memset(&wanted, 0, sizeof wanted);
    memcpy(wanted.offsets, request->offsets, request->count * sizeof wanted.offsets[0]);
    memcpy(wanted.consumer, request->consumer, sizeof wanted.consumer);
    wanted.consumer[sizeof wanted.consumer - 1] = 0;
    wanted.num_lines = request->count;
    wanted.event_buffer_size = request->edges != 0 ? request->buffer : 0;
    wanted.config.flags = flags(request);
    if (request->is_output) {
        struct gpio_v2_line_config_attribute *a = &wanted.config.attrs[wanted.config.num_attrs++];
        a->attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
        a->attr.values = request->values;
        a->mask = all(request->count);
    } else if (request->debounce_us != 0) {
        struct gpio_v2_line_config_attribute *a = &wanted.config.attrs[wanted.config.num_attrs++];
        a->attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
        a->attr.debounce_period_us = request->debounce_us;
        a->mask = all(request->count);
    }
    int code = ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &wanted);
    int reason = errno;
    // The request lives on by its own descriptor.
    close(chip);
    errno = reason;
    return code < 0 ? -1 : wanted.fd;
}

int edge_gpio_set(int request, uint32_t count, uint64_t bits) {
    struct gpio_v2_line_values values = {.bits = bits, .mask = all(count)};
    return ioctl(request, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0 ? -1 : 0;
}

int edge_gpio_get(int request, uint32_t count, uint64_t *bits) {
    struct gpio_v2_line_values values = {.bits = 0, .mask = all(count)};
    if (ioctl(request, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0) return -1;
    *bits = values.bits;
    return 0;
}

int edge_gpio_read(int request, struct edge_gpio_edge *edges, uint32_t capacity) {
    struct gpio_v2_line_event events[64];
    if (capacity > 64) capacity = 64;
    ssize_t bytes = read(request, events, capacity * sizeof events[0]);
    if (bytes < 0) return -1;
    int count = (int)((size_t)bytes / sizeof events[0]);
    for (int i = 0; i < count; i++) {
        edges[i] = (struct edge_gpio_edge){
            .timestamp_ns = events[i].timestamp_ns,
            .offset = events[i].offset,
            .sequence = events[i].seqno,
            .line_sequence = events[i].line_seqno,
            .is_rising = events[i].id == GPIO_V2_LINE_EVENT_RISING_EDGE,
        };
    }
    return count;
}
