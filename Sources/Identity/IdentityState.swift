/// What the hub thinks of a device's key. The hub's row decides, not what a certificate says.
public enum IdentityState: String, Sendable, Hashable, CaseIterable {
    /// It asked to join with a token that wants a person's word; nothing is issued yet.
    case pending
    /// It may do all that a device may.
    case active
    /// Two devices showed one key: neither is heard until a person has decided.
    case quarantined
    /// Its key is no longer believed. With a new key and a new token it may come back.
    case revoked
    /// It left the fleet for good; its name is free only when it is forgotten.
    case decommissioned

    /// True where frames are taken in and certificates issued.
    public var isTrusted: Bool { self == .active }

    /// Where a decision leads; the state itself where it changes nothing.
    /// - Throws: where the decision has no meaning there.
    public func after(_ decision: IdentityDecision) throws(IdentityDecisionError) -> IdentityState {
        switch (decision, self) {
        case (.approve, .pending), (.approve, .quarantined), (.approve, .active): .active
        case (.revoke, .pending), (.revoke, .active), (.revoke, .quarantined), (.revoke, .revoked):
            .revoked
        case (.decommission, _): .decommissioned
        case (.approve, .revoked), (.approve, .decommissioned), (.revoke, .decommissioned):
            throw IdentityDecisionError(decision: decision, state: self)
        }
    }
}

/// What an operator decides about a device's identity.
public enum IdentityDecision: String, Sendable, Hashable, CaseIterable {
    /// Lets a device join that waits, or be heard again that is in quarantine.
    case approve
    /// Takes back the belief in its key.
    case revoke
    /// Ends its membership.
    case decommission
}

/// Why a decision cannot be carried out.
public struct IdentityDecisionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was decided.
    public let decision: IdentityDecision
    /// About a device in this state.
    public let state: IdentityState

    /// What happened, why, and what to do, without a full stop.
    public var description: String {
        let advice =
            state == .revoked
            ? "a revoked key stays revoked: enrol the board again with a new token and "
                + "edge-agent enroll --new-key"
            : "a decommissioned device is gone: forget it with fleet device rm --forget, then "
                + "enrol the board again"
        return "cannot \(decision.rawValue) a device that is \(state.rawValue); \(advice)"
    }
}
