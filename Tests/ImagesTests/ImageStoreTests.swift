import Foundation
import Glibc
import TestSupport
import Testing

@testable import Images
@testable import LinuxPlatform

@Suite struct ImageStoreTests {
    private static let base = StoreFixture.layer("base", "shared")

    private func image(_ fixture: StoreFixture, _ name: String, _ content: String) throws {
        try fixture.archive(
            name, name: "hub.example/\(name):1",
            layers: [Self.base, StoreFixture.layer("own", content)])
    }

    @Test func imagesShareLayers() throws {
        let fixture = try StoreFixture()
        try image(fixture, "one", "1")
        try image(fixture, "two", "2")
        let store = try fixture.store()
        #expect(try fixture.load(store, "one").map(\.newLayers) == [2])
        #expect(try fixture.load(store, "two").map(\.newLayers) == [1])
        #expect(try fixture.load(store, "two").map(\.newLayers) == [0])
        #expect(store.images().map(\.reference) == ["hub.example/one:1", "hub.example/two:1"])
        #expect(store.list("layers").count == 3)
        #expect(try store.remove("hub.example/one:1"))
        #expect(try !store.remove("hub.example/one:1"))
        #expect(store.list("layers").count == 2)
        #expect(try store.verify().isEmpty)
        #expect(try store.remove("hub.example/two:1"))
        #expect(store.list("layers").isEmpty && store.list("blobs").isEmpty)
        #expect(store.list("staging").isEmpty && store.list("records").isEmpty)
    }

