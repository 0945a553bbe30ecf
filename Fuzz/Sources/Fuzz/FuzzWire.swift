import Platform

@testable import SyncProtocol

/// Frames as inputs have them: without their checksum, which no fuzzer finds.
enum FuzzWire {
    static let device = Epoch(nonce: 0x1122_3344_5566_7788)
    static let hub = Epoch(nonce: 0xFEDC_BA98_7654_3211)
    static let codec = FrameCodec()

    /// That of the test vectors.
    static let session = WireSession(
        device: device, hub: hub, request: 0x0102_0304_0506_0708,
        base: WallTime(milliseconds: 1_700_000_000_000), commit: 300)

    static let paths = [
        "reported/a", "desired/b", "config/c", "notes/d", "sets/e", "counters/f",
    ].compactMap { try? TwinPath($0) }

    /// Both sides' sessions after each has read the other's names.
    static let named: (device: WireSession, hub: WireSession) = {
        var (deviceSide, hubSide) = (session, session)
        tell(deviceSide.device, paths.prefix(3), .device, from: &deviceSide, to: &hubSide)
        tell(hubSide.hub, paths.suffix(3), .hub, from: &hubSide, to: &deviceSide)
        return (deviceSide, hubSide)
    }()

    static func named(_ role: Epoch.Role) -> WireSession {
        role == .device ? named.device : named.hub
    }

    private static func tell(
        _ epoch: Epoch, _ paths: ArraySlice<TwinPath>, _ role: Epoch.Role,
        from writer: inout WireSession, to reader: inout WireSession
    ) {
        let cells = paths.enumerated().map { index, path in
            Cell(
                path: path, dot: Dot(epoch: epoch, counter: UInt64(index) + 1), stamp: 0,
                value: .null)
        }
        let delta = IntervalDelta(epoch: epoch, since: 0, upto: 3, cells: cells)
        let frame: Frame =
            role == .device
            ? .up(Frame.Up(question: 0, deltas: [delta], joined: CausalContext()))
            : .down(Frame.Down(question: nil, commit: 300, deltas: [delta]))
        let bytes = codec.encode(frame, from: role, session: &writer)
        do {
            let header = try codec.header(bytes)
            _ = try codec.decode(bytes, header, from: role, session: &reader)
        } catch {
            Oracle.expect(false, "names do not arrive: \(error)")
        }
        writer.names.confirm(writer.names.mark)
    }

    static func seal(_ content: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.raw(content)
        writer.fixed32(CRC32C.checksum(content))
        return writer.bytes
    }

    /// What `seal` takes.
    static func unsealed(_ frame: [UInt8]) -> [UInt8] { Array(frame.dropLast(4)) }

    /// The session with nothing named yet.
    static func fresh(_ session: WireSession) -> WireSession {
        WireSession(
            device: session.device, hub: session.hub, request: session.request,
            base: session.base, commit: session.commit)
    }

    /// Reads a frame; nil where it is refused.
    static func read(
        _ bytes: [UInt8], from role: Epoch.Role, session: inout WireSession,
        by codec: FrameCodec = codec
    ) -> Frame? {
        Oracle.read {
            do {
                let header = try codec.header(bytes)
                return try codec.decode(bytes, header, from: role, session: &session)
            } catch {
                // Said in full, as a log line says it.
                _ = "\(error)"
                return nil
            }
        }
    }

    /// What was read must be read back as itself once it is written again.
    ///
    /// - Parameter session: As it is after reading.
    static func checkRoundTrip(_ frame: Frame, from role: Epoch.Role, session: WireSession) {
        guard let frame = written(frame) else { return }
        var (writer, reader) = (fresh(session), fresh(session))
        let bytes = codec.encode(frame, from: role, session: &writer)
        // Names that the session had already are spelled now.
        guard bytes.count <= FrameBounds.bytes else { return }
        let again = read(bytes, from: role, session: &reader)
        Oracle.expect(again == frame, "\(frame) was read back as \(String(describing: again))")
    }

    /// A frame as an encoder has it; nil for one that none would be given. Winners are no
    /// interval: they come by epoch and counter, each once.
    static func written(_ frame: Frame) -> Frame? {
        switch frame {
        case .state(var state):
            guard let winners = ordered(state.winners) else { return nil }
            state.winners = winners
            return .state(state)
        case .down(var down):
            guard let winners = ordered(down.winners) else { return nil }
            down.winners = winners
            return .down(down)
        case .compare(var compare):
            guard let cells = ordered(compare.cells) else { return nil }
            compare.cells = cells
            return .compare(compare)
        case .differ(var differ):
            guard let cells = ordered(differ.difference.cells) else { return nil }
            differ.difference.cells = cells
            return .differ(differ)
        default: return frame
        }
    }

    private static func ordered(_ cells: [Cell]) -> [Cell]? {
        Set(cells.map(\.dot)).count == cells.count ? cells.sorted { $0.dot < $1.dot } : nil
    }
}

extension Frame {
    /// All that it brings for a twin.
    var deltas: [IntervalDelta] {
        switch self {
        case .hello(let hello): hello.deltas
        case .seed(_, let deltas, _): deltas
        case .up(let up): up.deltas
        case .state(let state): state.deltas
        case .down(let down): down.deltas
        case .log, .want, .logAcknowledged, .reset, .hint, .refused, .compare, .differ: []
        }
    }

    var winners: [Cell] {
        switch self {
        case .state(let state): state.winners
        case .down(let down): down.winners
        default: []
        }
    }

    var dead: [Dot] {
        switch self {
        case .state(let state): state.dead
        case .down(let down): down.dead
        default: []
        }
    }
}
