public import Platform

/// A GET that is to be sent.
public struct RegistryRequest: Sendable, Hashable {
    public let url: RegistryURL
    public let headers: [String]
    /// The bytes that are there already (`Range`).
    public let from: UInt64
    /// Whether the answer is a token rather than what was asked for.
    public let isForToken: Bool
}

/// What a response begins with.
public struct RegistryResponse: Sendable, Hashable {
    public let status: Int
    /// Names in lowercase; of several of a name the first.
    public let headers: [String: String]

    public init(status: Int, headers: [String: String]) {
        self.status = status
        self.headers = headers
    }
}

/// Fetches one thing from a registry (OCI distribution specification, Pull): decides what is sent,
/// and after each answer what comes next. Each kind of going on is counted and bounded.
public struct RegistryFetch: Sendable {
    public enum Step: Sendable, Hashable {
        case send(RegistryRequest)
        /// After a pause.
        case sendAfter(Milliseconds, RegistryRequest)
        /// The body of the answer is what was asked for.
        case accept
        case fail(ImageError)
    }

    public enum Resource: Sendable, Hashable {
        case manifest(String)
        case blob(ContentDigest)
    }

    public static let redirectsMax = 5
    /// Without a byte of progress in between.
    public static let retriesMax = 5
    private static let retryAfterMax: Int64 = 60
    public static let tokenBytesMax = 64 << 10

    private let origin: RegistryURL
    private let resource: Resource
    private let repository: String
    private let credential: RegistryCredential?
    private var url: RegistryURL
    /// The header Authorization for the registry; kept for the next fetch.
    public private(set) var authorization: String?
    private var from: UInt64
    /// The most bytes that were ever there.
    private var best: UInt64
    private var redirects = 0
    private var retries = 0
    private var challenges = 0
    private var tokenURL: RegistryURL?

    /// - Parameters:
    ///   - isPlain: Without TLS; only where nothing leaves this machine.
    ///   - from: Bytes that are there already.
    ///   - authorization: What an earlier fetch from the same repository came to.
    public init(
        host: String, isPlain: Bool, repository: String, resource: Resource,
        credential: RegistryCredential?, from: UInt64 = 0, authorization: String? = nil
    ) throws(ImageError) {
        guard !isPlain || RegistryURL.isLoopback(host) else {
            throw ImageError(
                .usage, "\(Shown.text(host)) is not this machine, and would be asked without TLS",
                advice: "leave out --plain-http, and give the registry's authority as --ca FILE")
        }
        let path =
            switch resource {
            case .manifest(let selector): "manifests/" + selector
            case .blob(let digest): "blobs/" + digest.description
            }
        origin = RegistryURL(
            isSecure: !isPlain, host: host.lowercased(), path: "/v2/\(repository)/\(path)")
        url = origin
        self.resource = resource
        self.repository = repository
        self.credential = credential
        self.from = from
        best = from
        self.authorization = authorization
    }

    public mutating func begin() -> RegistryRequest { request() }

    /// The answer's head came. Nothing of a body is used before.
    public mutating func onResponse(_ response: RegistryResponse) -> Step {
        let isForToken = tokenURL != nil
        switch response.status {
        case 200 where isForToken: return .accept
        case 200, 206: return onContent(response)
        case 301, 302, 303, 307, 308: return isForToken ? .fail(loginFailed) : redirect(response)
        case 401: return isForToken ? .fail(loginFailed) : challenge(response)
        case 403:
            return .fail(
                ImageError(
                    .refused, "the registry \(url.host) does not let this board have \(shown)",
                    advice: "check the credentials in --auth FILE, and who may pull"))
        case 404:
            return .fail(
                ImageError(
                    .notFound, "the registry \(url.host) has no \(shown)",
                    advice: "check the name and the tag; was it pushed?"))
        case 416 where from > 0:
            // What is there is longer than the blob: begin again.
            from = 0
            return retry("its range was refused", after: 0)
        case 408, 429, 500...599:
            let seconds = response.headers["retry-after"].flatMap { Int64($0) }
            return retry(
                "it answered with status \(response.status)",
                after: min(max(seconds ?? 0, 0), Self.retryAfterMax))
        default:
            return .fail(
                ImageError(
                    .registry,
                    "the registry \(url.host) answered with status \(response.status) for \(shown)",
                    advice: "check that it is a registry of version 2"))
        }
    }

    /// The token's answer came whole.
    public mutating func onToken(_ body: [UInt8]) -> Step {
        tokenURL = nil
        let value = body.count <= Self.tokenBytesMax ? try? JSONReader.read(body) : nil
        guard let token = (value?["token"] ?? value?["access_token"])?.stringValue,
            !token.isEmpty, token.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else { return .fail(loginFailed) }
        authorization = "Bearer " + token
        return .send(request())
    }

