import Identity
import Platform
import SQLiteStore

extension FleetHub: EnrolmentService {
    public func authorityCertificates() throws(HubError) -> [UInt8] {
        try message([try authorityOrRefusal().certificate])
    }

    public func enroll(
        _ request: [UInt8], authorization: String?
    ) throws(HubError) -> EnrolmentAnswer {
        let authority = try authorityOrRefusal()
        // The token first: to a stranger the hub says nothing about requests and names.
        guard let credential = authorization.flatMap({ EnrolmentCredential(header: $0) }) else {
            throw refused(
                nil,
                HubError(
                    .unauthorized, "The request carries no enrolment token.",
                    hint: "Make one with: fleet token create"))
        }
        let token = try read { () throws(SQLiteError) in
            try store.enrolmentTokens.token(credential.token)
        }
        let digests = CryptoDigests()
        // A check against no key takes as long, so the time tells nothing about which ids exist.
        let key = token?.key ?? [UInt8](repeating: 0, count: 32)
        let isProven =
            credential.isValid(for: request, key: key, digests: digests) && token != nil
        guard let token, isProven else { throw refused(nil, EnrolmentRule.unknownToken) }
        let signing = try SigningRequest(der: request)
        return try enroll(signing, token, authority)
    }

    private func enroll(
        _ request: SigningRequest, _ token: EnrolmentTokenRecord, _ authority: CertificateAuthority
    ) throws(HubError) -> EnrolmentAnswer {
        let (device, key) = (request.name.text, Self.hash(of: request))
        let now = timekeeper.now().wall
        // Or a token would be a way into every device whose name one knows.
        if let record = devices[device], !Caller.sees(token.scope, labels(of: record)) {
            throw refused(
                device,
                HubError(
                    .conflict, "Another board is known as \(device).",
                    hint: "Give this one another device.id."))
        }
        let rule = EnrolmentRule(
            token: token, isProven: true, device: device, key: key,
            identity: identities[device], keyOwner: owner(of: key, besides: device),
            isRemoved: devices[device]?.state == .removed, now: now)
        switch rule.outcome {
        case .refuse(let error): throw refused(device, error)
        case .quarantine(let names):
            throw try quarantine(names, seen: device)
        case .wait:
            let identity = IdentityRecord(
                device: device, state: .pending, key: key, token: token.id, changed: now)
            try admit(identity, token, certificate: nil)
            return .wait(seconds: EnrolmentRule.retryAfterSeconds)
        case .issue:
            let identity = IdentityRecord(
                device: device, state: .active, key: key, token: token.id, changed: now)
            // Asked again by a board whose answer was lost, it gives the same: a token must not
            // fill the database.
            let known = try read { () throws(SQLiteError) in try store.certificates.latest(device) }
            if let known, known.isFresh(for: key, at: now) {
                try admit(identity, token, certificate: nil)
                return .certificate(try message([known.der, authority.certificate]))
            }
            let certificate = try certificate(for: request, authority)
            try admit(identity, token, certificate: certificate)
            return .certificate(try message([certificate.der, authority.certificate]))
        }
    }

    public func reenroll(_ request: [UInt8]) throws(HubError) -> EnrolmentAnswer {
        let authority = try authorityOrRefusal()
        let signing = try SigningRequest(der: request)
        let (device, key) = (signing.name.text, Self.hash(of: signing))
        if let owner = owner(of: key, besides: device) {
            throw try quarantine(
                identities[device] == nil ? [owner] : [owner, device].sorted(), seen: device)
        }
        guard let identity = identities[device], identity.key == key else {
            throw HubError(
                .unauthorized, "The hub knows no device \(device) with this key.",
                hint: "Enrol the board with a token of: fleet token create")
        }
        guard identity.state.isTrusted else {
            throw refused(
                device,
                HubError(
                    .refused, "The device \(device) is \(identity.state.rawValue).",
                    hint: "See: fleet device show \(device)"))
        }
        let now = timekeeper.now().wall
        let latest = try read { () throws(SQLiteError) in try store.certificates.latest(device) }
        guard let latest, latest.revoked == nil, latest.key == key else {
            // Approved before its board has come for its certificate.
            throw HubError(
                .unauthorized, "The device \(device) has no certificate yet.",
                hint: "Enrol the board with the token that it began with.")
        }
        switch RenewalRule.verdict(
            notBefore: latest.notBefore, notAfter: latest.notAfter, now: now)
        {
        case .keep: return .certificate(try message([latest.der, authority.certificate]))
        case .tooLate:
            throw HubError(
                .refused, "The certificate of \(device) ended too long ago.",
                hint: "Enrol the board again with a token of: fleet token create")
        case .renew, .renewInGrace:
            let certificate = try certificate(for: signing, authority)
            try write { () throws(SQLiteError) in
                try store.certificates.add(certificate)
                try store.certificates.prune(
                    device, before: WallTime(milliseconds: now.milliseconds - Self.kept.count))
                try appendAudit(board: device, "renew", Self.until(certificate))
            }
            publishIdentity(device, "renewed")
            return .certificate(try message([certificate.der, authority.certificate]))
        }
    }

