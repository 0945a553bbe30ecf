/// The name of a device as certificates carry it: the common name of the subject, and the same as
/// a URI among the alternative names.
public struct DeviceName: Sendable, Hashable {
    /// 1 to 64 of `a-z A-Z 0-9 . _ -`, not beginning with one that makes it an option, a hidden
    /// file or a folder.
    public let text: String

    /// Nil for a text that no device can have as its id.
    public init?(_ text: String) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isAllowed, 1...64 ~= text.utf8.count, !text.hasPrefix("."), !text.hasPrefix("-")
        else { return nil }
        self.text = text
    }

    /// `urn:fleet:device:<id>`. All characters of an id stand for themselves in a URI.
    public var uri: String { Self.uriPrefix + text }

    /// The name that a URI carries, nil where it is another kind of URI.
    public init?(uri: String) {
        guard uri.hasPrefix(Self.uriPrefix) else { return nil }
        self.init(String(uri.dropFirst(Self.uriPrefix.count)))
    }

    private static let uriPrefix = "urn:fleet:device:"
}
