import CGPIOD
import Glibc
import Platform

/// One thread that waits for edges of all requests, and for the guard's end.
struct GPIOEventLoop: Sendable {
    /// Stands for the guard; handles count from 1.
    static let guardKey: UInt64 = .max
    private static let stopKey: UInt64 = 0

    private let poll: Int32
    private let bell: Int32

    /// - Parameter onReady: Gets the key of what is ready; called on the loop's thread.
    init(_ onReady: @escaping @Sendable (UInt64) -> Void, onStop: @escaping @Sendable () -> Void)
        throws(GPIOError)
    {
        poll = edge_gpio_loop()
        bell = edge_gpio_bell()
        guard poll >= 0, bell >= 0 else { throw .kernel(errno, "epoll") }
        try add(bell, key: Self.stopKey)
        NativeThread.start("gpio") { [poll, bell] in
            var ready = [UInt64](repeating: 0, count: 16)
            waiting: while true {
                let count = edge_gpio_loop_wait(poll, &ready, Int32(ready.count))
                guard count >= 0 || errno == EINTR else { break }
                for key in ready.prefix(max(0, Int(count))) {
                    if key == Self.stopKey { break waiting }
                    onReady(key)
                }
            }
            onStop()
            Glibc.close(poll)
            Glibc.close(bell)
        }
    }

    /// Reports edges of a request, whose descriptor is read without waiting from then on.
    func watch(_ descriptor: Int32, _ handle: UInt32) throws(GPIOError) {
        guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0 else {
            throw .kernel(errno, "the request")
        }
        try add(descriptor, key: UInt64(handle))
    }

    /// Reports the end of the guard's socket.
    func watchGuard(_ socket: Int32) throws(GPIOError) { try add(socket, key: Self.guardKey) }

    private func add(_ descriptor: Int32, key: UInt64) throws(GPIOError) {
        // The guard says nothing by itself, and its answers are read where they are expected.
        guard edge_gpio_loop_add(poll, descriptor, key, key == Self.guardKey ? 1 : 0) == 0 else {
            throw .kernel(errno, "epoll")
        }
    }

    func forget(_ descriptor: Int32) { edge_gpio_loop_remove(poll, descriptor) }

    func stop() { edge_gpio_ring(bell) }
}

extension LinuxGPIO {
    /// Starts the thread with the first request that needs it.
    func loop(_ state: inout State) throws(GPIOError) -> GPIOEventLoop {
        if let loop = state.loop { return loop }
        // Not strongly: the thread must not keep alive what stops it.
        let loop = try GPIOEventLoop(
            { [weak self] in self?.onReady($0) },
            onStop: { [continuation] in continuation.finish() }
        )
        state.loop = loop
        return loop
    }

    private func onReady(_ key: UInt64) {
        if key == GPIOEventLoop.guardKey { return replaceGuard() }
        let handle = GPIOHandle(rawValue: UInt32(truncatingIfNeeded: key))
        // With the lock held, so that the descriptor is not released and used anew meanwhile; it
        // does not block.
        let event: GPIOEvent? = state.with { state in
            guard let request = state.requests[handle] else { return nil }
            var edges = [edge_gpio_edge](repeating: edge_gpio_edge(), count: 64)
            let count = edge_gpio_read(request.descriptor, &edges, 64)
            if count > 0 { return .edges(handle, edges.prefix(Int(count)).map(GPIOEdge.init)) }
            if count < 0, errno == EAGAIN || errno == EINTR { return nil }
            let reason = count < 0 ? String(cString: strerror(errno)) : "no more edges"
            state.loop?.forget(request.descriptor)
            state.requests[handle] = nil
            state.endWave(handle)
            Glibc.close(request.descriptor)
            return .lost(handle, reason: "\(request.path): \(reason)")
        }
        if let event { continuation.yield(event) }
    }

    /// A guard that dies while its agent lives is replaced, a few times.
    private static let guardRestartsMaximum = 8

    /// Before the first line with a safe value is requested.
    func startGuard() throws(GPIOError) {
        guard let place = guardPlace else {
            throw GPIOError(
                .unguarded,
                "edge-gpio-guard is not installed, so the line would stay on when the agent dies:"
                    + " install it beside the agent, or declare the device without a safe value")
        }
        let result = state.with { state in
            Result { () throws(GPIOError) in
                guard !state.isClosed else { throw .closed }
                guard state.guardian == nil else { return }
                let started = try GuardBox(place)
                try loop(&state).watchGuard(started.value.socket)
                state.guardian = started
            }
        }
        try result.get()
    }

    private func replaceGuard() {
        let failure: GPIOError? = state.with { state in
            guard !state.isClosed, let place = guardPlace, let old = state.guardian
            else { return nil }
            state.loop?.forget(old.value.socket)
            var status: Int32 = 0
            waitpid(old.value.pid, &status, WNOHANG)
            state.guardian = nil
            state.guardRestarts += 1
            guard state.guardRestarts <= Self.guardRestartsMaximum else {
                return GPIOError(
                    .unguarded,
                    "the GPIO guard ended \(state.guardRestarts) times and is not started again")
            }
            do throws(GPIOError) {
                let started = try GuardBox(place)
                for (handle, request) in state.requests {
                    guard let safe = request.safe else { continue }
                    try started.value.hold(handle, request.descriptor, safe: safe)
                }
                try loop(&state).watchGuard(started.value.socket)
                state.guardian = started
                return nil
            } catch {
                return error
            }
        }
        if let failure { continuation.yield(.unguarded(reason: failure.description)) }
    }
}

extension GPIOEdge {
    fileprivate init(_ edge: edge_gpio_edge) {
        self.init(
            offset: Int(edge.offset), isRising: edge.is_rising != 0, timestamp: edge.timestamp_ns,
            sequence: edge.sequence, lineSequence: edge.line_sequence)
    }
}
