/// One supply of the kernel's class power_supply, as its files say it (ABI/testing/
/// sysfs-class-power).
public struct PowerSupply: Sendable, Hashable {
    /// `Battery`, `Mains`, `USB`, `UPS`.
    public let type: String
    /// 0 to 100.
    public let capacity: Double?
    public let isOnline: Bool?
    /// `Charging`, `Discharging`, `Not charging`, `Full`.
    public let status: String?

    /// - Parameter text: what a file of the supply says; nil where it has none.
    public init?(_ text: (_ file: String) -> String?) {
        guard let type = text("type") else { return nil }
        // A battery of a mouse is no battery of the board.
        guard text("scope") != "Device", text("present") != "0" else { return nil }
        self.type = type
        capacity = text("capacity").flatMap { Double($0) }.flatMap {
            (0...100).contains($0) ? $0 : nil
        }
        isOnline = text("online").flatMap { Int($0) }.map { $0 > 0 }
        status = text("status")
    }

    private var isBattery: Bool { type == "Battery" || type == "UPS" }

    /// The emptiest battery; nil where there is none.
    public static func battery(_ supplies: [PowerSupply]) -> Double? {
        supplies.filter(\.isBattery).compactMap(\.capacity).min()
    }

    /// Whether the board runs from the mains: as its supplies say, else as its batteries do; nil
    /// where neither tells.
    public static func isOnMains(_ supplies: [PowerSupply]) -> Bool? {
        let online = supplies.filter { !$0.isBattery }.compactMap(\.isOnline)
        if !online.isEmpty { return online.contains(true) }
        let states = supplies.filter(\.isBattery).compactMap(\.status)
        if states.contains("Discharging") { return false }
        return states.contains { ["Charging", "Full", "Not charging"].contains($0) } ? true : nil
    }
}
