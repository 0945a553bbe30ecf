import LinuxPlatform
import Platform
import Simulator

/// Where a contract is tried: how time goes on there, and where its readers run.
struct Stage: Sendable {
    /// Lets a little time pass.
    let goOn: @Sendable () async throws -> Void
    private let executor: SimTaskExecutor?

    /// The real machine.
    static let linux = Stage(
        goOn: { try await Task.sleep(for: .milliseconds(2)) }, executor: nil)

    /// A simulated one.
    static func simulated(_ world: SimWorld) -> Stage {
        Stage(goOn: { try world.run(for: 2) }, executor: world.executor.tasks)
    }

    /// Waits for something to become true; false where it does not in 5000 turns, twice as
    /// many on the real machine, which may be busy.
    func eventually(_ condition: () throws -> Bool) async throws -> Bool {
        for _ in 0..<(executor == nil ? 10_000 : 5000) {
            if try condition() { return true }
            try await goOn()
        }
        return try condition()
    }

    /// Reads a stream from now on, and does something at each element.
    func collect<Element: Sendable>(
        _ stream: AsyncStream<Element>, each: @escaping @Sendable (Element) -> Void = { _ in }
    ) -> Collected<Element> {
        let collected = Collected<Element>()
        Task(executorPreference: executor) {
            for await element in stream {
                each(element)
                collected.append(element)
            }
            collected.end()
        }
        return collected
    }
}

/// What a stream brought so far.
final class Collected<Element: Sendable>: Sendable {
    private let state = Locked<(elements: [Element], hasEnded: Bool)>(([], false))

    var elements: [Element] { state.with { $0.elements } }
    var hasEnded: Bool { state.with { $0.hasEnded } }

    func append(_ element: Element) { state.with { $0.elements.append(element) } }
    func end() { state.with { $0.hasEnded = true } }
}

/// What a contract holds against a conformer; empty where it conforms.
struct Verdict {
    private(set) var faults: [String] = []

    /// Notes a fault where something that must hold does not.
    mutating func require(_ holds: Bool, _ fault: String) {
        if !holds { faults.append(fault) }
    }
}
