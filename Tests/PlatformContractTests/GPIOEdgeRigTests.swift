import Foundation
import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

/// Many edges from gpio-sim, through the kernel's buffers and ours.
@Suite(.enabled(if: Rig.isHere, Rig.comment), .serialized, .timeLimit(.minutes(5)))
struct GPIOEdgeRigTests {
    /// What came of the edges of one request.
    private struct Tally: Sendable {
        var sequence = GPIOSequence()
        var last: GPIOEdge?
        /// Edges in the direction of the one before: gpio-sim's interrupt thread came too late
        /// and saw two changes as one, before the kernel counts.
        var merged = 0
        var backwards = 0

        mutating func add(_ edges: [GPIOEdge]) {
            for edge in edges {
                _ = sequence.admit(edge)
                if let last, last.isRising == edge.isRising { merged += 1 }
                if let last, last.timestamp > edge.timestamp { backwards += 1 }
                last = edge
            }
        }
    }

    private static let count = 10_000

    private func request(_ chip: String, buffer: Int = 256) -> GPIORequest {
        var request = GPIORequest(
            chip: chip, lines: ["0"], consumer: "counter", direction: .input)
        request.edges = .both
        request.buffer = buffer
        return request
    }

    private func collect(
        _ gpio: LinuxGPIO, _ handle: GPIOHandle, into tally: Locked<Tally>
    ) async {
        for await event in gpio.events {
            guard case .edges(handle, let edges) = event else { continue }
            tally.with { $0.add(edges) }
        }
    }

    /// Toggles the line once a millisecond, or as fast as this machine can.
    ///
    /// gpio-sim drops a change that comes before the interrupt of the one before is unmasked, so
    /// where `waits` is set the hand waits until that was seen, and then a little.
    ///
    /// - Returns: how long it took, and how many changes nobody saw within a second.
    private func toggle(
        _ chip: SimulatedChip, _ tally: Locked<Tally>, waits: Bool
    ) async throws -> (span: Duration, dropped: UInt64) {
        try await withCheckedThrowingContinuation { done in
            NativeThread.start("hand") {
                do {
                    var dropped: UInt64 = 0
                    let begin = Rig.nanoseconds()
                    for number in 0..<Self.count {
                        let before = tally.with { $0.sequence.seen }
                        try chip.pull(0, up: number % 2 == 0)
                        let due = begin + UInt64(number + 1) * 1_000_000
                        let end = Rig.nanoseconds() + 1_000_000_000
                        var isSeen = !waits
                        while !isSeen, Rig.nanoseconds() < end {
                            Rig.sleep(until: Rig.nanoseconds() + 100_000)
                            isSeen = tally.with { $0.sequence.seen } > before
                        }
                        if !isSeen { dropped += 1 }
                        Rig.sleep(until: due)
                    }
                    let span = Duration.nanoseconds(Int64(Rig.nanoseconds() - begin))
                    done.resume(returning: (span, dropped))
                } catch {
                    done.resume(throwing: error)
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func tenThousandEdges(_ waits: Bool) async throws {
        let chip = try SimulatedChip(label: "edges", lines: 1)
        let gpio = LinuxGPIO(guardProgram: nil, lock: "")
        let lease = try gpio.request(request("edges"))
        let tally = Locked(Tally())
        async let collected: Void = collect(gpio, lease.handle, into: tally)
        let (span, dropped) = try await toggle(chip, tally, waits: waits)
        // Those that are on their way: nothing more comes once two edges of ours came after them.
        let before = tally.with { $0.sequence.seen }
        for up in [true, false, true] {
            try chip.pull(0, up: up)
            Rig.sleep(until: Rig.nanoseconds() + 50_000_000)
        }
        try await eventually("the last edges") { tally.with { $0.sequence.seen } >= before + 2 }
        gpio.close()
        await collected
        let result = tally.with { $0 }
        let rate = Double(Self.count) / (span / .seconds(1))
        print(
            "rig: \(Self.count) toggles at \(rate.rounded()) Hz\(waits ? "" : ", unwaited"):"
                + " \(result.sequence.seen + result.sequence.lost) numbered with three more,"
                + " \(result.sequence.seen) seen, \(result.sequence.lost) lost, out of order"
                + " \(result.sequence.outOfOrder), merged by gpio-sim \(result.merged)")
        #expect(result.sequence.outOfOrder == 0)
        #expect(result.backwards == 0)
        let last = try #require(result.last)
        #expect(result.sequence.seen + result.sequence.lost == UInt64(last.sequence))
        guard waits else { return }
        // Each toggle and, of the three more, two or three: the first may be no change.
        let expected = UInt64(Self.count) - dropped
        #expect(expected + 2...expected + 3 ~= result.sequence.seen)
        #expect(result.sequence.lost == 0)
        print("rig: \(dropped) of them were not made into an interrupt by gpio-sim")
        #expect(dropped < UInt64(Self.count / 100))
    }

    /// The reader is held while more edges come than the kernel keeps: the loss is counted.
    @Test func overflowIsDetected() async throws {
        let chip = try SimulatedChip(label: "overflow", lines: 1)
        let gpio = LinuxGPIO(guardProgram: nil, lock: "")
        let lease = try gpio.request(request("overflow", buffer: 16))
        let tally = Locked(Tally())
        async let collected: Void = collect(gpio, lease.handle, into: tally)
        try gpio.state.with { _ in
            for number in 0..<200 {
                try chip.pull(0, up: number % 2 == 0)
                // The kernel's thread for the interrupt, not our reader, has this time.
                Rig.sleep(until: Rig.nanoseconds() + 2_000_000)
            }
        }
        try await eventually("what was kept") { tally.with { $0.sequence.seen } >= 16 }
        gpio.close()
        await collected
        let result = tally.with { $0 }
        let last = try #require(result.last)
        print(
            "rig: reader held for \(last.sequence) edges: seen \(result.sequence.seen),"
                + " told as lost \(result.sequence.lost)")
        #expect(result.sequence.lost > 0)
        #expect(result.sequence.outOfOrder == 0)
        #expect(result.sequence.seen + result.sequence.lost == UInt64(last.sequence))
    }
}
