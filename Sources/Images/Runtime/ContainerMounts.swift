import Platform

/// What is mounted in a container besides its root, and what of it is hidden.
enum ContainerMounts {
    /// Of /proc and /sys, whatever speaks of the board: its memory, keys, timers and devices.
    static let masked = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
        "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
        "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ]

    /// Of /proc, what would change the board when it is written to.
    static let readOnly = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]

    static func values(
        spec: ContainerSpec, place: RuntimeConfiguration.Place
    ) -> [Value] {
        var mounts = standard
        if spec.network == .host {
            // The image's own would name servers of wherever it was built.
            mounts += place.resolverFiles.map { bind($0, at: $0, isReadOnly: true) }
        }
        return mounts + spec.volumes.map { volume($0, place) }
    }

    private static let standard = [
        mount("proc", "/proc", "proc", ["nosuid", "noexec", "nodev"]),
        mount("tmpfs", "/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount(
            "devpts", "/dev/pts", "devpts",
            ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
        mount(
            "shm", "/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        mount("mqueue", "/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
        mount("sysfs", "/sys", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ]

    private static func volume(
        _ volume: ContainerVolume, _ place: RuntimeConfiguration.Place
    ) -> Value {
        switch volume.source {
        case .named(let name):
            bind("\(place.volumes)/\(name)", at: volume.target, isReadOnly: volume.isReadOnly)
        case .path(let path):
            bind(path, at: volume.target, isReadOnly: volume.isReadOnly)
        case .memory(let size):
            mount(
                "tmpfs", volume.target, "tmpfs",
                ["nosuid", "nodev", "mode=1777", "size=\(size << 10)k"]
                    + (volume.isReadOnly ? ["ro"] : []))
        }
    }

    /// Devices of what is bound are none, and nothing of it gives privileges.
    private static func bind(_ source: String, at target: String, isReadOnly: Bool) -> Value {
        mount(
            source, target, "bind",
            ["rbind", "rprivate", "nosuid", "nodev"] + (isReadOnly ? ["ro"] : []))
    }

    private static func mount(
        _ source: String, _ target: String, _ kind: String, _ options: [String]
    ) -> Value {
        .object([
            ("source", .string(source)), ("destination", .string(target)), ("type", .string(kind)),
            ("options", .array(options.map { .string($0) })),
        ])
    }
}
