import SQLiteStore
import SyncProtocol

/// Parts of one answer that came before others that they build on, as frames. A link may change
/// the order of frames; an answer whose last part comes first is whole all the same.
struct EarlyParts: Sendable {
    static let countMaximum = 64
    static let bytesMaximum = 256 << 10

    private var frames: [[UInt8]] = []
    private var bytes = 0

    var isEmpty: Bool { frames.isEmpty }
    var count: Int { frames.count }

    /// False where there is no room: then it counts as lost.
    mutating func add(_ frame: [UInt8]) -> Bool {
        if frames.contains(frame) { return true }
        guard frames.count < Self.countMaximum, bytes + frame.count <= Self.bytesMaximum else {
            return false
        }
        frames.append(frame)
        bytes += frame.count
        return true
    }

    @discardableResult
    mutating func removeAll() -> [[UInt8]] {
        defer { self = EarlyParts() }
        return frames
    }
}

extension DeviceReplica {
    /// Whether this is a part of the answer that is waited for, and other parts must come first.
    /// An answer to a question that has only one part is never early: what it lacks will not come.
    func isEarly(_ frame: Frame, _ store: AgentStore) -> Bool {
        switch frame {
        case .state(let state) where session.phase == .greeting(request: state.request):
            isEarly(state.deltas, state.isLast ? state.context : CausalContext(), store)
        case .down(let down)
        where session.awaits(down.question) && !(down.isLast && down.complete.isEmpty):
            isEarly(down.deltas, down.isLast ? down.complete : CausalContext(), store)
        default: false
        }
    }

    private func isEarly(
        _ deltas: [IntervalDelta], _ complete: CausalContext, _ store: AgentStore
    ) -> Bool {
        // A store that cannot be read fails at the join, which says so.
        guard var seen = try? store.twin.document(document ?? AgentStore.own).causalContext()
        else { return false }
        for delta in deltas {
            guard delta.since <= seen[delta.epoch] else { return true }
            seen.advance(delta.epoch, to: delta.upto)
        }
        return !seen.covers(complete)
    }
}
