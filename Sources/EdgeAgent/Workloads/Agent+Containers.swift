import Platform

extension Agent {
    /// - Throws: where a workload is a container and this agent runs none. Its command must never be
    ///   run on the board itself instead.
    func checkRunsHere(_ spec: WorkloadSpec) throws(WorkloadSpec.Fault) {
        guard spec.container != nil, world.containers == nil else { return }
        throw WorkloadSpec.Fault(
            field: "image", problem: "needs containers, which this agent does not run")
    }

    /// Why a workload cannot be started as things are; it may later, without another wish. One that
    /// runs already is not asked.
    func whyNotNow(_ name: String, _ spec: WorkloadSpec) -> String? {
        guard let container = spec.container, let runtime = world.containers,
            supervisor.workloads[name]?.wanted?.hash != spec.hash
        else { return nil }
        return runtime.whyNotNow(container)
    }

    /// What to start for a workload.
    func arguments(_ name: String, _ spec: WorkloadSpec) throws(ProcessError) -> [String] {
        guard let container = spec.container else { return spec.command }
        guard let runtime = world.containers else {
            throw ProcessError("this agent does not run containers")
        }
        return try runtime.prepare(
            ContainerOrder(
                name: name, container: container,
                command: spec.command.isEmpty ? nil : spec.command,
                environment: spec.environment, workingDirectory: spec.workingDirectory))
    }

    /// Of workloads that are gone nothing stays.
    func keepContainers() { world.containers?.keep(Set(supervisor.workloads.keys)) }
}
