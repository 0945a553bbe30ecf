import Platform

/// Reads the facets of one entity from its configuration.
struct EntityReader {
    let configuration: DiscoveryConfiguration
    /// The entity's safe name.
    let name: String
    private(set) var sources: [EntitySource] = []
    private(set) var controls: [String: SettableProperty] = [:]
    private(set) var notices: [String] = []

    init(configuration: DiscoveryConfiguration, name: String) {
        self.configuration = configuration
        self.name = name
    }

    mutating func read(_ facet: EntityFacet) throws(Unreadable) {
        let property = facet.suffix.isEmpty ? name : "\(name).\(facet.suffix)"
        var hasState = false
        if let key = facet.stateKey, let topic = configuration.text(key) {
            try HomeAssistantEntity.check(topic)
            let template = facet.templateKeys.compactMap { [configuration] in
                configuration.fields[$0]
            }
            .first
            do throws(Unreadable) {
                sources.append(
                    EntitySource(
                        topic: topic,
                        template: try ValueTemplate.read(
                            template, named: facet.templateKeys.first ?? "value_template"),
                        property: property, words: try stateWords(facet.form)))
                hasState = true
            } catch {
                notices.append(error.reason)
            }
        }
        guard let key = facet.commandKey, let topic = configuration.text(key) else { return }
        try HomeAssistantEntity.check(topic)
        if let key = facet.commandTemplateKey, let template = configuration.fields[key],
            ValueTemplate(template.stringValue ?? "") != .whole
        {
            let text = Printable.clipped(template.stringValue ?? "", bytes: 60)
            notices.append("\(key) \"\(text)\" is not written: use {{ value }}")
            return
        }
        controls[property] = SettableProperty(
            topic: topic, form: try settable(facet.form),
            state: hasState && facet.isConfirmable ? property : nil)
    }

    /// A light of the JSON schema: one object with the state, one object to set it.
    mutating func readJSONLight() throws(Unreadable) {
        let command = configuration.text("command_topic")
        if let command { try HomeAssistantEntity.check(command) }
        let state = configuration.text("state_topic")
        if let state { try HomeAssistantEntity.check(state) }
        let modes = configuration.words("supported_color_modes") ?? []
        let isDimmable =
            configuration.fields["brightness"] == .bool(true)
            || modes.contains { $0 != "onoff" }
        let isTunable =
            configuration.fields["color_temp"] == .bool(true)
            || modes.contains("color_temp")
        let full = configuration.number("brightness_scale") ?? 255
        let mireds = (
            configuration.number("min_mireds") ?? 153, configuration.number("max_mireds") ?? 500
        )
        let members: [(String, String, SettableForm?)] = [
            ("", "state", .flag(on: .string("ON"), off: .string("OFF"))),
            ("brightness", "brightness", isDimmable ? .number(minimum: 0, maximum: full) : nil),
            (
                "color_temp", "color_temp",
                isTunable ? .number(minimum: mireds.0, maximum: mireds.1) : nil
            ),
            ("effect", "effect", try configuration.words("effect_list").map(Self.options)),
            ("color_mode", "color_mode", nil), ("color", "color", modes.isEmpty ? nil : .any),
        ]
        for (suffix, member, form) in members {
            let property = suffix.isEmpty ? name : "\(name).\(suffix)"
            if let state {
                sources.append(
                    EntitySource(
                        topic: state, template: .path([member]), property: property,
                        words: suffix.isEmpty ? ["on": .bool(true), "off": .bool(false)] : [:]))
            }
            if let command, let form {
                controls[property] = SettableProperty(
                    topic: command, form: form, member: member,
                    state: state == nil ? nil : property)
            }
        }
    }

    private func stateWords(_ form: EntityFacet.Form) throws(Unreadable) -> [String: Value] {
        switch form {
        case .flag:
            return [
                try word("state_off", "payload_off", "OFF").lowercased(): .bool(false),
                try word("state_on", "payload_on", "ON").lowercased(): .bool(true),
            ]
        case .cover:
            var words: [String: Value] = [:]
            for state in ["open", "opening", "closed", "closing", "stopped"] {
                words[try word("state_\(state)", nil, state).lowercased()] = .string(state)
            }
            return words
        case .plain, .number, .options, .press, .version: return [:]
        }
    }

    private func settable(_ form: EntityFacet.Form) throws(Unreadable) -> SettableForm {
        switch form {
        case .flag:
            return .flag(
                on: .string(try word("payload_on", nil, "ON")),
                off: .string(try word("payload_off", nil, "OFF")))
        case .cover:
            var words: [String: String] = [:]
            for (command, standard) in [("open", "OPEN"), ("close", "CLOSE"), ("stop", "STOP")] {
                // A null payload means that the cover cannot do it.
                guard configuration.fields["payload_\(command)"] != .null else { continue }
                words[command] = try word("payload_\(command)", nil, standard)
            }
            return .words(words)
        case .number(let minimum, let maximum):
            let low = configuration.number(minimum.0) ?? minimum.1
            let high = configuration.number(maximum.0) ?? maximum.1
            // A cover may count down to open.
            return .number(minimum: min(low, high), maximum: max(low, high))
        case .options(let list):
            return try Self.options(
                configuration.words(list) ?? EntityFacet.standardWords[list] ?? [])
        case .press(let key, let standard): return .press(.string(try word(key, nil, standard)))
        case .plain, .version: return .any
        }
    }

    private static func options(_ words: [String]) throws(Unreadable) -> SettableForm {
        guard words.count <= SettableForm.wordsMaximum else {
            throw Unreadable(reason: "more than \(SettableForm.wordsMaximum) options")
        }
        for word in words { try HomeAssistantEntity.check(word: word) }
        return .words(words.reduce(into: [:]) { $0[$1] = $1 })
    }

    private func word(_ key: String, _ other: String?, _ standard: String) throws(Unreadable)
        -> String
    {
        let word = configuration.word(key) ?? other.flatMap { configuration.word($0) } ?? standard
        try HomeAssistantEntity.check(word: word)
        return word
    }
}
