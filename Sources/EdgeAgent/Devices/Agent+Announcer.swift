public import DeviceDrivers
import Platform
import SyncProtocol

/// The board and its declared devices as Home Assistant discovery on the local broker.
extension Agent {
    /// Announces nothing where the configuration does not ask for it, and takes back what it finds.
    public static func announcer(
        _ configuration: AgentConfiguration, version: String
    ) -> BoardAnnouncer {
        BoardAnnouncer(
            board: configuration.device.id, prefix: configuration.localBroker.homeAssistantTopic,
            version: version, isEnabled: configuration.localBroker.announcesBoard)
    }

    /// Hands the broker as many messages as it may have.
    func announce() {
        guard bus.isConnected, let broker = world.bus else { return }
        while let message = announcer.next,
            let number = broker.publish(
                topic: message.topic, payload: message.payload, isRetained: true)
        { announcer.onSent(number) }
    }

    func announceBoard(_ news: [(String, Value)]) {
        let properties = news.map { name, value in
            AnnouncedProperty(name, value, unit: Self.boardUnit(name))
        }
        // Its load comes with the second sample; it never has fewer properties than before.
        noteLeftOut(
            announcer.onReadings(
                BoardAnnouncer.boardName, kind: "board", properties, isWhole: false))
    }

    /// Properties of the board end with their unit.
    static func boardUnit(_ name: String) -> String {
        let units = [("_c", "°C"), ("_percent", "%"), ("_bytes", "B"), ("_s", "s")]
        return units.first { name.hasSuffix($0.0) }?.1 ?? ""
    }

    func announceDevice(_ device: String, _ news: [(name: String, value: Value)]) {
        guard let (kind, properties) = declaredProperties(device) else { return }
        // What the poller last read of a device that has failed since is of the past.
        let told = news.map { name, value in
            let known = properties.first { $0.name == name }
            return AnnouncedProperty(
                name, value, unit: known?.unit ?? "", settable: known?.settable)
        }
        noteLeftOut(announcer.onReadings(device, kind: kind, told, isWhole: !properties.isEmpty))
    }

    private func noteLeftOut(_ leftOut: Int) {
        guard leftOut > 0, complaints.allows("discovery", at: now) else { return }
        event(
            "discovery.refused",
            [
                ("properties", .int(Int64(leftOut))),
                (
                    "reason",
                    .string("\(BoardAnnouncer.entitiesMaximum) are announced, which is the limit")
                ),
            ])
    }

    /// The broker has answered an announcement.
    func announced(_ outcome: PublishOutcome) {
        guard case .refused(let reason) = outcome, complaints.allows("discovery", at: now) else {
            return
        }
        event(
            "discovery.refused",
            [
                (
                    "reason",
                    .string(
                        "the local broker refused it: \(reason); let the agent publish below "
                            + "\(configuration.localBroker.homeAssistantTopic) and "
                            + BoardAnnouncer.root)
                )
            ])
    }

    /// A command from the broker is a wish as the hub's are: durable before the broker may forget
    /// it, checked, carried out, and answered.
    func wish(_ device: String, _ property: String, _ value: Value) {
        guard let path = try? TwinPath("desired/devices/\(device)/\(property)") else { return }
        write(path, value, .alarm)
    }
}
