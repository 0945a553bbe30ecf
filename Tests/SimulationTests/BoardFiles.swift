import Foundation
import Platform
import Simulator

/// A board's files as its agent sees them: SQLite's are real ones, as the real SQL runs on them;
/// all others are simulated.
struct BoardFiles: FileSystem {
    private let files: SimFileSystem

    init(_ files: SimFileSystem) { self.files = files }

    private static func isDatabase(_ path: String) -> Bool { path.contains("/agent.db") }

    func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        try files.read(path, maximumBytes: maximumBytes)
    }

    func read(
        _ path: String, from offset: UInt64, maximumBytes: Int
    ) throws(FileError) -> [UInt8] {
        try files.read(path, from: offset, maximumBytes: maximumBytes)
    }

    func size(_ path: String) -> UInt64? {
        guard Self.isDatabase(path) else { return files.size(path) }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.uint64Value
    }

    func list(_ directory: String) -> [String] { files.list(directory) }

    func replace(_ path: String, with bytes: [UInt8], mode: UInt32) throws(FileError) {
        try files.replace(path, with: bytes, mode: mode)
    }

    func rename(_ path: String, to target: String) throws(FileError) {
        guard Self.isDatabase(path) else { return try files.rename(path, to: target) }
        guard Foundation.rename(path, target) == 0 else { throw Self.error(path, "rename") }
    }

    func remove(_ path: String) throws(FileError) {
        guard Self.isDatabase(path) else { return try files.remove(path) }
        guard unlink(path) == 0 || errno == ENOENT else { throw Self.error(path, "remove") }
    }

    func discard(_ path: String, upTo offset: UInt64) throws(FileError) {
        try files.discard(path, upTo: offset)
    }

    func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {
        try files.makeDirectory(path, mode: mode)
    }

    func capacity(_ path: String) -> (total: UInt64, free: UInt64)? { files.capacity(path) }

    private static func error(_ path: String, _ operation: String) -> FileError {
        FileError(
            path: path, operation: operation, code: errno, message: String(cString: strerror(errno))
        )
    }
}
