import CGPIOD
import Glibc
import Platform

/// The helper that drives lines to their safe values when this process is gone
/// (docs/decisions/0027).
struct GPIOGuard: ~Copyable {
    /// Where it is and what it locks.
    struct Place: Sendable {
        let program: String
        let lock: String
    }

    /// How long a message may take that costs microseconds, or the first one, which waits for the
    /// program to be read from a card that others read as well; and an end that costs milliseconds.
    private static let patience: Int32 = 10_000

    let socket: Int32
    let pid: Int32

    /// Starts one. Another that holds lines of an agent before is ended first: the lines are free
    /// from then until they are requested again, some milliseconds later.
    init(_ place: Place) throws(GPIOError) {
        try Self.endPredecessor(place)
        var socket: Int32 = -1
        var pid: Int32 = 0
        let code = edge_guard_start(place.program, place.lock, &socket, &pid)
        guard code == 0 else {
            throw GPIOError(
                .unguarded,
                "\(place.program) cannot be started (\(String(cString: strerror(code)))); without"
                    + " it a line would stay on when the agent dies. Install it beside the agent.")
        }
        self.socket = socket
        self.pid = pid
    }

    deinit {
        // To the guard this is the agent's end.
        close(socket)
    }

    static func endPredecessor(_ place: Place) throws(GPIOError) {
        let owner = edge_guard_owner(place.lock)
        guard owner > 0 else { return }
        let code = edge_guard_end(owner, patience)
        guard code == 0 else {
            throw GPIOError(
                .unguarded,
                "the GPIO guard with process id \(owner) does not end"
                    + " (\(String(cString: strerror(code)))): another agent with this"
                    + " state.directory seems to run; stop it")
        }
    }

    /// Gives it a copy of a request and the values to drive when this process ends.
    func hold(_ handle: GPIOHandle, _ request: Int32, safe: [Bool]) throws(GPIOError) {
        let message = edge_guard_message(
            kind: UInt32(EDGE_GUARD_HOLD), number: handle.rawValue, count: UInt32(safe.count),
            padding: 0, safe: safe.bits)
        try tell(message, request)
    }

    func forget(_ handle: GPIOHandle) {
        let message = edge_guard_message(
            kind: UInt32(EDGE_GUARD_FORGET), number: handle.rawValue, count: 0, padding: 0, safe: 0)
        // A guard that is gone holds nothing.
        try? tell(message, -1)
    }

    private func tell(
        _ message: edge_guard_message, _ descriptor: Int32
    ) throws(GPIOError) {
        var message = message
        let code = edge_guard_tell(socket, &message, descriptor, Self.patience)
        guard code == 0 else {
            let reason =
                code == ENOSPC
                ? "it holds \(EDGE_GUARD_REQUESTS_MAX) requests already"
                : String(cString: strerror(code))
            throw GPIOError(.unguarded, "the GPIO guard does not take the line: \(reason)")
        }
    }
}

extension [Bool] {
    /// Bit by line, the first in the lowest.
    var bits: UInt64 {
        enumerated().reduce(0) { $0 | ($1.element ? 1 << UInt64($1.offset) : 0) }
    }

    init(bits: UInt64, count: Int) { self = (0..<count).map { bits >> UInt64($0) & 1 == 1 } }
}
