import Platform
import SyncProtocol

/// The same document once more without any store: what building, encoding, decoding and joining
/// a frame costs by itself. In one go, as the disk of a pair with stores leaves the caches cold.
final class MemoryPair {
    enum Step {
        case take([Cell], replica: Int)
        case exchange(isCounted: Bool)
    }

    private let device = MemoryTwin()
    private let hub = MemoryTwin()
    private let codec = FrameCodec()
    private var deviceWire: WireSession
    private var hubWire: WireSession
    private var question: UInt8 = 0
    /// Seconds for each frame with writes.
    private(set) var encode: [Double] = []
    private(set) var apply: [Double] = []

    init() {
        let wire = WireSession(
            device: Epoch(nonce: 2), hub: Epoch(nonce: 1), request: 1, base: BenchReplicas.start,
            commit: 1)
        deviceWire = wire
        hubWire = wire
    }

    func run(_ steps: [Step]) throws {
        for step in steps {
            switch step {
            case .take(let cells, let replica): take(cells, at: replica)
            case .exchange(let isCounted): try exchange(isCounted: isCounted)
            }
        }
    }

    /// Takes what a commit put, under the epochs of this pair.
    private func take(_ cells: [Cell], at replica: Int) {
        let twin = replica == 0 ? device : hub
        let epoch = replica == 0 ? deviceWire.device : deviceWire.hub
        for cell in cells {
            twin.put(
                Cell(
                    path: cell.path, dot: Dot(epoch: epoch, counter: cell.dot.counter),
                    stamp: cell.stamp, value: cell.value))
            twin.advance(epoch, to: cell.dot.counter)
        }
    }

    private func exchange(isCounted: Bool) throws {
        question &+= 1
        var start = ContinuousClock.now
        let mine = delta(of: deviceWire.device, from: device, to: hub)
        let up = codec.encode(
            .up(Frame.Up(question: question, deltas: [mine], joined: CausalContext())),
            from: .device, session: &deviceWire)
        note(&encode, start, isCounted)
        start = ContinuousClock.now
        try join(up, from: .device, at: hub, &hubWire)
        note(&apply, start, isCounted)
        start = ContinuousClock.now
        let theirs = delta(of: deviceWire.hub, from: hub, to: device)
        let down = codec.encode(
            .down(Frame.Down(question: question, commit: 1, deltas: [theirs])), from: .hub,
            session: &hubWire)
        note(&encode, start, isCounted)
        start = ContinuousClock.now
        try join(down, from: .hub, at: device, &deviceWire)
        note(&apply, start, isCounted)
        deviceWire.names.confirm(deviceWire.names.mark)
        hubWire.names.confirm(hubWire.names.mark)
    }

    private func delta(
        of epoch: Epoch, from twin: MemoryTwin, to other: MemoryTwin
    ) -> IntervalDelta {
        twin.delta(
            epoch, since: other.seen(epoch), upto: twin.seen(epoch),
            bytes: BenchReplicas.frameBytes)
    }

    private func join(
        _ bytes: [UInt8], from role: Epoch.Role, at twin: MemoryTwin, _ wire: inout WireSession
    ) throws {
        let frame = try codec.decode(
            bytes, try codec.header(bytes), from: role, session: &wire)
        switch frame {
        case .up(let up): _ = twin.join(up.deltas, keepsRemovals: true)
        case .down(let down): _ = twin.join(down.deltas, keepsRemovals: false)
        default: break
        }
    }

    private func note(
        _ times: inout [Double], _ start: ContinuousClock.Instant, _ isCounted: Bool
    ) {
        if isCounted { times.append((ContinuousClock.now - start).seconds) }
    }
}
