import Platform
import Testing

@testable import Images

@Suite struct ReferenceTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)

    @Test(arguments: [
        ("alpine", "docker.io/library/alpine:latest"),
        ("team/app:1.2", "docker.io/team/app:1.2"),
        ("localhost/app", "localhost/app:latest"),
        ("127.0.0.1:5000/a/b-c__d.e:V_1", "127.0.0.1:5000/a/b-c__d.e:V_1"),
        ("[::1]:5000/a:1", "[::1]:5000/a:1"),
        ("hub.example/a@\(digest)", "hub.example/a@\(digest)"),
        ("hub.example/a:1@\(digest)", "hub.example/a:1@\(digest)"),
    ])
    func isRead(text: String, whole: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == whole)
        #expect(try ImageReference(whole) == reference)
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "A/b", "Alpine", "a..b", "a_-b", "a-", "a:", "a:-x", "a:.x", "a@x",
        "a@sha256:00", "a@sha512:" + String(repeating: "0", count: 128), "hub.example:0/a",
        "hub.example:65536/a", "hub.example:+80/a", "hub.example:/a", "h@x.example/a",
        "[::1/a", "[x]/a:1", "a.example/b c", "a.example/../b", "a\nb",
        "a.example/" + String(repeating: "b", count: 256),
        "a:" + String(repeating: "t", count: 129),
        String(repeating: "a", count: 801),
    ])
    func isRefused(text: String) {
        let error = #expect(throws: ImageError.self) { try ImageReference(text) }
        #expect(error?.code == .usage)
        #expect(error?.advice.isEmpty == false)
    }
}

@Suite struct ManifestTests {
    static func digest(_ byte: UInt8) -> String {
        "sha256:" + Hex.text([UInt8](repeating: byte, count: 32))
    }

    static func layer(_ byte: UInt8, _ kind: String = "tar+gzip") -> String {
        #"{"mediaType":"application/vnd.oci.image.layer.v1.\#(kind)","#
            + #""digest":"\#(digest(byte))","size":10}"#
    }

    static func manifest(layers: [String]) -> String {
        #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","#
            + #""digest":"\#(digest(1))","size":5},"layers":[\#(layers.joined(separator: ","))]}"#
    }

