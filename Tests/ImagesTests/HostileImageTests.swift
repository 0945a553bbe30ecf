import CEdgeShims
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Images
@testable import LinuxPlatform

/// What a layer may not do, and what becomes of it.
@Suite struct HostileImageTests {
    private func error(
        _ limits: ImageLimits = ImageLimits(), compressed: [UInt8]? = nil,
        _ body: (inout TarArchive) -> Void
    ) throws -> String {
        var tar = TarArchive()
        body(&tar)
        let fixture = try StoreFixture()
        let bytes = tar.closed
        let error = #expect(throws: ImageError.self) {
            try fixture.unpack(bytes, limits: limits, compressed: compressed)
        }
        // Nothing of it is left, and nothing was made outside.
        let files = try FileManager.default.subpathsOfDirectory(atPath: fixture.folder.path)
        let strays = files.filter { path in
            !["store", "layer", "store/lock"].contains(path)
                && !["blobs", "layers", "records", "images", "partial", "staging"].contains(
                    String(path.dropFirst("store/".count)))
        }
        #expect(strays.isEmpty, "\(strays)")
        return error?.message ?? ""
    }

    @Test func aPathThatLeadsOut() throws {
        let message = try error { $0.add("../../escaped", Array(ascii: "x")) }
        #expect(message == "the image is refused: ../../escaped leads out of the layer by ..")
    }

    @Test func anAbsolutePathStaysInside() throws {
        let fixture = try StoreFixture()
        let tree = try fixture.unpack(StoreFixture.layer("/etc/inside", "x"))
        #expect(FileManager.default.fileExists(atPath: tree + "/etc/inside"))
    }

    @Test(arguments: ["/tmp", "..", "../..", "/proc/self/root", "real"])
    func aPathThroughALink(target: String) throws {
        let message = try error {
            $0.directory("real")
            $0.symbolicLink("door", to: target)
            $0.add("door/escaped", Array(ascii: "x"))
        }
        #expect(
            message == "the image is refused: door leads through a link or a file, not through "
                + "directories")
    }

    @Test func aFileWrittenThroughALink() throws {
        let fixture = try StoreFixture()
        try fixture.folder.write("victim", Array(ascii: "untouched"))
        var tar = TarArchive()
        tar.symbolicLink("door", to: fixture.folder.path + "/victim")
        tar.add("door", Array(ascii: "changed"))
        let tree = try fixture.unpack(tar.closed)
        #expect(try fixture.folder.read("victim") == Array(ascii: "untouched"))
        #expect(try String(contentsOfFile: tree + "/door", encoding: .utf8) == "changed")
    }

    /// A directory is changed for a link between members, as a race would.
    @Test func aDirectoryThatBecomesALink() throws {
        let message = try error {
            $0.directory("a/b")
            $0.add("a/b/one", Array(ascii: "x"))
            $0.symbolicLink("a/b", to: "/tmp")
            $0.add("a/b/two", Array(ascii: "x"))
        }
        #expect(message.hasSuffix("in the place of a directory that is not empty"))
        let empty = try error {
            $0.directory("a/b")
            $0.symbolicLink("a/b", to: "/tmp")
            $0.add("a/b/two", Array(ascii: "x"))
        }
        #expect(empty.hasPrefix("the image is refused: a/b leads through a link"))
    }

    /// Another process changes directories for links while the tree is written: whatever it wins,
    /// nothing is made where the link leads.
    @Test func aRaceForALinkIsNotWon() async throws {
        let folder = try TemporaryFolder()
        let tree = folder.path + "/tree"
        let outside = folder.path + "/outside"
        for path in [tree, outside, tree + "/a"] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }
        #expect(symlink(outside, folder.path + "/link") == 0)
        let isOver = Locked(false)
        let exchange = try #require(Exchange())
        let racer = Thread {
            while !isOver.with({ $0 }) { exchange.swap(tree + "/a", folder.path + "/link") }
            isOver.with { $0 = false }
        }
        racer.start()
        var refused = 0
        for round in 0..<2000 {
            var layer = try LayerTree(at: tree, limits: ImageLimits())
            do throws(ImageError) {
                // Two directories in turn, so that the one in question is opened each time.
                try layer.perform(.file(try LayerPath(Array("a/f\(round)".utf8)), .plain))
                try layer.endEntry()
            } catch {
                refused += 1
            }
        }
        isOver.with { $0 = true }
        while isOver.with({ $0 }) { await Task.yield() }
        let made = try FileManager.default.contentsOfDirectory(atPath: outside)
        #expect(made.isEmpty, "\(made.count) files outside, \(refused) refused")
        // A link in the way was met, or nothing was tried.
        #expect(refused > 0)
    }

    @Test func aHardLinkOut() throws {
        for target in ["../../../etc/passwd", "/etc/passwd", "door/passwd"] {
            let message = try error {
                $0.symbolicLink("door", to: "/etc")
                $0.add("stolen", type: "1", link: target)
            }
            #expect(
                message.contains("no file of the same layer") || message.contains("by .."),
                "\(message)")
        }
    }

    @Test func aHardLinkToADevice() throws {
        let message = try error {
            $0.add(".wh.gone")
            $0.add("node", type: "1", link: "gone")
        }
        #expect(message.contains("is a hard link to gone, which is no file of the same layer"))
    }

    @Test(arguments: ["3", "4"])
    func aDevice(type: Character) throws {
        let message = try error { $0.add("dev/mem", type: type) }
        #expect(
            message == "the image is refused: dev/mem is a device node; devices are given to a "
                + "workload by its manifest")
    }

    @Test func setUserIDIsTakenAway() throws {
        var tar = TarArchive()
        tar.add("su", Array(ascii: "x"), mode: 0o6755)
        let fixture = try StoreFixture()
        var status = stat()
        #expect(stat(try fixture.unpack(tar.closed) + "/su", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o755)
        // Two policies, two layers: neither gives the other's files.
        #expect(stat(try fixture.unpack(tar.closed, privileges: .keep) + "/su", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o6755)
        let error = #expect(throws: ImageError.self) {
            _ = try StoreFixture().unpack(tar.closed, privileges: .refuse)
        }
        #expect(error?.message.contains("su gives its user another's powers") == true)
    }

    @Test func tenGibibytesOfHoles() throws {
        let message = try error {
            $0.pax([("GNU.sparse.map", "0,1"), ("GNU.sparse.size", "\(10 << 30)")])
            $0.add("holes", [1])
        }
        #expect(message.hasSuffix("4294967296 bytes, holes included, with holes"))
        // Where so much is allowed, it takes no more than it holds.
        var limits = ImageLimits()
        limits.layerBytesMax = 11 << 30
        var tar = TarArchive()
        tar.pax([("GNU.sparse.map", "5368709120,1"), ("GNU.sparse.size", "\(10 << 30)")])
        tar.add("holes", [1])
        var status = stat()
        let tree = try StoreFixture().kept(tar.closed, limits)
        #expect(stat(tree.path + "/holes", &status) == 0)
        #expect(status.st_size == 10 << 30)
        #expect(status.st_blocks * 512 < 1 << 20)
    }

    @Test func directoriesThatOnlyPathsName() throws {
        var limits = ImageLimits()
        limits.entriesMax = 20
        let message = try error(limits) {
            $0.add("a/b/c/d/e/f/g/h/i/j/1")
            $0.add("k/l/m/n/o/p/q/r/s/t/u/2")
        }
        #expect(message == "a layer needs too many directories that it does not have itself")
    }

    /// A bomb of 64 KiB that becomes 64 MiB.
    @Test func zerosByGzip() async throws {
        try #require(Tool.has("gzip"), "gzip is not installed")
        var tar = TarArchive()
        tar.add("zeros", [UInt8](repeating: 0, count: 64 << 20))
        let folder = try TemporaryFolder()
        let packed = try await Tool.run(["gzip", "-9"], in: folder, input: tar.closed)
        let message = try error(compressed: packed.output) { $0 = tar }
        #expect(message.hasSuffix("bytes becomes more than 100 times as long"))
    }

    @Test func aWrongDigest() throws {
        let fixture = try StoreFixture()
        let layer = StoreFixture.layer("a", "x")
        try fixture.archive(
            "image.tar", name: "hub.example/a:1", layers: [layer],
            claimed: [try ContentHash.digest([1])])
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) { try fixture.load(store, "image.tar") }
        #expect(error?.code == .digest)
        #expect(error?.message.hasPrefix("a layer is not what the image says") == true)
        #expect(store.images().isEmpty && store.list("layers").isEmpty)
    }

    @Test func anotherPlatform() throws {
        let fixture = try StoreFixture()
        try fixture.archive(
            "image.tar", name: "hub.example/a:1", layers: [],
            platform: ImagePlatform(system: "linux", architecture: "s390x"))
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) { try fixture.load(store, "image.tar") }
        #expect(
            error?.message
                == "the image is for linux/s390x, and this board is \(ImagePlatform.current)")
    }

    @Test func aThousandLayers() throws {
        let fixture = try StoreFixture()
        let layers = (0..<1000).map { StoreFixture.layer("f", "\($0)") }
        try fixture.archive("image.tar", name: "hub.example/a:1", layers: layers)
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) { try fixture.load(store, "image.tar") }
        #expect(
            error?.message == "the image has 1000 layers, and an overlay takes 127")
    }

    /// What old kernels get must refuse the same.
    @Test func openingByNamesFollowsNoLink() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/a/b", withIntermediateDirectories: true)
        #expect(symlink("/etc", folder.path + "/a/door") == 0)
        let root = open(folder.path, O_RDONLY | O_DIRECTORY)
        defer { close(root) }
        let cases: [(String, Int32)] = [
            ("a/b", 0), ("a/door", ELOOP), ("a/door/ssl", ENOTDIR), ("..", EXDEV),
            ("a/../..", EXDEV), ("/etc", EXDEV), ("a/none", ENOENT),
        ]
        for (path, code) in cases {
            for isOld in [false, true] {
                let flags = O_RDONLY | O_DIRECTORY
                let found =
                    isOld
                    ? edge_open_by_names(root, path, flags) : edge_open_beneath(root, path, flags)
                #expect((found >= 0) == (code == 0), "\(path)")
                if found >= 0 { close(found) }
            }
        }
    }
}

extension LayerMetadata {
    static let plain = LayerMetadata(
        mode: 0o644, user: 0, group: 0, modified: 0, size: 0, attributes: [])
}

/// renameat2(2) with RENAME_EXCHANGE, which glibc has and its module for Swift does not.
private struct Exchange: Sendable {
    private typealias Call =
        @convention(c) (
            Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
        ) -> Int32

    private let call: Call

    init?() {
        guard let symbol = dlsym(nil, "renameat2") else { return nil }
        call = unsafeBitCast(symbol, to: Call.self)
    }

    func swap(_ one: String, _ other: String) { _ = call(AT_FDCWD, one, AT_FDCWD, other, 2) }
}
