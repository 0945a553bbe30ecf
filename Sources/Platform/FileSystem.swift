public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    public let path: String
    public let operation: String
    /// errno(3).
    public let code: Int32
    public let message: String

    public init(path: String, operation: String, code: Int32, message: String) {
        self.path = path
        self.operation = operation
        self.code = code
        self.message = message
    }

    public var description: String { "\(operation) \(path): \(message)" }
}

/// The seam to files. Small verbs; a path is absolute.
public protocol FileSystem: Sendable {
    func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8]
    /// From `offset` on, at most `maximumBytes`; empty at the end.
    func read(_ path: String, from offset: UInt64, maximumBytes: Int) throws(FileError) -> [UInt8]
    func size(_ path: String) -> UInt64?
    func list(_ directory: String) -> [String]
    /// Writes beside the target, fsyncs, renames over it, fsyncs the directory.
    func replace(_ path: String, with bytes: [UInt8], mode: UInt32) throws(FileError)
    func rename(_ path: String, to target: String) throws(FileError)
    func remove(_ path: String) throws(FileError)
    /// Frees the space of a file's beginning and leaves its size, while others append to it.
    func discard(_ path: String, upTo offset: UInt64) throws(FileError)
    func makeDirectory(_ path: String, mode: UInt32) throws(FileError)
    /// Bytes in all and bytes free of the file system that holds `path`.
    func capacity(_ path: String) -> (total: UInt64, free: UInt64)?
}
