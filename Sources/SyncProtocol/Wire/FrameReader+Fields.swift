import Platform

extension FrameReader {
    mutating func frame(
        kind: UInt8, _ batches: LogBatchCodec
    ) throws(FrameError) -> Frame {
        switch kind {
        case FrameKind.hello: return .hello(try hello())
        case FrameKind.seed:
            let request = try reader.fixed64()
            session = WireSession(device: Epoch(nonce: try reader.fixed64()), hub: session.hub)
            let isLast = try flags(1) == 1
            return .seed(request: request, deltas: try deltas(), isLast: isLast)
        case FrameKind.up: return .up(try up())
        case FrameKind.log: return .log(try batches.decode(reader.rest(), known: session.device))
        case FrameKind.state: return .state(try state())
        case FrameKind.want:
            return .want(request: try reader.fixed64(), have: try context())
        case FrameKind.down: return .down(try down(isRooted: false))
        case FrameKind.downRoot: return .down(try down(isRooted: true))
        case FrameKind.logAcknowledged:
            let stream = try reader.string()
            guard LogSequence.isStream(stream) else { throw .malformed("stream name") }
            let sequence = LogSequence(stream: stream, epoch: try epoch())
            return .logAcknowledged(sequence: sequence, upto: try counter())
        case FrameKind.reset: return .reset
        case FrameKind.hint: return .hint(hub: Epoch(nonce: try reader.fixed64()))
        case FrameKind.refused: return .refused(reason: try reader.string())
        case FrameKind.compare: return .compare(try compare())
        case FrameKind.differ: return .differ(try differ())
        default: throw .unknownType(kind)
        }
    }

    private mutating func flags(_ known: UInt8) throws(FrameError) -> UInt8 {
        let flags = try reader.byte()
        guard flags & ~known == 0 else { throw .malformed("flags \(flags)") }
        return flags
    }

    private mutating func hello() throws(FrameError) -> Frame.Hello {
        let request = try reader.fixed64()
        let epoch = Epoch(nonce: try reader.fixed64())
        // From here on the writer's own epoch has a name.
        session = WireSession(device: epoch, hub: session.hub)
        let reference =
            try flags(1) == 1
            ? HubReference(epoch: Epoch(nonce: try reader.fixed64()), commit: try counter()) : nil
        let recent = try context()
        return Frame.Hello(
            request: request, epoch: epoch, reference: reference, recent: recent,
            deltas: try deltas())
    }

    private mutating func state() throws(FrameError) -> Frame.State {
        let request = try reader.fixed64()
        let hub = Epoch(nonce: try reader.fixed64())
        let commit = try counter()
        let time = WallTime(milliseconds: try reader.zigzag())
        let flags = try flags(AnswerFlag.last | AnswerFlag.winners | AnswerFlag.dead)
        open(hub, request, time, commit)
        let context = try context()
        let deltas = try deltas()
        let winners = flags & AnswerFlag.winners == 0 ? [] : try loose()
        let dead = flags & AnswerFlag.dead == 0 ? [] : try dots()
        return Frame.State(
            request: request, reference: HubReference(epoch: hub, commit: commit), time: time,
            context: context, deltas: deltas, winners: winners, dead: dead,
            isLast: flags & AnswerFlag.last != 0)
    }

    /// The parts of one state share a session; another one begins with empty tables.
    private mutating func open(
        _ hub: Epoch, _ request: UInt64, _ time: WallTime, _ commit: UInt64
    ) {
        let next = WireSession(
            device: session.device, hub: hub, request: request, base: time, commit: commit)
        if session.tag != next.tag || session.base != time || session.commit != commit {
            session = next
        }
    }

    private mutating func up() throws(FrameError) -> Frame.Up {
        let flags = try flags(UpFlag.known)
        let question = try reader.byte()
        var joined = CausalContext()
        if flags & UpFlag.hub != 0 {
            joined.advance(session.hub, to: try counter())
        } else if flags & UpFlag.joined != 0 {
            joined = try context()
        }
        let deltas = flags & UpFlag.deltas == 0 ? [] : try deltas()
        return Frame.Up(
            question: question, deltas: deltas, joined: joined,
            asksRoot: flags & UpFlag.root == UpFlag.root)
    }

    private mutating func down(isRooted: Bool) throws(FrameError) -> Frame.Down {
        let flags = try reader.byte()
        let question = flags & AnswerFlag.question == 0 ? nil : try reader.byte()
        let commit = session.commit &+ UInt64(bitPattern: try reader.zigzag())
        guard commit <= UInt64(Int64.max) else { throw .malformed("commit") }
        var acknowledged = CausalContext()
        if flags & AnswerFlag.device != 0 {
            acknowledged.advance(session.device, to: try counter())
        } else if flags & AnswerFlag.acknowledged != 0 {
            acknowledged = try context()
        }
        let deltas = flags & AnswerFlag.deltas == 0 ? [] : try deltas()
        let winners = flags & AnswerFlag.winners == 0 ? [] : try loose()
        let dead = flags & AnswerFlag.dead == 0 ? [] : try dots()
        let complete = flags & AnswerFlag.complete == 0 ? CausalContext() : try context()
        return Frame.Down(
            question: question, commit: commit, acknowledged: acknowledged, deltas: deltas,
            winners: winners, dead: dead, complete: complete,
            root: isRooted ? try reader.fixed64() : nil, isLast: flags & AnswerFlag.last != 0)
    }
}
