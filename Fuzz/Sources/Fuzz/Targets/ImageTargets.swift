import Platform
import TestSupport

@testable import Images

extension FuzzTarget {
    /// A byte of how long chunks are, then a layer's tar. The chunks must not matter, and what is
    /// planned must lie within the layer.
    static let layer = FuzzTarget(
        name: "layer",
        run: { bytes in
            var input = FuzzInput(bytes)
            let chunk = Int(input.byte()) * 16 + 1
            let tar = input.all()
            let read = Oracle.read { LayerReading(tar, chunk: chunk) }
            Oracle.expect(
                read == LayerReading(tar, chunk: 1 << 20), "another layer in chunks of \(chunk)")
            Oracle.expect(read.steps.count <= tar.count / 512, "more members than headers")
            for path in read.steps.compactMap(\.path) {
                Oracle.expect(
                    path.names.allSatisfy { name in
                        !name.isEmpty && name != [0x2E] && name != [0x2E, 0x2E]
                            && !name.contains(0x2F) && !name.contains(0)
                    }, "\(path) leads out")
            }
        },
        examples: [
            [255] + member("a", "0", content: 20), [0] + member("b/", "5") + member("c", "2"),
            [3] + member("pax", "x", records: "13 path=a/b\n") + member("d", "0"),
            [3]
                + member(
                    "pax", "x", records: "23 GNU.sparse.map=0,1\n22 GNU.sparse.size=99\n")
                + member("e", "0", content: 1),
            [9] + member(".wh.f", "0") + member("S", "S"), [9] + member("g", "1"),
        ],
        large: { generator in
            [7]
                + (0..<40).flatMap { index in
                    member("f\(index)", "0", content: generator.number(0...900))
                }
        })

    /// A manifest or an index, and the configuration of one.
    static let imageDocument = FuzzTarget(
        name: "image-document",
        run: { bytes in
            let document = Oracle.read { try? ImageDocument(bytes) }
            if case .index(let index) = document {
                Oracle.expect(
                    index.names.count == index.manifests.count, "more builds than names")
                if let build = try? index.build(for: .current) {
                    Oracle.expect(index.manifests.contains(build), "a build that is not there")
                }
            }
            if case .manifest(let manifest) = document {
                Oracle.expect(manifest.layers.count <= ImageLimits.layersMax, "too many layers")
            }
            if let configuration = Oracle.read({ try? ImageConfiguration(bytes) }) {
                Oracle.expect(
                    configuration.layers.count <= ImageLimits.layersMax, "too many layers")
            }
        },
        examples: [
            #"{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"#
                + #""\#(digest)","size":1,"platform":{"os":"linux","architecture":"amd64"}}]}"#,
            #"{"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"#
                + #""\#(digest)","size":1},"layers":[{"mediaType":"#
                + #""application/vnd.oci.image.layer.v1.tar+gzip","digest":"\#(digest)","size":2}]}"#,
            #"{"os":"linux","architecture":"arm64","rootfs":{"type":"layers","diff_ids":["#
                + #""\#(digest)"]}}"#,
        ].map { Array($0.utf8) },
        large: { _ in
            let layer = #"{"mediaType":"x","digest":"\#(digest)","size":2},"#
            return Array((#"{"layers":["# + String(repeating: layer, count: 400)).utf8)
        })

    /// A reference, a challenge or an address; one that is read is written as one that is the same.
    static let registry = FuzzTarget(
        name: "registry",
        run: { bytes in
            var input = FuzzInput(bytes)
            let choice = input.byte() % 3
            let text = String(decoding: input.all(), as: UTF8.self)
            switch choice {
            case 0:
                guard let read = Oracle.read({ try? ImageReference(text) }) else { return }
                Oracle.expect(
                    (try? ImageReference(read.description)) == read, "\(read) is not itself")
            case 1: _ = Oracle.read { RegistryChallenge(text) }
            default:
                guard let url = Oracle.read({ RegistryURL(text) }) else { return }
                Oracle.expect(RegistryURL(url.description) == url, "\(url) is not itself")
            }
        },
        examples: [
            [0] + Array("hub.example:5000/a/b:1@\(digest)".utf8), [0] + Array("alpine".utf8),
            [1] + Array(#"Bearer realm="https://a.example/t",service="b\"c",scope=d"#.utf8),
            [1] + Array("Basic realm=x".utf8), [2] + Array("https://[::1]:5000/a?b#c".utf8),
        ],
        large: { _ in [1] + Array(("Bearer " + String(repeating: "a=b,", count: 9000)).utf8) })

    private static let digest = "sha256:" + String(repeating: "5a", count: 32)

    /// One header with a right checksum, and its content.
    private static func member(
        _ name: String, _ type: Character, content: Int = 0, records: String = ""
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ at: Int) {
            block.replaceSubrange(at..<at + text.utf8.count, with: text.utf8)
        }
        let body = Array(records.utf8) + [UInt8](repeating: 7, count: content)
        put(name, 0)
        put("0000644\00000000\00000000", 100)
        put(String(repeating: "0", count: 11 - String(body.count, radix: 8).count), 124)
        put(String(body.count, radix: 8), 135 - String(body.count, radix: 8).count)
        put(String(type) + "target", 156)
        put("ustar\u{0}00", 257)
        for index in 148..<156 { block[index] = 0x20 }
        put(String(block.reduce(0) { $0 + Int($1) }, radix: 8) + "\0", 148)
        return block + body + [UInt8](repeating: 0, count: TarReader.padding(UInt64(body.count)))
    }
}

/// What a layer's bytes come to: the steps until the end or the first error.
private struct LayerReading: Equatable {
    var steps: [LayerStep] = []
    var error: ImageError?

    init(_ tar: [UInt8], chunk: Int) {
        var reader = TarReader()
        var plan = LayerPlan(
            budget: LayerBudget(limits: ImageLimits(), compressedBytes: UInt64(tar.count)),
            privileges: .strip)
        do throws(ImageError) {
            for start in stride(from: 0, to: tar.count, by: chunk) {
                let part = Array(tar[start..<min(start + chunk, tar.count)])
                var index = 0
                while let event = try reader.next(in: part, at: &index) {
                    if case .entry(let entry) = event { steps.append(try plan.onEntry(entry)) }
                }
            }
            try reader.finish()
        } catch {
            self.error = error
        }
    }
}

extension LayerStep {
    fileprivate var path: LayerPath? {
        switch self {
        case .directory(let path, _), .file(let path, _), .fifo(let path, _),
            .symbolicLink(let path, _, _), .hardLink(let path, _), .whiteout(let path),
            .opaque(let path):
            path
        case .nothing: nil
        }
    }
}
