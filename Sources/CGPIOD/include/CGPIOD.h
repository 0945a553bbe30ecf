// libgpiod 1.x and 2.x behind one set of functions, without linking either: the library is looked
// up on first use, so that a board without declared pins never maps it. Lines are requested through
// version 2 of the kernel's interface, by libgpiod 2.x or, beside 1.x, by ioctl
// (docs/decisions/0027); the descriptor of a request is the same thing either way.
#ifndef CGPIOD_H
#define CGPIOD_H

#include <stddef.h>
#include <stdint.h>

#define EDGE_GPIO_LINES_MAX 64
#define EDGE_GPIO_NAME_SIZE 32

struct edge_gpiod;

struct edge_gpio_chip {
    char name[EDGE_GPIO_NAME_SIZE];
    char label[EDGE_GPIO_NAME_SIZE];
    uint32_t lines;
};

struct edge_gpio_line {
    char name[EDGE_GPIO_NAME_SIZE];
    char consumer[EDGE_GPIO_NAME_SIZE];
    uint8_t is_used;
    uint8_t is_output;
    uint8_t is_active_low;
};

enum { EDGE_GPIO_BIAS_AS_IS, EDGE_GPIO_BIAS_DISABLED, EDGE_GPIO_BIAS_UP, EDGE_GPIO_BIAS_DOWN };
enum { EDGE_GPIO_PUSH_PULL, EDGE_GPIO_OPEN_DRAIN, EDGE_GPIO_OPEN_SOURCE };
enum { EDGE_GPIO_NO_EDGES, EDGE_GPIO_RISING, EDGE_GPIO_FALLING, EDGE_GPIO_BOTH_EDGES };

struct edge_gpio_request {
    uint32_t offsets[EDGE_GPIO_LINES_MAX];
    uint32_t count;
    char consumer[EDGE_GPIO_NAME_SIZE];
    uint64_t values;  // first values of outputs, bit by line
    uint32_t debounce_us;
    uint32_t buffer;  // edges that the kernel keeps
    uint8_t is_output;
    uint8_t is_active_low;
    uint8_t bias;
    uint8_t drive;
    uint8_t edges;
};

struct edge_gpio_edge {
    uint64_t timestamp_ns;
    uint32_t offset;
    uint32_t sequence;
    uint32_t line_sequence;
    uint8_t is_rising;
};

// Opens a library of generation 1 (libgpiod.so.2) or 2 (libgpiod.so.3). Null where it is missing
// or another; then `error` says why. Never closed.
struct edge_gpiod *_Nullable edge_gpiod_load(
    const char *_Nonnull name, int generation, char *_Nonnull error, size_t error_size);
int edge_gpiod_generation(const struct edge_gpiod *_Nonnull library);

// These open the chip's device, ask, and close it. 0 or -1 with errno.
int edge_gpiod_chip(
    const struct edge_gpiod *_Nonnull library, const char *_Nonnull path,
    struct edge_gpio_chip *_Nonnull chip);
int edge_gpiod_line(
    const struct edge_gpiod *_Nonnull library, const char *_Nonnull path, uint32_t offset,
    struct edge_gpio_line *_Nonnull line);
// The lines from 0 on, `count` of them.
int edge_gpiod_lines(
    const struct edge_gpiod *_Nonnull library, const char *_Nonnull path,
    struct edge_gpio_line *_Nonnull lines, uint32_t count);

// A descriptor that holds the lines until its last copy is closed; -1 with errno.
int edge_gpiod_request(
    const struct edge_gpiod *_Nonnull library, const char *_Nonnull path,
    const struct edge_gpio_request *_Nonnull request);

// The same by ioctl, which libgpiod 1.x is too old for.
int edge_gpio_request(
    const char *_Nonnull path, const struct edge_gpio_request *_Nonnull request);

// On the descriptor of a request. 0 or -1 with errno.
int edge_gpio_set(int request, uint32_t count, uint64_t bits);
int edge_gpio_get(int request, uint32_t count, uint64_t *_Nonnull bits);
// Blocks until there is an edge; how many were read, at most 64; -1 with errno.
int edge_gpio_read(int request, struct edge_gpio_edge *_Nonnull edges, uint32_t capacity);

// What waits for many descriptors: epoll and eventfd, which Swift's Glibc does not have.
int edge_gpio_loop(void);
int edge_gpio_bell(void);
void edge_gpio_ring(int bell);
// Until the bell rings or the time is over.
void edge_gpio_wait(int bell, uint64_t nanoseconds);
// Adds a descriptor under a key, for what can be read, or for its peer's end alone.
int edge_gpio_loop_add(int loop, int descriptor, uint64_t key, int only_end);
void edge_gpio_loop_remove(int loop, int descriptor);
// Blocks; how many keys are ready, at most 16; -1 with errno.
int edge_gpio_loop_wait(int loop, uint64_t *_Nonnull keys, int capacity);

// The guard: a process that drives lines to their safe values once its agent is gone.
enum { EDGE_GUARD_HOLD = 1, EDGE_GUARD_FORGET = 2 };

// One packet to it; EDGE_GUARD_HOLD carries the descriptor of a request beside. It answers each
// with the same number when done.
struct edge_guard_message {
    uint32_t kind;
    uint32_t number;
    uint32_t count;
    uint32_t padding;
    uint64_t safe;
};

#define EDGE_GUARD_REQUESTS_MAX 64
// Where a guard finds its end of the socket.
#define EDGE_GUARD_SOCKET 3

// Starts `program` with a socket to it and the file that it locks; 0, or an error number.
int edge_guard_start(
    const char *_Nonnull program, const char *_Nonnull lock, int *_Nonnull socket,
    int32_t *_Nonnull pid);
// The guard that holds the lock; 0 where nobody does, -1 with errno.
int32_t edge_guard_owner(const char *_Nonnull lock);
// Ends a guard that holds the lock and waits for its end; 0, or an error number.
int edge_guard_end(int32_t pid, int patience_ms);
// Sends a message, with a descriptor where it is not -1, and waits for the answer; 0, or an
// error number.
int edge_guard_tell(
    int socket, const struct edge_guard_message *_Nonnull message, int descriptor,
    int patience_ms);

#endif
