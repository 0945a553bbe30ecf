import EdgeAgent
import Images
import LinuxPlatform
import Platform

/// The agent's containers, from images of the board's store.
struct Containers: ContainerRuntime {
    private let runner: ContainerRunner

    init(_ settings: AgentConfiguration.Containers) {
        runner = ContainerRunner(
            images: settings.images, directory: settings.directory, crun: settings.runtime)
    }

    func whyNotNow(_ container: ContainerSpec) -> String? { runner.whyNotNow(container) }

    func prepare(_ order: ContainerOrder) throws(ProcessError) -> [String] {
        try runner.prepare(
            order.name, order.container,
            RuntimeConfiguration.Program(
                command: order.command, environment: order.environment,
                workingDirectory: order.workingDirectory))
    }

    func clean(_ name: String) { runner.clean(name) }
    func keep(_ names: Set<String>) { runner.keep(names) }
}
