import Platform
import TestSupport
import Testing

@testable import Identity

@Suite struct ESTMessageTests {
    private static func answer(_ text: String) throws -> ESTAnswer {
        try ESTAnswer(Array(text.utf8))
    }

    @Test func requestsAreWhole() throws {
        let text = String(
            decoding: ESTMessage.request(
                .enroll, host: "fe80::1", csr: [1, 2, 3],
                credential: .secret(token: EnrolmentTokenTests.id, EnrolmentTokenTests.secret)),
            as: UTF8.self)
        #expect(
            text.hasPrefix("POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: [fe80::1]\r\n"))
        #expect(text.contains("\r\nContent-Length: 6\r\n"))
        #expect(text.contains("\r\nAuthorization: Basic "))
        #expect(text.hasSuffix("\r\n\r\nAQID\r\n"))
        let get = String(
            decoding: ESTMessage.request(.caCertificates, host: "hub"), as: UTF8.self)
        #expect(get.hasPrefix("GET /.well-known/est/cacerts HTTP/1.1\r\nHost: hub\r\n"))
        #expect(get.hasSuffix("\r\n\r\n"))
        #expect(!get.contains("Content-Length"))
    }

    @Test func answersAreRead() throws {
        let answer = try Self.answer(
            "HTTP/1.1 202 Accepted\r\nRetry-After: 30\r\ncontent-length: 3\r\n\r\nabc")
        #expect(answer.status == 202)
        #expect(answer.retryAfter == 30)
        #expect(answer.body == Array("abc".utf8))
        #expect(try Self.answer("HTTP/1.0 200\r\nContent-Length: 0\r\n\r\n").body.isEmpty)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 65)
            + "Content-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: " + String(repeating: "b", count: 20_000)
            + "\r\nContent-Length: 0\r\n\r\n",
    ])
    func othersAreErrors(text: String) {
        #expect(throws: ESTAnswer.Fault.self) { try Self.answer(text) }
    }

    @Test func anAnswerWithoutAnEndIsAnError() {
        let bytes = [UInt8](repeating: 0x20, count: ESTAnswer.bytesMax + 1)
        #expect(throws: ESTAnswer.Fault.self) { try ESTAnswer(bytes) }
    }

    @Test func anyBytesGiveAnAnswerOrAnError() {
        var random = SeededGenerator.announced(for: "ESTMessageTests.anyBytes")
        let good = Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\nabc".utf8)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                bytes[index] = UInt8.random(in: .min ... .max, using: &random)
            }
            if random.once(in: 4) {
                bytes = Array(bytes.prefix(Int.random(in: 1...bytes.count, using: &random)))
            }
            _ = try? ESTAnswer(bytes)
        }
    }
}
