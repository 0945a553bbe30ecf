import SyncProtocol

/// One end of a link: frames to bytes and back, in the words of its session.
struct WireEnd {
    let role: Epoch.Role
    var session: WireSession
    let codec = FrameCodec()

    /// Both ends of one session.
    static func pair(_ session: WireSession) -> (device: WireEnd, hub: WireEnd) {
        (WireEnd(role: .device, session: session), WireEnd(role: .hub, session: session))
    }

    mutating func write(_ frame: Frame) -> [UInt8] {
        codec.encode(frame, from: role, session: &session)
    }

    /// Reads what the other end wrote; nil for a frame of another session, which is not read.
    mutating func read(_ bytes: [UInt8]) throws(FrameError) -> Frame? {
        let header = try codec.header(bytes)
        if let tag = header.session, tag != session.tag { return nil }
        return try codec.decode(
            bytes, header, from: role == .hub ? .device : .hub, session: &session)
    }

    /// Why bytes are no frame; nil where they are one. Nothing is learnt from them.
    func refusal(_ bytes: [UInt8]) -> FrameError? {
        var copy = self
        do {
            _ = try copy.read(bytes)
            return nil
        } catch { return error }
    }
}

extension WireSession {
    /// Before there is one: what a greeting and a copy are written and read in.
    static func blank(_ device: Epoch) -> WireSession {
        WireSession(device: device, hub: Epoch(nonce: 0))
    }
}

extension Frame {
    /// The ends that write and read this frame where no frame came before it.
    func ends(in session: WireSession) -> (writer: WireEnd, reader: WireEnd) {
        let stranger = WireSession.blank(Epoch(nonce: 0))
        switch self {
        case .hello, .seed:
            return (
                WireEnd(role: .device, session: .blank(session.device)),
                WireEnd(role: .hub, session: stranger)
            )
        case .state:
            return (
                WireEnd(role: .hub, session: session),
                WireEnd(role: .device, session: .blank(session.device))
            )
        case .up, .log, .compare:
            let (device, hub) = WireEnd.pair(session)
            return (device, hub)
        case .want, .down, .logAcknowledged, .reset, .hint, .refused, .differ:
            let (device, hub) = WireEnd.pair(session)
            return (hub, device)
        }
    }
}
