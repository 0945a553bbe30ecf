/// Why a DTLS handshake failed, from the two lines that libcoap writes of it.
struct HandshakeFailure: Sendable, Hashable {
    enum Side: Sendable, Hashable {
        /// What the other side showed did not do here.
        case here
        /// The other side sent an alert.
        case there
    }

    let side: Side
    /// As OpenSSL puts it: `certificate has expired`.
    let reason: String
    /// What the refused certificate calls itself. Nothing vouches for it.
    let name: String?

    /// Nil for a line of something else.
    ///
    ///     `   127.0.0.1:5684 <-> 127.0.0.1:4000 DTLS: Unknown CA: 'board' depth=1`
    ///     `*  127.0.0.1:5684 <-> 127.0.0.1:4000 DTLS: SSL3 alert read:fatal:bad certificate`
    init?(_ line: String) {
        let line = line.prefix { $0 != "\n" }
        if let place = Self.end(of: "alert read:fatal:", in: line) {
            self.init(.there, line[place...], nil)
            return
        }
        guard let place = Self.end(of: "TLS: ", in: line), line[place...].contains("depth="),
            let quote = line[place...].firstIndex(of: "'"),
            let colon = line[place..<quote].lastIndex(of: ":")
        else { return nil }
        let name = line[line.index(after: quote)...].prefix { $0 != "'" }
        self.init(.here, line[place..<colon], name)
    }

    private init(_ side: Side, _ reason: Substring, _ name: Substring?) {
        self.side = side
        self.reason = Self.printable(reason)
        self.name = name.map(Self.printable)
    }

    /// What was found here says more than the alert that the other side answers it with.
    func joined(by later: HandshakeFailure) -> HandshakeFailure {
        later.side == .there && side == .here ? self : later
    }

    private static func end(of text: String, in line: Substring) -> Substring.Index? {
        var rest = line
        while !rest.isEmpty {
            if rest.hasPrefix(text) { return rest.index(rest.startIndex, offsetBy: text.count) }
            rest = rest.dropFirst()
        }
        return nil
    }

    /// A stranger's certificate may hold anything.
    private static func printable(_ text: Substring) -> String {
        String(text.prefix(80).map { $0.isASCII && !$0.isNewline && $0 >= " " ? $0 : "?" })
    }
}
