import Foundation

/// A folder for one test, removed with it.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init() throws {
        let name = "cloudos-edge-tests-\(UUID().uuidString)"
        path = FileManager.default.temporaryDirectory.appending(path: name).path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
