/// What a board has, or a workload needs.
public struct BoardResources: Sendable, Hashable {
    /// Thousandths of a core.
    public var milliCPU: Int
    public var memoryKiB: Int

    public init(milliCPU: Int, memoryKiB: Int) {
        self.milliCPU = milliCPU
        self.memoryKiB = memoryKiB
    }

    static func + (left: Self, right: Self) -> Self {
        Self(milliCPU: left.milliCPU + right.milliCPU, memoryKiB: left.memoryKiB + right.memoryKiB)
    }

    static func - (left: Self, right: Self) -> Self {
        Self(milliCPU: left.milliCPU - right.milliCPU, memoryKiB: left.memoryKiB - right.memoryKiB)
    }

    func covers(_ needs: Self) -> Bool {
        milliCPU >= needs.milliCPU && memoryKiB >= needs.memoryKiB
    }
}

/// A board as placement sees it.
public struct FleetBoard: Sendable {
    public let id: String
    public var zone: String
    public var architecture: String
    public var labels: [String: String]
    public var devices: Set<String>
    /// Marks that keep workloads away which do not tolerate them.
    public var taints: Set<String>
    public var resources: BoardResources
    /// Milliwatts that a workload's full core costs here.
    public var milliwattsPerCore: Double
    /// In degrees Celsius; nil where nobody measures it.
    public var temperature: Double?
    /// 0 empty to 1 full; nil on mains.
    public var battery: Double?
    /// False while it is silent beyond doubt, drained or revoked: nothing new goes there.
    public var acceptsWork = true

    public init(
        id: String, zone: String = "", architecture: String = "arm64",
        labels: [String: String] = [:], devices: Set<String> = [], taints: Set<String> = [],
        resources: BoardResources, milliwattsPerCore: Double = 0, temperature: Double? = nil,
        battery: Double? = nil
    ) {
        self.id = id
        self.zone = zone
        self.architecture = architecture
        self.labels = labels
        self.devices = devices
        self.taints = taints
        self.resources = resources
        self.milliwattsPerCore = milliwattsPerCore
        self.temperature = temperature
        self.battery = battery
    }
}
