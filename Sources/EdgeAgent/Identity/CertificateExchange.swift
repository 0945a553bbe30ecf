public import Identity
public import Platform

/// Gets a certificate from the hub, as a value: what the hub said goes in, what to do next comes
/// out. First the authority's own certificate, held against the pin, then the board's.
public struct CertificateExchange: Sendable {
    /// What the board asks for.
    public enum Purpose: Sendable, Hashable {
        /// Its first certificate, by a token.
        case enroll(EnrolmentCredential)
        /// The next one, for the same name and key.
        case renew
    }

    /// What to do next.
    public enum Step: Sendable, Hashable {
        /// Send this, and bring back all that comes.
        case send([UInt8])
        /// Ask again later: `begin` once the time is over.
        case wait(Milliseconds, reason: String)
        /// It is done.
        case keep(EnrolledIdentity)
        /// It will not come to anything.
        case fail(CertificateExchangeError)
    }

    /// The shortest and the longest time to wait for a hub that says how long.
    static let waitRange = Milliseconds.seconds(5)...Milliseconds.seconds(600)
    /// How long to wait for one that does not say.
    static let waitDefault = Milliseconds.seconds(30)

    private let place: HubPlace
    private let name: DeviceName
    private let publicKey: [UInt8]
    private let csr: [UInt8]
    private let purpose: Purpose
    private let digests: any Digests
    /// Once the hub has shown it.
    private var authority: [UInt8]?

    /// - Parameters:
    ///   - place: Where the hub is, and by what it is known.
    ///   - publicKey: The board's, as a SubjectPublicKeyInfo.
    public init(
        place: HubPlace, name: DeviceName, publicKey: [UInt8], request: CertificateRequest,
        purpose: Purpose, digests: any Digests
    ) {
        self.place = place
        self.name = name
        self.publicKey = publicKey
        csr = request.der
        self.purpose = purpose
        self.digests = digests
    }

    /// The first request, or the next one after a wait.
    public func begin() -> Step {
        guard authority != nil else {
            return .send(ESTMessage.request(.caCertificates, host: place.host))
        }
        switch purpose {
        case .enroll(let credential):
            return .send(
                ESTMessage.request(.enroll, host: place.host, csr: csr, credential: credential))
        case .renew: return .send(ESTMessage.request(.reenroll, host: place.host, csr: csr))
        }
    }

    /// All bytes of the hub's answer to what was last sent.
    public mutating func onAnswer(_ bytes: [UInt8]) -> Step {
        let answer: ESTAnswer
        do {
            answer = try ESTAnswer(bytes)
        } catch {
            return .wait(Self.waitDefault, reason: "the hub's answer was cut off (\(error))")
        }
        switch answer.status {
        case 200: return authority == nil ? onAuthority(answer) : onCertificate(answer)
        case 202: return .wait(Self.wait(answer), reason: "an operator has to approve this device")
        case 429, 500...599:
            return .wait(Self.wait(answer), reason: "the hub cannot answer now: \(words(answer))")
        default: return .fail(CertificateExchangeError(.refused, words(answer)))
        }
    }

    private mutating func onAuthority(_ answer: ESTAnswer) -> Step {
        let found: [UInt8]?
        do {
            found = try certificates(answer).first { der in
                (try? CertificateFacts(der: der)).map { facts in
                    digests.sha256(facts.publicKey) == place.pin
                } ?? false
            }
        } catch {
            return .fail(Self.malformed("\(error)"))
        }
        guard let found else {
            return .fail(Self.malformed("no authority with the key of the token"))
        }
        authority = found
        return begin()
    }

    private func onCertificate(_ answer: ESTAnswer) -> Step {
        do {
            for der in try certificates(answer) {
                let facts = try CertificateFacts(der: der)
                guard facts.publicKey == publicKey else { continue }
                guard facts.commonName == name.text else {
                    return .fail(Self.malformed("a certificate for another name"))
                }
                return .keep(
                    EnrolledIdentity(
                        place: place, authority: authority ?? [], certificate: der, facts: facts))
            }
        } catch {
            return .fail(Self.malformed("\(error)"))
        }
        return .fail(Self.malformed("no certificate for this board's key"))
    }

    private func certificates(_ answer: ESTAnswer) throws(DERError) -> [[UInt8]] {
        try CertificateBundle(der: Base64.decode(answer.body) ?? []).certificates
    }

    /// The hub's own words, made harmless for a terminal and a log.
    private func words(_ answer: ESTAnswer) -> String {
        let error = (try? JSONReader.read(answer.body))?["error"]
        guard let message = error?["message"]?.stringValue else {
            return "the hub answered with status \(answer.status)"
        }
        let hint = error?["hint"]?.stringValue.map { " " + $0 } ?? ""
        let printable = (message + hint).unicodeScalars.filter { scalar in
            scalar.value >= 0x20 && scalar.value != 0x7F
        }
        return String(String.UnicodeScalarView(printable.prefix(500)))
    }

    private static func wait(_ answer: ESTAnswer) -> Milliseconds {
        guard let seconds = answer.retryAfter else { return waitDefault }
        let span = Milliseconds.seconds(Int64(clamping: seconds))
        return min(max(span, waitRange.lowerBound), waitRange.upperBound)
    }

    private static func malformed(_ what: String) -> CertificateExchangeError {
        CertificateExchangeError(
            .malformed,
            "the hub's answer is not understood (\(what)); use an agent of the hub's version")
    }
}

/// Why a board got no certificate.
public struct CertificateExchangeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, by kind.
    public enum Code: Sendable, Hashable {
        /// The hub said no, and why.
        case refused
        /// The hub's answer makes no sense.
        case malformed
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, why, and what to do.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
