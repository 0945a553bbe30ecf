import ArgumentParser
import Foundation
import LinuxPlatform
import Platform
import PowerManager

/// `edge-bench power`: what governors spend on recorded loads, beside the least that is possible.
struct PowerBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power",
        abstract: "Replays load traces under each governor; modelled, not measured.",
        discussion: """
            One line for each policy and one for the bound. cpu_j is the processor's energy, \
            board_j the board's, over all of the trace; missed counts bursts done late; \
            gap_closed is the share of the gap between schedutil and the bound. Then the fleet \
            with its work on few boards and the others halted. docs/power.md has the model.
            """)

    @Option(help: "Series of percent per five minutes, one a line; .gz is read by gzip.")
    var loads: String

    @Option(help: "A profile's name in firmware-profiles, or its file.")
    var profile: String

    @Option(help: "Seed of the bursts.")
    var seed: UInt64 = 1

    @Option(help: "Seconds that are replayed for each five minutes, 1 to 300.")
    var replayed = 30.0

    @Flag(help: "Also print the figures with each constant 30 % lower and higher.")
    var sensitivity = false

    @Option(help: "Write the steps of the first series to this file, for power_verify.py.")
    var dump: String?

    @Flag(help: "Print lines of JSON, which is what is printed anyway.")
    var json = false

    func validate() throws {
        guard (1...300).contains(replayed) else {
            throw ValidationError("--replayed must be 1 to 300")
        }
    }

    func run() async throws {
        let (profile, model) = try Self.model(profile)
        let series = try LoadFile.read(loads)
        if let dump {
            let bursts = BurstModel(replayedSeconds: replayed)
            var random = SplitMix64(seed: seed)
            let replay = LoadReplay(model: model, trace: bursts.expand(series[0], using: &random))
            try PowerDump.write(replay, profile: profile, to: dump)
        }
        Terminal.say(
            "modelled, not measured: \(profile.title); \(series.count) series, "
                + "\(replayed) s of bursts for each five minutes, seed \(seed)")
        let study = await PowerStudy.run(
            series, model: model, bursts: BurstModel(replayedSeconds: replayed), seed: seed)
        for line in study.lines(variant: 0) { Terminal.print(line.json) }
        // The constants are known to a fifth at best, so the range belongs to the result.
        if sensitivity {
            for variant in 1..<study.variants.count {
                for line in study.lines(variant: variant) { Terminal.print(line.json) }
            }
        } else {
            Terminal.print(study.rangeLine.json)
        }
        let fleet = FleetConsolidation(series, model: model)
        var inner = ResultLine()
        inner.add("all_on_w", fleet.allOn)
        inner.add("consolidated_w", fleet.consolidated)
        inner.add("change", fleet.consolidated / fleet.allOn - 1)
        inner.add("halt_w", model.halt)
        inner.add("boards", series.count)
        inner.add("kind", "bound, modelled")
        Terminal.print(#"{"fleet":"# + inner.json + "}")
        if study.isFlat {
            Terminal.say(
                "nothing to gain: the bound is within 1 % of schedutil's processor energy, because "
                    + "the voltage hardly falls with the clock on this board")
        }
    }

    private static func model(_ name: String) throws -> (BoardProfile, EnergyModel) {
        let path =
            name.contains("/") || name.hasSuffix(".yaml")
            ? name : "firmware-profiles/\(name).yaml"
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ValidationError("no profile at \(path); name one of firmware-profiles or a file")
        }
        do {
            let node = try YAMLDocument.read(Array(bytes), file: path)
            let profile = try BoardProfile.read(node, file: path)
            guard let model = profile.energyModel else {
                throw ValidationError(
                    "\(path) has no sourced voltages or watts, so there is nothing to model")
            }
            return (profile, model)
        } catch let error as ConfigurationError {
            throw ValidationError(error.description)
        } catch let error as ConfigurationErrors {
            throw ValidationError(error.description)
        }
    }
}

/// A file of load series.
enum LoadFile {
    private static let bytesMax = 64 << 20

    static func read(_ path: String) throws -> [[Int]] {
        var bytes: Data
        if path.hasSuffix(".gz") {
            let gzip = Process()
            gzip.executableURL = URL(filePath: "/usr/bin/env")
            gzip.arguments = ["gzip", "-dc", path]
            let output = Pipe()
            gzip.standardOutput = output
            try gzip.run()
            bytes = output.fileHandleForReading.readDataToEndOfFile()
            gzip.waitUntilExit()
            guard gzip.terminationStatus == 0 else {
                throw BenchFailure("gzip cannot read \(path)")
            }
        } else {
            guard let contents = FileManager.default.contents(atPath: path) else {
                throw ValidationError("there is no file \(path)")
            }
            bytes = contents
        }
        guard bytes.count <= bytesMax else { throw ValidationError("\(path) is over 64 MiB") }
        return try parse(String(decoding: bytes, as: UTF8.self))
    }

    static func parse(_ text: String) throws -> [[Int]] {
        var series: [[Int]] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated() where !line.isEmpty
        {
            series.append(
                try line.split(separator: ",").map { word in
                    guard let percent = Int(word.trimmingCharacters(in: .whitespaces)),
                        (0...100).contains(percent)
                    else {
                        throw ValidationError("line \(index + 1): \(word) is no percent, 0 to 100")
                    }
                    return percent
                })
        }
        guard !series.isEmpty else { throw ValidationError("the file has no series") }
        return series
    }
}
