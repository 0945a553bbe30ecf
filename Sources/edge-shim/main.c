// edge-shim FOLDER GROUP PROGRAM [ARGUMENT...]: runs a workload, and keeps how it ended. GROUP is
// the directory of a control group that the workload joins before it runs, or empty.
//
// A process's exit is told to its parent alone. The agent may be restarted while a workload runs,
// so the parent is this: it waits, notes the exit in a file of FOLDER, and ends in the same way. A
// workload ends with its shim (PR_SET_PDEATHSIG), and what a workload leaves behind ends with it:
// orphans come to the shim (PR_SET_CHILD_SUBREAPER). Signals are asked for by SIGRTMIN with the
// number as its value, as SIGKILL could not be passed on; those that end a process are passed on
// as they are.
//
// The file is called PID-START-BOOT: the shim's id, the tick of its start, the first digits of the
// boot's id. It holds 32 bytes of state, written in place so that no disk is too full for them, and
// the workload's tag. Descriptor 3 is a pipe: nothing comes where the program runs, else the error
// number of what failed.
//
// PROGRAM may be `--overlay LAYERS OPTIONS TARGET`, with a program and its arguments behind it: then
// an overlay is mounted at TARGET first, with OPTIONS that name directories of LAYERS, in a mount
// name space of the workload alone. So it goes with the workload, however that ends.
//
// Plain C and small, as there is one for each workload.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START = 3, RECORD_BYTES = 32, PATH_BYTES = 4096 };

static const char tag_variable[] = "EDGE_WORKLOAD";

static _Noreturn void give_up(int error) {
    int32_t number = error;
    if (write(START, &number, sizeof number) < 0) { /* nobody is left to be told */ }
    _exit(127);
}

// Appends a text, and never more than fits.
static void append(char *line, size_t size, const char *text) {
    size_t used = strlen(line), length = strlen(text);
    if (used + length >= size) give_up(ENAMETOOLONG);
    memcpy(line + used, text, length + 1);
}

static void append_number(char *line, size_t size, uint64_t number) {
    char digits[21];
    char *next = digits + sizeof digits - 1;
    *next = 0;
    do {
        *--next = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    append(line, size, next);
}

// The beginning of a small file, as text.
static void read_text(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) give_up(errno);
    ssize_t count = read(file, text, size - 1);
    if (count < 0) give_up(errno);
    text[count] = 0;
    close(file);
}

// proc(5), field 22 of /proc/PID/stat. The name before it, in parentheses, may hold anything.
static const char *start_ticks(char *stat) {
    char *field = strrchr(stat, ')');
    for (int number = 2; field != NULL && number < 22; number++) {
        field = strchr(field, ' ');
        if (field != NULL) field++;
    }
    if (field == NULL) give_up(EPROTO);
    field[strcspn(field, " ")] = 0;
    return field;
}

static void note(int record, const char *state, int number) {
    char line[RECORD_BYTES] = "";
    append(line, sizeof line, state);
    append(line, sizeof line, " ");
    append_number(line, sizeof line, (uint64_t)number);
    size_t used = strlen(line);
    memset(line + used, ' ', sizeof line - used - 1);
    line[RECORD_BYTES - 1] = '\n';
    if (pwrite(record, line, sizeof line, 0) != sizeof line) { /* the parent still sees it */ }
}

static int open_record(const char *folder) {
    char path[PATH_BYTES] = "", text[1024];
    append(path, sizeof path, folder);
    append(path, sizeof path, "/");
    append_number(path, sizeof path, (uint64_t)getpid());
    append(path, sizeof path, "-");
    read_text("/proc/self/stat", text, sizeof text);
    append(path, sizeof path, start_ticks(text));
    append(path, sizeof path, "-");
    read_text("/proc/sys/kernel/random/boot_id", text, sizeof text);
    text[8] = 0;
    append(path, sizeof path, text);
    int record = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (record < 0) give_up(errno);
    note(record, "running", 0);
    const char *tag = getenv(tag_variable);
    size_t length = tag == NULL ? 0 : strlen(tag);
    if (length > 0 && pwrite(record, tag, length, RECORD_BYTES) != (ssize_t)length) {
        int error = errno;
        unlink(path);
        give_up(error);
    }
    return record;
}

