import Platform

/// Payloads that are one bare word or number, as in `23.5` or `online`.
enum PlainText {
    /// The longest bare word. States, modes and addresses are far shorter.
    static let bytesMaximum = 1024

    /// The text itself; nil where it is too long or not UTF-8.
    static func text(_ payload: [UInt8]) -> String? {
        guard payload.count <= bytesMaximum else { return nil }
        return String(validating: payload, as: UTF8.self)
    }

    /// JSON's numbers, booleans and null as such, anything else as the text it is. `nan`, which
    /// firmware prints for a sensor without a reading, is null: no NaN ever enters a twin.
    static func value(_ payload: [UInt8]) -> Value? {
        guard let text = text(payload) else { return nil }
        if text.lowercased() == "nan" { return .null }
        switch try? JSONReader.read(payload) {
        case .some(.array), .some(.map), .none: return .string(text)
        case .some(let scalar): return scalar
        }
    }

    /// `true` or `false`; nil for anything else.
    static func flag(_ payload: [UInt8]) -> Bool? { value(payload)?.boolValue }

    /// The object that the payload is.
    static func object(_ payload: [UInt8]) throws(Unreadable) -> [Value.MapEntry] {
        let value: Value
        do {
            value = try JSONReader.read(payload)
        } catch {
            throw Unreadable(reason: error.description)
        }
        guard let entries = value.mapValue else { throw Unreadable(reason: "JSON, but no object") }
        return entries
    }
}
