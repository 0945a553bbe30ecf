import Platform

/// Holds values against the schemas of an OpenAPI document: the part of JSON Schema that ours use.
struct SchemaCheck {
    let document: Value

    /// The part of the document that a local reference names (RFC 6901); nil where there is none.
    func resolve(_ reference: String) -> Value? {
        guard reference.hasPrefix("#/") else { return nil }
        var value: Value? = document
        for part in reference.dropFirst(2).split(separator: "/").map(String.init) {
            value = value?[part.replacing("~1", with: "/").replacing("~0", with: "~")]
        }
        return value
    }

    /// Follows `$ref` where `value` is one.
    func resolved(_ value: Value) -> Value? {
        guard let reference = value["$ref"]?.stringValue else { return value }
        return resolve(reference)
    }

    /// All references anywhere in `value`.
    static func references(in value: Value) -> [String] {
        switch value {
        case .array(let items): items.flatMap(references)
        case .map(let entries):
            entries.flatMap { entry in
                if entry.key == "$ref", let reference = entry.value.stringValue {
                    return [reference]
                }
                return references(in: entry.value)
            }
        default: []
        }
    }

    /// What is wrong with `value`, each with its place; empty where nothing is. A property that an
    /// object's schema does not describe is wrong too: the document would be incomplete.
    func problems(_ value: Value, _ schema: Value, at place: String = "$", depth: Int = 0)
        -> [String]
    {
        guard depth <= Value.maximumDepth else { return ["\(place): nested too deep"] }
        if let reference = schema["$ref"]?.stringValue {
            guard let target = resolve(reference) else { return ["\(place): no \(reference)"] }
            return problems(value, target, at: place, depth: depth + 1)
        }
        if let choices = schema["oneOf"]?.arrayValue {
            let found = choices.map { problems(value, $0, at: place, depth: depth + 1) }
            guard found.count(where: \.isEmpty) == 1 else {
                return ["\(place): fits not exactly one of \(found)"]
            }
        }
        if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) {
            return ["\(place): \(value.json) is none of \(Value.array(allowed).json)"]
        }
        guard fitsType(value, schema["type"]) else {
            return ["\(place): \(value.json) is no \(schema["type"]?.json ?? "")"]
        }
        switch value {
        case .map(let entries): return problems(entries, schema, place, depth)
        case .array(let items):
            guard let each = schema["items"] else { return [] }
            return items.enumerated().flatMap { position, item in
                problems(item, each, at: "\(place)[\(position)]", depth: depth + 1)
            }
        default: return []
        }
    }

    private func problems(
        _ entries: [Value.MapEntry], _ schema: Value, _ place: String, _ depth: Int
    ) -> [String] {
        var found: [String] = []
        for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
        where !entries.contains(where: { $0.key == name }) {
            found.append("\(place): lacks \(name)")
        }
        for entry in entries {
            let here = "\(place).\(entry.key)"
            if let property = schema["properties"]?[entry.key] ?? schema["additionalProperties"],
                property.boolValue == nil
            {
                found += problems(entry.value, property, at: here, depth: depth + 1)
            } else if schema["properties"] != nil {
                found.append("\(here): not described")
            }
        }
        return found
    }

    private func fitsType(_ value: Value, _ type: Value?) -> Bool {
        switch type {
        case .string(let name): isType(value, name)
        case .array(let names): names.compactMap(\.stringValue).contains { isType(value, $0) }
        default: true
        }
    }

    private func isType(_ value: Value, _ name: String) -> Bool {
        switch (name, value) {
        case ("null", .null), ("boolean", .bool), ("integer", .int), ("number", .int),
            ("number", .double), ("string", .string), ("array", .array), ("object", .map):
            true
        default: false
        }
    }
}
