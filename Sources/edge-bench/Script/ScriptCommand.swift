import ArgumentParser
import Foundation
import Platform

/// `edge-bench script`: an operation script through real replicas with real stores.
struct ScriptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "script",
        abstract: "Runs a script of writes, syncs and faults through real replicas and stores.",
        discussion: """
            One JSON object a line; docs/sync-script.md lists what a line may say. Lines that ask \
            (value, events, stats) print one JSON object each. A line that is unknown or ill-typed \
            ends the run with exit code 2 and its number.
            """)

    @Argument(help: "The script; - for standard input.")
    var file: String

    func run() throws {
        let data =
            file == "-"
            ? FileHandle.standardInput.readDataToEndOfFile()
            : try Data(contentsOf: URL(fileURLWithPath: file))
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("edge-script-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            let lines = try ScriptLine.read([UInt8](data))
            let run = ScriptRun(folder: folder.path, lines: lines)
            for line in lines {
                if let answer = try run.perform(line) { Terminal.print(answer.json) }
            }
        } catch let fault as ScriptFault {
            Terminal.say("\(file): \(fault)")
            throw ExitCode(2)
        }
    }
}

/// What is wrong with a script.
struct ScriptFault: Error, CustomStringConvertible {
    let line: Int
    let reason: String

    var description: String { "line \(line): \(reason)" }
}
