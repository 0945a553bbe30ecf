public import Platform

// MARK: - Home Assistant

extension MQTTDeviceBridge {
    mutating func discover(
        _ place: DiscoveryPlace, _ message: BusMessage
    ) -> [DeviceDirective] {
        // An empty announcement takes back what it announced.
        guard !message.payload.isEmpty else {
            let announced = entities.announcements(below: message.topic)
            let directives = announced.flatMap { forget($0) }
            return directives.isEmpty ? [.ignored] : directives
        }
        do throws(Unreadable) {
            let payload = try PlainText.object(message.payload)
            var directives: [DeviceDirective] = []
            if place.component == "device" {
                let components = try DiscoveryConfiguration.components(of: payload)
                for (key, platform, configuration) in components {
                    let announcement = "\(message.topic)#\(key)"
                    // Of one device, whatever its node.
                    let part = DiscoveryPlace(
                        component: platform, node: place.object, object: key)
                    if let configuration {
                        directives += take(configuration, part, announcement, message)
                    } else {
                        directives += forget(announcement)
                    }
                }
            } else {
                directives = take(
                    DiscoveryConfiguration(payload), place, message.topic, message)
            }
            return directives.isEmpty ? [.ignored] : directives
        } catch {
            return [unreadable(message, error.reason)]
        }
    }

    private mutating func take(
        _ configuration: DiscoveryConfiguration, _ place: DiscoveryPlace, _ announcement: String,
        _ message: BusMessage
    ) -> [DeviceDirective] {
        do throws(Unreadable) {
            guard !configuration.topics.contains(where: { isReserved(TopicPath($0)) }) else {
                throw Unreadable(reason: "the entity names a topic that is the agent's own")
            }
            // Zigbee2MQTT announces its devices too. They are read at the source, once.
            if configuration.topics.contains(where: { isNative($0) }) {
                return forget(announcement)
            }
            let announced = try HomeAssistantEntity.read(configuration, at: place)
            let notices = announced.notices.map { unreadable(message, $0) }
            guard let entity = announced.entity else {
                return forget(announcement) + notices
            }
            guard entities.entity(announcedAt: announcement) != entity else { return notices }
            return take(entity, configuration, place, announcement, message) + notices
        } catch {
            return [unreadable(message, error.reason)]
        }
    }

    private mutating func take(
        _ entity: HomeAssistantEntity, _ configuration: DiscoveryConfiguration,
        _ place: DiscoveryPlace, _ announcement: String, _ message: BusMessage
    ) -> [DeviceDirective] {
        guard entities.hasRoom(for: announcement) else {
            let reason = "\(settings.entitiesMaximum) entities are known, which is the limit"
            return [.refused(device: Printable.clipped(entity.device, bytes: 64), reason: reason)]
        }
        let name = DeviceName.safe(entity.device) ?? ""
        let before = devices.record(of: name)
        switch admit(entity.device, .homeAssistant, isRetained: message.isRetained) {
        case .ghost: return []
        case .refused(let directive): return [directive]
        case .admitted: break
        }
        // Replaced in place: with its last entity the device would go, and its presence with it.
        let old = entities.remove(announcedAt: announcement)
        entities.set(entity, announcedAt: announcement)
        var directives: [DeviceDirective] = []
        if let old, old.device != entity.device || old.property != entity.property {
            directives += departed(old)
        }
        if !entity.topics.isEmpty { directives.append(.subscribe(entity.topics)) }
        directives += remembered(name, since: before)
        directives.append(
            .remember(
                key: "\(name)/\(entity.property)",
                value: .object([
                    ("at", .string(announcement)), ("component", .string(place.component)),
                    ("device", .string(entity.device)), ("object", .string(place.object)),
                    ("config", configuration.fields),
                ])))
        return directives
    }

    /// Forgets an entity, and with its last entity the device.
    private mutating func forget(_ announcement: String) -> [DeviceDirective] {
        guard let entity = entities.remove(announcedAt: announcement) else { return [] }
        return departed(entity)
    }

    private mutating func departed(_ entity: HomeAssistantEntity) -> [DeviceDirective] {
        guard let name = DeviceName.safe(entity.device) else { return [] }
        var directives = [
            DeviceDirective.remember(key: "\(name)/\(entity.property)", value: .null)
        ]
        if !entities.hasEntities(of: entity.device) { directives += forgetDevice(name) }
        return directives
    }

