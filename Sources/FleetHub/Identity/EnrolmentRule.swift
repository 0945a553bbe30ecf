import Identity
import Platform
import SQLiteStore

/// What to do with a request to join, as a value: everything that the hub knows goes in, one
/// outcome comes out.
struct EnrolmentRule {
    /// Seconds after which a board that waits for approval asks again.
    static let retryAfterSeconds = 30

    /// The token that the request names, where there is one.
    var token: EnrolmentTokenRecord?
    /// Whether the request proves knowledge of that token's secret.
    var isProven = false
    let device: String
    /// SHA-256 of the public key that the request is about.
    let key: [UInt8]
    /// What the hub thinks of the device.
    var identity: IdentityRecord?
    /// Another device with the same key, where there is one.
    var keyOwner: String?
    /// Whether an operator removed the device.
    var isRemoved = false
    let now: WallTime

    enum Outcome: Equatable {
        case issue
        /// A person has to say yes first.
        case wait
        /// Several devices showed this key: none of them is believed.
        case quarantine([String])
        case refuse(HubError)
    }

    var outcome: Outcome {
        // Who guesses learns nothing of which tokens there are.
        guard let token, isProven else { return .refuse(Self.unknownToken) }
        if let fault = fault(of: token) { return .refuse(fault) }
        if let keyOwner {
            return .quarantine(identity == nil ? [keyOwner] : [keyOwner, device].sorted())
        }
        if isRemoved {
            return refuse(
                .refused, "The device \(device) was removed from the fleet.",
                "Let it join again with: fleet device rm \(device) --forget")
        }
        guard let identity else { return token.needsApproval ? .wait : .issue }
        return outcome(identity, token)
    }

    private func outcome(_ identity: IdentityRecord, _ token: EnrolmentTokenRecord) -> Outcome {
        let isSameKey = identity.key == key
        switch identity.state {
        case .active where isSameKey: return .issue
        case .pending where isSameKey: return .wait
        case .active, .pending:
            return refuse(
                .conflict, "Another board is enrolled as \(device).",
                "Give this one another device.id, or revoke the other: "
                    + "fleet device revoke \(device)")
        case .quarantined:
            return refuse(
                .refused, "The device \(device) is in quarantine: \(identity.reason).",
                "Give one of the boards a new device.id and run edge-agent enroll --new-key on "
                    + "it, then: fleet device approve \(device)")
        case .revoked where isSameKey:
            return refuse(
                .refused, "The key of \(device) was revoked.",
                "Run edge-agent enroll --new-key with a new token.")
        case .revoked: return token.needsApproval ? .wait : .issue
        case .decommissioned:
            return refuse(
                .refused, "The device \(device) was decommissioned.",
                "Forget it with: fleet device rm \(device) --forget")
        }
    }

    /// Why a token of which the secret is known cannot be used.
    private func fault(of token: EnrolmentTokenRecord) -> HubError? {
        let advice = "Make a new one with: fleet token create"
        if token.withdrawn != nil {
            return HubError(.unauthorized, "This enrolment token was withdrawn.", hint: advice)
        }
        if let usedKey = token.usedKey {
            guard usedKey == key, token.usedBy == device else {
                return HubError(
                    .unauthorized, "This enrolment token was used already.", hint: advice)
            }
            // Its first answer may have been lost, or a person takes longer than the token lives.
            return nil
        }
        guard now <= token.expires else {
            return HubError(.unauthorized, "This enrolment token has expired.", hint: advice)
        }
        return nil
    }

    private func refuse(_ code: HubError.Code, _ message: String, _ hint: String) -> Outcome {
        .refuse(HubError(code, message, hint: hint))
    }

    /// The same for a token that there is not, and for a wrong secret.
    static let unknownToken = HubError(
        .unauthorized, "The hub does not know this enrolment token.",
        hint: "Make a new one with: fleet token create")
}
