public import Platform

/// Files in memory, and what of them is on the disk: a power loss takes the rest, or a part of
/// it, as the world's seed decides.
public final class SimFileSystem: FileSystem, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    private static let noSuchFile: Int32 = 2
    private static let isDirectory: Int32 = 21
    private static let noSpace: Int32 = 28

    /// What programs see.
    private var files: [String: [UInt8]] = [:]
    /// What is on the disk.
    private var disk: [String: [UInt8]] = [:]
    private var directories: Set<String> = ["/"]
    private let world: SimWorld
    /// Bytes of the disk; nil where the file system cannot say, and then has no end.
    public var total: UInt64?

    /// An empty disk.
    public init(world: SimWorld) { self.world = world }

    /// Appends to a file, as another program does: seen at once, durable after `sync`.
    public func append(_ path: String, _ bytes: [UInt8]) {
        files[path, default: []] += bytes
    }

    /// Makes a file as it is now durable, with its name.
    public func sync(_ path: String) { disk[path] = files[path] }

    /// The power goes: of each file stays what is on the disk, or what was written since as far
    /// as the disk had come by itself.
    public func losePower() {
        for path in Set(files.keys).union(disk.keys).sorted() where files[path] != disk[path] {
            guard world.random.chance(percent: 50), let seen = files[path] else { continue }
            let old = disk[path]?.count ?? 0
            let kept = old + world.random.below(max(0, seen.count - old) + 1)
            disk[path] = Array(seen.prefix(kept))
        }
        files = disk
    }

    public func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        try read(path, from: 0, maximumBytes: maximumBytes)
    }

    public func read(
        _ path: String, from offset: UInt64, maximumBytes: Int
    ) throws(FileError) -> [UInt8] {
        let bytes = try file(path, "open")
        return Array(bytes.dropFirst(Int(clamping: offset)).prefix(maximumBytes))
    }

    public func size(_ path: String) -> UInt64? { files[path].map { UInt64($0.count) } }

    public func list(_ directory: String) -> [String] {
        let prefix = directory.hasSuffix("/") ? directory : directory + "/"
        let names = Set(files.keys).union(directories).compactMap { path -> String? in
            guard path.hasPrefix(prefix), path != prefix else { return nil }
            return path.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
        return Set(names).sorted()
    }

    public func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32
    ) throws(FileError) {
        guard directories.contains(Self.parent(path)) else {
            throw Self.error(path, "create", Self.noSuchFile, "No such file or directory")
        }
        let before = UInt64(files[path]?.count ?? 0)
        if let total, used - before + UInt64(bytes.count) > total {
            throw Self.error(path, "write", Self.noSpace, "No space left on device")
        }
        files[path] = bytes
        // The directory is synced, and with it every name in it.
        for name in Set(files.keys).union(disk.keys) where Self.parent(name) == Self.parent(path) {
            if files[name] == nil { disk[name] = nil }
        }
        disk[path] = files[path]
    }

    public func rename(_ path: String, to target: String) throws(FileError) {
        files[target] = try file(path, "rename")
        if target != path { files[path] = nil }
    }

    public func remove(_ path: String) throws(FileError) {
        guard !directories.contains(path) else {
            throw Self.error(path, "remove", Self.isDirectory, "Is a directory")
        }
        files[path] = nil
    }

    public func discard(_ path: String, upTo offset: UInt64) throws(FileError) {
        let bytes = try file(path, "free the beginning of")
        let count = min(bytes.count, Int(clamping: offset))
        let zeros = [UInt8](repeating: 0, count: count)
        files[path] = zeros + bytes.dropFirst(count)
    }

    public func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            directories.insert(made)
        }
    }

    public func capacity(_ path: String) -> (total: UInt64, free: UInt64)? {
        total.map { ($0, $0 - min($0, used)) }
    }

    private var used: UInt64 { files.values.reduce(0) { $0 + UInt64($1.count) } }

    private func file(_ path: String, _ operation: String) throws(FileError) -> [UInt8] {
        guard let file = files[path] else {
            throw Self.error(path, operation, Self.noSuchFile, "No such file or directory")
        }
        return file
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func error(
        _ path: String, _ operation: String, _ code: Int32, _ message: String
    ) -> FileError {
        FileError(path: path, operation: operation, code: code, message: message)
    }
}
