import CEdgeShims
import Glibc
public import Platform

/// Files by their system calls.
public struct LinuxFileSystem: FileSystem {
    public init() {}

    /// A small text file of the kernel's, such as those under /proc; nil where it is missing.
    static func text(_ path: String) -> String? {
        guard let bytes = try? LinuxFileSystem().read(path, maximumBytes: 64 << 10) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    public func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        try read(path, from: 0, maximumBytes: maximumBytes)
    }

    public func read(
        _ path: String, from offset: UInt64, maximumBytes: Int
    ) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error(path, "open") }
        defer { close(descriptor) }
        if offset > 0, lseek(descriptor, off_t(offset), SEEK_SET) < 0 {
            throw Self.error(path, "seek in")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(maximumBytes, 16 << 10))
        while bytes.count < maximumBytes {
            let count = Glibc.read(descriptor, &chunk, min(chunk.count, maximumBytes - bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.error(path, "read") }
            guard count > 0 else { break }
            bytes += chunk[0..<count]
        }
        return bytes
    }

    public func size(_ path: String) -> UInt64? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_size) : nil
    }

    public func list(_ directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32
    ) throws(FileError) {
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.error(draft, "create") }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let failure = Self.error(draft, "write")
                close(descriptor)
                throw failure
            }
            written += count
        }
        let isSynced = fsync(descriptor) == 0
        close(descriptor)
        guard isSynced else { throw Self.error(draft, "sync") }
        try rename(draft, to: path)
        Self.syncDirectory(of: path)
    }

    public func rename(_ path: String, to target: String) throws(FileError) {
        guard Glibc.rename(path, target) == 0 else { throw Self.error(path, "rename") }
    }

    public func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw Self.error(path, "remove") }
    }

    public func discard(_ path: String, upTo offset: UInt64) throws(FileError) {
        guard edge_discard_beginning(path, offset) == 0 else {
            throw Self.error(path, "free the beginning of")
        }
    }

    public func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            guard mkdir(made, mode) == 0 || errno == EEXIST || errno == EROFS && size(made) != nil
            else { throw Self.error(made, "create directory") }
        }
    }

    public func capacity(_ path: String) -> (total: UInt64, free: UInt64)? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let unit = UInt64(status.f_frsize)
        return (UInt64(status.f_blocks) * unit, UInt64(status.f_bavail) * unit)
    }

    /// A rename is durable once its directory is.
    private static func syncDirectory(of path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let descriptor = open(String(path[..<slash]) + "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func error(_ path: String, _ operation: String) -> FileError {
        let code = errno
        return FileError(
            path: path, operation: operation, code: code, message: String(cString: strerror(code)))
    }
}
