/// What a board's processor costs, modelled and not measured: `C·V²·f` while it works, leakage with
/// the square of the voltage at all times, and a floor that nothing here moves.
///
/// All cores share one clock and one voltage, and idle is WFI: the clock stands, the voltage stays
/// (Raspberry Pi kernels have no deeper idle state). Speeds are shares of the highest clock; work
/// is seconds at that clock.
public struct EnergyModel: Sendable, Hashable {
    /// A clock that the firmware offers, with the voltage it sets for it.
    public struct Level: Sendable, Hashable {
        public let megahertz: Int
        public let volts: Double

        public init(megahertz: Int, volts: Double) {
            self.megahertz = megahertz
            self.volts = volts
        }
    }

    /// Rising by clock; at least one.
    public let levels: [Level]
    /// Watts for each V²·MHz with all cores busy.
    public var dynamic: Double
    /// Watts for each V².
    public var leakage: Double
    /// Watts of everything that is not the processor.
    public var floor: Double
    /// Watts of a halted board.
    public var halt: Double

    /// A model from what a meter said of the whole board.
    ///
    /// - Parameters:
    ///   - idle: watts at rest at the lowest clock.
    ///   - full: watts with all cores busy at the highest.
    ///   - leakage: watts of that which leak at the highest voltage; no board's page tells it.
    ///   - halt: watts when halted.
    /// - Returns: nil where the figures contradict each other or there is no level.
    public init?(levels: [Level], idle: Double, full: Double, leakage: Double, halt: Double) {
        let sorted = levels.sorted { $0.megahertz < $1.megahertz }
        guard let lowest = sorted.first, let highest = sorted.last, lowest.megahertz > 0,
            sorted.allSatisfy({ $0.volts > 0 && $0.volts.isFinite }),
            zip(sorted, sorted.dropFirst()).allSatisfy({ $0.megahertz < $1.megahertz }),
            [idle, full, leakage, halt].allSatisfy({ $0.isFinite && $0 >= 0 })
        else { return nil }
        let square = highest.volts * highest.volts
        let restSquare = lowest.volts * lowest.volts
        let perSquare = leakage / square
        let work = full - idle - perSquare * (square - restSquare)
        let floor = idle - perSquare * restSquare
        guard work > 0, floor >= 0 else { return nil }
        self.levels = sorted
        self.leakage = perSquare
        self.floor = floor
        self.halt = halt
        dynamic = work / (square * Double(highest.megahertz))
    }

    /// The level's clock as a share of the highest.
    public func speed(_ level: Int) -> Double {
        Double(levels[level].megahertz) / Double(levels[levels.count - 1].megahertz)
    }

    /// Watts that work adds at a level with all cores busy.
    public func dynamicWatts(_ level: Int) -> Double {
        let volts = levels[level].volts
        return dynamic * volts * volts * Double(levels[level].megahertz)
    }

    /// Watts that leak at a level, busy or not.
    public func leakageWatts(_ level: Int) -> Double {
        leakage * levels[level].volts * levels[level].volts
    }

    /// Joules of the processor for what a replay did.
    public func joules(_ residency: Residency) -> Double {
        var total = 0.0
        for level in levels.indices {
            total += residency.busy[level] * dynamicWatts(level)
            total += residency.time[level] * leakageWatts(level)
        }
        return total
    }

    /// The least watts at which the processor can work at a mean speed: the lower convex hull over
    /// rest at the lowest voltage and every level flat out. Between two corners the two take turns,
    /// which is what discrete steps allow; the first corner after rest is the critical speed, below
    /// which it is cheaper to run at it and rest.
    public var hull: PowerHull {
        var points = [
            PowerHull.Corner(speed: 0, watts: levels.indices.map(leakageWatts).min() ?? 0)
        ]
        for level in levels.indices {
            points.append(
                .init(speed: speed(level), watts: dynamicWatts(level) + leakageWatts(level)))
        }
        return PowerHull(points)
    }

    /// The model with its constants times factors, for sensitivity.
    public func scaled(dynamic: Double = 1, leakage: Double = 1, floor: Double = 1) -> Self {
        var copy = self
        copy.dynamic *= dynamic
        copy.leakage *= leakage
        copy.floor *= floor
        return copy
    }
}

/// How long a replay spent at each level, in seconds, and how much of it busy.
public struct Residency: Sendable, Hashable {
    public var time: [Double]
    public var busy: [Double]

    public init(levels: Int) {
        time = Array(repeating: 0, count: levels)
        busy = time
    }

    public static func += (sum: inout Self, other: Self) {
        for level in sum.time.indices {
            sum.time[level] += other.time[level]
            sum.busy[level] += other.busy[level]
        }
    }
}

/// A convex, piecewise linear power over speed.
public struct PowerHull: Sendable, Hashable {
    public struct Corner: Sendable, Hashable {
        public let speed: Double
        public let watts: Double
    }

    /// Rising by speed.
    public let corners: [Corner]

    init(_ points: [Corner]) {
        var hull: [Corner] = []
        for point in points.sorted(by: { ($0.speed, $0.watts) < ($1.speed, $1.watts) }) {
            while hull.count >= 2, !Self.turnsUp(hull[hull.count - 2], hull[hull.count - 1], point)
            {
                hull.removeLast()
            }
            hull.append(point)
        }
        corners = hull
    }

    private static func turnsUp(_ a: Corner, _ b: Corner, _ c: Corner) -> Bool {
        (b.watts - a.watts) * (c.speed - b.speed) < (c.watts - b.watts) * (b.speed - a.speed)
    }

    /// Watts at a mean speed of 0 to 1. Rounding may ask for a hair more than 1.
    public func watts(_ speed: Double) -> Double {
        guard let upper = corners.firstIndex(where: { $0.speed >= speed }), upper > 0 else {
            return speed <= 0 ? corners[0].watts : corners[corners.count - 1].watts * speed
        }
        let (low, high) = (corners[upper - 1], corners[upper])
        let share = (speed - low.speed) / (high.speed - low.speed)
        return low.watts + share * (high.watts - low.watts)
    }
}
