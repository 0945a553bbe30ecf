/// System calls by what they are for (syscalls(2)). Names of other architectures are passed over by
/// the runtime.
enum SeccompCalls {
    static let allowed: [String] =
        (files + names + waiting + memory + ipc + processes + identity
        + signals + time + sockets + confinement + arm).sorted()

    /// What is in an open file.
    private static let files = [
        "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3", "fadvise64",
        "fadvise64_64", "fallocate", "fcntl", "fcntl64", "fdatasync", "flock", "fsync", "ftruncate",
        "ftruncate64", "ioctl", "_llseek", "lseek", "memfd_create", "open", "openat", "openat2",
        "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read",
        "readahead", "readv", "sendfile", "sendfile64", "splice", "sync", "sync_file_range",
        "syncfs", "tee", "truncate", "truncate64", "vmsplice", "write", "writev",
    ]

    /// Which files there are, and what is known of them.
    private static let names = [
        "access", "chdir", "chmod", "chown", "chown32", "faccessat", "faccessat2", "fchdir",
        "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fgetxattr",
        "flistxattr", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs",
        "fstatfs64", "futimesat", "getcwd", "getdents", "getdents64", "getxattr", "lchown",
        "lchown32", "lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lremovexattr",
        "lsetxattr", "lstat", "lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "newfstatat",
        "readlink", "readlinkat", "removexattr", "rename", "renameat", "renameat2", "rmdir",
        "setxattr", "stat", "stat64", "statfs", "statfs64", "statx", "symlink", "symlinkat",
        "umask", "unlink", "unlinkat", "utime", "utimensat", "utimensat_time64", "utimes",
    ]

    /// Waiting for files, for changes of them, and for what was begun.
    private static let waiting = [
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
        "eventfd", "eventfd2", "inotify_add_watch", "inotify_init", "inotify_init1",
        "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
        "io_pgetevents_time64", "io_setup", "io_submit", "_newselect", "poll", "ppoll",
        "ppoll_time64", "pselect6", "pselect6_time64", "select", "signalfd", "signalfd4",
        "timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
        "timerfd_settime64",
    ]

    /// A process's own memory.
    private static let memory = [
        "brk", "madvise", "membarrier", "mincore", "mlock", "mlock2", "mlockall", "mmap", "mmap2",
        "mprotect", "mremap", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
        "pkey_mprotect",
    ]

    /// System V's and POSIX's ways between processes of the container, which has a name space of
    /// its own for them.
    private static let ipc = [
        "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64",
        "mq_timedsend", "mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd",
        "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmdt",
        "shmget",
    ]

    /// Starting, ending, waiting for and scheduling processes and threads.
    private static let processes = [
        "arch_prctl", "execve", "execveat", "exit", "exit_group", "fork", "futex", "futex_time64",
        "futex_waitv", "get_robust_list", "get_thread_area", "getcpu", "getpriority", "getrandom",
        "getrlimit", "getrusage", "ioprio_get", "ioprio_set", "pidfd_open", "pidfd_send_signal",
        "prctl", "prlimit64", "restart_syscall", "rseq", "sched_get_priority_max",
        "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
        "sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64",
        "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
        "set_robust_list", "set_thread_area", "set_tid_address", "setpriority", "setrlimit",
        "sysinfo", "ugetrlimit", "uname", "vfork", "wait4", "waitid", "waitpid",
    ]

    /// Who a process is, and with whom it belongs together.
    private static let identity = [
        "capget", "capset", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32",
        "getgroups", "getgroups32", "getpgid", "getpgrp", "getpid", "getppid", "getresgid",
        "getresgid32", "getresuid", "getresuid32", "getsid", "gettid", "getuid", "getuid32",
        "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups",
        "setgroups32", "setpgid", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid",
        "setresuid32", "setreuid", "setreuid32", "setsid", "setuid", "setuid32",
    ]

    /// Signals, which only reach processes of the container.
    private static let signals = [
        "alarm", "kill", "pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
        "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
        "rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sigaltstack", "sigreturn", "tgkill",
        "tkill",
    ]

    /// Reading clocks and waiting for them. The board's time is not theirs to set.
    private static let time = [
        "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
        "clock_nanosleep", "clock_nanosleep_time64", "getitimer", "gettimeofday", "nanosleep",
        "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
        "timer_gettime64", "timer_settime", "timer_settime64", "times",
    ]

    /// Sockets, once `socket` has let one come about.
    private static let sockets = [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt",
        "listen", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg",
        "sendmsg", "sendto", "setsockopt", "shutdown", "socketpair",
    ]

    /// What a program does to confine itself further.
    private static let confinement = [
        "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp",
    ]

    /// Of 32-bit ARM alone.
    private static let arm = [
        "arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "set_tls",
    ]

    /// What would reach past the container, or into parts of the kernel that no workload here needs.
    static let forbidden: [String] = [
        // Other views of the files: mounts, roots and name spaces, and handles that pass by them.
        "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount",
        "name_to_handle_at", "open_by_handle_at", "open_tree", "pivot_root", "setns", "umount",
        "umount2", "unshare",
        // The kernel itself, its modules and programs in it.
        "bpf", "delete_module", "finit_module", "init_module", "kexec_file_load", "kexec_load",
        "perf_event_open", "reboot", "syslog", "userfaultfd",
        // Other processes' memory and descriptors.
        "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
        // Keys, which no name space parts.
        "add_key", "keyctl", "request_key",
        // The board: its clock, name, ports, swap, quotas and accounts.
        "acct", "adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64",
        "fanotify_init", "ioperm", "iopl", "quotactl", "quotactl_fd", "setdomainname",
        "sethostname", "settimeofday", "stime", "swapoff", "swapon", "vhangup",
        // Where memory lies, which is other workloads' affair as well.
        "mbind", "migrate_pages", "move_pages", "set_mempolicy",
    ]
}
