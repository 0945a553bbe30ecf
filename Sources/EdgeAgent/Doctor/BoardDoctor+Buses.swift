import Platform

/// Buses on the header, and who may use them.
extension BoardDoctor {
    func i2c() -> Finding? {
        let present = tree.names("/dev", prefix: "i2c-")
        let header = isRaspberryPi ? ["i2c-1"] : []
        guard let missing = (buses.sorted() + header).first(where: { !present.contains($0) }) else {
            return present.isEmpty
                ? nil : Finding("i2c", .ok, present.joined(separator: ", "))
        }
        let result = buses.contains(missing) ? Finding.Result.fail : .warn
        guard !tree.names("/sys/bus/i2c/devices").contains(missing) else {
            return Finding(
                "i2c", result,
                "the kernel has \(missing), and /dev/\(missing) is missing: its module i2c-dev is "
                    + "not loaded",
                "sudo modprobe i2c-dev && "
                    + "echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf")
        }
        guard isRaspberryPi, missing == "i2c-1" else {
            return Finding(
                "i2c", result, "there is no bus \(missing)",
                "Enable it in the board's device tree, or name the bus that is there: "
                    + (present.isEmpty ? "none" : present.joined(separator: ", ")) + ".")
        }
        return Finding(
            "i2c", result, "I2C is disabled: there is no bus i2c-1, which is on the header",
            enabling("i2c_arm", tool: "do_i2c"))
    }

    func spi() -> Finding? {
        let present = tree.names("/dev", prefix: "spidev")
        guard present.isEmpty else {
            return Finding("spi", .ok, present.joined(separator: ", "))
        }
        guard isRaspberryPi else { return nil }
        return Finding(
            "spi", .warn, "SPI is disabled: there is no spidev, so no device on SPI can be used",
            enabling("spi", tool: "do_spi"))
    }

    /// The line that turns a bus of a Pi on.
    private func enabling(_ parameter: String, tool: String) -> String {
        let file = firmware + "/config.txt"
        let isAsked = tree.lines(file).contains { line in
            guard line.hasPrefix("dtparam=") else { return false }
            return line.dropFirst(8).split(separator: ",").contains { $0 == "\(parameter)=on" }
        }
        if isAsked { return "\(file) asks for it since the last start: sudo reboot" }
        if tree.has("/usr/bin/raspi-config") {
            return "sudo raspi-config nonint \(tool) 0"
        }
        return "echo dtparam=\(parameter)=on | sudo tee -a \(file) && sudo reboot"
    }

    /// The groups that udev gives the devices to, and whether the agent's user is in them.
    func groups() -> Finding? {
        let kinds = [("gpio", "gpiochip"), ("i2c", "i2c-"), ("spi", "spidev")]
        let needed = kinds.filter { !tree.names("/dev", prefix: $0.1).isEmpty }.map(\.0)
        guard !needed.isEmpty, let user = agentUser() else { return nil }
        guard user.number != "0" else { return Finding("groups", .ok, "root may use all devices") }
        let known = tree.lines("/etc/group").map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }.filter { $0.count >= 4 }
        let isMissing = buses.isEmpty ? Finding.Result.warn : .fail
        let absent = needed.filter { name in !known.contains { $0[0] == name } }
        guard absent.isEmpty else {
            let names = absent.joined(separator: " and ")
            return Finding(
                "groups", isMissing,
                "there is no group \(names): only root may use those devices",
                "Install the package cloudos-edge-agent, which brings groups and udev rules.")
        }
        let missing = needed.filter { name in
            !known.contains { group in
                group[0] == name
                    && (group[2] == user.group
                        || group[3].split(separator: ",").contains { $0 == user.name })
            }
        }
        guard !missing.isEmpty else {
            return Finding("groups", .ok, "\(user.name) is in " + needed.joined(separator: ", "))
        }
        let result = missing.contains("i2c") ? isMissing : .warn
        let restart =
            user.name == Self.serviceUser ? "sudo systemctl restart edge-agent" : "log in anew"
        return Finding(
            "groups", result,
            "\(user.name) is not in \(missing.joined(separator: ", ")), and may not use those "
                + "devices",
            "sudo usermod -aG \(missing.joined(separator: ",")) \(user.name), then: \(restart)")
    }

    private static let serviceUser = "edge-agent"

    /// The user whom the service runs as where the board has it, else the one who asks.
    private func agentUser() -> (name: String, number: String, group: String)? {
        let users = tree.lines("/etc/passwd").map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }.filter { $0.count >= 4 }
        let own = tree.lines("/proc/self/status").first { $0.hasPrefix("Uid:") }
            .flatMap { $0.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().first }
        let user =
            users.first { $0[0] == Self.serviceUser }
            ?? users.first { user in own.map { user[2] == $0 } ?? false }
        return user.map { ($0[0], $0[2], $0[3]) }
    }
}
