import DeviceDrivers
import Platform
import SQLiteStore
import SyncProtocol

/// What the agent knows of its local broker.
struct BusState {
    var isConnected = false
    var delivered: UInt64 = 0
    var acknowledged: UInt64 = 0
    var messages: UInt64 = 0
    var unreadable: UInt64 = 0
    /// Messages of QoS 0 that could not be stored.
    var dropped: UInt64 = 0
}

extension Agent {
    func handle(_ event: BusEvent) {
        switch event {
        case .connected:
            bus.isConnected = true
            announcer.onConnected()
            world.report("info local-broker: connected")
        case .disconnected(let reason):
            if bus.isConnected { world.report("warning local-broker: disconnected: \(reason)") }
            bus.isConnected = false
            if isStoreFailing { dropDevices() }
        case .messages(let messages, let through):
            bus.messages += UInt64(messages.count)
            for message in messages { handle(message) }
            bus.delivered = through
            #if EDGE_MUTANTS
                mutateOnDelivery()
            #endif
            // Also a message that led to nothing must be acknowledged, after those before it.
            if stage.isEmpty { schedule.onStaged(.telemetry, at: now) }
        case .commitRequested:
            schedule.onRequested(at: now)
        case .published(let number, let outcome):
            guard !announcer.onAnswered(number) else { return announced(outcome) }
            handle(number, outcome)
        }
    }

    /// Each new connection brings what could not be stored once more; on a disk that stays full,
    /// memory would hold it as often. What does not come again is counted.
    private func dropDevices() {
        let reading = world.timekeeper.now()
        observe(reading)
        let lost = stage.dropDevices(at: clock.time(reading))
        guard lost > 0 else { return }
        bus.dropped += UInt64(lost)
        world.report("warning store: \(lost) messages of QoS 0 are lost: nothing can be written")
    }

    private func handle(_ message: BusMessage) {
        switch announcer.receive(message) {
        case .notOurs: break
        case .ignored: return
        case .wish(let device, let property, let value):
            return wish(device, property, value)
        }
        for directive in bridge.receive(message) {
            switch directive {
            case .report(let report): handle(report, message)
            case .subscribe(let filters): world.bus?.subscribe(filters)
            case .remember(let key, let value): remember(key, value)
            case .presence(let device, let presence): note(device, presence)
            case .unreadable(let payload): complain(payload)
            case .refused(let device, let reason):
                guard complaints.allows("refused " + device, at: now) else { continue }
                event("device.refused", [("device", .string(device)), ("reason", .string(reason))])
            case .ignored: continue
            }
        }
    }

    /// Each message is a log row, and its properties are the twin's. A retained message is what
    /// the broker remembered, not something that happened, so it is logged only where it is news.
    private func handle(_ report: DeviceReport, _ message: BusMessage) {
        var isNews = false
        for (name, value) in report.properties {
            guard let path = try? TwinPath("reported/devices/\(report.device)/\(name)") else {
                continue
            }
            if message.isRetained, !isNews {
                let known = stage.staged(path)
                isNews = known.map { $0 != value } ?? (current(path) != value)
            }
            write(path, value, report.priority)
            confirm(report.device, name, value)
            // What a broker kept may be days old.
            if !message.isRetained {
                perform(rules.onReading(report.device, name, value, at: now))
            }
        }
        if !message.isRetained { heard(report.device) }
        guard isNews || !message.isRetained else { return }
        append(report.priority, key: "devices/\(report.device)", report.value)
        if !message.isKept, !message.isRetained { stage.noteUnrepeated() }
    }

    func current(_ path: TwinPath) -> Value? {
        (try? store.document.register(path))??.value
    }

    private func complain(_ payload: UnreadablePayload) {
        bus.unreadable += 1
        guard complaints.allows(payload.subject, at: now) else { return }
        event(
            "payload.unreadable",
            [
                ("topic", .string(payload.subject)), ("reason", .string(payload.reason)),
                ("bytes", .int(Int64(payload.payloadBytes))),
            ])
    }
}

extension Agent {
    /// The topic filters that an agent of this configuration begins with.
    public static func subscriptions(_ configuration: AgentConfiguration) -> [String] {
        MQTTDeviceBridge(settings: deviceSettings(configuration)).subscriptions
            + announcer(configuration, version: "").subscriptions
    }

    static func deviceSettings(_ configuration: AgentConfiguration) -> MQTTDeviceSettings {
        MQTTDeviceSettings(
            zigbee2mqttTopic: configuration.localBroker.zigbee2MQTTTopic,
            homeAssistantTopic: configuration.localBroker.homeAssistantTopic,
            devicesMaximum: configuration.localBroker.devicesMax,
            payloadBytesMaximum: configuration.localBroker.payloadBytesMax)
    }
}