    public func revocationList() throws(HubError) -> [UInt8] {
        try brokerAccess().revocationList
    }

    /// Joins a device, or has it wait: all of it in one transaction, for a token that is used up
    /// must have led to something.
    private func admit(
        _ identity: IdentityRecord, _ token: EnrolmentTokenRecord, certificate: CertificateRecord?
    ) throws(HubError) {
        let now = identity.changed
        var token = token
        token.usedBy = identity.device
        token.usedKey = identity.key
        var record =
            devices[identity.device]
            ?? DeviceRecord(
                id: identity.device, name: identity.device, labels: [:], state: .active,
                registered: now, lastSeen: now)
        record.labels.merge(token.labels) { _, ofToken in ofToken }
        let isNews = identities[identity.device]?.state != identity.state
        if identity.state == .pending { try checkRoomForWaiting(besides: identity.device) }
        try write { () throws(SQLiteError) in
            try store.enrolmentTokens.put(token)
            try store.identities.put(identity)
            try store.devices.put(record)
            if let certificate { try store.certificates.add(certificate) }
            if isNews || certificate != nil {
                let end = certificate.map { ", " + Self.until($0) } ?? ""
                let action = identity.state == .pending ? "wait" : "enrol"
                try appendAudit(board: identity.device, action, "token \(token.id)" + end)
            }
        }
        devices[identity.device] = record
        keep(identity, of: identity.device)
        if isNews {
            publishIdentity(identity.device, identity.state == .pending ? "waiting" : "enrolled")
        }
    }

    private func certificate(
        for request: SigningRequest, _ authority: CertificateAuthority
    ) throws(HubError) -> CertificateRecord {
        do {
            let issued = try authority.issue(request, at: timekeeper.now().wall)
            return CertificateRecord(
                device: request.name.text, serial: issued.serial, key: Self.hash(of: request),
                notBefore: issued.notBefore, notAfter: issued.notAfter, der: issued.der)
        } catch {
            throw unavailable("\(error)")
        }
    }

    private func message(_ certificates: [[UInt8]]) throws(HubError) -> [UInt8] {
        do {
            return try CertificatesOnly.message(certificates)
        } catch {
            throw unavailable("the answer cannot be written: \(error)")
        }
    }

    func authorityOrRefusal() throws(HubError) -> CertificateAuthority {
        guard let authority else {
            throw HubError(
                .unavailable, "This hub has no authority, so no board can enrol.",
                hint: "Start it with fleet-hub serve, which makes one.")
        }
        return authority
    }

    func unavailable(_ what: String) -> HubError {
        HubError(
            .unavailable, "The hub cannot enrol now (\(what)).", hint: "Try again later.")
    }

    private func owner(of key: [UInt8], besides device: String) -> String? {
        identities.values.filter { $0.key == key && $0.device != device && $0.state != .revoked }
            .map(\.device).min()
    }

    private static func until(_ certificate: CertificateRecord) -> String {
        "certificate until " + RFC3339.text(certificate.notAfter)
    }

    private static func hash(of request: SigningRequest) -> [UInt8] {
        CryptoDigests().sha256(request.keyInfo)
    }

    /// How long a certificate that ended is kept: as long as it may still be renewed.
    private static let kept = RenewalRule.grace
}

extension CertificateRecord {
    /// Whether it is for this key, believed, and not yet to be renewed.
    fileprivate func isFresh(for key: [UInt8], at now: WallTime) -> Bool {
        revoked == nil && self.key == key
            && RenewalRule.verdict(notBefore: notBefore, notAfter: notAfter, now: now) == .keep
    }
}
