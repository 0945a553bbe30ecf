import Glibc
public import Platform

/// The agent's control socket: one JSON request a connection, one JSON answer, each a line.
///
/// Callers are served one after the other on a thread of its own; a silent or slow one is cut
/// off, and those beyond the backlog wait in the kernel.
public final class UnixControlListener: ControlListener {
    static let requestBytesMaximum = 256 << 10
    private static let backlog: Int32 = 16

    public let calls: AsyncStream<ControlCall>
    private let descriptor: Int32
    private let path: String

    /// Binds `path` with mode 0600. A socket that a dead agent left is replaced; a live one is an
    /// error.
    ///
    /// - Parameter patience: How long a caller may take to ask, and again to read the answer. It
    ///   holds for all of a line, as the next caller waits meanwhile.
    public init(path: String, patience: Milliseconds = 2000) throws(ControlSocketError) {
        self.path = path
        if (try? ControlSocket.connect(path)).map({ Glibc.close($0) }) != nil {
            throw ControlSocketError(
                "another agent serves \(path). Stop it, or give this one a control.socket and a "
                    + "state.directory of its own.")
        }
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        let before = umask(0o177)
        let bound = ControlSocket.with(path) { bind(descriptor, $0, $1) }
        umask(before)
        guard bound == 0, listen(descriptor, Self.backlog) == 0 else {
            let reason = String(cString: strerror(errno))
            Glibc.close(descriptor)
            throw ControlSocketError(
                "cannot listen on \(path): \(reason). Its directory must exist and be writable; "
                    + "or choose another control.socket.")
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: ControlCall.self, bufferingPolicy: .bufferingOldest(1))
        calls = stream
        NativeThread.start("control") {
            while let caller = Self.accept(descriptor) {
                Self.serve(caller, patience, continuation)
            }
            continuation.finish()
        }
    }

    public func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        unlink(path)
    }

    private static func accept(_ descriptor: Int32) -> Int32? {
        while true {
            let caller = Glibc.accept(descriptor, nil, nil)
            if caller >= 0 { return caller }
            guard errno == EINTR || errno == ECONNABORTED || errno == EMFILE else { return nil }
        }
    }

    private static func serve(
        _ caller: Int32, _ patience: Milliseconds,
        _ continuation: AsyncStream<ControlCall>.Continuation
    ) {
        defer { Glibc.close(caller) }
        guard
            let line = ControlSocket.readLine(
                caller, by: ControlDeadline(in: patience), maximum: requestBytesMaximum)
        else { return }
        let answer = Locked<Value?>(nil)
        let done = Semaphore()
        do {
            let request = try JSONReader.read(line)
            let result = continuation.yield(
                ControlCall(request: request) { value in
                    answer.with { $0 = value }
                    done.signal()
                })
            guard case .enqueued = result else { return }
            done.wait()
        } catch {
            answer.with {
                $0 = .object([
                    ("ok", .bool(false)), ("error", .string("\(error)")), ("exit", .int(2)),
                ])
            }
        }
        let text = answer.with { $0?.json ?? "null" } + "\n"
        // One who does not read his answer is cut off like one who does not ask.
        ControlSocket.write(caller, Array(text.utf8), by: ControlDeadline(in: patience))
    }
}

/// sem_t(3).
final class Semaphore: @unchecked Sendable {
    // @unchecked: sem_t synchronises itself.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}
