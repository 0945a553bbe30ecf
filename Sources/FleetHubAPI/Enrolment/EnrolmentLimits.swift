/// The bounds of the port where boards enrol.
public struct EnrolmentLimits: Sendable, Hashable {
    /// What one client may cost.
    public var clients = ClientLimits.boards
    /// Lines a minute that the log gets about refusals.
    public var refusalLinesPerMinuteMax = 60

    /// The defaults, each with its reason above.
    public init() {}
}
