public import Identity
public import Platform
import SQLiteStore

extension FleetHub {
    /// Devices that may wait for approval at a time: more than a person looks through.
    static let waitingMaximum = 1000

    public func decide(
        _ device: String, _ decision: IdentityDecision, as caller: Caller = .hub
    ) throws(HubError) -> Value {
        try audited(caller, decision.rawValue + "Device", device) { () throws(HubError) in
            try carryOut(decision, device, caller)
        }
    }

    private func carryOut(
        _ decision: IdentityDecision, _ device: String, _ caller: Caller
    ) throws(HubError) -> Value {
        let isVisible = caller.sees(devices[device].map(labels(of:)) ?? [:])
        guard var identity = identities[device], isVisible else {
            throw HubError(
                .notFound, "There is no device \(device) that enrolled.",
                hint: "List the devices with: fleet devices")
        }
        let state: IdentityState
        do {
            state = try identity.state.after(decision)
        } catch {
            throw HubError(.conflict, "The hub \(error).", hint: "See: fleet device show \(device)")
        }
        guard state != identity.state else { return summary(of: identity) }
        let now = timekeeper.now().wall
        identity.state = state
        identity.changed = now
        identity.reason = ""
        let ends = state == .revoked || state == .decommissioned
        try write { () throws(SQLiteError) in
            try store.identities.put(identity)
            if ends { try store.certificates.revoke(device, at: now) }
        }
        keep(identity, of: device)
        if ends { online.remove(device) }
        publishIdentity(device, state.rawValue)
        if state == .decommissioned, devices[device]?.state == .active {
            try removeDevice(device, forget: false)
        }
        return summary(of: identity)
    }

    /// Takes back the belief in devices that showed one key, until a person decides.
    /// - Returns: The refusal for who asked.
    func quarantine(_ names: [String], seen device: String) throws(HubError) -> HubError {
        let all = Set(names + [device]).sorted().joined(separator: " and ")
        try hold(names, reason: "\(all) showed one key")
        return HubError(
            .refused, "The boards \(all) show one key, so none of them is believed.",
            hint: "Give one of them a new device.id and run edge-agent enroll --new-key on it, "
                + "then: fleet device approve \(names.first ?? device)")
    }

    /// Takes back the belief in a device of which two boards live: both have its name and its key,
    /// so only what they say tells them apart. Of a device without a key there is nothing to take
    /// back, and the event is all.
    func quarantine(twin device: String) {
        guard identities[device]?.state == .active else { return }
        // Where it cannot be written, it holds until the next start, and is noticed again after it.
        try? hold([device], reason: "two boards use its key and its name")
    }

    private func hold(_ names: [String], reason: String) throws(HubError) {
        let now = timekeeper.now().wall
        let held = names.compactMap { identities[$0] }
            .filter { $0.state == .active || $0.state == .pending }
            .map { identity in
                var identity = identity
                identity.state = .quarantined
                identity.changed = now
                identity.reason = reason
                return identity
            }
        for identity in held {
            keep(identity, of: identity.device)
            online.remove(identity.device)
            publishIdentity(identity.device, "clone_suspected", reason: identity.reason)
        }
        try write { () throws(SQLiteError) in
            for identity in held { try store.identities.put(identity) }
        }
    }

    /// Why frames of a device are refused for its identity; nil where they are not. Who never
    /// enrolled is heard: plain links reach only this machine.
    func identityRefusal(of device: String) -> String? {
        identities[device].flatMap { Self.refusal(of: $0) }
    }

    private static func refusal(of identity: IdentityRecord) -> String? {
        guard !identity.state.isTrusted else { return nil }
        return switch identity.state {
        case .active: nil
        case .pending:
            "this device waits for approval; approve it with: "
                + "fleet device approve \(identity.device)"
        case .quarantined: "this device is in quarantine: \(identity.reason)"
        case .revoked: "this device's key was revoked; enrol it again with a new key and token"
        case .decommissioned: "this device was decommissioned"
        }
    }

    /// Remembers what the hub thinks of a device, and has the links and the broker act on it.
    func keep(_ identity: IdentityRecord?, of device: String) {
        identities[device] = identity
        endpoint.judge(device, identity.map { Self.standing(of: $0) })
        accessChanged.yield()
    }

    static func standing(of identity: IdentityRecord) -> DeviceStanding {
        refusal(of: identity).map { .refused(reason: $0) } ?? .trusted(key: identity.key)
    }

    /// The `Identity` object.
    func summary(of identity: IdentityRecord) -> Value {
        var fields: [(String, Value)] = [
            ("device", .string(identity.device)), ("state", .string(identity.state.rawValue)),
            ("changed_at", .string(RFC3339.text(identity.changed))),
        ]
        if !identity.reason.isEmpty { fields.append(("reason", .string(identity.reason))) }
        let latest = try? store.certificates.latest(identity.device)
        if let latest, latest.revoked == nil {
            fields.append(("certificate_expires_at", .string(RFC3339.text(latest.notAfter))))
        }
        return .object(fields)
    }

    public func authorityCertificate() throws(HubError) -> String {
        guard let authority else {
            throw HubError(
                .notFound, "This hub has no authority.",
                hint: "Start it with fleet-hub serve, which makes one.")
        }
        return authority.certificatePEM
    }

    func checkRoomForWaiting(besides device: String) throws(HubError) {
        let waiting = identities.values.count { $0.state == .pending && $0.device != device }
        guard waiting < Self.waitingMaximum else {
            throw HubError(
                .unavailable, "\(Self.waitingMaximum) devices wait for approval already.",
                hint: "Approve or revoke some of them: fleet devices")
        }
    }

    func publishIdentity(_ device: String, _ state: String, reason: String? = nil) {
        var fields: [String: Value] = ["device": .string(device), "state": .string(state)]
        if let reason { fields["reason"] = .string(reason) }
        publish("device", fields)
    }

    /// A refusal is worth an event, or an attack would go unseen; not more than one a minute for
    /// one device or for all strangers together, or it would push all else out of the ring.
    /// - Parameter device: nil for who has not shown that it may speak of one.
    /// - Returns: The error, to be thrown.
    func refused(_ device: String?, _ error: HubError) -> HubError {
        let now = timekeeper.now().monotonic
        let name = device ?? ""
        if let last = enrolmentRefusals[name], now - last < 60_000 { return error }
        if enrolmentRefusals.count >= Self.waitingMaximum { enrolmentRefusals = [:] }
        enrolmentRefusals[name] = now
        if let device {
            publishIdentity(device, "enrolment_refused", reason: error.message)
        } else {
            publish(
                "hub", ["state": .string("enrolment_refused"), "reason": .string(error.message)])
        }
        return error
    }
}