    @Test func theQuotaTakesTheLongestUnused() throws {
        let fixture = try StoreFixture()
        let store = try fixture.store()
        for (time, name) in ["one", "two", "three"].enumerated() {
            let layer = StoreFixture.layer(name, String(repeating: name, count: 1000 / name.count))
            try fixture.archive(name, name: "hub.example/\(name):1", layers: [layer])
            _ = try fixture.load(store, name, now: Int64(time))
        }
        #expect(try store.collect(quota: 5000).isEmpty)
        #expect(
            try store.collect(quota: 2100, inUse: ["hub.example/one:1"]) == ["hub.example/two:1"])
        #expect(
            try store.collect(quota: 0, inUse: ["hub.example/one:1"]) == ["hub.example/three:1"])
        #expect(store.images().map(\.reference) == ["hub.example/one:1"])
    }

    @Test(arguments: ["content", "mode", "missing", "extra", "time"])
    func damageIsFoundAndMended(kind: String) throws {
        let fixture = try StoreFixture()
        try image(fixture, "one", "1")
        let store = try fixture.store()
        let arrival = try #require(try fixture.load(store, "one").first)
        let tree = try #require(store.layerPaths(of: arrival.image).last)
        var times = [timeval(), timeval()]
        let file = tree + "/own"
        switch kind {
        // A byte that the disk forgot: size and time are as they were.
        case "content":
            let handle = try FileHandle(forWritingTo: URL(filePath: file))
            try handle.write(contentsOf: Data("2".utf8))
            try handle.close()
            times = [
                timeval(tv_sec: 1_700_000_000, tv_usec: 0),
                timeval(tv_sec: 1_700_000_000, tv_usec: 0),
            ]
            #expect(utimes(file, times) == 0)
        case "mode": #expect(chmod(file, 0o600) == 0)
        case "missing": #expect(unlink(file) == 0)
        case "extra": #expect(symlink("x", tree + "/new") == 0)
        default: #expect(utimes(file, times) == 0)
        }
        let damage = try store.verify()
        #expect(damage.map(\.image.reference) == ["hub.example/one:1"])
        #expect(damage.first?.reason.hasSuffix("is damaged") == true)
        #expect(!store.isComplete(arrival.image))
        // The other layer was not touched.
        #expect(try fixture.load(store, "one").map(\.newLayers) == [1])
        #expect(try store.verify().isEmpty)
        #expect(store.isComplete(arrival.image))
    }

    @Test func aDamagedManifestIsFound() throws {
        let fixture = try StoreFixture()
        try image(fixture, "one", "1")
        let store = try fixture.store()
        let arrival = try #require(try fixture.load(store, "one").first)
        try Data("{}".utf8).write(to: URL(filePath: store.blobPath(arrival.image.manifest)))
        #expect(try store.verify().count == 1)
        #expect(!store.isComplete(arrival.image))
    }

    /// A process that was killed leaves its staging; a board that lost power may have lost more.
    @Test func anUncleanEndIsRecovered() throws {
        let fixture = try StoreFixture()
        try image(fixture, "one", "1")
        var tree = ""
        do {
            let store = try fixture.store()
            #expect(store.recovery == nil)
            let arrival = try #require(try fixture.load(store, "one").first)
            tree = try #require(store.layerPaths(of: arrival.image).first)
        }
        #expect(try fixture.store().recovery == nil)
        let mark = fixture.path + "/unclean"
        let staged = fixture.path + "/staging/half"
        let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        for (written, expected) in [
            (boot, "the last process did not end well"),
            (
                "another",
                "the board stopped while images were written; all that are listed are whole"
            ),
        ] {
            try FileManager.default.createDirectory(
                atPath: staged + "/deep", withIntermediateDirectories: true)
            try Data(written.utf8).write(to: URL(filePath: mark))
            #expect(try fixture.store().recovery == expected)
            #expect(!FileManager.default.fileExists(atPath: staged))
            #expect(!FileManager.default.fileExists(atPath: mark))
        }
        #expect(chmod(tree + "/base", 0o600) == 0)
        try Data("another".utf8).write(to: URL(filePath: mark))
        let store = try fixture.store()
        #expect(
            store.recovery == "the board stopped while images were written; 1 are damaged")
        #expect(store.images().allSatisfy { !store.isComplete($0) })
    }

    /// A tree without its record is not there: the record is written last.
    @Test func aLayerWithoutItsRecordIsUnpackedAgain() throws {
        let fixture = try StoreFixture()
        try image(fixture, "one", "1")
        let store = try fixture.store()
        let arrival = try #require(try fixture.load(store, "one").first)
        let name = store.name(of: arrival.image.layers[0])
        #expect(unlink(store.path + "/records/" + name) == 0)
        #expect(!store.isComplete(arrival.image))
        #expect(try store.verify().count == 1)
        #expect(try fixture.load(store, "one").map(\.newLayers) == [1])
        #expect(try store.verify().isEmpty)
    }

    @Test func oneProcessWrites() throws {
        let fixture = try StoreFixture()
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) { try fixture.store() }
        #expect(error?.message.hasPrefix("another process is writing") == true)
        // Its mark is not the other's to take away.
        #expect(FileManager.default.fileExists(atPath: store.path + "/unclean"))
        withExtendedLifetime(store) {}
    }

    @Test func aStoreOfOthersIsRefused() throws {
        let folder = try TemporaryFolder()
        let relative = #expect(throws: ImageError.self) { _ = try ImageStore(at: "store") }
        #expect(relative?.code == .usage)
        try FileManager.default.createDirectory(
            atPath: folder.path + "/open", withIntermediateDirectories: true)
        #expect(chmod(folder.path + "/open", 0o777) == 0)
        #expect(symlink("open", folder.path + "/link") == 0)
        for name in ["open", "link"] {
            let error = #expect(throws: ImageError.self) {
                _ = try ImageStore(at: folder.path + "/" + name)
            }
            #expect(error?.message.hasSuffix("is no directory of this user alone") == true)
        }
    }

    /// Whatever mask the process has, a container's users can reach their files.
    @Test func directoriesThatALayerLacksAreOpenToAll() throws {
        let old = umask(0o077)
        defer { umask(old) }
        let tree = try StoreFixture().kept(StoreFixture.layer("a/b/c", "x"))
        for name in ["", "/a", "/a/b"] {
            var status = stat()
            #expect(stat(tree.path + name, &status) == 0 && status.st_mode & 0o777 == 0o755)
        }
    }

    @Test func layersTakeTheFormOfAnOverlay() throws {
        var tar = TarArchive()
        tar.add("etc/.wh.gone")
        tar.add("var/.wh..wh..opq")
        tar.add("var/new", Array(ascii: "x"))
        // A directory that replaces one of the layers below shows nothing of it.
        tar.add(".wh.dir")
        tar.directory("dir", mode: 0o750)
        tar.directory("late", mode: 0o700)
        tar.add(".wh.late")
        tar.add("a", Array(ascii: "linked"), modified: 1_600_000_000)
        tar.add("b", type: "1", link: "a")
        tar.add("pipe", type: "6")
        tar.pax([("SCHILY.xattr.user.note", "value")])
        tar.add("noted", Array(ascii: "n"))
        let tree = try StoreFixture().kept(tar.closed)
        var status = stat()
        #expect(lstat(tree.path + "/etc/gone", &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0)
        #expect(tree.attribute("var", "overlay.opaque") == "y")
        #expect(tree.attribute("dir", "overlay.opaque") == "y")
        #expect(tree.attribute("late", "overlay.opaque") == "y")
        #expect(tree.attribute("etc", "overlay.opaque") == nil)
        #expect(tree.attribute("noted", "user.note") == "value")
        #expect(stat(tree.path + "/b", &status) == 0 && status.st_nlink == 2)
        #expect(status.st_mtim.tv_sec == 1_600_000_000)
        #expect(stat(tree.path + "/dir", &status) == 0 && status.st_mode & 0o777 == 0o750)
        #expect(status.st_mtim.tv_sec == 1_700_000_000)
        #expect(lstat(tree.path + "/pipe", &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }

    /// What is made in a directory later does not change the time that its layer gave it.
    @Test func directoriesKeepTheirTimes() throws {
        var tar = TarArchive()
        tar.directory("d")
        tar.add("d/one", Array(ascii: "x"))
        tar.directory("e")
        tar.add("d/two", Array(ascii: "x"))
        let tree = try StoreFixture().kept(tar.closed)
        for name in ["d", "e"] {
            var status = stat()
            #expect(stat(tree.path + "/" + name, &status) == 0)
            #expect(status.st_mtim.tv_sec == 1_700_000_000)
        }
    }

    @Test(arguments: [
        ["gzip", "-c"], ["zstd", "-c", "-q"], ["zstd", "-c", "-q", "--ultra", "-22", "--long=24"],
    ])
    func compressedLayersAreRead(command: [String]) async throws {
        try #require(Tool.has(command[0]), "\(command[0]) is not installed")
        var tar = TarArchive()
        for index in 0..<200 {
            tar.add("f\(index)", (0..<3000).map { UInt8(truncatingIfNeeded: $0 * index) })
        }
        let folder = try TemporaryFolder()
        let packed = try await Tool.run(command, in: folder, input: tar.closed)
        let fixture = try StoreFixture()
        let tree = try fixture.unpack(tar.closed, compressed: packed.output)
        #expect(try FileManager.default.contentsOfDirectory(atPath: tree).count == 200)
        // In two members, one after the other, and with padding.
        let half = tar.closed.count / 2
        let first = try await Tool.run(command, in: folder, input: Array(tar.closed[..<half]))
        let second = try await Tool.run(command, in: folder, input: Array(tar.closed[half...]))
        let both = first.output + second.output
        _ = try StoreFixture().unpack(tar.closed, compressed: both)
        for cut in [packed.output.count / 2, packed.output.count - 1] {
            let error = #expect(throws: ImageError.self) {
                _ = try StoreFixture().unpack(
                    tar.closed, compressed: Array(packed.output[..<cut]))
            }
            #expect(error?.code == .archive)
        }
    }

    /// More history than fits into the agent's memory.
    @Test func aLongHistoryIsRefused() async throws {
        try #require(Tool.has("zstd"), "zstd is not installed")
        var tar = TarArchive()
        tar.add("f", [UInt8](repeating: 1, count: 100))
        let packed = try await Tool.run(
            ["zstd", "-c", "-q", "--ultra", "-22", "--long=27"], in: try TemporaryFolder(),
            input: tar.closed)
        let error = #expect(throws: ImageError.self) {
            _ = try StoreFixture().unpack(tar.closed, compressed: packed.output)
        }
        #expect(error?.message.contains("a history of more than 16 MiB") == true)
    }
}

