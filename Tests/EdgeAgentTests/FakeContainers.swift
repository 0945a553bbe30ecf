import LinuxPlatform
import Platform

@testable import EdgeAgent

/// Containers of which it is only noted what was asked.
final class FakeContainers: ContainerRuntime {
    struct State: Sendable {
        var prepared: [ContainerOrder] = []
        var cleaned: [String] = []
        var kept: [Set<String>] = []
        /// Images that have not come yet.
        var missing: Set<String> = []
        /// What the next preparation fails with.
        var fault: String?
    }

    let state = Locked(State())

    func whyNotNow(_ container: ContainerSpec) -> String? {
        state.with { $0.missing.contains(container.image) ? "there is no image" : nil }
    }

    func prepare(_ order: ContainerOrder) throws(ProcessError) -> [String] {
        let fault = state.with { state in
            state.prepared.append(order)
            return state.fault
        }
        if let fault { throw ProcessError(fault) }
        return ["/crun", order.name]
    }

    func clean(_ name: String) { state.with { $0.cleaned.append(name) } }
    func keep(_ names: Set<String>) { state.with { $0.kept.append(names) } }
}
