import Platform
import SyncProtocol
import Testing

@testable import FleetHub

/// A board that a test speaks for, frame by frame, in the words of its session.
final class FakeBoard: Sendable {
    struct State: Sendable {
        var wire: WireSession
        var request: UInt64 = 0
        /// The greeting that was not answered yet.
        var greeting: UInt64?
        var question: UInt8 = 0
        /// Own names that the open question carries.
        var mark = 0
        /// How many of the frames to this device were read.
        var position = 0
    }

    let hub: HubHarness
    let id: String
    let epoch: Epoch
    /// A shared document's name; nil for the board's own.
    let document: String?
    let state: Guarded<State>
    private let codec = FrameCodec()

    init(
        hub: HubHarness, id: String = "board-1", epoch: Epoch? = nil, document: String? = nil
    ) {
        let epoch = epoch ?? Self.epoch(of: id)
        self.hub = hub
        self.id = id
        self.epoch = epoch
        self.document = document
        // What came before this board was there is not its own to hear.
        state = Guarded(
            State(wire: Self.blank(epoch), position: hub.frames(to: id).count))
    }

    // MARK: Frames

    /// What the hub sends to this board because of frames, which come in one batch.
    func ask(_ frames: Frame...) async throws -> [Frame] {
        _ = news()
        return try await deliver(frames.map(encode))
    }

    func deliver(_ frames: [[UInt8]]) async throws -> [Frame] {
        _ = news()
        try await hub.deliver(frames, from: id)
        return news()
    }

    /// What came from the hub since this board last looked, of this board's session.
    func news() -> [Frame] {
        let frames = hub.frames(to: id)
        return state.with { state in
            defer { state.position = frames.count }
            return frames.dropFirst(state.position).compactMap { read($0, &state) }
        }
    }

    /// Lets the board overhear nothing of what came: as if the link had lost it.
    func loseNews() {
        let count = hub.frames(to: id).count
        state.with { $0.position = count }
    }

    func encode(_ frame: Frame) -> [UInt8] {
        state.with { state in
            if case .hello(let hello) = frame {
                state.wire = Self.blank(epoch)
                state.greeting = hello.request
            }
            let bytes = codec.encode(
                frame, from: .device, session: &state.wire, document: document ?? "")
            switch frame {
            // They stand for themselves; the session's own names begin after them.
            case .hello, .seed: state.wire = Self.blank(epoch)
            default: state.mark = state.wire.names.mark
            }
            return bytes
        }
    }

    private func read(_ bytes: [UInt8], _ state: inout State) -> Frame? {
        guard let header = try? codec.header(bytes) else { return nil }
        if let tag = header.session {
            guard tag == state.wire.tag else { return nil }
        } else if header.document != document ?? "" {
            return nil
        }
        var wire = state.wire
        guard let frame = try? codec.decode(bytes, header, from: .hub, session: &wire)
        else { return nil }
        if case .state(let answer) = frame {
            // What another board asked, or this one long ago, opens nothing here.
            guard answer.request == state.greeting else { return nil }
            if answer.isLast { state.greeting = nil }
        }
        state.wire = wire
        if case .down(let down) = frame, down.question != nil, down.isLast {
            state.wire.names.confirm(state.mark)
        }
        return frame
    }

    /// No two boards share one.
    private static func epoch(of id: String) -> Epoch {
        let mixed = id.utf8.reduce(UInt64(7)) { $0 &* 62 &+ 2 &* UInt64($1) }
        return Epoch(random: mixed, role: .device)
    }

    private static func blank(_ epoch: Epoch) -> WireSession {
        WireSession(device: epoch, hub: Epoch(nonce: 0))
    }

    /// A greeting; where no number is given, each has one that no other board's has.
    func hello(
        request: UInt64? = nil, reference: HubReference? = nil,
        recent: CausalContext = CausalContext(), _ deltas: [IntervalDelta] = []
    ) async throws -> [Frame] {
        let number = state.with { state in
            state.request += 1
            return request ?? epoch.nonce << 16 | state.request
        }
        return try await ask(
            .hello(
                Frame.Hello(
                    request: number, epoch: epoch, reference: reference, recent: recent,
                    deltas: deltas)))
    }

    func up(
        _ deltas: [IntervalDelta] = [], joined: CausalContext = CausalContext()
    ) async throws -> [Frame] {
        try await ask(question(deltas, joined: joined))
    }

    /// The next question of this session.
    func question(
        _ deltas: [IntervalDelta] = [], joined: CausalContext = CausalContext()
    ) -> Frame {
        let number = state.with { state in
            state.question &+= 1
            return state.question
        }
        return .up(Frame.Up(question: number, deltas: deltas, joined: joined))
    }

