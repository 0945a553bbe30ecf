import Glibc
public import Platform

/// The kernel's files, by system calls.
public struct LinuxKernelFiles: KernelFiles {
    private let root: String

    /// - Parameter root: A folder that stands for `/`, for tests; it may be empty.
    public init(root: String = "") { self.root = root }

    public func text(_ path: String) throws(FileError) -> String {
        let bytes = try LinuxFileSystem().read(
            root + path, maximumBytes: KernelFilesBounds.bytesMax)
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[...end])
    }

    public func set(_ path: String, _ text: String) throws(FileError) {
        // Not O_CREAT: a knob that is not there is an error, also where the root is a folder.
        let descriptor = open(root + path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error(path, "open") }
        defer { close(descriptor) }
        let line = Array((text + "\n").utf8)
        var count = 0
        repeat {
            count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count == line.count else { throw Self.error(path, "write") }
    }

    public func list(_ directory: String) -> [String] { LinuxFileSystem().list(root + directory) }

    public func makeGroup(_ path: String) throws(FileError) {
        guard mkdir(root + path, 0o755) == 0 || errno == EEXIST else {
            throw Self.error(path, "create")
        }
    }

    private static func error(_ path: String, _ operation: String) -> FileError {
        let code = errno
        return FileError(
            path: path, operation: operation, code: code, message: String(cString: strerror(code)))
    }
}
