/// Why the hub did not do what it was asked, for the operator who asked.
public struct HubError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, by kind. The raw value is the word on the wire.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// There is no such device, cell or route.
        case notFound = "not_found"
        /// No token, or one that the hub does not know.
        case unauthorized = "unauthorized"
        /// The request itself is wrong; sending it again changes nothing.
        case invalid = "invalid"
        /// The request is well formed, but its kind of change is not allowed.
        case refused = "refused"
        /// The hub cannot do it now; the same request may succeed later.
        case unavailable = "unavailable"
        /// The request contradicts what the hub holds.
        case conflict = "conflict"
        /// The request is larger than the hub accepts.
        case tooLarge = "too_large"
    }

    /// The kind of failure, which decides the status of a response and a client's exit code.
    public let code: Code
    /// What happened and why, as a sentence.
    public let message: String
    /// What to do next, as a sentence.
    public let hint: String

    /// An error; both texts are for people and end in a full stop.
    public init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Code, message and hint on one line.
    public var description: String { "\(code.rawValue): \(message) \(hint)" }
}
