public import Platform

/// What the agent needs around it, as it was found: the values that `edge-agent doctor` gathers.
public struct Surroundings: Sendable {
    /// What is wrong with the configuration file; nil where nothing is.
    public var fault: String?
    /// The file, for the text.
    public var file: String
    /// There is none, which is no fault: everything has a default.
    public var isFileMissing = false
    public var configuration: AgentConfiguration
    public var clock: ClockQuality
    /// Why a file could not be written in the state directory; nil where it could.
    public var writing: FileError?
    /// Of the file system with the state directory; nil where nothing is known.
    public var capacity: (total: UInt64, free: UInt64)?
    /// What the running agent says of itself; nil where none answers.
    public var status: Value?
    /// Where no agent answers: whether somebody listens at the broker's port.
    public var brokerAnswers: Bool?
    /// The same of the hub; nil where that cannot be told.
    public var hubAnswers: Bool?
    /// Where the hub is, for the text.
    public var hub: String

    /// Nothing wrong, and nobody asked yet.
    public init(file: String, configuration: AgentConfiguration) {
        self.file = file
        self.configuration = configuration
        clock = .synchronized
        hub = configuration.uplink.host
    }

    /// Below it not even a log row of an hour may be kept.
    static let freeMinimum: UInt64 = 16 << 20

    /// One finding a check.
    public func findings() -> [Finding] {
        var list: [Finding] = []
        if let fault {
            list.append(
                Finding(
                    "config", .fail, fault,
                    "Mend \(file), then: edge-agent check --config \(file)"))
        } else {
            list.append(
                Finding("config", .ok, isFileMissing ? "no \(file): the defaults hold" : file))
        }
        list += [time(), state(), space()].compactMap { $0 }
        list.append(agent())
        if configuration.localBroker.isEnabled { list.append(broker()) }
        if configuration.uplink.isEnabled { list.append(uplink()) }
        return list
    }

    private func time() -> Finding {
        switch clock {
        case .synchronized: Finding("clock", .ok, "a time server keeps it")
        case .plausible:
            Finding(
                "clock", .warn, "no time server keeps it: times of readings are corrected later",
                "sudo timedatectl set-ntp true")
        case .unset:
            Finding(
                "clock", .fail,
                "it is before this program was built: no certificate is valid at such a time",
                "sudo timedatectl set-ntp true; without a network: sudo date -s '2026-01-31 12:00'"
            )
        }
    }

    private func state() -> Finding {
        let directory = configuration.state.directory
        guard let writing else { return Finding("state", .ok, "\(directory) can be written") }
        // errno(3) of Linux: ENOENT, EACCES, ENOSPC, EROFS.
        let advice =
            switch writing.code {
            case 2: "sudo install -d -m 750 -o edge-agent -g edge-agent \(directory)"
            case 1, 13:
                "Run doctor with sudo; where it fails then: sudo chown -R edge-agent: \(directory)"
            case 28: "sudo journalctl --vacuum-size=50M && sudo apt-get clean"
            case 30: "sudo mount -o remount,rw /; a card that turns read-only again is dying"
            default: "Check the file system with \(directory)."
            }
        return Finding(
            "state", .fail, "\(directory) cannot be written: \(writing)", advice)
    }

    private func space() -> Finding? {
        guard let capacity else { return nil }
        let free = capacity.free
        let wanted = UInt64(configuration.state.logBytesMax)
        let detail = "\(free >> 20) of \(capacity.total >> 20) MiB are free"
        let mend = "sudo journalctl --vacuum-size=50M && sudo apt-get clean"
        if free < Self.freeMinimum {
            return Finding("disk", .fail, detail + ": readings are lost", mend)
        }
        if free < wanted {
            return Finding(
                "disk", .warn, detail + ", and the log may take \(wanted >> 20) MiB",
                mend + "; or lower state.log_bytes_max")
        }
        return Finding("disk", .ok, detail)
    }

    private func agent() -> Finding {
        guard let status else {
            return Finding(
                "agent", .fail, "no agent answers at \(configuration.control.socket)",
                "sudo systemctl enable --now edge-agent; why it ended: journalctl -u edge-agent")
        }
        let text = "version \(status["version"]?.stringValue ?? "unknown") runs"
        guard status["store"]?.stringValue != "failing" else {
            return Finding(
                "agent", .fail, text + " and cannot write its store",
                "journalctl -u edge-agent says why; see also state and disk here.")
        }
        return Finding("agent", .ok, text)
    }

    private func broker() -> Finding {
        let place = "\(configuration.localBroker.host) port \(configuration.localBroker.port)"
        let state = status?["local_broker"]?["state"]?.stringValue
        if state == "connected" || status == nil && brokerAnswers == true {
            return Finding("broker", .ok, place)
        }
        return Finding(
            "broker", .fail, "no MQTT broker at \(place): devices behind it are not heard",
            "sudo apt-get install mosquitto && sudo systemctl enable --now mosquitto; or for a board "
                + "without MQTT devices local_broker.enabled: false")
    }

    private func uplink() -> Finding {
        let uplink = status?["uplink"]
        switch uplink?["state"]?.stringValue {
        case "synchronized": return Finding("hub", .ok, "\(hub): synchronized")
        case "connected":
            return Finding(
                "hub", .warn, "\(hub): connected, and the hub has not answered yet",
                "Wait a minute; then see that fleet-hub runs there: fleet doctor")
        case .some:
            let reason = uplink?["reason"]?.stringValue ?? "not connected"
            return Finding(
                "hub", .fail, "\(hub): \(reason)",
                "Where the board has not enrolled: fleet token create at the hub, and edge-agent "
                    + "enroll TOKEN here. Else check that this board reaches \(hub).")
        case nil:
            guard let hubAnswers else {
                return Finding(
                    "hub", .warn, "\(hub): only a running agent can tell",
                    "sudo systemctl enable --now edge-agent")
            }
            return hubAnswers
                ? Finding("hub", .ok, "\(hub): somebody listens")
                : Finding(
                    "hub", .fail, "\(hub): nobody listens, or the network does not lead there",
                    "Check uplink.host and uplink.port in \(file), and the network."
                )
        }
    }
}
