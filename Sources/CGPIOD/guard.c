#define _GNU_SOURCE
#include "CGPIOD.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int edge_guard_start(const char *program, const char *lock, int *socket, int32_t *pid) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    // The copies below would close it, were it one of them.
    int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, EDGE_GUARD_SOCKET + 1);
    close(ends[1]);
    if (theirs < 0) {
        int reason = errno;
        close(ends[0]);
        return reason;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, 0, 2);
    posix_spawn_file_actions_adddup2(&actions, theirs, EDGE_GUARD_SOCKET);
    posix_spawn_file_actions_addclosefrom_np(&actions, EDGE_GUARD_SOCKET + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    // A session of its own: what ends the agent's group or terminal must not end its guard.
    posix_spawnattr_setflags(
        &attributes,
        POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    char *const arguments[] = {(char *)program, (char *)lock, NULL};
    char *const environment[] = {NULL};
    pid_t child = 0;
    int code = posix_spawn(&child, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(theirs);
    if (code != 0) {
        close(ends[0]);
        return code;
    }
    *socket = ends[0];
    *pid = child;
    return 0;
}

int32_t edge_guard_owner(const char *lock) {
    int file = open(lock, O_RDWR | O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? 0 : -1;
    // The kernel names the lock's owner, so that no number in a file can go stale.
    struct flock probe = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int code = fcntl(file, F_GETLK, &probe);
    int reason = errno;
    close(file);
    errno = reason;
    if (code < 0) return -1;
    return probe.l_type == F_UNLCK ? 0 : probe.l_pid;
}

int edge_guard_end(int32_t pid, int patience_ms) {
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process < 0) return errno == ESRCH ? 0 : errno;
    int code = 0;
    if (syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) < 0) {
        code = errno == ESRCH ? 0 : errno;
    } else {
        struct pollfd end = {.fd = process, .events = POLLIN};
        int ready = poll(&end, 1, patience_ms);
        if (ready < 1) code = ready == 0 ? ETIMEDOUT : errno;
    }
    close(process);
    // Where it was a child of ours; another's is its parent's to reap.
    waitpid(pid, NULL, WNOHANG);
    return code;
}

int edge_guard_tell(
    int socket, const struct edge_guard_message *message, int descriptor, int patience_ms) {
    struct iovec part = {.iov_base = (void *)message, .iov_len = sizeof *message};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        packet.msg_control = &control;
        packet.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    if (sendmsg(socket, &packet, MSG_NOSIGNAL) < 0) return errno;
    struct pollfd answer = {.fd = socket, .events = POLLIN};
    int ready = poll(&answer, 1, patience_ms);
    if (ready < 1) return ready == 0 ? ETIMEDOUT : errno;
    uint32_t number[2] = {0, 0};
    ssize_t bytes = recv(socket, number, sizeof number, 0);
    if (bytes < 0) return errno;
    if (bytes != sizeof number || number[0] != message->number) return EPIPE;
    return (int)number[1];
}
