import Identity
public import Platform
public import SQLiteStore

/// What a broker has to know of who may come to it.
public struct BrokerAccess: Sendable, Hashable {
    /// The list of revoked certificates in DER.
    public let revocationList: [UInt8]
    /// What is on it: by serial number, the device that each certificate was of.
    public let revoked: [[UInt8]: String]
    /// Devices that are not believed, sorted: those whose certificate is on the list, and those
    /// that are in quarantine and may be believed again.
    public let barred: [String]

    /// - Parameters:
    ///   - revoked: All certificates that were revoked.
    ///   - now: When the list is made.
    /// - Throws: where it cannot be signed.
    public init(
        of identities: [IdentityRecord], revoked: [CertificateRecord],
        by authority: CertificateAuthority, at now: WallTime
    ) throws {
        // What has ended is refused for that; the list need not grow for ever.
        let listed = revoked.filter { now - $0.notAfter <= RenewalRule.grace }
        let list = RevocationList(
            revoked: listed, number: UInt64(max(now.milliseconds, 0)), now: now)
        revocationList = try list.signed(by: authority)
        self.revoked = Dictionary(
            listed.map { ($0.serial, $0.device) }, uniquingKeysWith: { first, _ in first })
        barred = identities.filter { $0.state.isBarred }.map(\.device).sorted()
    }
}

extension FleetHub {
    /// What a broker has to know, as of now.
    /// - Throws: `unavailable`.
    public func brokerAccess() throws(HubError) -> BrokerAccess {
        let authority = try authorityOrRefusal()
        let revoked = try read { () throws(SQLiteError) in try store.certificates.revoked() }
        do {
            return try BrokerAccess(
                of: Array(identities.values), revoked: revoked, by: authority,
                at: timekeeper.now().wall)
        } catch {
            throw unavailable("the list of revoked certificates cannot be made: \(error)")
        }
    }
}

extension IdentityState {
    /// Who waits for approval has no certificate to come with.
    fileprivate var isBarred: Bool { !isTrusted && self != .pending }
}
