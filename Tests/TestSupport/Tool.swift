import Foundation

/// Programs that nobody here wrote, as judges.
public enum Tool {
    /// What a program left behind.
    public struct Outcome: Sendable {
        public let status: Int32
        public let output: [UInt8]
        public let errors: String

        public var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// Whether a program is installed.
    public static func has(_ name: String) -> Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    /// Runs a program to its end, in a folder whose files it shares with the test. It waits for the
    /// end without a thread: those that tests have also carry the servers that programs talk to.
    public static func run(
        _ words: [String], in folder: TemporaryFolder, input: [UInt8] = []
    ) async throws -> Outcome {
        // By files: neither side then waits for the other to empty a pipe.
        let name = UUID().uuidString
        let paths = ["in", "out", "err"].map { "\(folder.path)/\(name).\($0)" }
        defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
        for (path, content) in zip(paths, [input, [], []]) {
            try Data(content).write(to: URL(filePath: path))
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = URL(filePath: folder.path)
        process.standardInput = FileHandle(forReadingAtPath: paths[0])
        process.standardOutput = FileHandle(forWritingAtPath: paths[1])
        process.standardError = FileHandle(forWritingAtPath: paths[2])
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do {
                try process.run()
            } catch {
                ended.resume(throwing: error)
            }
        }
        return Outcome(
            status: process.terminationStatus,
            output: Array(FileManager.default.contents(atPath: paths[1]) ?? Data()),
            errors: String(
                decoding: FileManager.default.contents(atPath: paths[2]) ?? Data(), as: UTF8.self))
    }
}

extension TemporaryFolder {
    /// Writes a file of the folder.
    public func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path + "/" + name))
    }

    /// Reads a file of the folder.
    public func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path + "/" + name)))
    }

    /// The permissions of a file of the folder.
    public func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
        return attributes[.posixPermissions] as? Int ?? -1
    }
}
