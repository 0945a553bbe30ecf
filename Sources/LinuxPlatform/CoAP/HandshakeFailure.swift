/// Why a DTLS handshake failed, from the two lines that libcoap writes of it.
struct HandshakeFailure: Sendable, Hashable {
    enum Side: Sendable, Hashable {
        /// What the other side showed did not do here.
        case here
        /// The other side sent an alert.
        case there
        /// The library gave up over something else: no certificate was shown, or no cipher is
        /// common to both.
        case neither
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
    ///     `*  127.0.0.1:5684 <-> 127.0.0.1:4000 DTLS: no shared cipher at SSL routines:(null)`
    init?(_ line: String) {
        let line = line.prefix { $0 != "\n" }
        // Lines with a quote first: what is quoted is a stranger's and may look like any of the others.
        if let quote = line.firstIndex(of: "'") {
            guard line.contains("depth="), let place = Self.end(of: "TLS: ", in: line),
                place <= quote, let colon = line[place..<quote].lastIndex(of: ":")
            else { return nil }
            let name = line[line.index(after: quote)...].prefix { $0 != "'" }
            self.init(.here, line[place..<colon], name)
        } else if let place = Self.end(of: "alert read:fatal:", in: line) {
            self.init(.there, line[place...], nil)
        } else if let place = Self.end(of: "TLS: ", in: line),
            let end = Self.end(of: Self.givenUp, in: line[place...])
        {
            self.init(.neither, line[place..<end].dropLast(Self.givenUp.count), nil)
        } else {
            return nil
        }
    }

    /// What libcoap puts between a reason of OpenSSL's and its source.
    private static let givenUp = " at SSL routines:"

    private init(_ side: Side, _ reason: Substring, _ name: Substring?) {
        self.side = side
        self.reason = Self.printable(reason)
        self.name = name.map(Self.printable)
    }

    /// What was found here says more than the alert that the other side answers it with, and both
    /// say more than that the library gave up.
    func joined(by later: HandshakeFailure) -> HandshakeFailure {
        switch (side, later.side) {
        case (.here, .there), (.here, .neither), (.there, .neither): self
        default: later
        }
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
