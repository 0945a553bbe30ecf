public import Platform

/// What both ends of a session know, so that its frames need not say it.
public struct WireSession: Sendable, Hashable {
    /// The device's epoch and the hub's: a session ends where either does.
    public let device: Epoch
    public let hub: Epoch
    /// The greeting that opened it: one between the same epochs is another session.
    public let request: UInt64
    /// Stamps are counted from this time, in milliseconds since 1970.
    public let base: WallTime
    /// Commits are counted from this one.
    public let commit: UInt64
    public var names = NameTable()

    public init(
        device: Epoch, hub: Epoch, request: UInt64 = 0,
        base: WallTime = WallTime(milliseconds: 0), commit: UInt64 = 0
    ) {
        self.device = device
        self.request = request
        self.hub = hub
        self.base = base
        self.commit = commit
    }

    /// Names the session in its frames. Thirty-two bits: it has to tell the few sessions of one
    /// link from each other, not to be secret.
    public var tag: UInt32 {
        var mixed = device.nonce &* 0x9E37_79B9_7F4A_7C15 ^ hub.nonce.byteSwapped
        mixed = (mixed ^ mixed >> 31 ^ request) &* 0xBF58_476D_1CE4_E5B9
        // A greeting that came twice was answered at two times, and one answer was not read.
        mixed ^= UInt64(bitPattern: base.milliseconds) &* 0x94D0_49BB_1331_11EB
        mixed = (mixed ^ mixed >> 29 ^ commit) &* 0xD6E8_FEB8_6659_FD93
        return UInt32(truncatingIfNeeded: mixed ^ mixed >> 32)
    }

    /// The epoch whose writes a sender most often speaks of: its own.
    func epoch(of role: Epoch.Role) -> Epoch { role == .hub ? hub : device }
}
