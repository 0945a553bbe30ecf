import Foundation
import TestSupport
import Testing

@testable import Images

@Suite struct TarReaderTests {
    private static let sample: [UInt8] = {
        var tar = TarArchive()
        tar.directory("etc/")
        tar.add("etc/hosts", Array(ascii: "127.0.0.1 localhost\n"), mode: 0o4755, user: 7, group: 8)
        tar.symbolicLink("etc/link", to: "hosts")
        tar.add("etc/hard", type: "1", link: "etc/hosts", size: 20)
        tar.add("empty")
        tar.add("big", [UInt8](repeating: 7, count: 5000))
        tar.pax([
            ("path", String(repeating: "long/", count: 60) + "name"), ("uid", "3000000"),
            ("mtime", "1700000001.25"), ("SCHILY.xattr.user.a", "b=c\nd"),
        ])
        tar.add("short", Array(ascii: "x"))
        tar.add("././@LongLink", type: "L", Array(ascii: String(repeating: "n", count: 150) + "\0"))
        tar.add("cut", Array(ascii: "y"))
        return tar.closed
    }()

    @Test(arguments: [1, 3, 511, 512, 513, 1000, 1 << 20])
    func chunksDoNotMatter(chunk: Int) throws {
        let found = try events(Self.sample, chunk: chunk)
        #expect(found == (try events(Self.sample)))
        #expect(found.count == 8)
        #expect(!found.contains { !$0.isWhole })
    }

