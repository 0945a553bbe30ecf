import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@testable import Images
@testable import LinuxPlatform

@Suite struct RegistryClientTests {
    /// What a registry holds, by path.
    private struct Content: Sendable {
        var bodies: [String: [UInt8]] = [:]
        let layer: [UInt8]
        let layerPath: String

        init(layer: [UInt8] = StoreFixture.layer("file", String(repeating: "x", count: 60_000)))
            throws
        {
            self.layer = layer
            let digest = try ContentHash.digest(layer)
            layerPath = "/v2/app/blobs/\(digest)"
            let machine = ImagePlatform.current.architecture
            let configuration = Array(
                (#"{"os":"linux","architecture":"\#(machine)","rootfs":{"type":"layers","#
                    + #""diff_ids":["\#(digest)"]}}"#).utf8)
            let name = try ContentHash.digest(configuration)
            let manifest = Array(
                (#"{"schemaVersion":2,"config":{"mediaType":"#
                    + #""application/vnd.oci.image.config.v1+json","digest":"\#(name)","#
                    + #""size":\#(configuration.count)},"layers":[{"mediaType":"#
                    + #""application/vnd.oci.image.layer.v1.tar","digest":"\#(digest)","#
                    + #""size":\#(layer.count)}]}"#).utf8)
            bodies = [
                "/v2/app/manifests/1": manifest,
                "/v2/app/manifests/\(try ContentHash.digest(manifest))": manifest,
                "/v2/app/blobs/\(name)": configuration, layerPath: layer,
            ]
        }

        func answer(_ request: FakeRegistry.Request) -> FakeRegistry.Answer {
            guard let body = bodies[request.path] else { return .init(status: 404) }
            return .init(body: body)
        }
    }

    private static func options(_ host: String? = nil) -> RegistryClient.Options {
        var options = RegistryClient.Options()
        options.isPlain = true
        options.mirrors = host.map { [$0] } ?? []
        return options
    }

    private func pull(
        _ registry: FakeRegistry, _ store: ImageStore, _ options: RegistryClient.Options? = nil
    ) throws -> ImageArrival {
        let client = try RegistryClient(options ?? Self.options(), pause: { _ in })
        return try client.pull(
            try ImageReference("\(registry.host)/app:1"), platform: .current, into: store, now: 1)
    }

    @Test func anImageIsFetchedOnce() throws {
        let content = try Content()
        let registry = try #require(FakeRegistry(content.answer))
        let fixture = try StoreFixture()
        let store = try fixture.store()
        let first = try pull(registry, store)
        #expect(first.newLayers == 1)
        #expect(first.fetchedBytes > 60_000)
        #expect(try store.verify().isEmpty && store.list("partial").isEmpty)
        let second = try pull(registry, store)
        #expect(second.newLayers == 0)
        #expect(registry.requests.count { $0.path == content.layerPath } == 1)
        // What was lost is fetched again, and by its digest, whatever the tag names by now.
        let tree = try #require(store.layerPaths(of: first.image).first)
        #expect(unlink(tree + "/file") == 0)
        #expect(try store.verify().count == 1)
        let client = try RegistryClient(Self.options())
        _ = try client.repair(first.image, platform: .current, into: store, now: 2)
        #expect(try store.verify().isEmpty)
        #expect(registry.requests.last { $0.path.contains("manifests/sha256:") } != nil)
    }

    @Test func aBrokenTransferGoesOnWhereItEnded() throws {
        let content = try Content()
        let registry = try #require(
            FakeRegistry { request in
                guard request.path == content.layerPath else { return content.answer(request) }
                let range = request.headers["range"] ?? "bytes=0-"
                let from = Int(range.dropFirst(6).dropLast()) ?? 0
                return .init(
                    status: from == 0 ? 200 : 206,
                    headers: [
                        "Content-Range: bytes \(from)-\(content.layer.count - 1)/\(content.layer.count)"
                    ],
                    body: Array(content.layer[from...]), cutAfter: 7000)
            })
        let fixture = try StoreFixture()
        let store = try fixture.store()
        _ = try pull(registry, store)
        let ranges = registry.requests.filter { $0.path == content.layerPath }
            .map { $0.headers["range"] }
        #expect(ranges.count == (content.layer.count + 6999) / 7000)
        #expect(ranges.first == .some(nil) && ranges.dropFirst().first == "bytes=7000-")
        #expect(try store.verify().isEmpty)
    }

    /// What another process left is taken up; where a cut of power spoilt it, all is fetched again.
    @Test(arguments: [false, true])
    func whatIsThereIsTakenUp(isSpoilt: Bool) throws {
        let content = try Content()
        let registry = try #require(
            FakeRegistry { request in
                guard request.path == content.layerPath, request.headers["range"] != nil else {
                    return content.answer(request)
                }
                return .init(
                    status: 206,
                    headers: ["Content-Range: bytes 9000-\(content.layer.count - 1)/*"],
                    body: Array(content.layer[9000...]))
            })
        let fixture = try StoreFixture()
        let store = try fixture.store()
        let digest = try ContentHash.digest(content.layer)
        var part = Array(content.layer.prefix(9000))
        if isSpoilt { part[5000] ^= 1 }
        try Data(part).write(to: URL(filePath: store.partialPath(digest)))
        _ = try pull(registry, store)
        let asked = registry.requests.filter { $0.path == content.layerPath }
        #expect(asked.count == (isSpoilt ? 2 : 1))
        #expect(asked.first?.headers["range"] == "bytes=9000-")
        #expect(try store.verify().isEmpty)
    }

    @Test func otherBytesAreRefused() throws {
        let content = try Content()
        for path in content.bodies.keys.filter({ $0.contains("blobs") }) {
            let registry = try #require(
                FakeRegistry { request in
                    var answer = content.answer(request)
                    if request.path == path { answer.body[0] ^= 1 }
                    return answer
                })
            let fixture = try StoreFixture()
            let store = try fixture.store()
            let error = #expect(throws: ImageError.self) { try pull(registry, store) }
            #expect(error?.code == .digest)
            #expect(store.images().isEmpty && store.list("layers").isEmpty)
        }
    }