    /// Forgets a device until it sends something by itself.
    private mutating func forgetDevice(_ name: String) -> [DeviceDirective] {
        let surplus = devices.forget(name)
        return [.remember(key: name, value: devices.record(of: name))]
            + surplus.map { .remember(key: $0, value: .null) }
    }
}

// MARK: - Zigbee2MQTT and Tasmota

extension MQTTDeviceBridge {
    /// The bridge's list says whom it knows and what they take. It drops nobody: a list may be one
    /// that a broker kept.
    mutating func define(_ message: BusMessage) -> [DeviceDirective] {
        do throws(Unreadable) {
            let list = try ZigbeeDefinition.list(message.payload, base: settings.zigbee2mqttTopic)
            var directives: [DeviceDirective] = []
            for definition in list {
                let name = DeviceName.safe(definition.name) ?? ""
                let before = devices.record(of: name)
                guard
                    case .admitted(let name) = admit(
                        definition.name, .zigbee2mqtt, isRetained: message.isRetained)
                else { continue }
                devices.replace(settable: definition.settable, model: definition.model, of: name)
                directives += remembered(name, since: before)
            }
            return directives.isEmpty ? [.ignored] : directives
        } catch {
            return [unreadable(message, error.reason)]
        }
    }

    mutating func discoverTasmota(
        _ path: ArraySlice<Substring>, _ message: BusMessage
    ) -> [DeviceDirective] {
        // `sensors` repeats what telemetry says.
        guard path.count == 2, let mac = path.first.map(String.init), path.last == "config" else {
            return [.ignored]
        }
        guard !message.payload.isEmpty else {
            guard let name = tasmota.name(of: mac) else { return [.ignored] }
            tasmota.remove(name)
            return DeviceName.safe(name).map { forgetDevice($0) } ?? [.ignored]
        }
        do throws(Unreadable) {
            let device = try TasmotaDevice(message.payload, mac: mac)
            guard !isReserved(TopicPath(device.state)), !isReserved(TopicPath(device.telemetry)),
                !isReserved(TopicPath(device.command))
            else { throw Unreadable(reason: "ft names a topic that is the agent's own") }
            let before = DeviceName.safe(device.name).map { devices.record(of: $0) } ?? .null
            let isNew = tasmota[device.name] != device
            switch admit(device.name, .tasmota, isRetained: message.isRetained) {
            case .ghost: return [.ignored]
            case .refused(let directive): return [directive]
            case .admitted(let name):
                tasmota.set(device)
                devices.replace(settable: device.settable, model: device.model, of: name)
                devices.configure(device.kept, of: name)
                let directives =
                    (isNew ? [.subscribe(device.filters)] : []) + remembered(name, since: before)
                return directives.isEmpty ? [.ignored] : directives
            }
        } catch {
            return [unreadable(message, error.reason)]
        }
    }
}

// MARK: - Across restarts

extension MQTTDeviceBridge {
    /// Takes up what `remember` gave before a restart. Call it for every key, in order, before the
    /// first message; then subscribe to `learntTopics`.
    ///
    /// - Returns: whether it was a record that this agent writes.
    public mutating func recall(key: String, value: Value) -> Bool {
        guard value != .null else { return true }
        let parts = key.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1)
            .map { String(Substring($0)) }
        guard let name = parts.first else { return false }
        guard parts.count == 2 else {
            guard devices.recall(name, value) else { return false }
            if let configuration = devices[name]?.configuration {
                guard let device = try? TasmotaDevice(configuration) else { return false }
                tasmota.set(device)
            }
            return true
        }
        guard let announcement = value["at"]?.stringValue,
            let device = value["device"]?.stringValue,
            let component = value["component"]?.stringValue,
            let object = value["object"]?.stringValue,
            let fields = value["config"], DeviceName.safe(device) == name, devices[name] != nil,
            entities.hasRoom(for: announcement),
            let announced = try? HomeAssistantEntity.read(
                DiscoveryConfiguration(kept: fields),
                at: DiscoveryPlace(component: component, node: device, object: object)),
            let entity = announced.entity
        else { return false }
        entities.set(entity, announcedAt: announcement)
        return true
    }

    /// The names of the devices that are known, sorted.
    public var knownDevices: [String] { devices.names }

    /// Whether a device is there; nil where none of that name is known.
    public func presence(of device: String) -> DevicePresence? { devices[device]?.presence }
}
