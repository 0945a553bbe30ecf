/// The life of one simulated process: it burns when told, or at one of its calls to the outside.
///
/// What the process does after that reaches nobody, as if it had been killed at that very call;
/// its code may go on running until it notices.
public final class SimFuse: @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// True once the process is dead.
    public private(set) var isBurnt = false
    private var callsLeft: Int?
    private var handlers: [() -> Void] = []

    /// A fuse that burns only when told.
    public init() {}

    /// Burns at the call after `calls` more.
    public func arm(calls: Int) { callsLeft = calls }

    /// Takes back what `arm` said.
    public func disarm() { callsLeft = nil }

    /// Adds something to do at the moment of burning, after what was added before.
    public func onBurn(_ handler: @escaping () -> Void) { handlers.append(handler) }

    /// Burns now; once.
    public func burn() {
        guard !isBurnt else { return }
        isBurnt = true
        let handlers = handlers
        self.handlers = []
        for handler in handlers { handler() }
    }

    /// Counts a call to the outside; false where it must have no effect.
    @discardableResult
    public func passes() -> Bool {
        if let left = callsLeft, !isBurnt {
            callsLeft = left - 1
            if left <= 0 { burn() }
        }
        return !isBurnt
    }
}
