import Platform

/// The messages of EST (RFC 7030) over HTTP/1.1, as much as a board needs: one request on one
/// connection, and its whole answer.
public enum ESTMessage {
    /// What a board asks.
    public enum Operation: String, Sendable, Hashable, CaseIterable {
        /// The authority's certificate.
        case caCertificates = "cacerts"
        /// The first certificate.
        case enroll = "simpleenroll"
        /// A new certificate for the same name and key.
        case reenroll = "simplereenroll"
    }

    /// The folder of all paths (RFC 7030 §3.2.2).
    public static let pathPrefix = "/.well-known/est/"

    /// A request, ready to be sent.
    public static func request(
        _ operation: Operation, host: String, csr: [UInt8]? = nil,
        credential: EnrolmentCredential? = nil
    ) -> [UInt8] {
        let name = host.contains(":") ? "[\(host)]" : host
        var lines = [
            "\(csr == nil ? "GET" : "POST") \(pathPrefix)\(operation.rawValue) HTTP/1.1",
            "Host: \(name)", "Connection: close", "Accept: application/pkcs7-mime",
        ]
        let body = csr.map { Base64.encode($0) + "\r\n" } ?? ""
        if csr != nil {
            lines += [
                "Content-Type: application/pkcs10", "Content-Transfer-Encoding: base64",
                "Content-Length: \(body.utf8.count)",
            ]
        }
        if let credential { lines.append("Authorization: \(credential.header)") }
        return Array((lines + ["", body]).joined(separator: "\r\n").utf8)
    }
}

/// An answer to a request of `ESTMessage`.
public struct ESTAnswer: Sendable, Hashable {
    /// Bytes of an answer that is worth reading.
    public static let bytesMax = 128 << 10
    private static let headerBytesMax = 16 << 10
    private static let headersMax = 64

    /// The status of RFC 9110.
    public let status: Int
    /// By their names in lower case.
    public let headers: [String: String]
    /// As it came, its transfer encoding undone.
    public let body: [UInt8]

    /// Why bytes are no answer.
    public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong with them.
        public let description: String
    }

    /// Reads all that came until the hub closed the connection.
    /// - Throws: where it is no whole answer in HTTP/1.1.
    public init(_ bytes: [UInt8]) throws(Fault) {
        guard bytes.count <= Self.bytesMax else { throw Fault(description: "it is too large") }
        let (head, rest) = try Self.split(bytes)
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let words = (lines.popFirst() ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0",
            words[1].utf8.count == 3, let status = Int(words[1]), 100...599 ~= status
        else { throw Fault(description: "it does not begin with a status") }
        guard lines.count <= Self.headersMax else {
            throw Fault(description: "it has too many headers")
        }
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else {
                throw Fault(description: "a header has no colon")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers[line[..<colon].lowercased()] = String(value)
        }
        // Ours answers in one piece; what claims to be in several is not believed to be whole.
        guard headers["transfer-encoding"] == nil else {
            throw Fault(description: "it comes in pieces")
        }
        guard let length = headers["content-length"].flatMap({ Int($0) }), length >= 0 else {
            throw Fault(description: "it does not say how long it is")
        }
        guard length == rest.count else { throw Fault(description: "it is not whole") }
        self.status = status
        self.headers = headers
        body = Array(rest)
    }

    /// Seconds after which to ask again, where the hub says so.
    public var retryAfter: Int? { headers["retry-after"].flatMap { Int($0) } }

    private static func split(
        _ bytes: [UInt8]
    ) throws(Fault) -> (head: String, rest: ArraySlice<UInt8>) {
        let end: [UInt8] = [13, 10, 13, 10]
        let last = min(bytes.count, headerBytesMax) - end.count
        var start = 0
        while start <= last {
            if bytes[start..<start + end.count].elementsEqual(end) {
                guard let head = String(validating: bytes[..<start], as: UTF8.self) else { break }
                return (head, bytes[(start + end.count)...])
            }
            start += 1
        }
        throw Fault(description: "its headers have no end")
    }
}
