import Identity
public import Platform

/// Keeps a board's certificate young. Asked from time to time on a thread that may block; a hub
/// that is away for months costs one attempt now and then.
public struct IdentityRenewal {
    /// What one look came to.
    public enum Outcome: Sendable, Hashable {
        /// There is nothing to do: no certificate, or a young one.
        case idle
        /// There is a new certificate, until then.
        case renewed(until: WallTime)
        /// There is none, and why.
        case failed(String)
    }

    private let files: IdentityFiles
    private let contact: any HubContact
    private let makeDigests: () throws(SignerError) -> any Digests
    private let timekeeper: any Timekeeper
    private let openKey: (String) throws(SignerError) -> any Signer
    private let build: WallTime
    private var schedule: RenewalSchedule

    /// - Parameters:
    ///   - makeDigests: Called once there is something to do: a board that never enrolled need not
    ///     load a library for it.
    ///   - openKey: Opens the key in a file.
    ///   - build: When this program was released.
    ///   - spread: A number of the board's own, see `RenewalRule.due`.
    public init(
        files: IdentityFiles, contact: any HubContact, timekeeper: any Timekeeper,
        build: WallTime, spread: UInt64,
        makeDigests: @escaping () throws(SignerError) -> any Digests,
        openKey: @escaping (String) throws(SignerError) -> any Signer
    ) {
        self.files = files
        self.contact = contact
        self.makeDigests = makeDigests
        self.timekeeper = timekeeper
        self.build = build
        self.openKey = openKey
        schedule = RenewalSchedule(spread: spread)
    }

    /// Looks whether it is due, and renews.
    public mutating func onTick() -> Outcome {
        guard let identity = files.load() else { return .idle }
        var floor = files.clockFloor(build: build)
        let now = timekeeper.now()
        guard schedule.isDue(identity.facts, at: now, floor: floor) else { return .idle }
        do {
            let renewed = try renew(identity)
            if renewed.certificate != identity.certificate {
                try files.keep(renewed, isNextKey: false)
            }
            if floor.onAuthenticated(renewed.facts.notBefore) { try files.keep(floor) }
            // By the hub's clock, which is better than ours, it is young.
            if renewed.certificate == identity.certificate {
                schedule.onNothingNew(at: now.monotonic)
                return .idle
            }
            schedule.onRenewed(at: now.monotonic)
            return .renewed(until: renewed.facts.notAfter)
        } catch {
            schedule.onNothingNew(at: now.monotonic)
            return .failed("\(error)")
        }
    }

    private func renew(_ identity: EnrolledIdentity) throws -> EnrolledIdentity {
        let signer = try openKey(files.key)
        guard let name = identity.facts.commonName.flatMap({ DeviceName($0) }) else {
            throw SignerError("the certificate names no device; enrol the board again")
        }
        guard identity.facts.publicKey == signer.publicKey else {
            throw SignerError("the certificate is of another key; enrol the board again")
        }
        var exchange = CertificateExchange(
            place: identity.place, name: name, publicKey: signer.publicKey,
            request: try CertificateRequest(name: name, signer: signer), purpose: .renew,
            digests: try makeDigests())
        var step = exchange.begin()
        while true {
            switch step {
            case .send(let bytes):
                step = exchange.onAnswer(
                    try contact.exchange(
                        bytes, host: identity.place.host, port: identity.place.port,
                        pin: identity.place.pin, maximumBytes: ESTAnswer.bytesMax))
            case .wait(_, let reason): throw SignerError(reason)
            case .keep(let renewed): return renewed
            case .fail(let error): throw error
            }
        }
    }
}
