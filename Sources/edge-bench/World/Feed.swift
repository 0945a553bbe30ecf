/// Publishes numbered messages at a steady rate while the rest of a run goes on.
///
/// Message k (from 1) is due at k/rate seconds after the start; what is late is sent at once, so
/// the rate holds on average also on a busy machine.
actor Feed {
    private let publisher: Publisher
    /// Messages a second.
    private let rate: Double
    private let payload: @Sendable (Int) -> String
    private var isStopped = false

    init(_ publisher: sending Publisher, rate: Double, payload: @escaping @Sendable (Int) -> String)
    {
        self.publisher = publisher
        self.rate = rate
        self.payload = payload
    }

    var count: Int { publisher.count }
    var bytes: Int { publisher.bytes }

    /// Publishes until `stop`, or until `limit` messages are given; then waits until the broker
    /// has them all. Ends early when its task is cancelled.
    func run(limit: Int = .max) async throws {
        let start = ContinuousClock.now
        while !isStopped, publisher.count < limit {
            let due = min(limit, Int((ContinuousClock.now - start).seconds * rate))
            while publisher.count < due { try publisher.publish(payload(publisher.count + 1)) }
            try await Task.sleep(for: .milliseconds(5))
        }
        publisher.closeInput()
        let deadline = ContinuousClock.now + .seconds(30)
        while try !publisher.hasFinished() {
            guard ContinuousClock.now < deadline else {
                throw BenchFailure("the broker did not confirm all messages of \(publisher.topic)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func stop() { isStopped = true }
}

extension Duration {
    /// This span in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// This span in whole milliseconds.
    var milliseconds: Int { Int((seconds * 1000).rounded()) }
}
