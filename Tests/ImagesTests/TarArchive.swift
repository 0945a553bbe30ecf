import Foundation

@testable import Images
@testable import LinuxPlatform

/// Writes tar archives as tools do, and as no tool does.
struct TarArchive {
    private(set) var bytes: [UInt8] = []

    /// One header of ustar and its content.
    mutating func add(
        _ name: String, type: Character = "0", _ content: [UInt8] = [], mode: UInt32 = 0o644,
        link: String = "", size: UInt64? = nil, user: UInt32 = 0, group: UInt32 = 0,
        modified: UInt64 = 1_700_000_000
    ) {
        append(header(name, type, mode, link, size ?? UInt64(content.count), user, group, modified))
        append(content)
    }

    mutating func directory(_ name: String, mode: UInt32 = 0o755) {
        add(name, type: "5", mode: mode)
    }

    mutating func symbolicLink(_ name: String, to target: String) {
        add(name, type: "2", link: target)
    }

    /// An extended header with these records, for the member that follows.
    mutating func pax(_ records: [(String, [UInt8])], type: Character = "x") {
        var body: [UInt8] = []
        for (key, value) in records {
            let rest = Array(" \(key)=".utf8) + value + [0x0A]
            // The length counts its own digits.
            var length = rest.count
            while String(length).utf8.count + rest.count != length {
                length = String(length).utf8.count + rest.count
            }
            body += Array(String(length).utf8) + rest
        }
        add("pax", type: type, body)
    }

    mutating func pax(_ records: [(String, String)]) {
        pax(records.map { ($0.0, Array($0.1.utf8)) })
    }

    /// Bytes, filled up to a block.
    mutating func append(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: TarReader.padding(UInt64(content.count)))
    }

    /// With the two empty blocks at the end.
    var closed: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    func header(
        _ name: String, _ type: Character, _ mode: UInt32, _ link: String, _ size: UInt64,
        _ user: UInt32, _ group: UInt32, _ modified: UInt64
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ at: Int) {
            for (index, byte) in text.utf8.enumerated() { block[at + index] = byte }
        }
        func octal(_ number: UInt64, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(String(name.prefix(100)), 0)
        put(octal(UInt64(mode), 7), 100)
        put(octal(UInt64(user), 7), 108)
        put(octal(UInt64(group), 7), 116)
        put(octal(size, 11), 124)
        put(octal(modified, 11), 136)
        block[156] = type.asciiValue ?? 0
        put(String(link.prefix(100)), 157)
        put("ustar\u{0}00", 257)
        Self.sum(&block)
        return block
    }

    static func sum(_ block: inout [UInt8]) {
        for index in 148..<156 { block[index] = 0x20 }
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        for (index, byte) in sum.utf8.enumerated() { block[148 + index] = byte }
        block[148 + sum.utf8.count] = 0
    }
}

/// All events of an archive that comes in chunks of a size.
func events(_ bytes: [UInt8], chunk: Int = 4096) throws(ImageError) -> [SimpleEvent] {
    var reader = TarReader()
    var found: [SimpleEvent] = []
    var start = 0
    while start < bytes.count {
        let part = Array(bytes[start..<min(bytes.count, start + chunk)])
        start += part.count
        var index = 0
        while let event = try reader.next(in: part, at: &index) {
            switch event {
            case .entry(let entry): found.append(SimpleEvent(entry: entry))
            case .data(let range, let offset):
                found[found.count - 1].put(part[range], at: Int(offset))
            case .endOfEntry: found[found.count - 1].isWhole = true
            }
        }
    }
    try reader.finish()
    return found
}

/// A member with its content, however many chunks it came in.
struct SimpleEvent: Equatable {
    let entry: TarEntry
    var content: [Int: UInt8] = [:]
    var isWhole = false

    init(entry: TarEntry) { self.entry = entry }

    mutating func put(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        for (index, byte) in bytes.enumerated() { content[offset + index] = byte }
    }

    var path: String { String(decoding: entry.path, as: UTF8.self) }
    /// Without what lies in holes.
    var text: String {
        String(decoding: content.sorted { $0.key < $1.key }.map(\.value), as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    init(ascii text: String) { self = Array(text.utf8) }
}
