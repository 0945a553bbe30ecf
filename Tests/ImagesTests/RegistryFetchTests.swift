import Platform
import Testing

@testable import Images

@Suite struct RegistryFetchTests {
    private static func fetch(
        _ resource: RegistryFetch.Resource = .manifest("1"), host: String = "hub.example",
        isPlain: Bool = false, credential: RegistryCredential? = nil, from: UInt64 = 0
    ) throws -> RegistryFetch {
        try RegistryFetch(
            host: host, isPlain: isPlain, repository: "team/app", resource: resource,
            credential: credential, from: from)
    }

    private static let blob = RegistryFetch.Resource.blob(
        ContentDigest(bytes: [UInt8](repeating: 1, count: 32)) ?? absent)
    private static var absent: ContentDigest { preconditionFailure("32 bytes are a digest") }

    private static func answer(_ status: Int, _ headers: [String: String] = [:])
        -> RegistryResponse
    {
        RegistryResponse(status: status, headers: headers)
    }

    private func request(_ step: RegistryFetch.Step) throws -> RegistryRequest {
        guard case .send(let request) = step else {
            Issue.record("nothing is sent: \(step)")
            throw ImageError(.usage, "", advice: "")
        }
        return request
    }

    private func failure(_ step: RegistryFetch.Step) -> ImageError? {
        if case .fail(let error) = step { error } else { nil }
    }

    @Test func asksAsTheSpecificationSays() throws {
        var fetch = try Self.fetch()
        let request = fetch.begin()
        #expect(request.url.description == "https://hub.example/v2/team/app/manifests/1")
        #expect(request.headers.count == 1)
        #expect(request.headers[0].hasPrefix("Accept: application/vnd.oci.image.index.v1+json, "))
        #expect(fetch.onResponse(Self.answer(200)) == .accept)
    }

