import Platform

extension ConfigurationReader {
    /// What the fields of `power` ask of each other.
    mutating func checkPower(_ rootLine: Int) {
        let power = configuration.power
        require(
            power.batteryEmpty < power.batteryFull,
            ["power.battery_empty_mv", "power.battery_full_mv"], rootLine,
            "a battery is not empty at \(power.batteryEmpty) mV that is full at "
                + "\(power.batteryFull) mV", "Lower battery_empty_mv or raise battery_full_mv.")
        require(
            power.group.isEmpty || power.group.hasPrefix("/sys/fs/cgroup/"),
            ["power.group"], rootLine, "no control group is outside /sys/fs/cgroup/",
            "Name a folder there that the agent may write, or leave the line out.")
    }
}
