import Glibc
public import Images
public import Platform

/// Containers of this board: from an image of the store to what `edge-shim` and crun start.
///
///     boxes/<id>/config.json      what crun is told
///     boxes/<id>/upper, work      what the container writes to its root; gone when it has ended
///     boxes/<id>/root             where its layers are mounted, in a name space of its own
///     volumes/<id>/<name>         its named volumes, which stay
///     runtime/<id>                crun's own notes while it runs
///
/// An id is `edge-` and the workload's name, which may be `..` as well.
public struct ContainerRunner: Sendable {
    /// Where the images are.
    let images: String
    let directory: String
    let crun: String

    /// What a mount's options would take apart (mount(8), overlay).
    private static let separators = Set(",:\\".utf8)

    /// - Parameters:
    ///   - images: The image store.
    ///   - directory: Of root alone; made where there is none.
    ///   - crun: The runtime.
    public init(images: String, directory: String, crun: String = "/usr/bin/crun") {
        self.images = images
        self.directory = directory
        self.crun = crun
    }

    /// Why a container cannot be started as the board is now; nil where nothing is known against it.
    /// A look at records alone: whether they say the truth is seen when it starts.
    public func whyNotNow(_ spec: ContainerSpec) -> String? {
        if let reason = whyNever(spec) { return reason }
        do throws(ImageError) {
            let reference = try ImageReference(spec.image).description
            let isThere = ImageStore.images(in: images).contains { $0.reference == reference }
            return isThere ? nil : ImageUses.missing(reference).description
        } catch {
            return error.description
        }
    }

    private func whyNever(_ spec: ContainerSpec) -> String? {
        guard geteuid() == 0 else {
            return "containers need an agent that runs as root: copy "
                + "/usr/share/edge-agent/containers.conf to "
                + "/etc/systemd/system/edge-agent.service.d and restart it"
        }
        guard access(crun, X_OK) == 0 else {
            return "\(crun) is missing; install the package crun"
        }
        guard spec.limits.isEmpty else {
            return "limits of containers are not kept yet; leave out limits"
        }
        return nil
    }

    /// Makes all that a container runs from, and ends what an earlier one of its name left.
    ///
    /// - Returns: What `ShimProcessRunner` is to start.
    public func prepare(
        _ name: String, _ spec: ContainerSpec, _ program: RuntimeConfiguration.Program
    ) throws(ProcessError) -> [String] {
        if let reason = whyNever(spec) { throw ProcessError(reason) }
        do throws(ImageError) {
            try makeFolders()
            clean(name)
            return try make(name, spec, program)
        } catch {
            clean(name)
            throw ProcessError(error.description)
        }
    }

    private func make(
        _ name: String, _ spec: ContainerSpec, _ program: RuntimeConfiguration.Program
    ) throws(ImageError) -> [String] {
        let id = Self.id(name)
        let image = try ImageUses(images).take(
            try ImageReference(spec.image).description, for: use(name))
        let layers = ContainerLayers(image: image, in: images)
        let process = try layers.process()
        let user = try layers.user(spec.user ?? process.user)
        let box = "\(directory)/boxes/\(id)"
        let volumes = "\(directory)/volumes/\(id)"
        // Its root is as open as a root is; mkdir(2) obeys the agent's mask.
        for (folder, mode) in [("", 0o700), ("/upper", 0o755), ("/work", 0o700), ("/root", 0o700)] {
            try Self.make(box + folder, mode: mode_t(mode))
        }
        for volume in spec.volumes { try prepare(volume, volumes, user) }
        let configuration = try RuntimeConfiguration(
            name: name, spec: spec, program: program, image: process, user: user,
            place: RuntimeConfiguration.Place(
                root: box + "/root", volumes: volumes,
                resolverFiles: ["/etc/hosts", "/etc/resolv.conf"].filter { access($0, R_OK) == 0 }))
        try Self.write(Array(configuration.value.json.utf8), to: box + "/config.json")
        let options = layers.options(upper: box + "/upper", work: box + "/work")
        guard options.utf8.count < 4096 else {
            throw ImageError(
                .limit, "the names of the image's layers do not fit into a mount's options",
                advice: "build it with fewer layers")
        }
        return [
            "--overlay", images + "/layers", options, box + "/root", crun, "--root",
            directory + "/runtime", "--cgroup-manager", "disabled", "run", "--bundle", box, id,
        ]
    }

    /// What a volume is made from has to be there: crun would make a directory of its own.
    private func prepare(
        _ volume: ContainerVolume, _ folder: String, _ user: ContainerUser
    ) throws(ImageError) {
        switch volume.source {
        case .memory: break
        case .path(let path):
            guard access(path, F_OK) == 0 else {
                throw ImageError(
                    .usage, "the volume's path \(Shown.text(path)) is not on this board",
                    advice: "make it first, or give it the name of a volume")
            }
        case .named(let name):
            try Self.make(folder, mode: 0o700)
            let path = "\(folder)/\(name)"
            if access(path, F_OK) == 0 { return }
            try Self.make(path, mode: 0o755)
            guard lchown(path, user.user, user.group) == 0 else { throw .system("own", path) }
        }
    }

    /// The container of this name has ended, or nobody knows any more how it is.
    public func clean(_ name: String) {
        let id = Self.id(name)
        let notes = "\(directory)/runtime/\(id)"
        if access(notes, F_OK) == 0 {
            // Whoever killed its runtime left its processes, and crun takes no name twice.
            ContainerInit.end(notes)
            try? TreeRemoval.remove(notes)
        }
        try? TreeRemoval.remove("\(directory)/boxes/\(id)")
    }

    /// There are these workloads. Of others nothing is kept but their volumes.
    public func keep(_ names: Set<String>) {
        let ids = Set(names.map(Self.id))
        for id in LinuxFileSystem().list(directory + "/boxes") where !ids.contains(id) {
            clean(String(id.dropFirst(Self.prefix.count)))
        }
        ImageUses(images).keep(Set(names.map(use)), of: use(""))
    }

    private static let prefix = "edge-"
    static func id(_ name: String) -> String { prefix + name }

    /// Told apart from other agents' on one machine.
    private func use(_ name: String) -> String {
        let owner = directory.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        return String(owner, radix: 16) + "-" + name
    }

    private func makeFolders() throws(ImageError) {
        guard directory.hasPrefix("/"), images.hasPrefix("/"),
            (directory + images).utf8.allSatisfy({ !Self.separators.contains($0) })
        else {
            throw ImageError(
                .usage, "\(directory) or \(images) is no absolute path without , : and \\",
                advice: "take another directory")
        }
        for folder in ["", "/boxes", "/volumes", "/runtime"] {
            try Self.make(directory + folder, mode: 0o700)
        }
        // Whoever could change a directory on the way could have root write where they like.
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid(), status.st_mode & 0o022 == 0
        else {
            throw ImageError(
                .store, "\(directory) is no directory of root alone",
                advice: "give it to root, mode 0700")
        }
    }

    private static func make(_ path: String, mode: mode_t) throws(ImageError) {
        if mkdir(path, mode) == 0 {
            guard chmod(path, mode) == 0 else { throw .system("make", path) }
        } else if errno != EEXIST {
            throw .system("make", path)
        }
    }

    /// Not synced: after a cut of power everything here is made anew.
    private static func write(_ bytes: [UInt8], to path: String) throws(ImageError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("write", path) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("write", path) }
            rest = rest.dropFirst(count)
        }
    }
}
