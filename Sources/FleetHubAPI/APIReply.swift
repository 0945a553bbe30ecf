import FleetHub
import Hummingbird
import Platform

/// Builds the responses of the API.
enum APIReply {
    /// One line of JSON.
    static func json(_ value: Value, status: HTTPResponse.Status = .ok) -> Response {
        text(value.json + "\n", contentType: "application/json", status: status)
    }

    static func text(
        _ text: String, contentType: String, status: HTTPResponse.Status = .ok
    ) -> Response {
        // Every answer is the state of a moment; a cache would make it a lie.
        let headers: HTTPFields = [
            .contentType: contentType, .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
        ]
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// An error as its client gets it: `{"error":{"code","message","hint"}}`.
struct APIFailure: Error {
    let error: HubError
    let status: HTTPResponse.Status
    /// What the status obliges us to say (RFC 9110): `Allow`, `Retry-After`, `WWW-Authenticate`.
    var headers: HTTPFields = [:]

    init(_ error: HubError) {
        self.error = error
        switch error.code {
        case .notFound: status = .notFound
        case .unauthorized:
            status = .unauthorized
            headers[.wwwAuthenticate] = "Bearer"
        case .invalid: status = .badRequest
        case .refused: status = .forbidden
        case .unavailable: status = .serviceUnavailable
        case .conflict: status = .conflict
        case .tooLarge: status = .contentTooLarge
        }
    }

    /// For the two statuses that no code of the hub's stands for.
    private init(_ error: HubError, status: HTTPResponse.Status, headers: HTTPFields) {
        self.error = error
        self.status = status
        self.headers = headers
    }

    static let noSuchRoute = APIFailure(
        HubError(
            .notFound, "There is no such route.",
            hint: "The routes are listed in docs/api/openapi.json."))

    static func wrongMethod(allowed: [APIMethod]) -> APIFailure {
        let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
        return APIFailure(
            HubError(
                .invalid, "This route does not know this method.", hint: "It knows: \(names)."),
            status: .methodNotAllowed, headers: [.allow: names])
    }

    static func tooManyRequests(wait: Milliseconds) -> APIFailure {
        let seconds = (wait.count + 999) / 1000
        return APIFailure(
            HubError(
                .unavailable, "Too many requests from this address.",
                hint: "Wait \(seconds) s, then go slower."),
            status: .tooManyRequests, headers: [.retryAfter: String(seconds)])
    }

    var response: Response {
        let body: Value = .object([
            (
                "error",
                .object([
                    ("code", .string(error.code.rawValue)), ("message", .string(error.message)),
                    ("hint", .string(error.hint)),
                ])
            )
        ])
        var response = APIReply.json(body, status: status)
        response.headers.append(contentsOf: headers)
        return response
    }
}
