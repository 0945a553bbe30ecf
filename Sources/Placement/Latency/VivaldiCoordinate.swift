/// A place in a space where distance is round-trip time (Dabek, Cox, Kaashoek, Morris: Vivaldi,
/// SIGCOMM 2004): a point in the core and a height above it, which is the access link's share.
public struct VivaldiCoordinate: Sendable, Hashable {
    /// In milliseconds.
    public var position: [Double]
    /// In milliseconds, never less than the settings' least.
    public var height: Double
    /// The node's own estimate of its relative error: 1 where it knows nothing.
    public var error: Double

    public init(position: [Double], height: Double, error: Double) {
        self.position = position
        self.height = height
        self.error = error
    }

    /// The estimated RTT in milliseconds (the paper's §5.4: heights add, they do not cancel).
    public func distance(to other: Self) -> Double {
        // In this order both ends get the same number to the last bit.
        span(to: other) + (height + other.height)
    }

    /// The part of the distance that is in the core.
    func span(to other: Self) -> Double {
        var sum = 0.0
        for (a, b) in zip(position, other.position) { sum += (a - b) * (a - b) }
        return sum.squareRoot()
    }

    var isFinite: Bool {
        position.allSatisfy(\.isFinite) && height.isFinite && height >= 0 && error.isFinite
            && error >= 0
    }
}

/// The constants of Vivaldi, with what they are for.
public struct VivaldiSettings: Sendable {
    /// Dimensions of the core. On PlanetLab eight were better by less than half a percent point.
    public var dimensions = 4
    /// The greatest part of an error that one sample corrects (the paper's c_c).
    public var step = 0.25
    /// How fast a node's own error follows its samples (the paper's c_e).
    public var errorStep = 0.25
    /// Milliseconds; a height of nothing could not grow by factors.
    public var heightMin = 0.1
    /// An error above says no more than that nothing is known.
    public var errorMax = 1.5
    /// Samples of a peer of which the median counts: one late packet is not a distance.
    public var medianOf = 3
    /// A peer not heard for so long is forgotten, as is its part in the median.
    public var staleAfterMilliseconds: Int64 = 3_600_000
    /// Peers remembered at once; the one that was silent longest goes first.
    public var peersMax = 64
    /// A sample longer than this is a fault of the measurement.
    public var rttMax = 60_000.0

    public init() {}
}
