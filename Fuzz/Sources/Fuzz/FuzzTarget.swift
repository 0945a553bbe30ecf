import CFuzz
import TestSupport

/// One decoder under test.
struct FuzzTarget: Sendable {
    let name: String
    /// Any bytes go in; whatever is wrong stops the process.
    let run: @Sendable ([UInt8]) -> Void
    /// Inputs to begin with.
    var examples: [[UInt8]] = []
    /// A random input as an encoder writes it. Changed bytes alone rarely lead from one frame to
    /// another.
    var random: (@Sendable (inout SeededGenerator) -> [UInt8])?
    /// One of tens of kilobytes.
    let large: @Sendable (inout SeededGenerator) -> [UInt8]

    enum SeedSize: Sendable { case small, large }

    /// What a run begins with: always the same.
    func seeds(_ size: SeedSize) -> [[UInt8]] {
        var generator = SeededGenerator(seed: 1)
        switch size {
        case .small:
            let made = random.map { random in (0..<48).map { _ in random(&generator) } }
            return examples + (made ?? [])
        case .large: return (0..<2).map { _ in large(&generator) }
        }
    }

    /// Decoders first, then the planted bugs.
    static let all: [FuzzTarget] =
        [
            .frameFromDevice, .frameFromHub, .session, .join, .log, .logZstd, .column, .values,
            .value, .json, .time, .path, .selector, .devices, .slot, .yaml,
            .enrolmentToken, .credential, .certificate, .coapBody, .coapRequests,
            .layer, .imageDocument, .registry,
            .rule, .deviceBlocks, .recording, .profile,
        ] + Canary.allCases.map(\.target)
}

/// What a target says of its decoder besides that it returns.
enum Oracle {
    /// The most that one input may take, in bytes: what the smallest board can spare.
    static let bytesMost = 16 << 20
    /// The most with all that a target does to check what was read: copies of it.
    static let bytesMostChecking = 64 << 20
    /// The most CPU time, in microseconds. libFuzzer's own limit is one of the wall clock, which a
    /// busy machine passes without a fault of ours.
    static let microsecondsMost: UInt64 = 1_000_000

    /// Reads one input, within the bound on memory.
    static func read<Result>(_ body: () -> Result) -> Result {
        fuzz_memory_start()
        defer {
            let peak = Int(fuzz_memory_peak())
            expect(peak <= bytesMost, "one input took \(peak) bytes, over \(bytesMost)")
        }
        return body()
    }

    static func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
        guard !condition else { return }
        // A trap is how libFuzzer hears of a finding.
        fatalError("oracle: \(what())")
    }
}