    @Test func headersAreRead() throws {
        let found = try events(Self.sample)
        #expect(found[0].path == "etc" && found[0].entry.kind == .directory)
        #expect(found[1].text == "127.0.0.1 localhost\n")
        #expect(found[1].entry.mode == 0o4755)
        #expect(found[1].entry.user == 7 && found[1].entry.group == 8)
        #expect(found[2].entry.kind == .symbolicLink(Array(ascii: "hosts")))
        // What some writers give as a link's size is not its content.
        #expect(found[3].entry.kind == .hardLink(Array(ascii: "etc/hosts")))
        #expect(found[5].content.count == 5000)
        #expect(found[6].path.hasSuffix("long/name") && found[6].path.count == 304)
        #expect(found[6].entry.user == 3_000_000 && found[6].entry.modified == 1_700_000_001)
        #expect(
            found[6].entry.attributes == [.init(name: "user.a", value: Array(ascii: "b=c\nd"))])
        #expect(found[7].path == String(repeating: "n", count: 150))
    }

    /// By the program that made most archives there are.
    @Test(arguments: ["ustar", "gnu", "pax", "v7"])
    func readsWhatTarWrites(format: String) async throws {
        try #require(Tool.has("tar"), "tar is not installed")
        let folder = try TemporaryFolder()
        try folder.write("one", Array(ascii: "first"))
        try folder.write(String(repeating: "m", count: 90), [UInt8](repeating: 9, count: 3000))
        let made = try await Tool.run(
            ["tar", "-c", "--format=\(format)", "one", String(repeating: "m", count: 90)],
            in: folder)
        #expect(made.status == 0, "\(made.errors)")
        let found = try events(made.output, chunk: 700)
        #expect(found.map(\.text.count) == [5, 3000])
    }

    @Test(arguments: [
        ["--format=gnu"], ["--format=pax", "--sparse-version=0.0"],
        ["--format=pax", "--sparse-version=0.1"], ["--format=pax", "--sparse-version=1.0"],
    ])
    func readsHolesAsTarWritesThem(options: [String]) async throws {
        try #require(Tool.has("tar"), "tar is not installed")
        let folder = try TemporaryFolder()
        try folder.write("holes", [])
        let file = try FileHandle(forWritingTo: URL(filePath: folder.path + "/holes"))
        // More parts than GNU's header holds.
        for part in 0..<40 {
            try file.seek(toOffset: UInt64(part) << 20)
            try file.write(contentsOf: Data("part \(part)".utf8))
        }
        try file.truncate(atOffset: 64 << 20)
        try file.close()
        let made = try await Tool.run(["tar", "-c", "-S"] + options + ["holes"], in: folder)
        #expect(made.status == 0, "\(made.errors)")
        #expect(made.output.count < 1 << 20)
        let found = try events(made.output, chunk: 1000)
        let member = try #require(found.first)
        #expect(member.path == "holes" && member.entry.size == 64 << 20)
        for part in 0..<40 {
            let text = (0..<7).compactMap { member.content[part << 20 + $0] }
            #expect(String(decoding: text, as: UTF8.self).hasPrefix("part \(part)"))
        }
    }

    @Test func aWrongByteIsFound() throws {
        for offset in [0, 100, 148, 156, 300] {
            var bytes = Self.sample
            bytes[offset] ^= 1
            #expect(throws: ImageError.self, "byte \(offset)") { try events(bytes) }
        }
    }

    /// Any end but the archive's own, or one between members, is an error.
    @Test func aCutArchiveIsFound() throws {
        for length in stride(from: 513, to: Self.sample.count - 1024, by: 97)
        where length % 512 != 0 {
            let error = #expect(throws: ImageError.self) {
                try events(Array(Self.sample[0..<length]))
            }
            #expect(error?.message.contains("ends at byte") == true, "\(length): \(error as Any)")
        }
    }

    @Test func boundsHold() throws {
        var tar = TarArchive()
        tar.pax([("comment", String(repeating: "c", count: PaxRecords.bytesMax))])
        tar.add("x")
        #expect(try code(tar) == .limit)

        tar = TarArchive()
        for _ in 0..<9 { tar.pax([("comment", "c")]) }
        tar.add("x")
        #expect(try code(tar) == .limit)

        tar = TarArchive()
        tar.pax([("path", String(repeating: "p", count: TarReader.pathBytesMax + 1))])
        tar.add("x")
        #expect(try code(tar) == .limit)

        tar = TarArchive()
        tar.pax((0...PaxRecords.attributesMax).map { ("SCHILY.xattr.user.\($0)", "v") })
        tar.add("x")
        #expect(try code(tar) == .archive)

        tar = TarArchive()
        let map = (0...SparseMap.segmentsMax).map { "\($0 * 2),1" }.joined(separator: ",")
        tar.pax([("GNU.sparse.map", map), ("GNU.sparse.size", "1000000")])
        tar.add("x")
        #expect(try code(tar) == .archive)
    }

    @Test(arguments: [
        // Overlapping, past the end, longer than what is stored.
        "0,2,1,2", "99,2", "0,1", "18446744073709551615,2", "5", "a,b",
    ])
    func contradictoryHolesAreRefused(map: String) throws {
        var tar = TarArchive()
        tar.pax([("GNU.sparse.map", map), ("GNU.sparse.size", "100")])
        tar.add("x", [1, 2, 3, 4])
        #expect(try code(tar) == .archive)
    }

    @Test(arguments: ["99 path=x\n", "x\n", "9 path=x\0", "10 path=a\0\n", "-1 a=b\n", " a=b\n"])
    func wrongRecordsAreRefused(record: String) throws {
        var tar = TarArchive()
        tar.add("pax", type: "x", Array(ascii: record))
        tar.add("x")
        #expect(try code(tar) == .archive)
    }

    @Test func unknownTypesAreRefused() throws {
        for type in ["M", "V", "N", "8", "\u{1}"] {
            var tar = TarArchive()
            tar.add("x", type: Character(type))
            #expect(try code(tar) == .archive)
        }
    }

    @Test func numbersAreTotal() {
        #expect(TarNumber.unsigned([0x37, 0x37, 0x20]) == 63)
        #expect(TarNumber.unsigned([0x20, 0x31, 0]) == 1)
        #expect(TarNumber.unsigned([0x38]) == nil)
        #expect(TarNumber.unsigned([0x80, 0, 0, 0, 2, 0x54, 0x0B, 0xE4, 0]) == 10_000_000_000)
        #expect(TarNumber.unsigned([0xFF] + [UInt8](repeating: 0xFF, count: 11)) == nil)
        #expect(TarNumber.unsigned([0xBF] + [UInt8](repeating: 0xFF, count: 11)) == nil)
        #expect(TarNumber.decimal(Array(ascii: "9223372036854775807")) == .some(1 << 63 - 1))
        #expect(TarNumber.decimal(Array(ascii: "9223372036854775808")) == nil)
    }

    private func code(_ tar: TarArchive) throws -> ImageError.Code? {
        let error = #expect(throws: ImageError.self) { try events(tar.closed) }
        return error?.code
    }

    @Test func randomBytesGiveAnErrorOrMembers() throws {
        var generator = SeededGenerator.announced(for: "TarReaderTests")
        for _ in 0..<500 {
            var bytes = Self.sample
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let block = Int.random(in: 0..<bytes.count / 512, using: &generator)
                bytes[block * 512 + Int.random(in: 0..<512, using: &generator)] = .random(
                    in: 0...255, using: &generator)
                // With a right sum, so that what lies behind it is reached.
                var header = Array(bytes[block * 512..<block * 512 + 512])
                TarArchive.sum(&header)
                bytes.replaceSubrange(block * 512..<block * 512 + 512, with: header)
            }
            let found = (try? events(bytes, chunk: 777)) ?? []
            #expect(found.count <= bytes.count / 512)
        }
    }
}
