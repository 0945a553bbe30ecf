public import Platform

/// What a replica noticed that an operator should know. The list is closed; docs/sync-protocol.md
/// says of each what follows from it.
public enum SyncEvent: Sendable, Hashable {
    /// Two boards speak for one device key. Both go on, and nothing of either is lost.
    case forkDetected(device: String, epochs: [Epoch])
    /// A device came back with less than it once had: a backup was restored, or a card cloned.
    case restoreDetected(device: String)
    /// The hub does not know history that a device has joined: it was wiped or restored.
    case hubResetDetected
    /// A stamp from the future was lowered to the hub's time.
    case clockAhead(device: String, path: TwinPath, by: Milliseconds)
    /// Both have seen the same writes and held other cells: a damaged store, or a mistake in a
    /// rule. Repaired.
    case divergenceDetected(document: String)
    /// Bytes that are no frame, or a frame that claims what its sender may not.
    case frameRefused(reason: String)
    /// A write that its role may not make, or that its key cannot take.
    case writeRefused(reason: String)
    /// The hub will not hear this device.
    case refused(reason: String)

    /// The event's name, as scripts and logs have it.
    public var name: String {
        switch self {
        case .forkDetected: "fork_detected"
        case .restoreDetected: "restore_detected"
        case .hubResetDetected: "hub_reset_detected"
        case .clockAhead: "clock_ahead"
        case .divergenceDetected: "divergence_detected"
        case .frameRefused: "frame_refused"
        case .writeRefused: "write_refused"
        case .refused: "device_refused"
        }
    }

    public var fields: [(String, Value)] {
        switch self {
        case .forkDetected(let device, let epochs):
            [
                ("device", .string(device)),
                ("epochs", .array(epochs.map { .string($0.text) })),
            ]
        case .restoreDetected(let device): [("device", .string(device))]
        case .hubResetDetected: []
        case .clockAhead(let device, let path, let by):
            [
                ("device", .string(device)), ("path", .string(path.text)),
                ("ahead_ms", .int(by.count)),
            ]
        case .divergenceDetected(let document): [("document", .string(document))]
        case .frameRefused(let reason), .writeRefused(let reason), .refused(let reason):
            [("reason", .string(reason))]
        }
    }
}
