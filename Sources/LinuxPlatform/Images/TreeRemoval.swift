import CEdgeShims
import Glibc
import Images

/// Removes a tree of files without following any link of it.
enum TreeRemoval {
    /// How often what lay too deep was moved up. A container's own directories may be nested as deep
    /// as its disk allows; each round takes `LayerPath.depthMax` of them.
    private static let roundsMax = 10_000

    static func remove(_ path: String) throws(ImageError) {
        let status = unlink(path)
        if status == 0 || errno == ENOENT { return }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw .system("remove", path) }
        defer { close(folder) }
        var moved = 0
        for _ in 0..<roundsMax {
            try empty(folder, path, depth: 0, top: folder, &moved)
            if rmdir(path) == 0 { return }
            guard errno == ENOTEMPTY else { break }
        }
        throw .system("remove", path)
    }

    /// Moves a directory that lies too deep for open descriptors up to the top.
    private static func moveUp(
        _ folder: Int32, _ name: [CChar], _ top: Int32, _ path: String, _ moved: inout Int
    ) throws(ImageError) {
        for _ in 0..<roundsMax {
            moved += 1
            if renameat(folder, name, top, ".removed-\(moved)") == 0 { return }
            // Something of that name is there.
            guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else { break }
        }
        throw .system("remove", path)
    }

    private static func empty(
        _ folder: Int32, _ path: String, depth: Int, top: Int32, _ moved: inout Int
    ) throws(ImageError) {
        let list = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard list >= 0, let stream = fdopendir(list) else { throw .system("list", path) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name: [CChar] = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { start in
                    Array(UnsafeBufferPointer(start: start, count: strnlen(start, 255))) + [0]
                }
            }
            let isItself = name == [0x2E, 0]
            let isParent = name == [0x2E, 0x2E, 0]
            if isItself || isParent || unlinkat(folder, name, 0) == 0 { continue }
            if depth > LayerPath.depthMax {
                try moveUp(folder, name, top, path, &moved)
                continue
            }
            // Without its permissions its owner cannot look into it.
            fchmodat(folder, name, 0o700, 0)
            let inner = edge_open_beneath(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard inner >= 0 else { throw .system("remove", path) }
            defer { close(inner) }
            try empty(inner, path, depth: depth + 1, top: top, &moved)
            guard unlinkat(folder, name, AT_REMOVEDIR) == 0 else { throw .system("remove", path) }
        }
    }
}
