import Platform

/// A property as it stands announced.
struct AnnouncedEntity: Sendable, Hashable {
    let device: String
    let property: String
    let settable: SettableRange?
    let state: String
    /// The discovery message.
    let configuration: Value

    /// Fields as Home Assistant's documentation has them ("MQTT", "Discovery messages"), in full:
    /// what abbreviations save is not worth a reader's time.
    init(
        _ property: AnnouncedProperty, component: String, of device: String, kind: String,
        topics: AnnouncedTopics, version: String
    ) {
        self.device = device
        self.property = property.name
        settable = property.settable
        state = topics.state(device, property.name)
        let isBoard = device == BoardAnnouncer.boardName
        let board = "\(BoardAnnouncer.root)_\(topics.board)"
        let identifier = isBoard ? board : "\(board)_\(device)"
        var places = [Value.object([("topic", .string(topics.availability))])]
        if !isBoard {
            places.append(
                .object([
                    ("topic", .string(topics.state(device, "available"))),
                    ("payload_available", .string("true")),
                    ("payload_not_available", .string("false")),
                ]))
        }
        var about: [(String, Value)] = [
            ("identifiers", .array([.string(identifier)])),
            ("name", .string(isBoard ? topics.board : "\(topics.board) \(device)")),
            ("manufacturer", .string(Self.maker)), ("model", .string(kind)),
        ]
        about.append(isBoard ? ("sw_version", .string(version)) : ("via_device", .string(board)))
        let origin: [(String, Value)] = [
            ("name", .string(Self.maker)), ("sw_version", .string(version)),
        ]
        var fields: [(String, Value)] = [
            ("name", .string(property.name.replacingUnderscores)),
            ("unique_id", .string("\(board)_\(device)_\(property.name)")),
            ("state_topic", .string(state)),
            ("availability", .array(places)), ("availability_mode", .string("all")),
            ("device", .object(about)), ("origin", .object(origin)),
        ]
        if !property.unit.isEmpty {
            fields.append(("unit_of_measurement", .string(property.unit)))
        }
        if let deviceClass = property.deviceClass {
            fields.append(("device_class", .string(deviceClass)))
        }
        switch component {
        case "binary_sensor", "switch":
            fields += [("payload_on", .string("true")), ("payload_off", .string("false"))]
        case "sensor" where property.value.doubleValue != nil:
            fields.append(("state_class", .string("measurement")))
        default: break
        }
        if let settable = property.settable {
            fields.append(("command_topic", .string(topics.command(device, property.name))))
            if case .number(let range) = settable {
                fields += [
                    ("min", .number(range.lowerBound)), ("max", .number(range.upperBound)),
                    ("step", .number((range.upperBound - range.lowerBound) / 100)),
                ]
            }
        }
        configuration = .object(fields)
    }

    private static let maker = "CloudOS Edge"
}

extension String {
    fileprivate var replacingUnderscores: String {
        String(decoding: utf8.map { $0 == UInt8(ascii: "_") ? 0x20 : $0 }, as: UTF8.self)
    }
}
