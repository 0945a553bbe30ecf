import Platform
import TestSupport

@testable import SyncProtocol

extension FuzzTarget {
    /// A byte of choices, then a frame. Bit 0: its checksum is in the input. Bits 1 and 2: nothing
    /// is known yet, a session, or one with names.
    static let frameFromDevice = frame("frame-from-device", .device)
    static let frameFromHub = frame("frame-from-hub", .hub)

    private static func frame(_ name: String, _ role: Epoch.Role) -> FuzzTarget {
        FuzzTarget(
            name: name,
            run: { bytes in
                if let (frame, session) = FrameInput.read(bytes, from: role) {
                    FuzzWire.checkRoundTrip(frame, from: role, session: session)
                }
            },
            examples: FrameInput.dense(role), random: { FrameInput.random(role, &$0) },
            large: { generator in
                var session = FuzzWire.session
                return [FrameInput.open] + FrameInput.large(role, &session, &generator)
            })
    }
}

enum FrameInput {
    private static let blank: UInt8 = 0
    static let open: UInt8 = 2
    private static let named: UInt8 = 4

    /// The frame of an input and the session behind it; nil for one that is refused.
    static func read(_ bytes: [UInt8], from role: Epoch.Role) -> (Frame, WireSession)? {
        var input = FuzzInput(bytes)
        let choices = input.byte()
        let content = input.all()
        var session = session(choices, reader: role == .hub ? .device : .hub)
        let sealed = choices & 1 == 1 ? content : FuzzWire.seal(content)
        return FuzzWire.read(sealed, from: role, session: &session).map { ($0, session) }
    }

    private static func session(_ choices: UInt8, reader: Epoch.Role) -> WireSession {
        switch choices & 6 {
        case open: FuzzWire.session
        case blank:
            WireSession(
                device: reader == .device ? FuzzWire.device : Epoch(nonce: 0),
                hub: Epoch(nonce: 0))
        default: FuzzWire.named(reader)
        }
    }

    /// Types that a device writes, as `SeededGenerator.frame` counts them.
    private static let kindsOfDevice = [0, 1, 2, 3, 10]
    private static let kindsOfHub = [4, 4, 5, 6, 6, 7, 8, 9, 11, 12]

    static func random(_ role: Epoch.Role, _ generator: inout SeededGenerator) -> [UInt8] {
        let kinds = role == .device ? kindsOfDevice : kindsOfHub
        let kind = kinds[generator.number(0...kinds.count - 1)]
        let choice = [blank, open, named][generator.number(0...2)]
        var session = choice == named ? FuzzWire.named(role) : FuzzWire.session
        return [choice] + frame(kind, role, &session, &generator)
    }

    /// As many cells as a frame may have: of one name in a few bytes, and of as many long names as
    /// 64 KiB spell.
    static func dense(_ role: Epoch.Role) -> [[UInt8]] {
        let long = "config/" + String(repeating: "n", count: 245)
        let many = (0..<9000).compactMap { number in
            let tail = String(number + 36 * 36 * 36, radix: 36)
            return try? TwinPath(long + tail)
        }
        return ([["notes/a"], ["config/a"]].map { $0.compactMap { try? TwinPath($0) } } + [many])
            .map { dense($0, role) }
    }

    private static func dense(_ paths: [TwinPath], _ role: Epoch.Role) -> [UInt8] {
        var session = FuzzWire.session
        let epoch = session.epoch(of: role)
        let cells = (1...FrameBounds.cells).map { number in
            Cell(
                path: paths[number % paths.count], dot: Dot(epoch: epoch, counter: UInt64(number)),
                stamp: UInt64(session.base.milliseconds) << 16, value: .string("on"))
        }
        let delta = IntervalDelta(
            epoch: epoch, since: 0, upto: UInt64(FrameBounds.cells), cells: cells)
        let frame: Frame =
            role == .device
            ? .up(Frame.Up(question: 1, deltas: [delta], joined: CausalContext()))
            : .down(Frame.Down(question: 1, commit: 301, deltas: [], winners: cells))
        let bytes = FuzzWire.codec.encode(frame, from: role, session: &session)
        return [open] + FuzzWire.unsealed(bytes)
    }

    /// What two ends say in turn, the device first: thousands of cells each, or a random frame.
    static func exchange(
        isLarge: Bool, count: Int, _ generator: inout SeededGenerator
    ) -> [(role: Epoch.Role, content: [UInt8])] {
        var ends = FuzzWire.named
        return (0..<count).map { index in
            guard index % 2 == 0 else {
                let content =
                    isLarge
                    ? large(.hub, &ends.hub, &generator) : frame(6, .hub, &ends.hub, &generator)
                return (.hub, content)
            }
            let content =
                isLarge
                ? large(.device, &ends.device, &generator)
                : frame(2, .device, &ends.device, &generator)
            return (.device, content)
        }
    }

    /// One frame as inputs have it.
    private static func frame(
        _ kind: Int, _ role: Epoch.Role, _ session: inout WireSession,
        _ generator: inout SeededGenerator
    ) -> [UInt8] {
        let frame = generator.frame(kind: kind, in: session)
        return FuzzWire.unsealed(FuzzWire.codec.encode(frame, from: role, session: &session))
    }

    /// Thousands of cells of every kind.
    static func large(
        _ role: Epoch.Role, _ session: inout WireSession, _ generator: inout SeededGenerator
    ) -> [UInt8] {
        let epoch = role == .device ? session.device : session.hub
        let cells = (1...3000).compactMap { number -> Cell? in
            let prefix = ["reported", "config", "notes", "sets", "counters"][number % 5]
            guard let path = try? TwinPath("\(prefix)/k\(number)") else { return nil }
            let value: Value = path.kind == .counter ? .int(1) : generator.value(depth: 1)
            return Cell(
                path: path, dot: Dot(epoch: epoch, counter: UInt64(number)),
                stamp: generator.next() >> 16, value: value)
        }
        let delta = IntervalDelta(epoch: epoch, since: 0, upto: 3000, cells: cells)
        let frame: Frame =
            role == .device
            ? .up(Frame.Up(question: 1, deltas: [delta], joined: CausalContext()))
            : .down(Frame.Down(question: 1, commit: 301, deltas: [delta]))
        return FuzzWire.unsealed(FuzzWire.codec.encode(frame, from: role, session: &session))
    }
}
