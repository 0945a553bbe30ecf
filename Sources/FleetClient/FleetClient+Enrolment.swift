public import Platform

/// How boards join, and whose keys are believed.
extension FleetClient {
    /// Makes a token with which one board may join. Its secret is in this answer and nowhere else.
    ///
    /// - Parameters:
    ///   - labels: What the device that joins gets.
    ///   - lifetime: How long a board may join with it; seconds count.
    ///   - needsApproval: Whether an operator has to approve the device.
    public func createToken(
        labels: [String: String], lifetime: Milliseconds, needsApproval: Bool
    ) async throws(FleetClientError) -> Answer<NewEnrolmentToken> {
        let body = Value.object([
            ("labels", .object(labels.map { ($0.key, .string($0.value)) })),
            ("ttl_s", .int(lifetime.count / 1000)), ("needs_approval", .bool(needsApproval)),
        ])
        return try await call(
            "POST", "/api/v1/tokens", body: body, "token", NewEnrolmentToken.init)
    }

    /// All tokens, without their secrets.
    public func tokens() async throws(FleetClientError) -> Answer<[EnrolmentTokenEntry]> {
        try await call("GET", "/api/v1/tokens", "tokens") { (fields) throws(FleetClientError) in
            try fields.list("tokens", EnrolmentTokenEntry.init)
        }
    }

    /// Takes a token back. Who joined with it stays.
    public func withdrawToken(_ id: String) async throws(FleetClientError) {
        try await transport.succeed("DELETE", "/api/v1/tokens/" + PercentEncoding.segment(id))
    }

    /// Carries out a decision about a device's key.
    public func decide(
        _ id: String, _ decision: DeviceDecision
    ) async throws(FleetClientError) -> Answer<DeviceIdentity> {
        try await call(
            "POST", Self.devicePath(id) + "/" + decision.rawValue, "identity", DeviceIdentity.init)
    }
}

/// What an operator decides about a device's key. The raw value is the word on the wire.
public enum DeviceDecision: String, Sendable, Hashable, CaseIterable {
    /// Lets a device join that waits, or be heard again that is in quarantine.
    case approve
    /// Takes back the belief in its key.
    case revoke
    /// Ends its membership and removes it.
    case decommission
}
