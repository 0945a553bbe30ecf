import Platform

@testable import SyncProtocol

/// Bugs planted behind the decoder of a hub's frames, one for each thing that a run has to see. No
/// seed reaches one. A run that does not find them within its short form finds nothing else either.
enum Canary: String, CaseIterable {
    /// A list is read behind its end.
    case trap
    /// What was read is another thing when it is read again.
    case difference
    /// Memory for what the frame claims.
    case memory
    /// Time for what the frame claims.
    case time
    /// No end.
    case hang

    var target: FuzzTarget {
        FuzzTarget(
            name: "canary-\(rawValue)",
            run: { bytes in
                if let down = down(bytes), isReached(by: down) { act(down) }
            },
            examples: FuzzTarget.frameFromHub.seeds(.small).filter { bytes in
                down(bytes).map { !isReached(by: $0) } ?? true
            }, random: FuzzTarget.frameFromHub.random, large: FuzzTarget.frameFromHub.large)
    }

    private func down(_ bytes: [UInt8]) -> Frame.Down? {
        guard case .down(let down) = FrameInput.read(bytes, from: .hub)?.0 else { return nil }
        return down
    }

    private func isReached(by down: Frame.Down) -> Bool {
        switch self {
        case .trap: down.question ?? 0 >= 240
        case .difference: down.question != nil && !down.isLast
        case .memory: down.complete.counters.values.contains { $0 >= 4096 }
        case .time: down.acknowledged.counters.values.contains { $0 >= 4096 }
        case .hang: down.dead.contains { $0.counter > 1 << 20 }
        }
    }

    private func act(_ down: Frame.Down) {
        switch self {
        case .trap:
            let table = [UInt64](repeating: down.commit, count: 240)
            Oracle.expect(table[Int(down.question ?? 0)] == down.commit, "another commit")
        case .difference:
            var again = down
            again.isLast = true
            Oracle.expect(again == down, "\(down) was read back as \(again)")
        case .memory:
            // A megabyte at a time: the sum is what counts.
            let claimed = Oracle.read {
                (0...UInt8(16)).map { [UInt8](repeating: $0, count: 1 << 20) }
            }
            Oracle.expect(claimed.allSatisfy { $0.first == $0.last }, "a byte has changed")
        case .time: Oracle.expect(sum(1 << 31, from: down.commit) != 1, "the sum is one")
        case .hang: while sum(1 << 20, from: down.commit) != 1 {}
        }
    }

    private func sum(_ rounds: UInt64, from start: UInt64) -> UInt64 {
        var sum = start
        for round in 0..<rounds { sum = (sum ^ round) &* 0x100_0000_01B3 }
        return sum
    }
}
