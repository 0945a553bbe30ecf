import FleetHub
import Hummingbird
import Platform

/// The JSON object that a request carries, its fields read once each and all accounted for.
struct APIBody {
    /// Labels that a device may have.
    static let labelsMax = 32

    private let fields: [Value.MapEntry]

    /// Reads the whole body, never more than `maximumBytes` of it.
    /// - Throws: `tooLarge`, or `invalid` for anything but a JSON object with fields of `known`.
    ///   Errors of the connection pass through.
    init(_ request: Request, maximumBytes: Int, known: [String]) async throws {
        let tooLarge = HubError(
            .tooLarge, "The request body is larger than \(maximumBytes) bytes.",
            hint: "Send less; a workload's files belong on the board, not in its spec.")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }),
            length > maximumBytes
        {
            throw tooLarge
        }
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= maximumBytes else { throw tooLarge }
            bytes += chunk.readableBytesView
        }
        try self.init(bytes, known: known)
    }

    /// - Throws: `invalid`, as above.
    init(_ bytes: [UInt8], known: [String]) throws(HubError) {
        let value: Value
        do {
            value = try JSONReader.read(bytes)
        } catch {
            throw HubError(
                .invalid, "The request body is \(error).", hint: "Send one JSON object in UTF-8.")
        }
        let names = known.joined(separator: ", ")
        guard case .map(let fields) = value else {
            throw HubError(
                .invalid, "The request body is no JSON object.",
                hint: "Send an object with: \(names).")
        }
        if let stranger = fields.first(where: { !known.contains($0.key) }) {
            throw HubError(
                .invalid, "The request body has an unknown field \"\(stranger.key.prefix(64))\".",
                hint: "Known here: \(names).")
        }
        self.fields = fields
    }

    /// The field as it is; nil where it is absent.
    subscript(_ name: String) -> Value? { fields.first { $0.key == name }?.value }

    /// A text of at least one character; nil where the field is absent.
    /// - Throws: `invalid`.
    func text(_ name: String) throws(HubError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.stringValue, !text.isEmpty else {
            throw Self.wrong(name, "no text", "Give a string of at least one character.")
        }
        return text
    }

    /// - Throws: `invalid` where the field is absent or no text.
    func requiredText(_ name: String) throws(HubError) -> String {
        guard let text = try text(name) else { throw Self.missing(name) }
        return text
    }

    /// - Throws: `invalid` where the field is absent.
    func required(_ name: String) throws(HubError) -> Value {
        guard let value = self[name] else { throw Self.missing(name) }
        return value
    }

    /// An object or null.
    /// - Throws: `invalid` where the field is absent or something else.
    func requiredObjectOrNull(_ name: String) throws(HubError) -> Value {
        let value = try required(name)
        switch value {
        case .map, .null: return value
        default:
            throw Self.wrong(
                name, "neither an object nor null", "Give an object, or null to remove.")
        }
    }

    /// Texts by name; nil where the field is absent.
    /// - Throws: `invalid` where it is something else or has more than `labelsMax` entries.
    func labels(_ name: String) throws(HubError) -> [String: String]? {
        guard let value = self[name] else { return nil }
        guard let entries = value.mapValue, entries.count <= Self.labelsMax else {
            throw Self.wrong(
                name, "no object of at most \(Self.labelsMax) labels",
                "Give all labels as {\"key\":\"value\"}.")
        }
        var labels: [String: String] = [:]
        for entry in entries {
            guard !entry.key.isEmpty, let text = entry.value.stringValue else {
                throw Self.wrong(
                    name, "not made of texts", "Label \"\(entry.key)\" needs a string.")
            }
            labels[entry.key] = text
        }
        return labels
    }

    /// A whole number; `fallback` where the field is absent.
    /// - Throws: `invalid` for anything else or a number outside of `range`.
    func number(_ name: String, in range: ClosedRange<Int64>, default fallback: Int64)
        throws(HubError) -> Int64
    {
        guard let value = self[name] else { return fallback }
        guard let number = value.intValue, range.contains(number) else {
            throw Self.wrong(
                name, "no whole number from \(range.lowerBound) to \(range.upperBound)",
                "Its default is \(fallback).")
        }
        return number
    }

    /// - Throws: `invalid` for anything but true and false; false where the field is absent.
    func flag(_ name: String) throws(HubError) -> Bool {
        guard let value = self[name] else { return false }
        guard let flag = value.boolValue else {
            throw Self.wrong(name, "neither true nor false", "Leave it out for false.")
        }
        return flag
    }

    /// One change of a set or a counter.
    /// - Throws: `invalid` where there is none, or more than one: two changes of one request could
    ///   be meant in either order.
    func cellChange() throws(HubError) -> CellChange {
        guard let field = fields.first, fields.count == 1 else {
            throw HubError(
                .invalid,
                "The request asks for \(fields.isEmpty ? "no change" : "several changes").",
                hint: "Give one of \"add\", \"remove\" and \"increment\".")
        }
        switch field.key {
        case "add": return .add(field.value)
        case "remove": return .remove(field.value)
        default:
            guard case .int(let number) = field.value else {
                throw Self.wrong(
                    field.key, "no whole number of 64 bits with sign",
                    "Give a number such as 1 or -5.")
            }
            return .increment(number)
        }
    }

    private static func missing(_ name: String) -> HubError {
        HubError(
            .invalid, "The request body lacks \"\(name)\".", hint: "Add \"\(name)\" to the object.")
    }

    private static func wrong(_ name: String, _ what: String, _ hint: String) -> HubError {
        HubError(.invalid, "\"\(name)\" is \(what).", hint: hint)
    }
}
