import Foundation

/// A folder of a test for the files of SQLite, in memory where the system has such a place: the
/// real SQL syncs often, and a simulation is not there to wear a disk.
final class Scratch {
    let path: String

    init() throws {
        let memory = "/dev/shm"
        let isThere = FileManager.default.isWritableFile(atPath: memory)
        let parent = isThere ? memory : NSTemporaryDirectory()
        path = parent + "/cloudos-simulation-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A new folder in it.
    func folder(_ name: String) throws -> String {
        let folder = path + "/" + name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }
}

/// A database as a crash leaves it: the file and its write-ahead log, without the shared memory.
enum Database {
    static func copy(_ source: String, to target: String) throws {
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: target + suffix)
            guard FileManager.default.fileExists(atPath: source + suffix) else { continue }
            try FileManager.default.copyItem(atPath: source + suffix, toPath: target + suffix)
        }
    }
}
