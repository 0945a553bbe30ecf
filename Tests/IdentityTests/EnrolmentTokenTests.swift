import Identity
import Platform
import TestSupport
import Testing

@Suite struct EnrolmentTokenTests {
    static let pin = [UInt8](repeating: 0xA5, count: 32)
    static let secret: [UInt8] = Array(0..<16)
    static let id = Base64.encode([1, 2, 3, 4, 5, 6], .url)

    static func token(_ host: String = "hub.example", port: Int = 8443) throws -> EnrolmentToken {
        try EnrolmentToken(host: host, port: port, pin: pin, id: id, secret: secret)
    }

    static func text(place: String) -> String {
        ["fh1", place, Base64.encode(pin, .url), id, Base64.encode(secret, .url)]
            .joined(separator: ".")
    }

    @Test(arguments: [
        ("hub.example", "hub.example", 8443), ("hub.example:9000", "hub.example", 9000),
        ("hub", "hub", 8443), ("192.168.7.2", "192.168.7.2", 8443),
        ("192.168.7.2:1", "192.168.7.2", 1), ("[fe80::1]", "fe80::1", 8443),
        ("[::1]:65535", "::1", 65535), ("a-1.b-2.c", "a-1.b-2.c", 8443),
    ])
    func placesAreReadAndWritten(place: String, host: String, port: Int) throws {
        let token = try EnrolmentToken(Self.text(place: place))
        #expect(token.host == host)
        #expect(token.port == port)
        #expect(token.pin == Self.pin)
        #expect(token.id == Self.id)
        #expect(token.secret == Self.secret)
        #expect(token.text == Self.text(place: place))
    }

    @Test func whiteSpaceAroundItIsOfThePaste() throws {
        #expect(try EnrolmentToken(" \t" + Self.token().text + " \r\n") == Self.token())
    }

    @Test(
        arguments: [
            ("", .notAToken), ("fh1", .cutOff), ("fh1.", .cutOff), ("fh1.a.b.c", .cutOff),
            ("hello", .notAToken), ("fh2.a.b.c.d", .version), ("fh2", .notAToken),
            ("FH1.a.b.c.d", .notAToken), ("fh1 .a.b.c.d", .notAToken),
            (String(repeating: "a", count: 513), .tooLong),
        ] as [(String, EnrolmentTokenError.Code)])
    func whatIsNoTokenSaysWhy(text: String, code: EnrolmentTokenError.Code) {
        #expect(throws: EnrolmentTokenError.self) { try EnrolmentToken(text) }
        #expect(fault(text) == code)
    }

    @Test(arguments: [
        "", "a..b", ".a", "a.", "-a", "a-", "a b", "a_b", "a/b", "a@b", "a:b", "a:", "a:0",
        "a:65536", "a:-1", "a:+80", "a:999999", "[::1", "::1", "[a]", "[::1]x", "[::1]:", "[]",
        "[::1%eth0]", "hub\r\nX: y", "hub\0", "hüb", "--help", "a:80:80",
        String(repeating: "a", count: 64),
    ])
    func aHostIsAHost(place: String) {
        #expect(fault(Self.text(place: place)) == .host)
    }

    /// The end of a long line is what gets lost in copying.
    @Test func everyPartOfATokenIsMissed() throws {
        let text = try Self.token().text
        for count in 0..<text.utf8.count {
            #expect(fault(String(text.prefix(count))) != nil, "\(count)")
        }
        for index in text.indices where text[index] != "." {
            var cut = text
            cut.remove(at: index)
            let isInHost = (try? EnrolmentToken(cut))?.host != "hub.example"
            #expect(fault(cut) != nil || isInHost)
        }
    }

    @Test func anyOtherCharacterGivesAnotherTokenOrNone() throws {
        let token = try Self.token()
        let bytes = Array(token.text.utf8)
        for index in bytes.indices {
            for byte in [UInt8(0), 0x20, 0x2E, 0x41, 0x5F, 0x7A, 0x7F, 0xFF]
            where byte != bytes[index] {
                var changed = bytes
                changed[index] = byte
                let read = try? EnrolmentToken(String(decoding: changed, as: UTF8.self))
                #expect(read != token, "\(index) \(byte)")
            }
        }
    }

    @Test func anyTextGivesATokenOrAnError() {
        var random = SeededGenerator.announced(
            for: "EnrolmentTokenTests.anyTextGivesATokenOrAnError")
        let alphabet = Array("fh1.:[]-_aZ9=\n é".unicodeScalars)
        for _ in 0..<20_000 {
            var text = random.once(in: 2) ? "fh1." : ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                text.unicodeScalars.append(
                    alphabet[Int.random(in: alphabet.indices, using: &random)])
            }
            if let token = try? EnrolmentToken(text) {
                #expect((try? EnrolmentToken(token.text)) == token)
            }
        }
    }

    @Test func noErrorRepeatsTheSecret() throws {
        let secret = Base64.encode(Self.secret, .url)
        let texts = [Self.text(place: "a b"), "x" + (try Self.token().text), Self.text(place: "")]
        for text in texts {
            let error = #expect(throws: EnrolmentTokenError.self) { try EnrolmentToken(text) }
            #expect(error.map { "\($0)".contains(secret.prefix(6)) } == false)
        }
    }

    @Test func partsThatFitNoTokenAreRefused() {
        func code(_ host: String, _ port: Int, _ pin: Int, _ id: String, _ secret: Int)
            -> EnrolmentTokenError.Code?
        {
            do {
                _ = try EnrolmentToken(
                    host: host, port: port, pin: [UInt8](repeating: 0, count: pin), id: id,
                    secret: [UInt8](repeating: 0, count: secret))
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code("hub", 1, 32, Self.id, 16) == nil)
        #expect(code("h b", 1, 32, Self.id, 16) == .host)
        #expect(code("hub", 0, 32, Self.id, 16) == .host)
        #expect(code("hub", 1, 31, Self.id, 16) == .pin)
        #expect(code("hub", 1, 32, "a.b", 16) == .id)
        #expect(code("hub", 1, 32, Self.id, 15) == .secret)
    }

    private func fault(_ text: String) -> EnrolmentTokenError.Code? {
        do {
            _ = try EnrolmentToken(text)
            return nil
        } catch {
            return error.code
        }
    }
}
