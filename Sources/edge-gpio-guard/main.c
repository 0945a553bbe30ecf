// edge-gpio-guard LOCKFILE: drives lines to their safe values when its agent is gone.
//
// The agent starts it with a socket and hands it a copy of each line request that has a safe value.
// As long as a copy is open the kernel keeps the lines as they are and gives them to nobody else.
// When the agent ends, however it ends, the socket does too, and this sets the safe values. It then
// goes on holding the lines, because a released line is in no state that anybody promises, until
// the next agent ends it with SIGTERM and takes over.
//
// Plain C and small: it must not need memory, libraries or anything else that may be short when an
// agent dies of the shortage.
#define _GNU_SOURCE
#include "CGPIOD.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct held {
    int request;
    uint32_t number;
    uint32_t count;
    uint64_t safe;
};

static struct held held[EDGE_GUARD_REQUESTS_MAX];
static volatile sig_atomic_t is_ending;

static void end(int signal) {
    (void)signal;
    is_ending = 1;
}

static void make_safe(void) {
    for (int i = 0; i < EDGE_GUARD_REQUESTS_MAX; i++) {
        if (held[i].count > 0) edge_gpio_set(held[i].request, held[i].count, held[i].safe);
    }
}

static struct held *find(uint32_t number, int is_free) {
    for (int i = 0; i < EDGE_GUARD_REQUESTS_MAX; i++) {
        if (is_free ? held[i].count == 0 : held[i].count > 0 && held[i].number == number) {
            return &held[i];
        }
    }
    return NULL;
}

// What became of a message: 0, or an error number.
static uint32_t handle(const struct edge_guard_message *message, int descriptor) {
    struct held *known = find(message->number, 0);
    if (message->kind == EDGE_GUARD_FORGET && known != NULL) {
        close(known->request);
        known->count = 0;
        return 0;
    }
    if (message->kind != EDGE_GUARD_HOLD || descriptor < 0 || known != NULL ||
        message->count == 0 || message->count > EDGE_GPIO_LINES_MAX) {
        return EINVAL;
    }
    struct held *place = find(0, 1);
    if (place == NULL) return ENOSPC;
    *place = (struct held){descriptor, message->number, message->count, message->safe};
    return 0;
}

// One message and its answer; 0 once the agent is gone.
static int serve(void) {
    struct edge_guard_message message;
    struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t bytes = recvmsg(EDGE_GUARD_SOCKET, &packet, MSG_CMSG_CLOEXEC);
    if (bytes < 0 && errno == EINTR) return 1;
    if (bytes <= 0) return 0;
    int descriptor = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    }
    uint32_t answer[2] = {0, EINVAL};
    if (bytes == sizeof message) {
        answer[0] = message.number;
        answer[1] = handle(&message, descriptor);
    }
    if (answer[1] != 0 && descriptor >= 0) close(descriptor);
    send(EDGE_GUARD_SOCKET, answer, sizeof answer, MSG_NOSIGNAL);
    return 1;
}

// Not killed for another's memory; only root may ask for that, and without it the rest still holds.
static void spare(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    if (write(file, "-1000", 5) < 0) { /* not allowed */ }
    close(file);
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    int lock = open(arguments[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (lock < 0 || fcntl(lock, F_SETLK, &whole) < 0) return 1;
    struct sigaction action = {.sa_handler = end};
    // Blocked but where it is waited for, so that it cannot slip in before the wait.
    sigset_t blocked, open_mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &open_mask);
    sigaction(SIGTERM, &action, NULL);
    spare();
    // Pages that are in memory now need not be read when the disk or the memory is in trouble.
    mlockall(MCL_CURRENT);
    // While the agent lives, its socket alone decides; SIGTERM waits until it is gone.
    while (serve()) {
    }
    make_safe();
    close(EDGE_GUARD_SOCKET);
    int holds = 0;
    for (int i = 0; i < EDGE_GUARD_REQUESTS_MAX; i++) holds |= held[i].count > 0;
    while (holds && !is_ending) sigsuspend(&open_mask);
    // The kernel releases lines and lock.
    return 0;
}
