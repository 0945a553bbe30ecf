import Platform

/// One thing that an entity of a component says or takes: where its state is, how that reads, and
/// how it is set. The components' documentation pages, as a table.
struct EntityFacet {
    enum Form {
        /// The words of `payload_on` and `payload_off`.
        case flag
        /// As it comes.
        case plain
        /// Bounds by two keys, and their defaults.
        case number(minimum: (String, Double), maximum: (String, Double))
        /// The words of a list under this key.
        case options(String)
        /// Something to press, and the key and default of what is sent.
        case press(String, String)
        case cover
        case version
    }

    /// Added to the entity's name; empty for the entity's own state.
    let suffix: String
    let form: Form
    let stateKey: String?
    let templateKeys: [String]
    let commandKey: String?
    let commandTemplateKey: String?

    init(
        _ suffix: String = "", _ form: Form, state: String? = nil, templates: [String] = [],
        command: String? = nil, commandTemplate: String? = nil
    ) {
        self.suffix = suffix
        self.form = form
        stateKey = state
        templateKeys = templates
        commandKey = command
        commandTemplateKey = commandTemplate
    }

    /// Whether the state becomes what was set. A cover's does not: it says `opening` to `open`.
    var isConfirmable: Bool {
        if case .cover = form { false } else { true }
    }

    /// The components that are read, and what each has.
    static let components: [String: [EntityFacet]] = [
        "sensor": [.main(.plain)],
        "binary_sensor": [.main(.flag)],
        "switch": [.main(.flag, isSettable: true)],
        "fan": [.main(.flag, isSettable: true), .level("percentage", ("", 0), ("", 100))],
        "light": [
            .main(.flag, isSettable: true),
            .level("brightness", ("", 0), ("brightness_scale", 255)),
            .level("color_temp", ("min_mireds", 153), ("max_mireds", 500)),
            EntityFacet(
                "effect", .options("effect_list"), state: "effect_state_topic",
                templates: ["effect_value_template"], command: "effect_command_topic",
                commandTemplate: "effect_command_template"),
            .reading("rgb"), .reading("hs"), .reading("xy"), .reading("color_mode"),
        ],
        "number": [.main(.number(minimum: ("min", 1), maximum: ("max", 100)), isSettable: true)],
        "select": [.main(.options("options"), isSettable: true)],
        "button": [
            EntityFacet(
                "", .press("payload_press", "PRESS"), command: "command_topic",
                commandTemplate: "command_template")
        ],
        "cover": [
            EntityFacet(
                "", .cover, state: "state_topic", templates: ["value_template"],
                command: "command_topic", commandTemplate: "command_template"),
            EntityFacet(
                "position",
                .number(minimum: ("position_closed", 0), maximum: ("position_open", 100)),
                state: "position_topic", templates: ["position_template"],
                command: "set_position_topic", commandTemplate: "set_position_template"),
            EntityFacet(
                "tilt", .number(minimum: ("tilt_min", 0), maximum: ("tilt_max", 100)),
                state: "tilt_status_topic", templates: ["tilt_status_template"],
                command: "tilt_command_topic", commandTemplate: "tilt_command_template"),
        ],
        "climate": [
            EntityFacet(
                "current_temperature", .plain, state: "current_temperature_topic",
                templates: ["current_temperature_template"]),
            EntityFacet(
                "current_humidity", .plain, state: "current_humidity_topic",
                templates: ["current_humidity_template"]),
            EntityFacet("action", .plain, state: "action_topic", templates: ["action_template"]),
            .target("temperature", ("min_temp", 7), ("max_temp", 35)),
            .target("temperature_low", ("min_temp", 7), ("max_temp", 35)),
            .target("temperature_high", ("min_temp", 7), ("max_temp", 35)),
            .target("target_humidity", ("min_humidity", 30), ("max_humidity", 99)),
            .mode("mode", "modes", "state_template"),
            .mode("fan_mode", "fan_modes", "state_template"),
            .mode("swing_mode", "swing_modes", "state_template"),
            .mode("preset_mode", "preset_modes", "value_template"),
            EntityFacet(
                "power", .flag, command: "power_command_topic",
                commandTemplate: "power_command_template"),
        ],
        "update": [
            EntityFacet("", .version, state: "state_topic", templates: ["value_template"]),
            EntityFacet(
                "latest_version", .plain, state: "latest_version_topic",
                templates: ["latest_version_template"]),
            EntityFacet(
                "install", .press("payload_install", "INSTALL"), command: "command_topic",
                commandTemplate: "command_template"),
        ],
    ]

    /// The words of lists that a configuration may leave out.
    static let standardWords: [String: [String]] = [
        "modes": ["auto", "off", "cool", "heat", "dry", "fan_only"],
        "fan_modes": ["auto", "low", "medium", "high"], "swing_modes": ["on", "off"],
    ]

    /// All keys of a configuration that anything here reads.
    static let keys: Set<String> = {
        var keys: Set<String> = [
            "availability", "availability_mode", "availability_topic", "availability_template",
            "payload_available", "payload_not_available", "device", "device_class", "schema",
            "brightness", "color_temp", "effect", "supported_color_modes", "payload_on",
            "payload_off", "state_on", "state_off", "payload_open", "payload_close",
            "payload_stop", "state_open", "state_opening", "state_closed", "state_closing",
            "state_stopped", "platform", "fan_modes", "swing_modes", "unit_of_measurement",
        ]
        for facet in components.values.joined() {
            keys.formUnion(
                [facet.stateKey, facet.commandKey, facet.commandTemplateKey].compactMap(\.self))
            keys.formUnion(facet.templateKeys)
            switch facet.form {
            case .number(let minimum, let maximum): keys.formUnion([minimum.0, maximum.0])
            case .options(let list): keys.insert(list)
            case .press(let key, _): keys.insert(key)
            case .flag, .plain, .cover, .version: break
            }
        }
        return keys
    }()

    private static func main(_ form: Form, isSettable: Bool = false) -> Self {
        EntityFacet(
            "", form, state: "state_topic", templates: ["value_template", "state_value_template"],
            command: isSettable ? "command_topic" : nil,
            commandTemplate: isSettable ? "command_template" : nil)
    }

    private static func reading(_ name: String) -> Self {
        EntityFacet(
            name, .plain, state: "\(name)_state_topic", templates: ["\(name)_value_template"])
    }

    private static func level(
        _ name: String, _ minimum: (String, Double), _ maximum: (String, Double)
    ) -> Self {
        EntityFacet(
            name, .number(minimum: minimum, maximum: maximum), state: "\(name)_state_topic",
            templates: ["\(name)_value_template"], command: "\(name)_command_topic",
            commandTemplate: "\(name)_command_template")
    }

    private static func target(
        _ name: String, _ minimum: (String, Double), _ maximum: (String, Double)
    ) -> Self {
        EntityFacet(
            name, .number(minimum: minimum, maximum: maximum), state: "\(name)_state_topic",
            templates: ["\(name)_state_template"], command: "\(name)_command_topic",
            commandTemplate: "\(name)_command_template")
    }

    private static func mode(_ name: String, _ list: String, _ template: String) -> Self {
        EntityFacet(
            name, .options(list), state: "\(name)_state_topic", templates: ["\(name)_\(template)"],
            command: "\(name)_command_topic", commandTemplate: "\(name)_command_template")
    }
}