    @Test func plainTextStaysOnThisMachine() throws {
        for host in ["127.0.0.1:5000", "localhost", "[::1]:5000", "127.9.9.9"] {
            #expect(throws: Never.self) { try Self.fetch(host: host, isPlain: true) }
        }
        for host in [
            "hub.example", "127.0.0.1.example", "127.1", "localhost.example", "1127.0.0.1",
        ] {
            let error = #expect(throws: ImageError.self) {
                try Self.fetch(host: host, isPlain: true)
            }
            #expect(error?.message.contains("without TLS") == true, "\(host)")
        }
    }

    @Test func aTokenIsAskedForAndUsed() throws {
        var fetch = try Self.fetch(credential: RegistryCredential(name: "me", password: "secret"))
        _ = fetch.begin()
        let challenge = #"Bearer realm="https://auth.example/token?a=b",service="hub, it is""#
        let login = try request(
            fetch.onResponse(Self.answer(401, ["www-authenticate": challenge])))
        #expect(login.isForToken)
        #expect(
            login.url.description
                == "https://auth.example/token?a=b&scope=repository%3Ateam%2Fapp%3Apull"
                + "&service=hub%2C%20it%20is")
        #expect(login.headers == ["Authorization: Basic bWU6c2VjcmV0"])
        #expect(fetch.onResponse(Self.answer(200)) == .accept)
        let again = try request(fetch.onToken(Array(#"{"token":"abc"}"#.utf8)))
        #expect(again.headers.last == "Authorization: Bearer abc")
        #expect(fetch.onResponse(Self.answer(200)) == .accept)
        #expect(fetch.authorization == "Bearer abc")
    }

    @Test func aLoginIsTriedAndNotForEver() throws {
        let basic = ["www-authenticate": "Basic realm=x"]
        var fetch = try Self.fetch()
        #expect(failure(fetch.onResponse(Self.answer(401, basic)))?.code == .refused)
        fetch = try Self.fetch(credential: RegistryCredential(name: "a", password: "b"))
        let first = try request(fetch.onResponse(Self.answer(401, basic)))
        #expect(first.headers.last == "Authorization: Basic YTpi")
        let error = failure(fetch.onResponse(Self.answer(401, basic)))
        #expect(error?.code == .refused)
        #expect(error?.description.contains("secret") == false)

        let bearer = ["www-authenticate": "Bearer realm=\"https://a.example/t\""]
        fetch = try Self.fetch()
        for _ in 0..<2 {
            _ = try request(fetch.onResponse(Self.answer(401, bearer)))
            #expect(fetch.onResponse(Self.answer(200)) == .accept)
            _ = try request(fetch.onToken(Array(#"{"access_token":"x"}"#.utf8)))
        }
        #expect(failure(fetch.onResponse(Self.answer(401, bearer)))?.code == .refused)
    }

    @Test(arguments: [
        "Bearer realm=\"http://auth.example/t\"", "Bearer", "Bearer realm", "Digest realm=\"x\"",
        "", "Bearer realm=\"https://user@auth.example/\"", "Bearer realm=\"file:///etc/passwd\"",
    ])
    func otherLoginsAreRefused(challenge: String) throws {
        var fetch = try Self.fetch(credential: RegistryCredential(name: "a", password: "b"))
        let error = failure(fetch.onResponse(Self.answer(401, ["www-authenticate": challenge])))
        #expect(error != nil)
    }

    @Test(arguments: ["{}", "", #"{"token":""}"#, #"{"token":"a b"}"#, #"{"token":"a\r\nX: y"}"#])
    func aTokenThatIsNoneIsRefused(body: String) throws {
        var fetch = try Self.fetch()
        let challenge = ["www-authenticate": "Bearer realm=\"https://a.example/t\""]
        _ = fetch.onResponse(Self.answer(401, challenge))
        #expect(failure(fetch.onToken(Array(body.utf8)))?.code == .refused)
    }

    /// A store of blobs has its right in the address, and must not get the registry's token.
    @Test func redirectsLoseTheTokenAndHaveABound() throws {
        var fetch = try Self.fetch(
            Self.blob, credential: RegistryCredential(name: "a", password: "b"))
        _ = fetch.onResponse(Self.answer(401, ["www-authenticate": "Basic realm=x"]))
        let here = try request(fetch.onResponse(Self.answer(307, ["location": "/elsewhere"])))
        #expect(here.url.description == "https://hub.example/elsewhere")
        #expect(here.headers == ["Authorization: Basic YTpi"])
        let away = try request(
            fetch.onResponse(Self.answer(302, ["location": "https://cdn.example/x?sig=1"])))
        #expect(away.headers.isEmpty)
        for _ in 2..<RegistryFetch.redirectsMax {
            _ = try request(fetch.onResponse(Self.answer(301, ["location": "/x"])))
        }
        let error = failure(fetch.onResponse(Self.answer(301, ["location": "/x"])))
        #expect(error?.message.contains("more than 5 times") == true)
    }

    @Test(arguments: [
        "http://cdn.example/x", "//cdn.example/x", "ftp://cdn.example/", "x", "https://",
        "https://a@b/", "https://cdn.example/a b", "https://127.0.0.1:x/",
    ])
    func aRedirectWithoutTLSIsRefused(location: String) throws {
        var fetch = try Self.fetch(Self.blob)
        let error = failure(fetch.onResponse(Self.answer(302, ["location": location])))
        #expect(error?.code == .registry)
    }

    @Test func retriesPauseAndHaveABound() throws {
        var fetch = try Self.fetch(Self.blob)
        var pauses: [Int64] = []
        for _ in 0..<RegistryFetch.retriesMax {
            guard case .sendAfter(let pause, _) = fetch.onBroken("reset", at: 0) else { break }
            pauses.append(pause.count)
        }
        #expect(pauses == [500, 1000, 2000, 4000, 8000])
        let error = failure(fetch.onBroken("reset", at: 0))
        #expect(error?.code == .unreachable)
        #expect(error?.message.hasSuffix("in 6 tries: reset") == true)

        fetch = try Self.fetch()
        guard
            case .sendAfter(let pause, _) = fetch.onResponse(
                Self.answer(429, ["retry-after": "99999"]))
        else {
            Issue.record("no pause")
            return
        }
        #expect(pause == .seconds(60))
    }

    /// While bytes come, a slow network may break off as often as it likes.
    @Test func progressIsNotCountedAsFailure() throws {
        var fetch = try Self.fetch(Self.blob)
        for round in 1...50 {
            guard case .sendAfter(_, let request) = fetch.onBroken("reset", at: UInt64(round))
            else {
                Issue.record("gave up after \(round)")
                return
            }
            #expect(request.headers == ["Range: bytes=\(round)-"])
        }
        let next = Self.answer(206, ["content-range": "bytes 50-99/100"])
        #expect(fetch.onResponse(next) == .accept)
        #expect(fetch.acceptedFrom == 50)
    }

    /// A registry without ranges that breaks off each time at the same byte is not asked for ever.
    @Test func beginningAnewIsNoProgress() throws {
        var fetch = try Self.fetch(Self.blob)
        for _ in 0..<RegistryFetch.retriesMax {
            guard case .sendAfter = fetch.onBroken("reset", at: 7000) else {
                Issue.record("gave up too early")
                return
            }
            #expect(fetch.onResponse(Self.answer(200)) == .accept)
            #expect(fetch.acceptedFrom == 0)
        }
        #expect(failure(fetch.onBroken("reset", at: 7000))?.code == .unreachable)
    }

    @Test func anotherRangeIsRefusedAndNoneBeginsAnew() throws {
        var fetch = try Self.fetch(Self.blob, from: 10)
        let wrong = Self.answer(206, ["content-range": "bytes 0-99/100"])
        #expect(failure(fetch.onResponse(wrong))?.code == .registry)
        fetch = try Self.fetch(Self.blob, from: 10)
        #expect(fetch.onResponse(Self.answer(200)) == .accept)
        #expect(fetch.acceptedFrom == 0)
        fetch = try Self.fetch(Self.blob, from: 10)
        guard case .sendAfter(_, let request) = fetch.onResponse(Self.answer(416)) else {
            Issue.record("no second try")
            return
        }
        #expect(request.from == 0 && request.headers.isEmpty)
    }

    @Test func statusesSayWhatTheyMean() throws {
        for (status, code) in [
            (404, ImageError.Code.notFound), (403, .refused), (400, .registry), (204, .registry),
        ] {
            var fetch = try Self.fetch()
            #expect(failure(fetch.onResponse(Self.answer(status)))?.code == code, "\(status)")
        }
    }

    @Test func credentialsAreFoundAsDockerKeepsThem() throws {
        let file = Array(
            (#"{"auths":{"hub.example":{"auth":"bWU6YTpi"},"https://index.docker.io/v1/":"#
                + #"{"username":"u","password":"p"}}}"#).utf8)
        #expect(
            try RegistryCredential.find("hub.example", in: file)
                == RegistryCredential(name: "me", password: "a:b"))
        #expect(
            try RegistryCredential.find("registry-1.docker.io", in: file)
                == RegistryCredential(name: "u", password: "p"))
        #expect(try RegistryCredential.find("other.example", in: file) == nil)
        #expect(throws: ImageError.self) { try RegistryCredential.find("x", in: [1]) }
    }
}
