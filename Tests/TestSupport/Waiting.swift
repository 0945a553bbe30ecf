/// What was waited for and did not come about.
public struct Overdue: Error, CustomStringConvertible {
    let what: String
    public var description: String { "did not come: \(what)" }
}

/// Waits for a condition that another thread brings about. Bounded by tries, not by a time that a
/// test is held to.
public func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    for attempt in 0..<40_000 {
        if try await condition() { return }
        if attempt > 100 { try await Task.sleep(for: .milliseconds(1)) } else { await Task.yield() }
    }
    throw Overdue(what: what)
}
