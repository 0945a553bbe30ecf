import Platform

/// What kind of board this is: how it is recognised, its pins, buses and sensors, and what it
/// spends. Read from `firmware-profiles/<name>.yaml`; the schema beside those files says the same.
public struct BoardProfile: Sendable, Hashable {
    /// 1 to 64 of `a-z 0-9 -`; the file's name.
    public var name: String
    public var title: String
    /// Entries of the device tree's `compatible`, any of which is this board; `*` alone is any.
    public var compatible: [String]
    public var gpio: GPIO?
    public var buses: [Bus]
    public var reserved: [Reserved]
    public var health: Health
    public var boot: Boot
    public var power: Power

    public struct GPIO: Sendable, Hashable {
        /// The chip's label: its number changes between kernels.
        public var chip: String
        public var lines: Int
        /// Pin of the header to line.
        public var header: [Int: Int]
    }

    public struct Bus: Sendable, Hashable {
        public var name: String
        /// `i2c`, `spi`, `uart` or `w1`.
        public var kind: String
        public var lines: [Int]
    }

    /// A line that nobody may take, and why.
    public struct Reserved: Sendable, Hashable {
        public var line: Int
        public var why: String
    }

    /// Files under `/sys` that tell how the board is; nil where it has none.
    public struct Health: Sendable, Hashable {
        public var thermal: String?
        public var throttled: String?
        public var undervoltage: String?
    }

    public struct Boot: Sendable, Hashable {
        public var firmware: String
        /// Names of the slots that an update writes in turn; empty where there is one system only.
        public var slots: [String]
    }

    /// A figure, and who says so.
    public struct Figure: Sendable, Hashable {
        public var value: Double
        public var source: String
    }

    public struct Power: Sendable, Hashable {
        public var idle: Figure?
        public var full: Figure?
        public var halt: Figure?
        /// Watts that leak at the highest voltage.
        public var leakage: Figure?
        public var levels: [EnergyModel.Level]
        /// Who says so of the levels.
        public var levelsSource: String?
        /// What power states mean on this board; a state that is not here means what it does on any.
        public var states: [PowerState: PowerPlan] = [:]
    }

    /// The model that the figures give; nil where one is missing or they contradict each other.
    public var energyModel: EnergyModel? {
        guard let idle = power.idle, let full = power.full, let halt = power.halt,
            let leakage = power.leakage
        else { return nil }
        return EnergyModel(
            levels: power.levels, idle: idle.value, full: full.value, leakage: leakage.value,
            halt: halt.value)
    }

    /// Whether the device tree's `compatible`, strings that end in NUL, names this board.
    public func matches(deviceTree bytes: [UInt8]) -> Bool {
        let names = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return names.contains { compatible.contains($0) } || !names.isEmpty && compatible == ["*"]
    }

    /// Refuses a profile for another board.
    ///
    /// - Parameter bytes: `/proc/device-tree/compatible`.
    public func check(deviceTree bytes: [UInt8]) throws(ProfileMismatch) {
        guard !matches(deviceTree: bytes) else { return }
        let names = bytes.prefix(1024).split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
        throw ProfileMismatch(profile: name, wants: compatible, found: names)
    }
}

/// A profile that belongs to another board.
public struct ProfileMismatch: Error, Sendable, Hashable, CustomStringConvertible {
    public let profile: String
    public let wants: [String]
    public let found: [String]

    public var description: String {
        let found = found.isEmpty ? "no device tree" : found.joined(separator: ", ")
        let shown = ConfigurationError.excerpt(found, maximumCharacters: 200)
        return "the profile \(profile) is for \(wants.joined(separator: ", ")), this board is "
            + "\(shown). Name the profile of this board, or leave it out to have it found."
    }
}
