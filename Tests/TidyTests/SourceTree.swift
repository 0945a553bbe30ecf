import Foundation

/// A tree of files that the rules read: the repository, or a small one that a test plants.
struct SourceTree {
    let root: String

    /// The repository that this file is part of.
    static let repository = SourceTree(
        root: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path)

    /// Paths relative to the root of the files under `folder`, sorted. Build folders are left out.
    func files(under folder: String, endingWith suffix: String = "") -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: "\(root)/\(folder)") else {
            return []
        }
        var found: [String] = []
        for case let path as String in walk {
            if path.hasPrefix(".build") {
                walk.skipDescendants()
                continue
            }
            var isFolder: ObjCBool = false
            let whole = "\(root)/\(folder)/\(path)"
            guard path.hasSuffix(suffix),
                FileManager.default.fileExists(atPath: whole, isDirectory: &isFolder),
                !isFolder.boolValue
            else { continue }
            found.append("\(folder)/\(path)")
        }
        return found.sorted()
    }

    /// The names of the folders directly under `folder`, sorted.
    func folders(under folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")
        return (names ?? []).filter { has("\(folder)/\($0)/.") }.sorted()
    }

    func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    func data(_ path: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(root)/\(path)"))
    }

    func text(_ path: String) throws -> String { String(decoding: try data(path), as: UTF8.self) }

    /// Runs `body` on a temporary tree that holds `files`, and removes it.
    static func planted<Result>(
        _ files: [String: String], _ body: (SourceTree) throws -> Result
    ) throws -> Result {
        let root = FileManager.default.temporaryDirectory
            .appending(path: "tidy-\(UInt64.random(in: .min ... .max))")
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, text) in files {
            let file = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try body(SourceTree(root: root.path))
    }
}

extension [String] {
    /// One violation a line, as the comment of a failed expectation.
    var asLines: String { joined(separator: "\n") }
}