    static func build(_ byte: UInt8, _ system: String, _ machine: String, _ variant: String? = nil)
        -> String
    {
        let variant = variant.map { #","variant":"\#($0)""# } ?? ""
        return #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"#
            + #""\#(digest(byte))","size":5,"platform":{"os":"\#(system)","architecture":"#
            + #""\#(machine)"\#(variant)}}"#
    }

    private func read(_ text: String) throws(ImageError) -> ImageDocument {
        try ImageDocument(Array(text.utf8))
    }

    @Test func aManifestIsRead() throws {
        let text = Self.manifest(layers: [
            Self.layer(2), Self.layer(3, "tar+zstd"), Self.layer(4, "tar"),
        ])
        guard case .manifest(let manifest) = try read(text) else {
            Issue.record("no manifest")
            return
        }
        #expect(manifest.layers.map(\.mediaType) == [.layer(.gzip), .layer(.zstd), .layer(.none)])
        #expect(manifest.configuration.digest.bytes == [UInt8](repeating: 1, count: 32))
    }

    @Test(arguments: [
        ("", "not JSON"), ("{}", "neither manifests nor layers"),
        (#"{"schemaVersion":1,"fsLayers":[]}"#, "schema 1"),
        (#"{"manifests":[],"layers":[]}"#, "index and a manifest at once"),
        (#"{"manifests":{}}"#, "no list"),
        (#"{"layers":[]}"#, "config lacks"),
        (manifest(layers: [#"{"size":1}"#]), "layer 1 lacks"),
        (
            manifest(layers: [layer(2).replacing("+gzip", with: "+lzma")]),
            "no tar, plain or by gzip or zstd"
        ),
        (
            manifest(layers: [layer(2).replacing("\"size\"", with: "\"urls\":[\"x\"],\"size\"")]),
            "another address"
        ),
        (manifest(layers: [layer(2).replacing("10", with: "-1")]), "layer 1 lacks"),
        (
            manifest(layers: []).replacing("image.config", with: "wasm.config"),
            "another artifact"
        ),
    ])
    func whatIsNoImageSaysWhy(text: String, why: String) {
        let error = #expect(throws: ImageError.self) { try read(text) }
        #expect(error?.code == .manifest)
        #expect(error?.message.contains(why) == true, "\(error as Any)")
    }

    /// The kernel could not mount them.
    @Test func aThousandLayersAreRefused() {
        let text = Self.manifest(layers: [String](repeating: Self.layer(2), count: 1000))
        let error = #expect(throws: ImageError.self) { try read(text) }
        #expect(error?.code == .limit)
        #expect(
            error?.description
                == "the image has 1000 layers, and an overlay takes 127; build it with fewer steps, "
                + "or squash them into one layer")
    }

    @Test func asManyLayersAsFitAreRead() throws {
        let layers = [String](repeating: Self.layer(2), count: ImageLimits.layersMax)
        guard case .manifest(let manifest) = try read(Self.manifest(layers: layers)) else {
            Issue.record("no manifest")
            return
        }
        #expect(manifest.layers.count == ImageLimits.layersMax)
    }

    @Test func documentsHaveABound() {
        let bytes = [UInt8](repeating: UInt8(ascii: " "), count: ImageLimits.documentBytesMax + 1)
        #expect(throws: ImageError.self) { try ImageDocument(bytes) }
        let error = #expect(throws: ImageError.self) { try ImageConfiguration(bytes) }
        #expect(error?.code == .limit)
    }

    @Test func anIndexHasABound() {
        let builds = [String](
            repeating: Self.build(2, "linux", "amd64"), count: ImageIndex.manifestsMax + 1)
        let error = #expect(throws: ImageError.self) {
            try read(#"{"manifests":[\#(builds.joined(separator: ","))]}"#)
        }
        #expect(error?.message.hasSuffix("its index has 1001 builds, more than 1000") == true)
    }

    @Test(arguments: [
        ("linux/arm64", 3), ("linux/arm/v7", 5), ("linux/arm/v6", 4), ("linux/amd64", 2),
        ("linux/arm64/v9", 3),
    ])
    func theBestBuildIsChosen(platform: String, byte: UInt8) throws {
        let builds = [
            Self.build(1, "windows", "amd64"), Self.build(2, "linux", "amd64"),
            Self.build(3, "linux", "arm64", "v8"), Self.build(4, "linux", "arm", "v6"),
            Self.build(5, "linux", "arm", "v7"), Self.build(6, "unknown", "unknown"),
        ]
        guard
            case .index(let index) = try read(#"{"manifests":[\#(builds.joined(separator: ","))]}"#)
        else {
            Issue.record("no index")
            return
        }
        let chosen = try index.build(for: try ImagePlatform(platform))
        #expect(chosen.digest.bytes == [UInt8](repeating: byte, count: 32))
    }

    @Test func aMissingBuildSaysWhatThereIs() throws {
        let builds = [Self.build(2, "linux", "amd64"), Self.build(4, "linux", "arm", "v7")]
        guard
            case .index(let index) = try read(#"{"manifests":[\#(builds.joined(separator: ","))]}"#)
        else {
            Issue.record("no index")
            return
        }
        let error = #expect(throws: ImageError.self) {
            try index.build(for: ImagePlatform(system: "linux", architecture: "arm64"))
        }
        #expect(
            error?.description
                == "the image has no build for linux/arm64, only for linux/amd64, linux/arm/v7; "
                + "build it for linux/arm64 as well")
        // An older ARM does not run what was built for a newer one.
        #expect(throws: ImageError.self) { try index.build(for: try ImagePlatform("linux/arm/v6")) }
    }

    @Test func aConfigurationForAnotherBoardIsRefused() throws {
        let text =
            #"{"os":"linux","architecture":"s390x","rootfs":{"type":"layers","diff_ids":[]}}"#
        let configuration = try ImageConfiguration(Array(text.utf8))
        guard case .manifest(let manifest) = try read(Self.manifest(layers: [])) else { return }
        let error = #expect(throws: ImageError.self) {
            try configuration.check(
                against: manifest, on: ImagePlatform(system: "linux", architecture: "arm64"))
        }
        #expect(
            error?.message == "the image is for linux/s390x, and this board is linux/arm64")
    }
}