    /// Opens a session and asks in it, as a live board does at once.
    func open() async throws {
        let replies = try await hello()
        #expect(replies.last?.name == "state")
        #expect(try await confirm(replies).map(\.name) == ["down"])
    }

    /// Asks, saying that all of an answer was joined.
    func confirm(_ replies: [Frame]) async throws -> [Frame] {
        var joined = CausalContext()
        for delta in replies.flatMap(\.deltas) { joined.advance(delta.epoch, to: delta.upto) }
        return try await up(joined: joined)
    }

    func seed(
        _ request: UInt64, _ deltas: [IntervalDelta], isLast: Bool
    ) async throws -> [Frame] {
        try await ask(.seed(request: request, deltas: deltas, isLast: isLast))
    }

    /// Speaks in another session from here on.
    func speak(in wire: WireSession) { state.with { $0.wire = wire } }

    // MARK: Log

    /// Rows of a stream from `first` on, one for each value.
    func log(_ stream: String, first: UInt64, _ values: [Value]) async throws -> [Frame] {
        let items = values.map { LogItem.row(row($0)) }
        return try await send(
            LogBatch(
                sequence: LogSequence(stream: stream, epoch: epoch), first: first, items: items,
                clocks: []))
    }

    func send(_ batch: LogBatch) async throws -> [Frame] { try await ask(.log(batch)) }

    func row(_ value: Value, key: String = "k") -> LogRow {
        let time = LogTime(
            boot: BootID(rawValue: 1), monotonic: MonotonicTime(milliseconds: 1000),
            offset: Milliseconds(Release.date.milliseconds), quality: .synchronized)
        return LogRow(time: time, key: key, value: value)
    }

    // MARK: Cells

    /// A write of this board; a report's stamp counts, a wish's is a time.
    func cell(
        _ path: String, _ value: Value, counter: UInt64, stamp: UInt64? = nil,
        epoch: Epoch? = nil
    ) throws -> Cell {
        let path = try TwinPath(path)
        let now = HybridTimestamp(wall: hub.clock.now().wall).rawValue
        let usual: UInt64 =
            switch path.kind {
            case .singleWriter: counter
            case .lastWriterWins: now + counter
            case .multiValue, .addWinsSet, .counter: 0
            }
        return Cell(
            path: path, dot: Dot(epoch: epoch ?? self.epoch, counter: counter),
            stamp: stamp ?? usual, value: value)
    }

    func delta(_ cells: Cell..., since: UInt64 = 0, upto: UInt64? = nil) -> IntervalDelta {
        IntervalDelta(
            epoch: cells.first?.dot.epoch ?? epoch, since: since,
            upto: upto ?? cells.last?.dot.counter ?? since, cells: cells)
    }

    /// The answer to a wish, as an agent gives it.
    func answer(
        _ wish: Cell, _ status: String, reason: String? = nil, counter: UInt64
    ) throws -> Cell {
        var fields: [(String, Value)] = [
            ("epoch", .string(wish.dot.epoch.text)), ("counter", .int(Int64(wish.dot.counter))),
            ("status", .string(status)),
        ]
        if let reason { fields.append(("reason", .string(reason))) }
        return try cell("reported/" + wish.path.text, .object(fields), counter: counter)
    }
}

extension Frame {
    /// The types by their number on the wire, from 1.
    private static let names = [
        "hello", "seed", "up", "log", "state", "want", "down", "ack", "reset", "hint", "refused",
    ]

    static func name(kind: UInt8) -> String {
        kind >= 1 && kind <= names.count ? names[Int(kind) - 1] : "unknown"
    }

    /// The type's name, for comparing sequences of answers.
    var name: String {
        switch self {
        case .hello: "hello"
        case .seed: "seed"
        case .up: "up"
        case .log: "log"
        case .state: "state"
        case .want: "want"
        case .down: "down"
        case .logAcknowledged: "ack"
        case .reset: "reset"
        case .hint: "hint"
        case .compare: "compare"
        case .differ: "differ"
        case .refused: "refused"
        }
    }

    private var answer: HubAnswer? {
        switch self {
        case .state(let state):
            HubAnswer(
                deltas: state.deltas, winners: state.winners, dead: state.dead,
                complete: state.context)
        case .down(let down):
            HubAnswer(
                deltas: down.deltas, winners: down.winners, dead: down.dead,
                covered: down.acknowledged, complete: down.complete)
        default: nil
        }
    }

    /// The deltas that a `state` or `down` brings, and their cells.
    var deltas: [IntervalDelta] { answer?.deltas ?? [] }
    var cells: [Cell] { deltas.flatMap(\.cells) }
    var winners: [Cell] { answer?.winners ?? [] }
    var dead: [Dot] { answer?.dead ?? [] }
    /// What a `down` acknowledges.
    var acknowledged: CausalContext { answer?.covered ?? CausalContext() }
}
