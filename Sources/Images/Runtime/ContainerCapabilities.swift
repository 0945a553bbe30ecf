/// What root may do in a container (capabilities(7)). Another user has none of it: without new
/// privileges there would be no way to come by them.
enum ContainerCapabilities {
    /// Each with what a container's root needs it for. Not here: raw sockets (CAP_NET_RAW), making
    /// devices (CAP_MKNOD), giving files capabilities (CAP_SETFCAP), another root (CAP_SYS_CHROOT)
    /// and words in the board's audit log (CAP_AUDIT_WRITE), which runtimes often give.
    static let ofRoot = [
        "CAP_CHOWN",  // Programs hand directories that they made to the user they become.
        "CAP_DAC_OVERRIDE",  // They read and write what that user owns.
        "CAP_FOWNER",  // They set modes and times of it.
        "CAP_FSETID",  // They keep the group bit of a directory when they do.
        "CAP_KILL",  // They end processes of that user.
        "CAP_NET_BIND_SERVICE",  // They listen below port 1024.
        "CAP_SETGID", "CAP_SETUID",  // They become that user.
        "CAP_SETPCAP",  // They give up what they no longer need.
    ]

    static func of(_ user: ContainerUser) -> [String] { user.user == 0 ? ofRoot : [] }
}
