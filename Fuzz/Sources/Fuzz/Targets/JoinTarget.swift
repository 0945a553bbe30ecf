import Platform
import TestSupport

@testable import SyncProtocol

extension FuzzTarget {
    /// Frames as records, each read and joined onto a twin: a byte of choices, then the frame.
    /// The first byte of all says how long the parts are in which the twin is copied at the end.
    static let join = FuzzTarget(
        name: "join",
        run: { bytes in
            var input = FuzzInput(bytes)
            let partBytes = 32 + 16 * Int(input.byte())
            var sessions = (device: FuzzWire.named.device, hub: FuzzWire.named.hub)
            var joiner = FuzzJoiner()
            for _ in 0..<FuzzInput.recordsMost where !input.isEmpty {
                let choices = input.byte()
                let sealed = FuzzWire.seal(input.record())
                let frame =
                    choices & 1 == 0
                    ? FuzzWire.read(sealed, from: .hub, session: &sessions.device)
                    : FuzzWire.read(sealed, from: .device, session: &sessions.hub)
                if let frame { joiner.join(frame, choices) }
            }
            joiner.checkCopy(partBytes: partBytes)
        },
        random: { frames(isLarge: false, &$0) }, large: { frames(isLarge: true, &$0) })

    private static func frames(isLarge: Bool, _ generator: inout SeededGenerator) -> [UInt8] {
        let exchange = FrameInput.exchange(
            isLarge: isLarge, count: isLarge ? 2 : generator.number(1...5), &generator)
        return [UInt8(generator.number(0...255))]
            + exchange.flatMap { role, content in
                [UInt8(generator.number(0...3)) << 1 | (role == .hub ? 0 : 1)]
                    + FuzzInput.record(content)
            }
    }
}

private struct FuzzJoiner {
    /// The removal records are kept, as a hub does.
    static let keepsRemovals: UInt8 = 2
    /// Winners and dead are taken, as a device does with an answer to its question.
    static let adopts: UInt8 = 4

    private let twin = MemoryTwin()
    /// Whether all that the twin holds came in intervals, without records.
    private var isWhole = true

    mutating func join(_ frame: Frame, _ choices: UInt8) {
        let keeps = choices & Self.keepsRemovals != 0
        guard let first = twin.join(frame.deltas, keepsRemovals: keeps) else { return }
        if keeps, frame.deltas.contains(where: { !$0.removals.isEmpty }) { isWhole = false }
        Oracle.expect(
            frame.deltas.allSatisfy { $0.upto <= twin.context[$0.epoch] }, "joined but not seen")
        if isConsistent(frame.deltas) {
            let (cells, context) = (Self.cells(twin), twin.context)
            let second = twin.join(frame.deltas, keepsRemovals: keeps)
            Oracle.expect(second == JoinOutcome(), "joined again: \(String(describing: second))")
            Oracle.expect(
                Self.cells(twin) == cells && twin.context == context,
                "a second join changed the twin; the first did \(first)")
        }
        if choices & Self.adopts != 0 { adopt(frame) }
    }

    private mutating func adopt(_ frame: Frame) {
        isWhole = isWhole && frame.winners.isEmpty
        let seen = CausalContext(twin.context.counters.filter { $0.key.role == .device })
        _ = twin.adopt(winners: frame.winners, dead: frame.dead, seen: seen)
        guard Set(frame.winners.map(\.path)).count == frame.winners.count else { return }
        let second = twin.adopt(winners: frame.winners, dead: frame.dead, seen: seen)
        Oracle.expect(second == JoinOutcome(), "adopted again: \(second)")
    }

    /// Whether the deltas can be of one history: what they say of an epoch follows on.
    private func isConsistent(_ deltas: [IntervalDelta]) -> Bool {
        var reached: [Epoch: UInt64] = [:]
        for delta in deltas {
            guard delta.since >= reached[delta.epoch] ?? 0 else { return false }
            reached[delta.epoch] = delta.upto
        }
        return true
    }

    /// A twin that joins all that this one holds, part by part, is the same twin.
    func checkCopy(partBytes: Int) {
        guard isWhole else { return }
        let copy = MemoryTwin()
        while true {
            let missing = twin.context.sorted.filter { copy.context[$0.epoch] < $0.counter }
                .map { (epoch: $0.epoch, since: copy.context[$0.epoch], upto: $0.counter) }
            guard !missing.isEmpty else { break }
            let (deltas, _) = twin.deltas(missing, bytes: partBytes)
            let before = copy.context
            Oracle.expect(copy.join(deltas, keepsRemovals: false) != nil, "a part has no base")
            Oracle.expect(copy.context != before, "a part brings the copy no further")
        }
        Oracle.expect(
            Self.cells(copy) == Self.cells(twin) && copy.context == twin.context,
            "the copy differs")
    }

    private static func cells(_ twin: MemoryTwin) -> [[Cell]] {
        twin.all.map { $0.cells.sorted { $0.dot < $1.dot } }
    }
}
