import Platform

/// One object of an answer, read field by field. An error says which field of which object.
struct Fields {
    let value: Value
    private let place: String

    init(_ value: Value, place: String) throws(FleetClientError) {
        guard case .map = value else {
            throw Self.malformed("`\(place)` is no object")
        }
        self.value = value
        self.place = place
    }

    func string(_ key: String) throws(FleetClientError) -> String {
        try required(key, try optionalString(key))
    }

    func int(_ key: String) throws(FleetClientError) -> Int64 {
        try required(key, try optionalInt(key))
    }

    func bool(_ key: String) throws(FleetClientError) -> Bool {
        try required(key, try typed(key, "boolean", \.boolValue))
    }

    /// nil where the field is absent or null.
    func optionalString(_ key: String) throws(FleetClientError) -> String? {
        try typed(key, "string", \.stringValue)
    }

    func optionalInt(_ key: String) throws(FleetClientError) -> Int64? {
        try typed(key, "integer", \.intValue)
    }

    func object(_ key: String) throws(FleetClientError) -> Fields {
        try Fields(try required(key, value[key]), place: "\(place).\(key)")
    }

    /// nil where the field is absent or null.
    func optionalObject(_ key: String) throws(FleetClientError) -> Fields? {
        guard let found = value[key], found != .null else { return nil }
        return try Fields(found, place: "\(place).\(key)")
    }

    /// A map of strings; empty where the field is absent.
    func strings(_ key: String) throws(FleetClientError) -> [String: String] {
        var out: [String: String] = [:]
        for entry in try typed(key, "object", \.mapValue) ?? [] {
            out[entry.key] = try required("\(key).\(entry.key)", entry.value.stringValue)
        }
        return out
    }

    func list<Item>(
        _ key: String, _ item: (Fields) throws(FleetClientError) -> Item
    ) throws(FleetClientError) -> [Item] {
        var out: [Item] = []
        let values = try required(key, try typed(key, "array", \.arrayValue))
        out.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            out.append(try item(try Fields(value, place: "\(place).\(key)[\(index)]")))
        }
        return out
    }

    private func required<T>(_ key: String, _ found: T?) throws(FleetClientError) -> T {
        guard let found else { throw Self.malformed("`\(place)` lacks the field `\(key)`") }
        return found
    }

    private func typed<T>(
        _ key: String, _ type: String, _ read: (Value) -> T?
    ) throws(FleetClientError) -> T? {
        guard let found = value[key], found != .null else { return nil }
        guard let typed = read(found) else {
            throw Self.malformed("`\(place).\(key)` is not of type \(type)")
        }
        return typed
    }

    static func malformed(_ what: String) -> FleetClientError {
        FleetClientError(
            .malformed, "The hub's answer is not understood: \(what)",
            hint: "Use a `fleet` of the hub's version; `fleet doctor` shows it")
    }
}
