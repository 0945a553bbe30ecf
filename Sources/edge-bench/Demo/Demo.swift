import ArgumentParser
import Foundation
import Platform

/// `edge-bench demo`: the main job, once, on real parts.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows that three boards keep working and lose nothing while all else is down.",
        discussion: "Closes with one JSON line; exit 0 only if all of it holds.")

    @Option(help: "Folder with real payloads; generated ones are used where it is absent.")
    var data = "../shared/data"

    @OptionGroup var options: WorldOptions

    func run() async throws {
        let world = try World(options)
        defer { world.close() }
        let input = DemoInput(folder: data) ?? DemoInput()
        let started = ContinuousClock.now
        Terminal.say("input: \(input.source)")
        var story = try await DemoStory(in: world, input: input)
        let report = try await story.tell()
        let seconds = Int((ContinuousClock.now - started).seconds.rounded())
        Terminal.say("\(seconds) s in all; nothing is left running")
        Terminal.print(report.line.json)
        guard report.failures.isEmpty else {
            throw BenchFailure(report.failures.joined(separator: "\n"))
        }
    }
}