@Suite struct ArchiveTests {
    @Test func anArchiveWithoutANameNeedsOne() throws {
        let fixture = try StoreFixture()
        try fixture.archive("image.tar", name: "1.2", layers: [StoreFixture.layer("a", "x")])
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) { try fixture.load(store, "image.tar") }
        #expect(error?.advice == "give --name registry.example/team/app:1.2")
        let arrivals = try fixture.load(store, "image.tar", name: "hub.example/app:1.2")
        #expect(arrivals.map(\.image.reference) == ["hub.example/app:1.2"])
    }

    @Test func dockersOwnFormIsRead() throws {
        let fixture = try StoreFixture()
        let layer = StoreFixture.layer("a", "x")
        let digest = try ContentHash.digest(layer)
        let platform = ImagePlatform.current
        let configuration =
            #"{"os":"linux","architecture":"\#(platform.architecture)","rootfs":{"#
            + #""type":"layers","diff_ids":["\#(digest)","\#(digest)"]}}"#
        var tar = TarArchive()
        tar.add("one/layer.tar", layer)
        tar.symbolicLink("two/layer.tar", to: "../one/layer.tar")
        tar.add("config.json", Array(configuration.utf8))
        tar.add(
            "manifest.json",
            Array(
                (#"[{"Config":"config.json","RepoTags":["hub.example/app:1"],"#
                    + #""Layers":["one/layer.tar","two/layer.tar"]}]"#).utf8))
        try fixture.folder.write("image.tar", tar.closed)
        let store = try fixture.store()
        let arrival = try #require(try fixture.load(store, "image.tar").first)
        #expect(arrival.image.reference == "hub.example/app:1")
        #expect(arrival.newLayers == 1)
        #expect(try store.verify().isEmpty)
    }

    @Test func whatIsNoArchiveSaysWhy() async throws {
        let fixture = try StoreFixture()
        let store = try fixture.store()
        try fixture.folder.write("other.tar", StoreFixture.layer("a", "x"))
        var error = #expect(throws: ImageError.self) { try fixture.load(store, "other.tar") }
        #expect(error?.message.contains("neither index.json nor manifest.json") == true)
        try fixture.folder.write("packed", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
        error = #expect(throws: ImageError.self) { try fixture.load(store, "packed") }
        #expect(error?.message.hasSuffix("is compressed as a whole") == true)
        error = #expect(throws: ImageError.self) { try fixture.load(store, "none") }
        #expect(error?.message.hasSuffix("No such file or directory") == true)
        try fixture.archive("cut", name: "hub.example/a:1", layers: [Self.large])
        try fixture.folder.write("cut", Array(try fixture.folder.read("cut").prefix(5000)))
        error = #expect(throws: ImageError.self) { try fixture.load(store, "cut") }
        #expect(error?.message.hasSuffix("ends too early") == true)
    }

    private static let large = StoreFixture.layer("a", String(repeating: "x", count: 20_000))

    @Test func membersHaveABound() throws {
        let fixture = try StoreFixture()
        var tar = TarArchive()
        for index in 0...ImageArchive.membersMax { tar.add("m\(index)") }
        try fixture.folder.write("many", tar.closed)
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) { try fixture.load(store, "many") }
        #expect(error?.code == .limit)
    }

    @Test func imagesHaveABound() throws {
        let fixture = try StoreFixture()
        var tar = TarArchive()
        let items = [String](repeating: "{}", count: ImageArchive.imagesMax + 1)
        tar.add("manifest.json", Array("[\(items.joined(separator: ","))]".utf8))
        try fixture.folder.write("many", tar.closed)
        let store = try fixture.store()
        let error = #expect(throws: ImageError.self) { try fixture.load(store, "many") }
        #expect(error?.message == "the archive has 101 images, more than 100")
    }
}
