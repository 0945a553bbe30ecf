import CEdgeShims
import Glibc
import Images

/// Removes a tree of files without following any link of it.
enum TreeRemoval {
    static func remove(_ path: String) throws(ImageError) {
        let status = unlink(path)
        if status == 0 || errno == ENOENT { return }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw .system("remove", path) }
        defer { close(folder) }
        try empty(folder, path, depth: 0)
        guard rmdir(path) == 0 else { throw .system("remove", path) }
    }

    private static func empty(_ folder: Int32, _ path: String, depth: Int) throws(ImageError) {
        guard depth <= LayerPath.depthMax + 1 else { throw .system("remove", path) }
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
            // Without its permissions its owner cannot look into it.
            fchmodat(folder, name, 0o700, 0)
            let inner = edge_open_beneath(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard inner >= 0 else { throw .system("remove", path) }
            defer { close(inner) }
            try empty(inner, path, depth: depth + 1)
            guard unlinkat(folder, name, AT_REMOVEDIR) == 0 else { throw .system("remove", path) }
        }
    }
}
