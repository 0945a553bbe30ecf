import Platform
import PowerManager

/// Reads what the power policy decides by. What cannot be read is left out.
struct PowerSampler {
    private let kernel: any KernelFiles
    private let health: BoardProfile.Health?

    /// Supplies that are looked at, at most.
    static let suppliesMax = 16

    init(kernel: any KernelFiles, health: BoardProfile.Health?) {
        self.kernel = kernel
        self.health = health
    }

    func read() -> PowerReadings {
        var readings = PowerReadings()
        readings.temperature = bytes(health?.thermal ?? "/sys/class/thermal/thermal_zone0/temp")
            .flatMap { try? KernelText.temperature($0) }
        readings.pressure = bytes("/proc/pressure/cpu").flatMap { try? KernelText.pressure($0) }
        if let path = health?.throttled,
            let flags = bytes(path).flatMap({ try? KernelText.throttled($0) })
        {
            readings.isThrottled = flags.isThrottled
            readings.isUndervolted = flags.isUndervolted
        }
        // hwmon's alarm of the supply says 1 while it lasts.
        if let path = health?.undervoltage, text(path) == "1" { readings.isUndervolted = true }
        let folder = "/sys/class/power_supply"
        let supplies = kernel.list(folder).prefix(Self.suppliesMax).compactMap { name in
            PowerSupply { text("\(folder)/\(name)/\($0)") }
        }
        readings.batteryPercent = PowerSupply.battery(supplies)
        readings.isOnMains = PowerSupply.isOnMains(supplies)
        return readings
    }

    private func text(_ path: String) -> String? { try? kernel.text(path) }
    private func bytes(_ path: String) -> [UInt8]? { text(path).map { Array($0.utf8) } }
}
