import Platform
import TestSupport

@testable import SyncProtocol

extension FuzzTarget {
    /// Frames one after the other on one link, each a record: a byte that says what becomes of it,
    /// and the frame. Two honest ends carry what the frames say to each other, over a link that
    /// loses, repeats and delays; two more ends read the frames as they are.
    static let session = FuzzTarget(
        name: "session",
        run: { bytes in
            var input = FuzzInput(bytes)
            var link = FuzzLink()
            for _ in 0..<FuzzInput.recordsMost where !input.isEmpty {
                let fate = input.byte()
                link.carry(input.record(), fate)
            }
        },
        random: { exchange(isLarge: false, &$0) }, large: { exchange(isLarge: true, &$0) })

    private static func exchange(
        isLarge: Bool, _ generator: inout SeededGenerator
    ) -> [UInt8] {
        FrameInput.exchange(
            isLarge: isLarge, count: isLarge ? 2 : generator.number(2...6), &generator
        ).flatMap { role, content in
            let fate =
                isLarge || generator.once(in: 2)
                ? FuzzLink.confirmed : UInt8(generator.number(0...63))
            return [role == .hub ? fate | FuzzLink.fromHub : fate & ~FuzzLink.fromHub]
                + FuzzInput.record(content)
        }
    }
}

private struct FuzzLink {
    static let fromHub: UInt8 = 1
    static let lost: UInt8 = 2
    static let twice: UInt8 = 4
    /// The writer learns that the other side has read all that it wrote.
    static let confirmed: UInt8 = 8
    /// Kept back until the next frame.
    static let late: UInt8 = 16
    /// Read as it is by a side that trusts it.
    static let hostile: UInt8 = 32

    private struct End {
        var session = FuzzWire.session
        /// Frames were lost or are late, so names may be missing at the other side.
        var isBehind = false
    }

    private var honest = (device: End(), hub: End())
    private var trusting = (device: FuzzWire.session, hub: FuzzWire.session)
    /// Understands the names of all frames, to know what the honest ends are to say.
    private var scratch = (device: FuzzWire.named.device, hub: FuzzWire.named.hub)
    private var late: (bytes: [UInt8], frame: Frame, role: Epoch.Role)?

    mutating func carry(_ content: [UInt8], _ fate: UInt8) {
        let role: Epoch.Role = fate & Self.fromHub == 0 ? .device : .hub
        let sealed = FuzzWire.seal(content)
        guard fate & Self.hostile == 0 else {
            _ =
                role == .hub
                ? FuzzWire.read(sealed, from: .hub, session: &trusting.device)
                : FuzzWire.read(sealed, from: .device, session: &trusting.hub)
            return
        }
        let read =
            role == .hub
            ? FuzzWire.read(sealed, from: .hub, session: &scratch.device)
            : FuzzWire.read(sealed, from: .device, session: &scratch.hub)
        guard let read, isSaid(read, by: role), let frame = FuzzWire.written(read) else { return }
        let bytes =
            role == .hub
            ? FuzzWire.codec.encode(frame, from: .hub, session: &honest.hub.session)
            : FuzzWire.codec.encode(frame, from: .device, session: &honest.device.session)
        guard bytes.count <= FrameBounds.bytes else { return lose(role) }
        if fate & Self.lost != 0 { return lose(role) }
        if fate & Self.late != 0 {
            lose(role)
            late = (bytes, frame, role)
            return
        }
        deliver(bytes, frame, role)
        if fate & Self.twice != 0 { deliver(bytes, frame, role) }
        if let (bytes, frame, role) = late {
            deliver(bytes, frame, role)
            late = nil
        }
        if fate & Self.confirmed != 0 { confirm(role) }
    }

    /// In a session only; what opens another one is the business of other targets.
    private func isSaid(_ frame: Frame, by role: Epoch.Role) -> Bool {
        switch frame {
        case .up, .log, .compare: role == .device
        case .down, .logAcknowledged, .reset, .differ: role == .hub
        default: false
        }
    }

    private mutating func lose(_ role: Epoch.Role) {
        if role == .hub { honest.hub.isBehind = true } else { honest.device.isBehind = true }
    }

    private mutating func confirm(_ role: Epoch.Role) {
        if role == .hub, !honest.hub.isBehind {
            honest.hub.session.names.confirm(honest.hub.session.names.mark)
        } else if role == .device, !honest.device.isBehind {
            honest.device.session.names.confirm(honest.device.session.names.mark)
        }
    }

    private mutating func deliver(_ bytes: [UInt8], _ frame: Frame, _ role: Epoch.Role) {
        let read =
            role == .hub
            ? FuzzWire.read(bytes, from: .hub, session: &honest.device.session)
            : FuzzWire.read(bytes, from: .device, session: &honest.hub.session)
        Oracle.expect(read == frame, "\(frame) arrived as \(String(describing: read))")
    }
}
