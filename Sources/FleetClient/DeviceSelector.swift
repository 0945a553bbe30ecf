/// Which devices are meant, by their labels: `site=barn,rack=2` means all of them must hold.
public struct DeviceSelector: Sendable, Hashable, CustomStringConvertible {
    /// The labels asked for, sorted by key.
    public let requirements: [Label]

    /// As many as a device may have labels.
    public static let maximumRequirements = 32

    /// - Throws: `.usage` for text that is no list of `key=value`, for a repeated key and for
    ///   more than `maximumRequirements`.
    public init(_ text: String) throws(FleetClientError) {
        var labels: [Label] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            labels.append(try Label(String(part)))
        }
        try self.init(labels)
    }

    /// - Throws: `.usage` for none, a repeated key and more than `maximumRequirements`.
    public init(_ labels: [Label]) throws(FleetClientError) {
        guard 1...Self.maximumRequirements ~= labels.count else {
            throw FleetClientError(
                .usage, "A selector has 1 to \(Self.maximumRequirements) labels",
                hint: "Give labels such as site=barn,rack=2")
        }
        let sorted = labels.sorted { $0.key < $1.key }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.key == right.key {
            throw FleetClientError(
                .usage, "The selector asks twice for the label `\(left.key)`",
                hint: "No device can have two values of a label; give one")
        }
        requirements = sorted
    }

    /// As the hub reads it.
    public var description: String { requirements.map(\.description).joined(separator: ",") }
}

/// One label of a device, `key=value`.
public struct Label: Sendable, Hashable, CustomStringConvertible {
    /// 1–64 bytes.
    public let key: String
    /// 0–64 bytes.
    public let value: String

    /// The longest key and the longest value, in bytes.
    public static let maximumBytes = 64

    /// - Throws: `.usage` for what can be no label.
    public init(key: String, value: String) throws(FleetClientError) {
        guard Self.isKey(key), Self.isValue(value) else {
            throw FleetClientError(
                .usage, "`\(Display.clean(key))=\(Display.clean(value))` is no label",
                hint: "Give key=value, each at most \(Self.maximumBytes) bytes, without commas, "
                    + "equals signs and control characters")
        }
        self.key = key
        self.value = value
    }

    /// - Throws: `.usage` where `text` is not `key=value`.
    public init(_ text: String) throws(FleetClientError) {
        guard let mark = text.firstIndex(of: "=") else {
            throw FleetClientError(
                .usage, "`\(Display.clean(text))` is no label", hint: "Give key=value")
        }
        try self.init(
            key: String(text[..<mark]), value: String(text[text.index(after: mark)...]))
    }

    /// `key=value`.
    public var description: String { key + "=" + value }

    /// Whether `text` can be the key of a label.
    public static func isKey(_ text: String) -> Bool { !text.isEmpty && isValue(text) }

    private static func isValue(_ text: String) -> Bool {
        text.utf8.count <= maximumBytes
            && text.unicodeScalars.allSatisfy { $0 != "," && $0 != "=" && $0.value >= 0x20 }
    }
}

/// A change of a device's labels, as `fleet device label` takes it: `site=barn` sets, `rack-`
/// removes.
public enum LabelChange: Sendable, Hashable {
    case set(Label)
    case remove(String)

    /// - Throws: `.usage` for anything else.
    public init(_ text: String) throws(FleetClientError) {
        if text.contains("=") {
            self = .set(try Label(text))
            return
        }
        let key = String(text.dropLast())
        guard text.hasSuffix("-"), Label.isKey(key) else {
            throw FleetClientError(
                .usage, "`\(Display.clean(text))` is no change of a label",
                hint: "Give key=value to set a label or key- to remove it")
        }
        self = .remove(key)
    }

    /// `labels` after all `changes`, in their order.
    public static func apply(
        _ changes: [LabelChange], to labels: [String: String]
    ) -> [String: String] {
        var result = labels
        for change in changes {
            switch change {
            case .set(let label): result[label.key] = label.value
            case .remove(let key): result[key] = nil
            }
        }
        return result
    }
}