// Joins a control group. A workload that should run runs without its limits rather than not at all,
// and its log says so.
static void join(const char *group) {
    char path[PATH_BYTES] = "";
    append(path, sizeof path, group);
    append(path, sizeof path, "/cgroup.procs");
    int file = open(path, O_WRONLY | O_CLOEXEC);
    // cgroups(7): 0 stands for the process that writes it.
    if (file >= 0 && write(file, "0", 1) == 1) {
        close(file);
        return;
    }
    char line[PATH_BYTES + 100] = "edge-shim: no limits hold for this workload, as it cannot join ";
    append(line, sizeof line, group);
    append(line, sizeof line, ": ");
    append(line, sizeof line, strerror(errno));
    append(line, sizeof line, "\n");
    if (write(STDERR_FILENO, line, strlen(line)) < 0) { /* its log is not to be had either */ }
}

// Mounts a workload's root where nobody else sees it. What is mounted on the board later is seen in
// it, and what is unmounted there is not held (mount_namespaces(7), MS_SLAVE).
static void mount_overlay(char **words) {
    if (unshare(CLONE_NEWNS) != 0) give_up(errno);
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) give_up(errno);
    // crun runs nowhere where both versions of control groups are mounted, though it makes no group
    // here. Where there is only one, this path is missing.
    if (mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND, NULL) != 0 &&
        errno != ENOENT) {
        give_up(errno);
    }
    // The options are one page, so they name layers shortly.
    if (chdir(words[0]) != 0) give_up(errno);
    unsigned long flags = MS_NODEV | MS_NOSUID;
    if (mount("overlay", words[2], "overlay", flags, words[1]) != 0) give_up(errno);
    if (chdir("/") != 0) give_up(errno);
}

static pid_t start(const char *group, char **program) {
    pid_t shim = getpid(), child = fork();
    if (child < 0) give_up(errno);
    if (child > 0) return child;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A shim that was gone before that sends nothing.
    if (getppid() != shim) _exit(127);
    if (group[0] != 0) join(group);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fcntl(START, F_SETFD, FD_CLOEXEC);
    if (strcmp(program[0], "--overlay") == 0) {
        for (int word = 1; word <= 4; word++) {
            if (program[word] == NULL) give_up(EINVAL);
        }
        mount_overlay(program + 1);
        program += 4;
    }
    execvp(program[0], program);
    give_up(errno);
}

// Kills the shim's children. False where the kernel does not list them (CONFIG_PROC_CHILDREN).
static int kill_children(void) {
    char text[PATH_BYTES];
    int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count < 0) return 0;
    text[count] = 0;
    // A number that was cut off at the end is a child of the next round.
    for (char *next = text, *end; (end = strchr(next, ' ')) != NULL; next = end + 1) {
        kill((pid_t)strtol(next, NULL, 10), SIGKILL);
    }
    return 1;
}

// Ends what the workload left, whose own children come to the shim as it ends.
static void end_rest(pid_t child) {
    for (;;) {
        int is_listed = kill_children();
        if (!is_listed) kill(-child, SIGKILL);
        pid_t ended = waitpid(-1, NULL, is_listed ? 0 : WNOHANG);
        if (ended == 0 || (ended < 0 && errno != EINTR)) return;
    }
}

static void pass_on(pid_t child, int number) {
    kill(-child, number);
    // Who left the workload's session does not get away.
    if (number == SIGKILL) kill_children();
}

// The end of the workload itself. Others that come to the shim are reaped on the way.
static int wait_for(pid_t child, const sigset_t *signals) {
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(signals, &info), status;
        if (number == SIGRTMIN && info.si_code == SI_QUEUE) {
            pass_on(child, info.si_value.sival_int);
        } else if (number == SIGTERM || number == SIGINT || number == SIGHUP) {
            pass_on(child, number);
        }
        // Signals of one kind are merged, so all are looked at whatever came.
        for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (ended == child) return status;
        }
    }
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    sigset_t signals;
    sigfillset(&signals);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int record = open_record(arguments[1]);
    pid_t child = start(arguments[2], arguments + 3);
    close(START);
    int status = wait_for(child, &signals);
    if (WIFSIGNALED(status)) {
        note(record, "signal", WTERMSIG(status));
    } else {
        note(record, "code", WEXITSTATUS(status));
    }
    fdatasync(record);
    end_rest(child);
    if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, WTERMSIG(status));
    raise(WTERMSIG(status));
    sigprocmask(SIG_UNBLOCK, &own, NULL);
    _exit(128 + WTERMSIG(status));
}
