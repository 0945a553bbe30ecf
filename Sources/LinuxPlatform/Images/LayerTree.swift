import CEdgeShims
import Glibc
import Images

/// Puts the members of one layer into a directory, in the form of overlayfs, so that none leads out
/// of it: each is made by one name in a directory that was opened beneath the root without following
/// any link. There is nothing between a check and a use that could be changed.
struct LayerTree: ~Copyable {
    let root: Int32
    let isPrivileged: Bool
    /// Directories that may still be made for paths whose own directories the layer lacks: a path has
    /// up to 256, and only itself is counted by the plan.
    var impliedLeft: Int
    /// The directory of the last member, kept open: most members share theirs with the one before.
    var parent: (path: LayerPath, folder: Int32, modified: timespec)?
    private var file: (descriptor: Int32, path: LayerPath, metadata: LayerMetadata)?

    static let folderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC

    /// - Parameter path: An empty directory, which only its owner can reach.
    init(at path: String, limits: ImageLimits) throws(ImageError) {
        self.init(root: try Self.openRoot(path), limits: limits)
    }

    /// On its own: Swift 6.2, which compiles for the boards, fails where the initializer of a
    /// noncopyable value may throw between its members.
    private init(root: Int32, limits: ImageLimits) {
        self.root = root
        isPrivileged = geteuid() == 0
        impliedLeft = limits.entriesMax
    }

    private static func openRoot(_ path: String) throws(ImageError) -> Int32 {
        let descriptor = open(path, folderFlags | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .system("open", path) }
        return descriptor
    }

    deinit {
        if let parent { close(parent.folder) }
        if let file { close(file.descriptor) }
        close(root)
    }

    /// The attribute of a directory that hides those below: an overlay that a user mounts reads
    /// another (overlayfs.rst, userxattr).
    private var opaqueAttribute: String {
        isPrivileged ? "trusted.overlay.opaque" : "user.overlay.opaque"
    }

    mutating func perform(_ step: LayerStep) throws(ImageError) {
        switch step {
        case .directory(let path, let metadata): try makeDirectory(path, metadata)
        case .file(let path, let metadata):
            let descriptor = try make(path) { folder, name in
                openat(
                    folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            }
            file = (descriptor, path, metadata)
        case .fifo(let path, let metadata):
            _ = try make(path) { folder, name in mkfifoat(folder, name, 0o600) }
            try dress(path, metadata, mode: metadata.mode)
        case .symbolicLink(let path, let target, let metadata):
            let target = Self.cString(target)
            _ = try make(path) { folder, name in symlinkat(target, folder, name) }
            try dress(path, metadata, mode: nil)
        case .hardLink(let path, let target): try link(path, to: target)
        case .whiteout(let path): try hide(path)
        case .opaque(let path):
            let folder = try openDirectory(path)
            defer { close(folder) }
            try setOpaque(folder, path)
        case .nothing: break
        }
    }

    /// Bytes of the file that was begun last.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ImageError) {
        guard let file else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                file.descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
                off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("write", file.path.description) }
            done += count
        }
    }

    /// The member has all its content.
    mutating func endEntry() throws(ImageError) {
        guard let (descriptor, path, metadata) = file else { return }
        file = nil
        defer { close(descriptor) }
        // A hole at the end has no bytes that would make the file so long.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("look at", path.description) }
        if UInt64(status.st_size) != metadata.size,
            ftruncate(descriptor, off_t(metadata.size)) != 0
        {
            throw .system("write", path.description)
        }
        try dress(descriptor, path, metadata)
    }

    /// All members were there; writes them to the disk.
    mutating func finish() throws(ImageError) {
        try leaveParent()
        guard edge_sync_file_system(root) == 0 else { throw .system("sync", "the layer") }
    }

    // MARK: Kinds

    private mutating func makeDirectory(
        _ path: LayerPath, _ metadata: LayerMetadata
    ) throws(ImageError) {
        if path.isRoot {
            try leaveParent()
            try dress(root, path, metadata)
            return
        }
        let folder = try enter(path.parent)
        let name = Self.cString(path.name)
        var isAfterWhiteout = false
        if mkdirat(folder, name, 0o700) != 0 {
            guard errno == EEXIST else { throw .system("make", path.description) }
            let status = try Self.status(folder, name, path)
            if status.st_mode & S_IFMT != S_IFDIR {
                isAfterWhiteout = Self.isWhiteout(status)
                guard unlinkat(folder, name, 0) == 0, mkdirat(folder, name, 0o700) == 0 else {
                    throw .system("make", path.description)
                }
            }
        }
        let made = edge_open_beneath(folder, name, Self.folderFlags)
        guard made >= 0 else { throw .system("open", path.description) }
        defer { close(made) }
        if isAfterWhiteout { try setOpaque(made, path) }
        try dress(made, path, metadata)
    }

    private mutating func link(_ path: LayerPath, to target: LayerPath) throws(ImageError) {
        let name = Self.cString(target.name)
        let source = Self.openBeneath(root, target.parent)
        guard source >= 0 else { throw Self.linkError(path, target) }
        defer { close(source) }
        var status = stat()
        guard fstatat(source, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT)
        else { throw Self.linkError(path, target) }
        // To itself: nothing to do, and unlinking what is there would lose it.
        if path == target { return }
        _ = try make(path) { folder, new in linkat(source, name, folder, new, 0) }
    }

    private static func linkError(_ path: LayerPath, _ target: LayerPath) -> ImageError {
        ImageError(
            .hostile,
            "the image is refused: \(path) is a hard link to \(target), which is no file of the "
                + "same layer",
            advice: "do not use this image; ask where it comes from")
    }

    private mutating func hide(_ path: LayerPath) throws(ImageError) {
        let folder = try enter(path.parent)
        let name = Self.cString(path.name)
        guard edge_make_whiteout(folder, name) != 0 else { return }
        guard errno == EEXIST else {
            throw errno == EPERM
                ? ImageError(
                    .store, "the removal of \(path) cannot be kept: no right to make its mark",
                    advice: "run as root, or on Linux 5.8 and later")
                : .system("remove", path.description)
        }
        // A mark is for the layers below alone. What this layer has stays, but for a directory
        // nothing of theirs shows through it.
        guard try Self.status(folder, name, path).st_mode & S_IFMT == S_IFDIR else { return }
        let hidden = edge_open_beneath(folder, name, Self.folderFlags)
        guard hidden >= 0 else { throw .system("open", path.description) }
        defer { close(hidden) }
        try setOpaque(hidden, path)
    }

    private func setOpaque(_ folder: Int32, _ path: LayerPath) throws(ImageError) {
        guard edge_set_attribute(folder, opaqueAttribute, [UInt8(ascii: "y")], 1) == 0 else {
            throw .system("mark as opaque", path.description)
        }
    }

    /// Makes one thing by its name. What an earlier member left there gives way, as with tar, except
    /// a directory that is not empty.
    private mutating func make(
        _ path: LayerPath, _ body: (Int32, [CChar]) -> Int32
    ) throws(ImageError) -> Int32 {
        let folder = try enter(path.parent)
        let name = Self.cString(path.name)
        var made = body(folder, name)
        if made < 0, errno == EEXIST {
            guard unlinkat(folder, name, 0) == 0 || unlinkat(folder, name, AT_REMOVEDIR) == 0 else {
                throw ImageError(
                    .hostile,
                    "the image is refused: \(path) comes a second time, in the place of a directory "
                        + "that is not empty",
                    advice: "build the image again with a current tool")
            }
            made = body(folder, name)
        }
        guard made >= 0 else { throw .system("make", path.description) }
        return made
    }
}
