public import Platform

/// A container that is to be started, as the twin desires it.
public struct ContainerOrder: Sendable, Hashable {
    /// The workload's.
    public let name: String
    public let container: ContainerSpec
    /// Takes the place of the image's; nil keeps that.
    public let command: [String]?
    public let environment: [String: String]
    public let workingDirectory: String?
}

/// The seam to containers: what has to be there before a container is started as a process, and what
/// is taken away when it has ended. Starting, watching and stopping it is `ProcessRunner`'s.
public protocol ContainerRuntime: Sendable {
    /// Why this container cannot be started as the board is now, such as for an image that is not
    /// there, with what to do; nil where nothing is known against it.
    func whyNotNow(_ container: ContainerSpec) -> String?

    /// Makes all that a container runs from, and ends what an earlier one of its name left.
    ///
    /// - Returns: What to start: a program and its arguments.
    /// - Throws: where the image is not there or cannot be run here, with what to do.
    func prepare(_ order: ContainerOrder) throws(ProcessError) -> [String]

    /// The container of this name has ended: ends what it left behind, and takes away what was made
    /// for it. Nothing happens where it was none.
    func clean(_ name: String)

    /// There are these workloads. Of others nothing is kept, and images that only they had may go.
    func keep(_ names: Set<String>)
}
