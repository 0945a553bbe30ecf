import Platform
import Simulator

/// A board's files as its agent sees them: databases are on the disks that SQLite writes to, all
/// others beside them.
struct BoardFiles: FileSystem {
    private let files: SimFileSystem
    private let disks: SimDisks

    private let database: String

    /// - Parameter folder: Where the database is.
    init(_ files: SimFileSystem, _ disks: SimDisks, folder: String) {
        self.files = files
        self.disks = disks
        database = folder + "/agent.db"
    }

    private func isDatabase(_ path: String) -> Bool { path.utf8.starts(with: database.utf8) }

    func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        try files.read(path, maximumBytes: maximumBytes)
    }

    func read(
        _ path: String, from offset: UInt64, maximumBytes: Int
    ) throws(FileError) -> [UInt8] {
        try files.read(path, from: offset, maximumBytes: maximumBytes)
    }

    func size(_ path: String) -> UInt64? {
        guard isDatabase(path) else { return files.size(path) }
        return disks.size(path).map { UInt64($0) }
    }

    func list(_ directory: String) -> [String] { files.list(directory) }

    func replace(_ path: String, with bytes: [UInt8], mode: UInt32) throws(FileError) {
        try files.replace(path, with: bytes, mode: mode)
    }

    func rename(_ path: String, to target: String) throws(FileError) {
        guard isDatabase(path) else { return try files.rename(path, to: target) }
        guard disks.rename(path, to: target) else {
            throw FileError(path: path, operation: "rename", code: 2, message: "No such file")
        }
    }

    func remove(_ path: String) throws(FileError) {
        guard isDatabase(path) else { return try files.remove(path) }
        disks.delete(path)
    }

    func discard(_ path: String, upTo offset: UInt64) throws(FileError) {
        try files.discard(path, upTo: offset)
    }

    func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {
        try files.makeDirectory(path, mode: mode)
    }

    func capacity(_ path: String) -> (total: UInt64, free: UInt64)? { files.capacity(path) }
}
