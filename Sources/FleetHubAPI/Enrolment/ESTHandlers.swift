import FleetHub
import Hummingbird
import Identity
import Platform

/// EST (RFC 7030), as much as boards need, so that any client of that standard can enrol too.
struct ESTHandlers: Sendable {
    /// RFC 7030 §4.1.3: certificates and nothing else.
    static let certificatesType = "application/pkcs7-mime; smime-type=certs-only"
    /// RFC 2585 §4.2.
    static let revocationListType = "application/pkix-crl"
    /// RFC 7617: what a client that does not know our own scheme may send.
    static let challenge = "Basic realm=\"enrolment\", charset=\"UTF-8\""

    let service: any EnrolmentService
    /// Bytes of a request body.
    let bodyBytesMax: Int

    func authorityCertificates() async throws -> Response {
        certificates(try await service.authorityCertificates())
    }

    func enroll(_ request: Request) async throws -> Response {
        answer(
            try await service.enroll(
                try await body(request), authorization: request.headers[.authorization]))
    }

    func reenroll(_ request: Request) async throws -> Response {
        answer(try await service.reenroll(try await body(request)))
    }

    func revocationList() async throws -> Response {
        respond(Array(try await service.revocationList()), type: Self.revocationListType)
    }

    private func answer(_ answer: EnrolmentAnswer) -> Response {
        switch answer {
        case .certificate(let message): return certificates(message)
        case .wait(let seconds):
            // RFC 7030 §4.2.3: the client asks again with the very same request.
            var response = APIReply.text(
                "An operator has to approve this device.\n", contentType: "text/plain",
                status: .accepted)
            response.headers[.retryAfter] = String(seconds)
            return response
        }
    }

    private func certificates(_ message: [UInt8]) -> Response {
        var lines = ""
        var rest = Base64.encode(message)[...]
        while !rest.isEmpty {
            lines += rest.prefix(76) + "\r\n"
            rest = rest.dropFirst(76)
        }
        var response = respond(Array(lines.utf8), type: Self.certificatesType)
        if let encoding = HTTPFields.Element.Name("Content-Transfer-Encoding") {
            response.headers[encoding] = "base64"
        }
        return response
    }

    private func respond(_ body: [UInt8], type: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// A certification request in base 64, as RFC 8951 §3 makes of all bodies; bare DER is taken
    /// too, for `curl --data-binary` sends what it has. The two cannot be mixed up: DER begins
    /// with 0x30, and no text of base 64 for it does.
    private func body(_ request: Request) async throws -> [UInt8] {
        let tooLarge = HubError(
            .tooLarge, "The request body is larger than \(bodyBytesMax) bytes.",
            hint: "Ask for a name and a key only.")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }),
            length > bodyBytesMax
        {
            throw tooLarge
        }
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= bodyBytesMax else { throw tooLarge }
            bytes += chunk.readableBytesView
        }
        if bytes.first == 0x30 { return bytes }
        guard let der = Base64.decode(bytes), !der.isEmpty else {
            throw HubError(
                .invalid, "The body is no certification request in base 64.",
                hint: "Send the DER of PKCS#10 in base 64, as RFC 7030 §4.2.1 says.")
        }
        return der
    }
}

/// On 401 says which credentials are known here, which are not the API's.
struct ESTChallengeMiddleware: RouterMiddleware {
    typealias Context = HubRequestContext

    func handle(
        _ request: Request, context: HubRequestContext,
        next: (Request, HubRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if response.status == .unauthorized {
            response.headers[.wwwAuthenticate] = ESTHandlers.challenge
        }
        return response
    }
}
