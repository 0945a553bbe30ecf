import Foundation
import Testing

/// Files as git has them, or would have them: tracked, and untracked ones that are not ignored.
enum RepositoryFiles {
    static var isCheckout: Bool { SourceTree.repository.has(".git") }

    static func list() throws -> [String] {
        let git = Process()
        git.executableURL = URL(filePath: "/usr/bin/env")
        // A checkout that another user owns, as in a container, is still only read here.
        git.arguments = [
            "git", "-c", "safe.directory=*", "-C", SourceTree.repository.root, "ls-files", "-z",
            "--cached", "--others", "--exclude-standard",
        ]
        let output = Pipe()
        git.standardOutput = output
        try git.run()
        let names = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        try #require(git.terminationStatus == 0, "git ls-files failed")
        return String(decoding: names, as: UTF8.self).split(separator: "\0").map(String.init)
    }

    /// True where a path is a product of a build.
    static func isBuildProduct(_ path: String) -> Bool {
        path.split(separator: "/").contains { $0.hasPrefix(".build") } || path.hasSuffix(".o")
    }

    /// Paths in `text` that hold on one machine only: homes, and the checkout itself.
    static func machinePaths(in text: String, checkout: String) -> [String] {
        // Written in pieces, so that this file does not name what it looks for.
        let homes = ["home", "Users", "root", "work"].map { "/" + $0 + "/" }
        var found: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            for path in homes + [checkout + "/"] {
                guard let range = line.range(of: path) else { continue }
                // A part of a longer relative path is not a path of a machine.
                let before = line[..<range.lowerBound].last
                if let before, before.isLetter || before.isNumber || ".-_*~$}".contains(before) {
                    continue
                }
                found.append(line.trimmingCharacters(in: .whitespaces))
                break
            }
        }
        return found
    }
}

@Suite struct FileTests {
    static let linesMax = 400

    /// The files of a tree's Sources with more lines than a reader should need to hold.
    static func overlongFiles(in tree: SourceTree) throws -> [String] {
        try tree.files(under: "Sources").compactMap { path in
            let lines = try tree.data(path).count { $0 == UInt8(ascii: "\n") }
            return lines > linesMax ? "\(path): \(lines) lines" : nil
        }
    }

    @Test func noFileOfSourcesIsOverlong() throws {
        let violations = try Self.overlongFiles(in: .repository)
        #expect(violations.isEmpty, "\(violations.asLines)")
    }

    @Test func anOverlongFileIsFound() throws {
        let files = [
            "Sources/A/Long.swift": String(repeating: "\n", count: Self.linesMax + 1),
            "Sources/A/Fits.swift": String(repeating: "\n", count: Self.linesMax),
        ]
        let violations = try SourceTree.planted(files, Self.overlongFiles)
        #expect(violations == ["Sources/A/Long.swift: \(Self.linesMax + 1) lines"])
    }

    @Test(.enabled(if: RepositoryFiles.isCheckout, "needs a git checkout: asks git for its files"))
    func noBuildProductIsCommitted() throws {
        let products = try RepositoryFiles.list().filter(RepositoryFiles.isBuildProduct)
        #expect(products.isEmpty, "\(products.asLines)")
    }

    @Test(.enabled(if: RepositoryFiles.isCheckout, "needs a git checkout: asks git for its files"))
    func noMachinePathIsCommitted() throws {
        let tree = SourceTree.repository
        let files = try RepositoryFiles.list()
        #expect(!files.isEmpty)
        var found: [String] = []
        for path in files where tree.has(path) {
            // Not UTF-8: an image or a recording.
            guard let text = String(data: try tree.data(path), encoding: .utf8) else { continue }
            found += RepositoryFiles.machinePaths(in: text, checkout: tree.root)
                .map { "\(path): \($0)" }
        }
        #expect(found.isEmpty, "\(found.asLines)")
    }

    @Test func plantedMachinePathsAreFound() {
        let home = "/" + "home/pi/x"
        let planted = "a\n cd \(home)\nurl(/srv/checkout/Sources)\nlet p = \"" + "/" + "root/.x\""
        let found = RepositoryFiles.machinePaths(in: planted, checkout: "/srv/checkout")
        #expect(found.count == 3)
        let harmless = "/var/lib/edge-agent, docs" + "/" + "work/x, /srv/checkout-b/y, /homely/"
        #expect(RepositoryFiles.machinePaths(in: harmless, checkout: "/srv/checkout").isEmpty)
    }

    @Test func buildProductsAreRecognised() {
        #expect(RepositoryFiles.isBuildProduct(".build/debug/x"))
        #expect(RepositoryFiles.isBuildProduct("Benchmarks/.build-asan/x"))
        #expect(RepositoryFiles.isBuildProduct("Sources/A/a.o"))
        #expect(!RepositoryFiles.isBuildProduct("scripts/build"))
    }
}
