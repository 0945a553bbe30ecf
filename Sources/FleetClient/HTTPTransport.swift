import AsyncHTTPClient
import Platform

/// Sends requests to one hub and bounds what comes back.
struct HTTPTransport: Sendable {
    let url: HubURL
    let limits: FleetClient.Limits
    private let token: String?
    private let client: HTTPClient

    /// An answer that is no success is read up to this many bytes: enough for any error object.
    private static let errorBytesMax = 64 << 10

    private let place: String
    private let trust: HubTrust

    init(
        url: HubURL, token: String?, trust: HubTrust = .system, limits: FleetClient.Limits
    ) {
        self.trust = trust
        place = trust.place(of: url)
        self.url = url
        self.token = token
        self.limits = limits
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .init(limits.connectTimeout), read: .init(limits.silenceTimeout)))
        configuration.httpVersion = .http1Only
        // An operator wants to hear at once that nothing listens there.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Its one fault would be a certificate that was read before.
        try? trust.configure(&configuration, for: url)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async {
        // Throws only where it was shut down before, which leaves nothing to do.
        try? await client.shutdown()
    }

    /// An answer that was read to its end.
    struct Reply: Sendable {
        let status: Int
        let body: [UInt8]
        let time: WallTime?
        let request: String

        var isSuccess: Bool { 200...299 ~= status }

        func object() throws(FleetClientError) -> Value {
            do {
                return try JSONReader.read(body, maximumDepth: JSONReader.envelopeDepth)
            } catch {
                guard isSuccess else { throw self.error() }
                throw Fields.malformed("\(request) gave a body that is \(error)")
            }
        }

        func error() -> FleetClientError { .answered(status: status, body: body, request: request) }
    }

    /// - Parameter isPublic: true where no token is asked for and so none is sent.
    func send(
        _ method: String, _ path: String, body: Value? = nil, isPublic: Bool = false
    ) async throws(FleetClientError) -> Reply {
        var request = request(method, path, isPublic: isPublic)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(Array(body.json.utf8))
        }
        do {
            let response = try await client.execute(
                request, timeout: .init(limits.requestTimeout))
            let isSuccess = 200...299 ~= response.status.code
            return Reply(
                status: Int(response.status.code),
                body: try await read(response, isSuccess ? limits.bodyBytes : Self.errorBytesMax),
                time: response.headers.first(name: "date").flatMap(Times.httpDate),
                request: "\(method) \(path)")
        } catch {
            throw translated(error)
        }
    }

    /// Sends a request whose answer says nothing but that it was done.
    func succeed(
        _ method: String, _ path: String, body: Value? = nil
    ) async throws(FleetClientError) {
        let reply = try await send(method, path, body: body)
        guard reply.isSuccess else { throw reply.error() }
    }

    /// Opens the event stream; its bytes come until somebody closes it.
    func openEvents(after id: String?) async throws(FleetClientError) -> HTTPClientResponse.Body {
        var request = request("GET", "/api/v1/events", isPublic: false)
        request.headers.replaceOrAdd(name: "accept", value: "text/event-stream")
        if let id { request.headers.add(name: "last-event-id", value: id) }
        do {
            let response = try await client.execute(request, deadline: .distantFuture)
            guard response.status == .ok else {
                throw FleetClientError.answered(
                    status: Int(response.status.code),
                    body: try await read(response, Self.errorBytesMax),
                    request: "GET /api/v1/events")
            }
            let type = response.headers.first(name: "content-type") ?? "no type"
            guard type.lowercased().hasPrefix("text/event-stream") else {
                throw Fields.malformed("the event stream is of type \(type)")
            }
            return response.body
        } catch {
            throw translated(error)
        }
    }

    /// Sleeps, unless the task is cancelled.
    func pause(_ duration: Duration) async throws(FleetClientError) {
        do {
            try await ContinuousClock().sleep(for: duration)
        } catch {
            throw translated(error)
        }
    }

    private func request(_ method: String, _ path: String, isPublic: Bool) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: place + path)
        request.method = .init(rawValue: method)
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "user-agent", value: "fleet")
        if let token, !isPublic {
            request.headers.add(name: "authorization", value: "Bearer " + token)
        }
        return request
    }

    private func read(_ response: HTTPClientResponse, _ maximum: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in response.body {
            guard bytes.count + chunk.readableBytes <= maximum else {
                throw FleetClientError(
                    .tooLarge, "The hub's answer is larger than \(maximum) bytes",
                    hint: "Ask for less at once, such as with --limit or a narrower path")
            }
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    /// Any error of a request as ours.
    func translated(_ error: any Error) -> FleetClientError {
        if let ours = error as? FleetClientError { return ours }
        if error is CancellationError || (error as? HTTPClientError) == .cancelled {
            return FleetClientError(.cancelled, "The request was cancelled", hint: "")
        }
        if url.isEncrypted, Self.isDistrust(error) { return distrust }
        return FleetClientError(
            .unreachable, "The hub at \(url) did not answer: \(Self.reason(error))",
            hint: "Check that fleet-hub is running there; `fleet doctor` checks each step")
    }

    private static func isDistrust(_ error: any Error) -> Bool {
        let text = String(describing: error)
        return text.contains("CERTIFICATE_VERIFY_FAILED")
            || text.contains("unableToValidateCertificate")
    }

    private var distrust: FleetClientError {
        switch trust {
        case .authority:
            FleetClientError(
                .refused,
                "What answers at \(url) does not prove itself with the hub's authority, so no "
                    + "token was sent",
                hint: "If the hub is another one now, compare hashes with `fleet-hub ca` there and "
                    + "run `fleet login URL --ca HASH`")
        case .system, .nobody:
            FleetClientError(
                .refused,
                "The certificate of \(url) is of no authority that this machine believes, so no "
                    + "token was sent",
                hint: "Give the hash that `fleet-hub ca` prints on the hub: "
                    + "`fleet login URL --ca HASH`")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? HTTPClientError {
        case .connectTimeout: return "no connection in time"
        case .readTimeout, .deadlineExceeded: return "no answer in time"
        case .remoteConnectionClosed: return "it closed the connection"
        default: break
        }
        let text = String(describing: error)
        // A failed connection lists one error per address tried, each with its errno.
        let known = [
            ("(errno: 111)", "connection refused"), ("(errno: 113)", "no route to the host"),
            ("(errno: 101)", "the network is unreachable"),
            ("(errno: 104)", "it reset the connection"), ("UnknownHost", "its name is not known"),
        ]
        return known.first { text.contains($0.0) }?.1 ?? Display.truncated(text, to: 200)
    }
}
