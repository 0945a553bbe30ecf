import CEdgeShims
import Glibc
import Images

extension LayerTree {
    static func openBeneath(_ root: Int32, _ path: LayerPath) -> Int32 {
        path.isRoot
            ? fcntl(root, F_DUPFD_CLOEXEC, 0)
            : edge_open_beneath(root, cString(path.bytes), folderFlags)
    }

    /// The directory of a path, which is made where no member had made it yet.
    mutating func openDirectory(_ path: LayerPath) throws(ImageError) -> Int32 {
        let folder = Self.openBeneath(root, path)
        if folder >= 0 { return folder }
        switch errno {
        case ENOENT: return try makeAll(path)
        case ELOOP, ENOTDIR, EXDEV:
            throw ImageError(
                .hostile,
                "the image is refused: \(path) leads through a link or a file, not through "
                    + "directories",
                advice: "do not use this image; ask where it comes from")
        default: throw .system("open", path.description)
        }
    }

    mutating func makeAll(_ path: LayerPath) throws(ImageError) -> Int32 {
        var folder = fcntl(root, F_DUPFD_CLOEXEC, 0)
        for name in path.names {
            let name = Self.cString(name)
            let isNew = mkdirat(folder, name, 0o755) == 0
            let isThere = isNew || errno == EEXIST
            let next = isThere ? edge_open_beneath(folder, name, Self.folderFlags) : -1
            let code = errno
            close(folder)
            guard next >= 0 else {
                errno = code
                throw .system("make", path.description)
            }
            folder = next
            guard isNew else { continue }
            // Whatever mask this process has.
            fchmod(folder, 0o755)
            impliedLeft -= 1
            guard impliedLeft >= 0 else {
                close(folder)
                throw ImageError(
                    .limit, "a layer needs too many directories that it does not have itself",
                    advice: "build the image with fewer, or give more by --files-max")
            }
        }
        guard folder >= 0 else { throw .system("make", path.description) }
        return folder
    }

    mutating func enter(_ path: LayerPath) throws(ImageError) -> Int32 {
        if let parent, parent.path == path { return parent.folder }
        try leaveParent()
        let folder = try openDirectory(path)
        var status = stat()
        guard fstat(folder, &status) == 0 else {
            close(folder)
            throw .system("look at", path.description)
        }
        parent = (path, folder, status.st_mtim)
        return folder
    }

    /// What was made in a directory changed its time; it gets back the one that its layer gave it.
    mutating func leaveParent() throws(ImageError) {
        guard let (path, folder, modified) = parent else { return }
        parent = nil
        defer { close(folder) }
        guard futimens(folder, [modified, modified]) == 0 else {
            throw .system("set the time of", path.description)
        }
    }

    static func status(
        _ folder: Int32, _ name: [CChar], _ path: LayerPath
    ) throws(ImageError) -> stat {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .system("look at", path.description)
        }
        return status
    }

    static func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }
}
