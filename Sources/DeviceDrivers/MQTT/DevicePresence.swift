/// Whether a device is there, as far as can be told.
public enum DevicePresence: String, Sendable, Hashable {
    /// It has sent something since the agent started, and says that it is there.
    case online
    /// Its last will or its availability says that it is gone.
    case offline
    /// It has sent something since the agent started, and never says whether it is there.
    case heard
    /// Known from before, or from messages that the broker kept, and not heard since the agent
    /// started.
    case remembered
}
