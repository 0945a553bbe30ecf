import Platform

/// What `fleet token create` prints and `edge-agent enroll` takes: where the hub is, how to know
/// it, and the right to join once.
///
///     fh1.<host[:port]>.<CA SPKI hash>.<id>.<secret>
///
/// The hash is SHA-256 over the SubjectPublicKeyInfo of the hub's authority, so no network and no
/// clock has to be believed. Hash, id and secret are in base 64 of the URL alphabet.
public struct EnrolmentToken: Sendable, Hashable {
    /// Where the hub listens for boards, without brackets around an IPv6 address.
    public let host: String
    /// `defaultPort` where the text names none.
    public let port: Int
    /// SHA-256 over the SubjectPublicKeyInfo of the hub's authority.
    public let pin: [UInt8]
    /// Names the token to the hub; no secret.
    public let id: String
    /// `secretBytes` random bytes.
    public let secret: [UInt8]

    /// Where a hub listens for boards unless told otherwise.
    public static let defaultPort = 8443
    /// 128 bits: guessing them takes longer than the token lives.
    public static let secretBytes = 16
    /// Bytes of an id before its encoding.
    public static let idBytes = 6
    /// Bytes of a SHA-256.
    public static let pinBytes = 32
    /// Bytes of a token's text. A host has at most 253.
    public static let textBytesMax = 512

    /// A token for a hub at `host`.
    /// - Throws: `host`, `id`, `pin` or `secret`, where one of these can be in no token.
    public init(host: String, port: Int, pin: [UInt8], id: String, secret: [UInt8])
        throws(EnrolmentTokenError)
    {
        guard Self.isHost(host), 1...65535 ~= port else { throw EnrolmentTokenError(.host) }
        guard pin.count == Self.pinBytes else { throw EnrolmentTokenError(.pin) }
        guard Base64.decode(id, .url)?.count == Self.idBytes else {
            throw EnrolmentTokenError(.id)
        }
        guard secret.count == Self.secretBytes else { throw EnrolmentTokenError(.secret) }
        self.host = host
        self.port = port
        self.pin = pin
        self.id = id
        self.secret = secret
    }

    /// The token that a text is. White space around it is passed over: it comes by copy and paste.
    public init(_ text: String) throws(EnrolmentTokenError) {
        guard text.utf8.count <= Self.textBytesMax else { throw EnrolmentTokenError(.tooLong) }
        let bytes = text.utf8.drop(while: Self.isSpace).reversed().drop(while: Self.isSpace)
        let trimmed = String(decoding: bytes.reversed(), as: UTF8.self)
        let parts = trimmed.split(separator: ".", omittingEmptySubsequences: false)
        guard let version = parts.first, version == Self.version else {
            throw EnrolmentTokenError(
                parts.count >= 5 && Self.isVersion(parts[0].utf8) ? .version : .notAToken)
        }
        guard parts.count >= 5 else { throw EnrolmentTokenError(.cutOff) }
        let (host, port) = try Self.place(parts[1..<(parts.count - 3)].joined(separator: "."))
        // A hash or secret of another length was cut while it was copied.
        guard let pin = Base64.decode(parts[parts.count - 3].utf8, .url),
            pin.count == Self.pinBytes
        else { throw EnrolmentTokenError(.pin) }
        guard let secret = Base64.decode(parts[parts.count - 1].utf8, .url),
            secret.count == Self.secretBytes
        else { throw EnrolmentTokenError(.secret) }
        try self.init(
            host: host, port: port, pin: pin, id: String(parts[parts.count - 2]), secret: secret)
    }

    /// Where the hub listens, as a URL has it.
    public var place: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// The line that `init` reads.
    public var text: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return [
            Self.version, port == Self.defaultPort ? name : place, Base64.encode(pin, .url), id,
            Base64.encode(secret, .url),
        ].joined(separator: ".")
    }

    private static let version = "fh1"

    private static func isVersion(_ word: Substring.UTF8View) -> Bool {
        word.count > 2 && word.starts(with: "fh".utf8) && word.dropFirst(2).allSatisfy(isDigit)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// `host`, `host:port`, `[address]` or `[address]:port`.
    private static func place(_ text: String) throws(EnrolmentTokenError) -> (String, Int) {
        let host: Substring
        var rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw EnrolmentTokenError(.host) }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.contains(":") else { throw EnrolmentTokenError(.host) }
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<end]
            rest = text[end...]
        }
        guard !rest.isEmpty else { return (String(host), defaultPort) }
        rest = rest.dropFirst()
        guard 1...5 ~= rest.utf8.count, rest.utf8.allSatisfy({ isDigit($0) }), let port = Int(rest)
        else { throw EnrolmentTokenError(.host) }
        return (String(host), port)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    /// A name of letters, digits, dots and hyphens (RFC 1123), or an IPv6 address. Whether it
    /// exists is the resolver's to say; that it is no option, path or header is ours.
    public static func isHost(_ text: String) -> Bool {
        guard 1...253 ~= text.utf8.count else { return false }
        if text.contains(":") {
            return text.utf8.allSatisfy { byte in
                isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
                    || UInt8(ascii: "A")...UInt8(ascii: "F") ~= byte
                    || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
            }
        }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            1...63 ~= label.utf8.count && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { byte in
                    isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                        || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                        || byte == UInt8(ascii: "-")
                }
        }
    }
}

/// Why a text is no enrolment token. It repeats nothing of the text, which may hold a secret.
public struct EnrolmentTokenError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with the text, by kind.
    public enum Code: Sendable, Hashable, CaseIterable {
        /// It does not begin as tokens do.
        case notAToken
        /// It begins as a token of another version.
        case version
        /// It is longer than any token.
        case tooLong
        /// It has too few parts.
        case cutOff
        /// The hub's place is no host, or its port no port.
        case host
        /// The hash of the authority's key is none.
        case pin
        /// The id is none.
        case id
        /// The secret is none.
        case secret
    }

    /// The kind of fault.
    public let code: Code

    init(_ code: Code) { self.code = code }

    /// What is wrong and what to do, without a full stop.
    public var description: String {
        let advice = "give the whole line that fleet token create printed"
        return switch code {
        case .notAToken: "this is no enrolment token, which begins with fh1.; \(advice)"
        case .version:
            "this enrolment token is of another version than fh1; use an agent of the hub's version"
        case .tooLong:
            "this is longer than \(EnrolmentToken.textBytesMax) bytes, so no enrolment token; "
                + advice
        case .cutOff: "the enrolment token is cut off; \(advice)"
        case .host: "the enrolment token's hub is no host with a port; \(advice)"
        case .pin: "the enrolment token's key hash is damaged or cut off; \(advice)"
        case .id: "the enrolment token's id is damaged or cut off; \(advice)"
        case .secret: "the enrolment token's secret is damaged or cut off; \(advice)"
        }
    }
}
