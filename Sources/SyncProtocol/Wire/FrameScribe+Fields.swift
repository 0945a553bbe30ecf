import Platform

extension FrameScribe {
    mutating func fields(of frame: Frame, _ batches: LogBatchCodec) {
        switch frame {
        case .hello(let hello): self.hello(hello)
        case .seed(let request, let deltas, let isLast):
            writer.fixed64(request)
            writer.fixed64(session.device.nonce)
            writer.byte(isLast ? 1 : 0)
            self.deltas(deltas)
        case .up(let up): self.up(up)
        case .log(let batch): writer.raw(batches.encode(batch, known: session.device))
        case .state(let state): self.state(state)
        case .want(let request, let have):
            writer.fixed64(request)
            context(have)
        case .down(let down): self.down(down)
        case .logAcknowledged(let sequence, let upto):
            writer.string(sequence.stream)
            epoch(sequence.epoch)
            writer.varint(upto)
        case .reset: break
        case .hint(let hub): writer.fixed64(hub.nonce)
        case .refused(let reason): writer.string(reason)
        case .compare(let compare): self.compare(compare)
        case .differ(let differ): self.differ(differ)
        }
    }

    private mutating func hello(_ hello: Frame.Hello) {
        writer.fixed64(hello.request)
        writer.fixed64(hello.epoch.nonce)
        reference(hello.reference)
        context(hello.recent)
        deltas(hello.deltas)
    }

    private mutating func reference(_ reference: HubReference?) {
        writer.byte(reference == nil ? 0 : 1)
        guard let reference else { return }
        writer.fixed64(reference.epoch.nonce)
        writer.varint(reference.commit)
    }

    private mutating func state(_ state: Frame.State) {
        writer.fixed64(state.request)
        writer.fixed64(state.reference.epoch.nonce)
        writer.varint(state.reference.commit)
        writer.zigzag(state.time.milliseconds)
        writer.byte(
            (state.isLast ? AnswerFlag.last : 0)
                | (state.winners.isEmpty ? 0 : AnswerFlag.winners)
                | (state.dead.isEmpty ? 0 : AnswerFlag.dead))
        context(state.context)
        deltas(state.deltas)
        if !state.winners.isEmpty { loose(state.winners) }
        if !state.dead.isEmpty { dots(state.dead) }
    }

    /// An `up` names at most one epoch in most cases: the flags save the counts.
    private mutating func up(_ up: Frame.Up) {
        let peer = session.epoch(of: .hub)
        let joined = up.joined.counters
        let asksRoot = up.asksRoot && joined.keys.allSatisfy { $0 == peer }
        let isShort = asksRoot || (joined.count == 1 && joined[peer] != nil)
        var flags = up.deltas.isEmpty ? 0 : UpFlag.deltas
        if asksRoot {
            flags |= UpFlag.root
        } else if isShort {
            flags |= UpFlag.hub
        } else if !joined.isEmpty {
            flags |= UpFlag.joined
        }
        writer.byte(flags)
        writer.byte(up.question)
        if isShort { writer.varint(up.joined[peer]) } else if !joined.isEmpty { context(up.joined) }
        if !up.deltas.isEmpty { deltas(up.deltas) }
    }

    private mutating func down(_ down: Frame.Down) {
        let peer = session.epoch(of: .device)
        let acknowledged = down.acknowledged.counters
        let isShort = acknowledged.count == 1 && acknowledged[peer] != nil
        var flags: UInt8 = down.isLast ? AnswerFlag.last : 0
        if down.question != nil { flags |= AnswerFlag.question }
        if isShort {
            flags |= AnswerFlag.device
        } else if !acknowledged.isEmpty {
            flags |= AnswerFlag.acknowledged
        }
        if !down.deltas.isEmpty { flags |= AnswerFlag.deltas }
        if !down.winners.isEmpty { flags |= AnswerFlag.winners }
        if !down.dead.isEmpty { flags |= AnswerFlag.dead }
        if !down.complete.isEmpty { flags |= AnswerFlag.complete }
        writer.byte(flags)
        if let question = down.question { writer.byte(question) }
        writer.zigzag(Int64(bitPattern: down.commit &- session.commit))
        if isShort {
            writer.varint(down.acknowledged[peer])
        } else if !acknowledged.isEmpty {
            context(down.acknowledged)
        }
        if !down.deltas.isEmpty { deltas(down.deltas) }
        if !down.winners.isEmpty { loose(down.winners) }
        if !down.dead.isEmpty { dots(down.dead) }
        if !down.complete.isEmpty { context(down.complete) }
        if let root = down.root { writer.fixed64(root) }
    }
}

/// Which parts an `up` has.
enum UpFlag {
    static let deltas: UInt8 = 1
    /// One joined epoch, the session's hub epoch.
    static let hub: UInt8 = 2
    static let joined: UInt8 = 4
    /// Both forms, of which the first counts: one joined epoch, and the root is asked for. To who
    /// knows of no roots it is the first form.
    static let root: UInt8 = 6
    static let known: UInt8 = 7
}

/// Which parts a `down` or a `state` has.
enum AnswerFlag {
    static let last: UInt8 = 1
    static let question: UInt8 = 2
    /// One acknowledged epoch, the session's device epoch.
    static let device: UInt8 = 4
    static let acknowledged: UInt8 = 8
    static let deltas: UInt8 = 16
    static let winners: UInt8 = 32
    static let dead: UInt8 = 64
    static let complete: UInt8 = 128
}
