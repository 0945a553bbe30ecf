import Platform

/// The board's files as the doctor reads them: under `/`, or under the root of a recorded tree.
struct BoardTree {
    let files: any FileSystem
    /// Empty for the board itself.
    let root: String

    /// Files of the kernel's and of `/etc` are far shorter.
    private static let bytesMaximum = 256 << 10

    func bytes(_ path: String, maximumBytes: Int = bytesMaximum) -> [UInt8]? {
        try? files.read(root + path, maximumBytes: maximumBytes)
    }

    /// A file's text without NUL and the white space at its ends; nil where it cannot be read.
    func text(_ path: String) -> String? {
        guard let bytes = bytes(path) else { return nil }
        let isSpace = { (byte: UInt8) in byte <= 0x20 }
        let start = bytes.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(decoding: start[...last].filter { $0 != 0 }, as: UTF8.self)
    }

    func lines(_ path: String) -> [String] {
        (text(path) ?? "").split(separator: "\n").map(String.init)
    }

    func has(_ path: String) -> Bool { files.size(root + path) != nil }

    /// Names in a directory that begin with `prefix`, sorted.
    func names(_ directory: String, prefix: String = "") -> [String] {
        files.list(root + directory).filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// A number as sysfs writes it: `12` or `0x0b`.
    static func number(_ word: some StringProtocol) -> UInt64? {
        word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
    }
}
