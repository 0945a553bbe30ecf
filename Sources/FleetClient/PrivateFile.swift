import Glibc

/// Files that hold a secret of their owner.
enum PrivateFile {
    /// nil where there is no such file.
    ///
    /// - Throws: `.settings` for a file of somebody else or with permissions for others, for one
    ///   over the bound and for errors of the system.
    static func read(_ path: String, maximumBytes: Int) throws(FleetClientError) -> [UInt8]? {
        // Not blocking: a FIFO in the file's place must not hang us.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure("read", path)
        }
        defer { close(file) }
        try check(file, path)
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        var used = 0
        while used < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: used), $0.count - used)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            used += count
        }
        guard used <= maximumBytes else {
            throw FleetClientError(
                .settings, "\(path) is larger than \(maximumBytes) bytes",
                hint: "Write it anew with `fleet login URL`")
        }
        return Array(bytes[..<used])
    }

    /// Replaces the file as a whole: mode 0600, in a directory of mode 0700 that is made where it
    /// is missing.
    static func write(_ bytes: [UInt8], to path: String) throws(FleetClientError) {
        guard let slash = path.lastIndex(of: "/") else { throw failure("write", path) }
        let directory = String(path[..<slash])
        try makeDirectories(directory)
        guard chmod(directory, 0o700) == 0 else { throw failure("protect", directory) }
        let draft = path + ".new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("write", draft) }
        let isWritten = writeAll(bytes, to: file) && fsync(file) == 0
        let isClosed = close(file) == 0
        guard isWritten, isClosed, rename(draft, path) == 0 else {
            let error = failure("write", path)
            unlink(draft)
            throw error
        }
    }

    private static func check(_ file: Int32, _ path: String) throws(FleetClientError) {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FleetClientError(
                .settings, "\(path) is not a regular file",
                hint: "Move it away and run `fleet login URL`")
        }
        // Whoever owns it could have changed where the token goes.
        guard [geteuid(), 0].contains(status.st_uid) || geteuid() == 0 else {
            throw FleetClientError(
                .settings, "\(path) belongs to another user",
                hint: "Move it away and run `fleet login URL`")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw FleetClientError(
                .settings,
                "\(path) holds a token and other users may access it (its mode is 0\(mode))",
                hint: "Run `chmod 600 \(path)`; if others may have read it, use a new token")
        }
    }

    private static func makeDirectories(_ path: String) throws(FleetClientError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw failure("make", path)
        }
        try makeDirectories(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("make", path) }
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(
                    file, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    /// The error that errno(3) now says.
    private static func failure(_ verb: String, _ path: String) -> FleetClientError {
        FleetClientError(
            .settings, "Could not \(verb) \(path): \(String(cString: strerror(errno)))",
            hint: "Check the permissions of the file and its directory, and free space")
    }
}
