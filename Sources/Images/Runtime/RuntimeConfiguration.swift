public import Platform

/// What a runtime is told of one container (OCI runtime specification 1.0.2, config.json), as a
/// value: nothing is read or made here.
public struct RuntimeConfiguration: Sendable, Hashable {
    /// Where things are on the board.
    public struct Place: Sendable, Hashable {
        /// The container's root, where its layers are mounted.
        public var root: String
        /// Where this workload's named volumes are.
        public var volumes: String
        /// Below the root of the control groups; nil where the runtime makes none.
        public var group: String?
        /// Files of the board that a container with the board's network needs, of those there are.
        public var resolverFiles: [String]

        public init(
            root: String, volumes: String, group: String? = nil, resolverFiles: [String] = []
        ) {
            self.root = root
            self.volumes = volumes
            self.group = group
            self.resolverFiles = resolverFiles
        }
    }

    /// What the workload's specification says beside its container's fields.
    public struct Program: Sendable, Hashable {
        /// Takes the place of all of the image's command; nil keeps that.
        public var command: [String]?
        /// Added to the image's, or taking the place of what it has.
        public var environment: [String: String]
        public var workingDirectory: String?

        public init(
            command: [String]? = nil, environment: [String: String] = [:],
            workingDirectory: String? = nil
        ) {
            self.command = command
            self.environment = environment
            self.workingDirectory = workingDirectory
        }
    }

    /// For programs that look for others, where neither image nor workload says where.
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// config.json.
    public let value: Value

    /// - Parameters:
    ///   - name: The workload's; it becomes the host name.
    ///   - user: Who the process is, looked up in the image.
    ///   - platform: Decides whose system calls the filter means.
    /// - Throws: where neither the image nor the workload says what to run.
    public init(
        name: String, spec: ContainerSpec, program: Program, image: ImageProcess,
        user: ContainerUser, place: Place, platform: ImagePlatform = .current
    ) throws(ImageError) {
        let words = program.command ?? image.command
        guard let first = words.first, !first.isEmpty else {
            throw ImageError(
                .usage, "the image \(Shown.text(spec.image)) does not say what to run",
                advice: "give the workload a command")
        }
        var environment = image.environment.merging(program.environment) { $1 }
        environment["PATH"] = environment["PATH"] ?? Self.searchPath
        let capabilities = Value.array(ContainerCapabilities.of(user).map { .string($0) })
        let process = Value.object([
            ("terminal", .bool(false)),
            (
                "user",
                .object([
                    ("uid", .int(Int64(user.user))), ("gid", .int(Int64(user.group))),
                    ("additionalGids", .array(user.moreGroups.map { .int(Int64($0)) })),
                ])
            ),
            ("args", .array(words.map { .string($0) })),
            (
                "env",
                .array(
                    environment.sorted { $0.key < $1.key }.map { .string("\($0.key)=\($0.value)") })
            ),
            ("cwd", .string(program.workingDirectory ?? image.workingDirectory ?? "/")),
            (
                "capabilities",
                .object([
                    ("bounding", capabilities), ("effective", capabilities),
                    ("permitted", capabilities), ("inheritable", .array([])),
                    ("ambient", .array([])),
                ])
            ),
            // What set-user-ID or file capabilities would give is not given (prctl(2)).
            ("noNewPrivileges", .bool(true)),
        ])
        value = .object([
            ("ociVersion", .string("1.0.2")), ("process", process),
            (
                "root",
                .object([("path", .string(place.root)), ("readonly", .bool(spec.isReadOnly))])
            ),
            ("hostname", .string(name)),
            (
                "mounts",
                .array(ContainerMounts.values(spec: spec, place: place))
            ),
            ("linux", Self.linux(spec, place, platform)),
        ])
    }

    private static func linux(
        _ spec: ContainerSpec, _ place: Place, _ platform: ImagePlatform
    ) -> Value {
        var kinds = ["pid", "mount", "ipc", "uts", "cgroup"]
        if spec.network != .host { kinds.append("network") }
        var fields: [(String, Value)] = [
            ("namespaces", .array(kinds.map { .object([("type", .string($0))]) })),
            ("maskedPaths", .array(ContainerMounts.masked.map { .string($0) })),
            ("readonlyPaths", .array(ContainerMounts.readOnly.map { .string($0) })),
            ("seccomp", SeccompProfile.value(for: platform)),
        ]
        if let group = place.group {
            fields.append(("cgroupsPath", .string(group)))
            fields.append(("resources", resources(spec.limits)))
        }
        return .object(fields)
    }

    /// config-linux.md, Control groups. Memory that would be swapped counts as memory: a card that
    /// is swapped to is worn out.
    private static func resources(_ limits: ContainerSpec.Limits) -> Value {
        // mem(4), null(4), random(4), tty(4): what each container has in its /dev, no more.
        var fields: [(String, Value)] = [
            (
                "devices",
                .array([.object([("allow", .bool(false)), ("access", .string("rwm"))])])
            )
        ]
        if let size = limits.memoryMebibytes {
            fields.append(
                (
                    "memory",
                    .object([("limit", .int(size << 20)), ("swap", .int(size << 20))])
                ))
        }
        if let count = limits.processes {
            fields.append(("pids", .object([("limit", .int(count))])))
        }
        if let percent = limits.cpuPercent {
            // Microseconds in each period of a tenth of a second.
            fields.append(
                (
                    "cpu",
                    .object([("quota", .int(percent * 1000)), ("period", .int(100_000))])
                ))
        }
        return .object(fields)
    }
}
