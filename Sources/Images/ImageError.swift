/// Why an image cannot be had: what happened and why, and what to do about it.
public struct ImageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of trouble, for programs.
    public enum Code: String, Sendable, Hashable {
        /// A name, a digest or a platform that is none.
        case usage
        /// A manifest, an index or a configuration that cannot be read.
        case manifest
        /// No build for this board.
        case platform
        /// Bytes that are not those of their digest.
        case digest
        /// An archive or a layer that is damaged, or of a kind that is not read.
        case archive
        /// A layer that would do what no layer may.
        case hostile
        /// More than a bound allows.
        case limit
        /// The registry said no.
        case refused
        /// The registry was not reached, or broke off.
        case unreachable
        /// The registry answered something else than its protocol.
        case registry
        /// There is no such image, here or there.
        case notFound
        /// The board's own disk or kernel.
        case store
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

    public var description: String { "\(message); \(advice)" }
}
