public import Platform

/// When a certificate is renewed, and until when it may be.
public enum RenewalRule {
    /// Life of a device's certificate: one year. Long enough for a board that is offline for
    /// months, short enough that a forgotten one ends.
    public static let life = Milliseconds.seconds(365 * 86_400)
    /// How long after its end a certificate that nobody revoked may still be renewed, for the same
    /// key: a board that lay a winter and a summer in a shed comes back by itself.
    public static let grace = Milliseconds.seconds(400 * 86_400)

    /// When a board begins to ask: a third into the certificate's life, so that two thirds are
    /// left for trying.
    ///
    /// - Parameter spread: A number of the board's own. Boards that enrolled in one morning spread
    ///   over a thirtieth of the life, and do not come back to the hub in one minute.
    public static func due(notBefore: WallTime, notAfter: WallTime, spread: UInt64) -> WallTime {
        let life = max((notAfter - notBefore).count, 0)
        let late = UInt64(life / 30)
        let jitter = late == 0 ? 0 : Int64(spread % late)
        return WallTime(milliseconds: notBefore.milliseconds + life / 3 + jitter)
    }

    /// What the hub says to a request for renewal.
    public enum Verdict: Sendable, Hashable {
        /// It is due.
        case renew
        /// It has ended, but not longer ago than the grace.
        case renewInGrace
        /// It is fresh: the same certificate again is answer enough, also to one who asks twice
        /// because the answer was lost.
        case keep
        /// It ended too long ago.
        case tooLate
    }

    /// What the hub says; `now` is the hub's own time. Revocation is asked for before.
    public static func verdict(notBefore: WallTime, notAfter: WallTime, now: WallTime) -> Verdict {
        if now - notAfter > grace { return .tooLate }
        if now > notAfter { return .renewInGrace }
        return now < due(notBefore: notBefore, notAfter: notAfter, spread: 0) ? .keep : .renew
    }
}

/// When a board asks for renewal: once it is due, or once nobody can tell whether it is; then again
/// and again, ever more seldom, until it has a new certificate.
public struct RenewalSchedule: Sendable, Hashable {
    /// The wait after the first attempt that led to nothing; it doubles up to `retryMax`.
    static let retryMin = Milliseconds.seconds(600)
    /// A day: an exchange is 4 KiB, which a metered link can bear.
    static let retryMax = Milliseconds.seconds(86_400)

    private let spread: UInt64
    private var attempts = 0
    /// Not before this, whatever the certificate says.
    private var earliest: MonotonicTime?

    /// - Parameter spread: See `RenewalRule.due`.
    public init(spread: UInt64) { self.spread = spread }

    /// Whether to ask now.
    ///
    /// A board whose clock no time server confirms asks too: a clock of 1970, or one that stood
    /// still in a drawer, makes an old certificate look young. The hub knows the time, and gives a
    /// young one back as it is.
    public func isDue(
        _ certificate: CertificateFacts, at now: ClockReading, floor: ClockFloor
    ) -> Bool {
        if let earliest, now.monotonic < earliest { return false }
        guard now.quality(floor: floor.time) == .synchronized else { return true }
        return now.wall
            >= RenewalRule.due(
                notBefore: certificate.notBefore, notAfter: certificate.notAfter, spread: spread)
    }

    /// Asking led to nothing new: the hub may be away for months, or find that it is too early.
    public mutating func onNothingNew(at now: MonotonicTime) {
        attempts = min(attempts + 1, 16)
        let wait = min(Self.retryMin * (1 << Int64(attempts - 1)), Self.retryMax)
        earliest = now + wait
    }

    /// There is a new certificate. A clock that cannot be believed is no reason to ask again soon.
    public mutating func onRenewed(at now: MonotonicTime) {
        attempts = 16
        earliest = now + Self.retryMax
    }

    /// The hub does not take the certificate: whatever the clock says, it is time.
    public mutating func onRefusedLink() {
        attempts = 0
        earliest = nil
    }
}
