import Foundation
import Platform
import Testing

@testable import edge_bench

/// Scripts as the tests run them.
enum Script {
    /// A hub and a device, as most scripts begin.
    static let pair = """
        {"do":"new","at":"hub","role":"hub"}
        {"do":"new","at":"d1","role":"device"}

        """

    /// The answers of a script, one a line.
    static func answers(_ script: String) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "edge-script-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let lines = try ScriptLine.read([UInt8](script.utf8))
        let run = ScriptRun(folder: folder.path, lines: lines)
        return try lines.compactMap { try run.perform($0)?.json }
    }

    /// The answers after a hub and a device were made.
    static func withPair(_ script: String) throws -> [String] {
        try answers(pair + script)
    }

    static func value(_ at: String, _ value: String) -> String {
        "{\"at\":\"\(at)\",\"value\":\(value)}"
    }

    /// The names of the events in an answer.
    static func events(_ answer: String?) throws -> [String] {
        let list = try JSONReader.read(try #require(answer))["events"]?.arrayValue
        return try #require(list).compactMap { $0["event"]?.stringValue }
    }
}
