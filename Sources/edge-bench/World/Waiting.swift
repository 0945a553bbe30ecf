import Foundation

/// Polls until `condition` gives something, at least once and at most until the limit.
/// - Throws: `BenchFailure` that says what was waited for, with the ends of the logs given.
func eventually<Result>(
    _ what: String, within limit: Duration, every pause: Duration = .milliseconds(25),
    logs: [String] = [], until condition: () async throws -> Result?
) async throws -> Result {
    let deadline = ContinuousClock.now + limit
    do {
        while true {
            if let result = try await condition() { return result }
            guard ContinuousClock.now < deadline else { break }
            try await Task.sleep(for: pause)
        }
    } catch let failure as BenchFailure {
        throw BenchFailure(failure.message + Files.tails(logs))
    }
    throw BenchFailure("waited \(limit) in vain for \(what)" + Files.tails(logs))
}

/// The same for a condition that is just true or not.
func waitUntil(
    _ what: String, within limit: Duration, every pause: Duration = .milliseconds(25),
    logs: [String] = [], condition: () async throws -> Bool
) async throws {
    let _: Bool = try await eventually(what, within: limit, every: pause, logs: logs) {
        try await condition() ? true : nil
    }
}

/// Small helpers around whole files.
enum Files {
    /// The file's text with bad UTF-8 repaired; empty where there is no such file.
    static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    static func write(_ text: String, to path: String) throws {
        try write(Array(text.utf8), to: path)
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        do { try Data(bytes).write(to: URL(fileURLWithPath: path)) } catch {
            throw BenchFailure("cannot write \(path): \(error)")
        }
    }

    static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw BenchFailure("cannot make \(path): \(error)")
        }
    }

    /// Bytes of a file; 0 where there is none.
    static func size(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    /// The last lines of some logs, each under its name.
    static func tails(_ paths: [String], lines: Int = 12) -> String {
        paths.map { path in
            let last = text(path).split(separator: "\n").suffix(lines)
            return last.isEmpty ? "" : "\n--- \(path)\n" + last.joined(separator: "\n")
        }.joined()
    }
}
