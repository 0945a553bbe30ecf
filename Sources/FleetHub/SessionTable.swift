import SyncProtocol

/// What each open session's device is known to have joined. In memory: a hub that restarts has a
/// new epoch, so every session of the old one is reset and says hello again.
///
/// Kept per device *epoch*: two boards with one identity are two readers.
struct SessionTable {
    /// Epochs of one device with a session. Older ones are reset when they speak again.
    static let perDevice = 4

    private struct Session {
        let epoch: Epoch
        var context: CausalContext
    }

    private var sessions: [String: [Session]] = [:]

    mutating func open(_ device: String, _ epoch: Epoch, _ context: CausalContext) {
        var list = sessions[device] ?? []
        list.removeAll { $0.epoch == epoch }
        if list.count == Self.perDevice { list.removeFirst() }
        list.append(Session(epoch: epoch, context: context))
        sessions[device] = list
    }

    /// Takes note of what a device has joined; nil where it has no session.
    mutating func advance(
        _ device: String, _ epoch: Epoch, by context: CausalContext
    ) -> CausalContext? {
        guard let index = sessions[device]?.firstIndex(where: { $0.epoch == epoch }) else {
            return nil
        }
        sessions[device]?[index].context.merge(context)
        return sessions[device]?[index].context
    }

    mutating func close(_ device: String) { sessions[device] = nil }
}
