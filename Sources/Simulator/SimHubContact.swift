public import Platform

/// A hub in a simulated world, as a board reaches it that enrols or renews: a function, known by
/// its pin, and there or not.
public final class SimHubContact: HubContact, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// Whether it can be reached.
    public var isReachable = true
    /// Requests that arrived.
    public private(set) var requests = 0
    private let pin: [UInt8]
    private let answer: ([UInt8]) -> [UInt8]

    /// - Parameters:
    ///   - pin: SHA-256 over the SubjectPublicKeyInfo of its authority.
    ///   - answer: What it says to a request, all of it.
    public init(pin: [UInt8], answer: @escaping ([UInt8]) -> [UInt8]) {
        self.pin = pin
        self.answer = answer
    }

    public func exchange(
        _ request: [UInt8], host: String, port: Int, pin: [UInt8], maximumBytes: Int
    ) throws(HubContactError) -> [UInt8] {
        guard isReachable else {
            throw HubContactError(.unreachable, "no hub answers at \(host) port \(port)")
        }
        guard pin == self.pin else {
            throw HubContactError(
                .notTheHub, "who answers at \(host) port \(port) is not the hub of this token")
        }
        requests += 1
        let bytes = answer(request)
        guard bytes.count <= maximumBytes else {
            throw HubContactError(.unreachable, "the hub at \(host) answers without an end")
        }
        return bytes
    }
}