    /// The connection failed, or broke off with so many bytes there.
    public mutating func onBroken(_ reason: String, at count: UInt64) -> Step {
        // Not beyond where this try began: a registry without ranges begins anew each time.
        if count > best {
            best = count
            retries = 0
        }
        from = count
        // An address of a store of blobs ends after minutes; the registry gives another.
        url = origin
        redirects = 0
        tokenURL = nil
        return retry(reason, after: 0)
    }

    // MARK: Decisions

    private mutating func onContent(_ response: RegistryResponse) -> Step {
        guard response.status == 206 else {
            from = 0
            return .accept
        }
        let range = response.headers["content-range"] ?? ""
        guard from > 0, range.hasPrefix("bytes \(from)-") else {
            return .fail(
                ImageError(
                    .registry,
                    "the registry \(url.host) sent another part of \(shown) than was asked for",
                    advice: "use another mirror, or tell who runs it"))
        }
        return .accept
    }

    /// Where the accepted body begins.
    public var acceptedFrom: UInt64 { from }

    private mutating func redirect(_ response: RegistryResponse) -> Step {
        redirects += 1
        guard redirects <= Self.redirectsMax else {
            return .fail(
                ImageError(
                    .registry,
                    "the registry \(origin.host) sends from one address to the next, more than "
                        + "\(Self.redirectsMax) times",
                    advice: "tell who runs it"))
        }
        guard let location = response.headers["location"],
            let next = RegistryURL(location, relativeTo: url), isTrusted(next)
        else {
            return .fail(
                ImageError(
                    .registry,
                    "the registry \(origin.host) sends to an address that is none or without TLS",
                    advice: "tell who runs it"))
        }
        url = next
        return .send(request())
    }

    /// TLS does not end on the way, except that this machine may speak to itself.
    private func isTrusted(_ next: RegistryURL) -> Bool {
        next.isSecure || !origin.isSecure && RegistryURL.isLoopback(next.host)
    }

    private mutating func challenge(_ response: RegistryResponse) -> Step {
        challenges += 1
        // A token that has ended is asked for anew, once.
        guard url == origin, challenges <= 2,
            let header = response.headers["www-authenticate"],
            let challenge = RegistryChallenge(header)
        else { return .fail(loginFailed) }
        switch challenge {
        case .basic:
            guard let credential, authorization != credential.header else {
                return .fail(loginFailed)
            }
            authorization = credential.header
            return .send(request())
        case .bearer(let realm, let service):
            guard isTrusted(realm) else {
                return .fail(
                    ImageError(
                        .registry,
                        "the registry \(origin.host) wants a login without TLS at \(realm.shown)",
                        advice: "tell who runs it"))
            }
            var query = "scope=" + RegistryURL.escaped("repository:\(repository):pull")
            if let service { query += "&service=" + RegistryURL.escaped(service) }
            let separator = realm.path.contains("?") ? "&" : "?"
            let url = RegistryURL(
                isSecure: realm.isSecure, host: realm.host, path: realm.path + separator + query)
            tokenURL = url
            return .send(
                RegistryRequest(
                    url: url, headers: credential.map { ["Authorization: " + $0.header] } ?? [],
                    from: 0, isForToken: true))
        }
    }

    private mutating func retry(_ reason: String, after seconds: Int64) -> Step {
        retries += 1
        tokenURL = nil
        guard retries <= Self.retriesMax else {
            return .fail(
                ImageError(
                    .unreachable,
                    "the registry \(url.host) did not send \(shown) in \(Self.retriesMax + 1) "
                        + "tries: \(Shown.text(reason))",
                    advice: "check the network, and pull again: what came is kept"))
        }
        let pause = max(Milliseconds.seconds(seconds), Milliseconds(250 << Int64(retries)))
        return .sendAfter(pause, request())
    }

    private var loginFailed: ImageError {
        ImageError(
            .refused,
            "the registry \(origin.host) asks for a login for \(shown)"
                + (credential == nil ? "" : ", and takes none from the one it was given"),
            advice: credential == nil
                ? "give its name and password by --auth FILE (Docker's config.json)"
                : "check its entry in --auth FILE")
    }

    private var shown: String {
        switch resource {
        case .manifest(let selector): "\(repository), \(selector)"
        case .blob(let digest): "the blob \(digest) of \(repository)"
        }
    }

    private func request() -> RegistryRequest {
        var headers: [String] = []
        if case .manifest = resource {
            headers.append("Accept: " + MediaType.manifests.joined(separator: ", "))
        }
        // Nobody else gets the registry's token: a store of blobs has its right in the address.
        if let authorization, url.host == origin.host, url.isSecure == origin.isSecure {
            headers.append("Authorization: " + authorization)
        }
        if from > 0 { headers.append("Range: bytes=\(from)-") }
        return RegistryRequest(url: url, headers: headers, from: from, isForToken: false)
    }
}