    @Test func moreBytesThanSaidAreRefused() throws {
        let content = try Content()
        let registry = try #require(
            FakeRegistry { request in
                var answer = content.answer(request)
                if request.path == content.layerPath { answer.body += [0] }
                return answer
            })
        let fixture = try StoreFixture()
        let error = #expect(throws: ImageError.self) {
            try pull(registry, try fixture.store())
        }
        #expect(error?.message.contains("is longer than the") == true)
    }

    @Test func aManifestWithoutEndIsRefused() throws {
        let registry = try #require(
            FakeRegistry { _ in .init(body: [UInt8](repeating: 0x20, count: 1 << 20)) })
        let fixture = try StoreFixture()
        let error = #expect(throws: ImageError.self) {
            try pull(registry, try fixture.store())
        }
        #expect(error?.code == .limit)
    }

    @Test func aLargeLayerIsNotFetched() throws {
        let content = try Content()
        let registry = try #require(FakeRegistry(content.answer))
        var limits = ImageLimits()
        limits.blobBytesMax = 60_000
        let store = try StoreFixture().store(limits)
        let error = #expect(throws: ImageError.self) { try pull(registry, store) }
        #expect(error?.message == "a layer has \(content.layer.count) bytes, more than 60000")
        #expect(!registry.requests.contains { $0.path == content.layerPath })
    }

    @Test func indexesWithinIndexesHaveABound() throws {
        var bodies = try Content().bodies
        for depth in 1...ImageLimits.indexDepthMax + 1 {
            let inner = bodies["/v2/app/manifests/1"] ?? []
            let digest = try ContentHash.digest(inner)
            bodies["/v2/app/manifests/\(digest)"] = inner
            bodies["/v2/app/manifests/1"] = Array(
                (#"{"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","#
                    + #""digest":"\#(digest)","size":1}]}"#).utf8)
            let all = bodies
            let registry = try #require(FakeRegistry { .init(body: all[$0.path] ?? []) })
            let fixture = try StoreFixture()
            let store = try fixture.store()
            guard depth > ImageLimits.indexDepthMax else {
                #expect(throws: Never.self) { try pull(registry, store) }
                continue
            }
            let error = #expect(throws: ImageError.self) { try pull(registry, store) }
            #expect(error?.message == "the image's index holds indexes more than 3 deep")
        }
    }

    @Test func aHeadHasABound() {
        var seen = 0
        let receiver = HTTPReceiver(
            decide: { response in
                seen = response.headers.count
                return false
            }, put: { _ in })
        let long = Array("x: \(String(repeating: "y", count: HTTPTransfer.headerBytesMax))".utf8)
        for line in [long] + (0..<500).map({ Array("h\($0): v\r\n".utf8) }) {
            line.withUnsafeBufferPointer { receiver.onHeader($0) }
        }
        receiver.onEnd(200)
        #expect(seen == HTTPTransfer.headersMax - 1)
        // Of a body that nobody wants, as much is read as a connection is worth.
        let piece = [UInt8](repeating: 0, count: 40 << 10)
        #expect(piece.withUnsafeBytes { receiver.onBody(200, $0) })
        #expect(!piece.withUnsafeBytes { receiver.onBody(200, $0) })
    }

    @Test func aMirrorIsAskedFirstAndNotBelieved() throws {
        let content = try Content()
        let origin = try #require(FakeRegistry(content.answer))
        let mirror = try #require(
            FakeRegistry { request in
                // It has some, and some of it wrong.
                if request.path.contains("manifests") { return content.answer(request) }
                if request.path == content.layerPath { return .init(body: [1, 2, 3]) }
                return .init(status: 404)
            })
        let fixture = try StoreFixture()
        let store = try fixture.store()
        _ = try pull(origin, store, Self.options(mirror.host))
        #expect(mirror.requests.count == 3)
        #expect(origin.requests.count == 2)
        #expect(try store.verify().isEmpty)
    }

    @Test func aTokenIsFetchedAndSentOnlyToTheRegistry() throws {
        let content = try Content()
        let elsewhere = try #require(FakeRegistry(content.answer))
        let place = elsewhere.host
        let registry = try #require(
            FakeRegistry { request in
                if request.path.hasPrefix("/token?") {
                    return .init(body: Array(#"{"token":"abc"}"#.utf8))
                }
                guard request.headers["authorization"] == "Bearer abc" else {
                    let host = request.headers["host"] ?? ""
                    return .init(
                        status: 401,
                        headers: ["WWW-Authenticate: Bearer realm=\"http://\(host)/token?x=y\""])
                }
                if request.path == content.layerPath {
                    return .init(
                        status: 307, headers: ["Location: http://\(place)\(request.path)"])
                }
                return content.answer(request)
            })
        let fixture = try StoreFixture()
        let store = try fixture.store()
        _ = try pull(registry, store)
        #expect(registry.requests.count { $0.path.hasPrefix("/token?") } == 1)
        #expect(elsewhere.requests.count == 1)
        #expect(elsewhere.requests.first?.headers["authorization"] == nil)
    }

    @Test func aServerThatIsNotThereSaysSo() throws {
        var port: UInt16 = 0
        do { port = try #require(FakeRegistry { _ in .init() }).port }
        let fixture = try StoreFixture()
        let client = try RegistryClient(Self.options(), pause: { _ in })
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) {
            try client.pull(
                try ImageReference("127.0.0.1:\(port)/app:1"), platform: .current, into: store,
                now: 1)
        }
        #expect(error?.code == .unreachable)
        #expect(error?.advice == "check the network, and pull again: what came is kept")
    }
}
