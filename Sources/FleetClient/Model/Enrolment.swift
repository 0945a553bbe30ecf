/// An enrolment token as the hub lists it, without its secret.
public struct EnrolmentTokenEntry: Sendable, Hashable {
    /// Names the token; no secret.
    public let id: String
    /// `open`, `used`, `expired` or `withdrawn`.
    public let state: String
    /// What the device that joins with it gets.
    public let labels: [String: String]
    /// Whether an operator has to approve that device.
    public let needsApproval: Bool
    /// RFC 3339.
    public let expiresAt: String
    /// Who joined with it; nil where nobody has.
    public let device: String?

    init(_ fields: Fields) throws(FleetClientError) {
        id = try fields.string("id")
        state = try fields.string("state")
        labels = try fields.strings("labels")
        needsApproval = try fields.bool("needs_approval")
        expiresAt = try fields.string("expires_at")
        device = try fields.optionalString("device")
    }
}

/// A token that was just made.
public struct NewEnrolmentToken: Sendable, Hashable {
    /// The line for `edge-agent enroll`. It holds the secret.
    public let text: String
    /// One line for the shell of a board that has no agent yet. It holds the secret too.
    public let install: String?
    /// The same as the hub lists it.
    public let entry: EnrolmentTokenEntry

    init(_ fields: Fields) throws(FleetClientError) {
        text = try fields.string("token")
        install = try fields.optionalString("install")
        entry = try EnrolmentTokenEntry(fields)
    }
}

/// What the hub thinks of a device's key.
public struct DeviceIdentity: Sendable, Hashable {
    /// `pending`, `active`, `quarantined`, `revoked` or `decommissioned`.
    public let state: String
    /// Why, where the state does not say it.
    public let reason: String?
    /// RFC 3339; nil where the device has no certificate.
    public let certificateExpiresAt: String?

    init(_ fields: Fields) throws(FleetClientError) {
        state = try fields.string("state")
        reason = try fields.optionalString("reason")
        certificateExpiresAt = try fields.optionalString("certificate_expires_at")
    }
}
