public import Platform

/// The kernel's files of a simulated board.
public final class SimKernelFiles: KernelFiles, @unchecked Sendable {
    // @unchecked: used by the thread that runs the world.

    /// What each file says. A test changes it as the kernel or another program would.
    public var files: [String: String]
    /// Files that refuse each write, as one that belongs to root does.
    public var readOnly: Set<String> = []
    /// What the kernel makes of a text that is written; nil takes it as it is.
    public var accept: (@Sendable (_ path: String, _ text: String) -> String)?
    /// Each write that was taken, in order.
    public private(set) var writes: [(path: String, text: String)] = []
    private var groups: Set<String> = []

    public init(_ files: [String: String] = [:]) { self.files = files }

    public func text(_ path: String) throws(FileError) -> String {
        guard let text = files[path] else { throw Self.missing(path) }
        return String(text.prefix(KernelFilesBounds.bytesMax))
    }

    public func set(_ path: String, _ text: String) throws(FileError) {
        guard files[path] != nil else { throw Self.missing(path) }
        guard !readOnly.contains(path) else {
            throw FileError(
                path: path, operation: "open", code: 13, message: "Permission denied")
        }
        files[path] = accept?(path, text) ?? text
        writes.append((path, text))
    }

    public func list(_ directory: String) -> [String] {
        let prefix = directory + "/"
        let names = Set(files.keys).union(groups).compactMap { path -> String? in
            guard path.hasPrefix(prefix) else { return nil }
            return path.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
        return Set(names).sorted()
    }

    public func makeGroup(_ path: String) throws(FileError) {
        guard let slash = path.lastIndex(of: "/"), !list(String(path[..<slash])).isEmpty else {
            throw Self.missing(path)
        }
        groups.insert(path)
    }

    private static func missing(_ path: String) -> FileError {
        FileError(path: path, operation: "open", code: 2, message: "No such file or directory")
    }
}
