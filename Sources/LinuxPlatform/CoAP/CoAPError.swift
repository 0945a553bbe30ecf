/// Why there is no CoAP here.
public struct CoAPError: Error, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// libcoap is not installed, or is one that lacks something.
        case libraryMissing
        /// A certificate or key cannot be read, or the library takes none.
        case security
    }

    public let code: Code
    public let message: String
    /// What to do about it.
    public let advice: String

    public init(_ code: Code, _ message: String, advice: String) {
        self.code = code
        self.message = message
        self.advice = advice
    }

    public var description: String { "\(message). \(advice)" }
}
