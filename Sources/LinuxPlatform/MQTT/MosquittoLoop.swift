import CMosquitto
import Glibc
import Platform

/// The poll thread of one `MosquittoClient`: connect, read, hand over, write, and again.
///
/// Writes happen here alone. With `mosquitto_threaded_set` the library queues a PUBACK and leaves
/// sending it to `mosquitto_loop_write`, so a write that waits for COMMIT makes the broker keep
/// the message until it is durable; otherwise the PUBACK leaves before the callback runs.
final class MosquittoLoop: @unchecked Sendable {
    // @unchecked: all mutable state belongs to the poll thread.
    let settings: MosquittoClient.Settings
    let shared: Locked<MosquittoClient.Shared>
    let wake: Int32
    let deliver: @Sendable (MosquittoClient.Event) -> Void
    private let entropy: any Entropy
    private let timekeeper = LinuxTimekeeper()

    // Written by the library's callbacks, which run inside our own calls on this thread.
    var received: [BusMessage] = []
    /// How many of `received` there are up to the last one of QoS 1.
    var lastHeld = 0
    var isAccepted = false
    var refusal: String?

    private var delivered: UInt64 = 0
    private var acknowledged: UInt64 = 0
    /// What was handed over and is not acknowledged, oldest first, and its bytes.
    private var handedOver: [(through: UInt64, bytes: Int)] = []
    private var handedOverBytes = 0
    private var hasRequestedCommit = false
    /// A commit covered some of what was delivered: those PUBACKs wait for the rest.
    private var isPartlyAcknowledged = false
    private var heldSince: MonotonicTime?
    /// Messages up to here include some of QoS 1, whose PUBACKs wait to be written.
    private var heldThrough: UInt64 = 0
    /// Since when the loop waits to stop.
    private var drainEnd: MonotonicTime?
    private var attempts = 0
    private var lastRouteCheck = MonotonicTime(milliseconds: 0)

    /// Messages read before they are handed over, and the count at which reading stops whatever
    /// their QoS.
    private var readLimit: Int { max(64, settings.receiveMaximum * 2) }

    init(
        settings: MosquittoClient.Settings, shared: Locked<MosquittoClient.Shared>, wake: Int32,
        entropy: any Entropy, deliver: @escaping @Sendable (MosquittoClient.Event) -> Void
    ) {
        self.settings = settings
        self.shared = shared
        self.wake = wake
        self.entropy = entropy
        self.deliver = deliver
    }

    func run() {
        while !isClosed {
            deliver(.disconnected(reason: connection()))
            pause()
        }
        deliver(.closed)
        shared.with { shared in
            shared.hasEnded = true
            close(wake)
        }
    }

    /// One connection from its beginning to its end, and why it ended.
    private func connection() -> String {
        let route = route
        do throws(SignerError) {
            let handle = try MosquittoHandle.open(self, route)
            defer { disown() }
            let reason = connect(handle) ?? serve(handle, route)
            return handle.refusal ?? reason
        } catch {
            return "\(error)"
        }
    }

    private var route: MosquittoRoute {
        settings.route?() ?? .plain(host: settings.host, port: settings.port)
    }

    /// Nil while the connection is as good as one that would be made now.
    private func successor(of route: MosquittoRoute) -> String? {
        guard settings.route != nil, now - lastRouteCheck >= Self.routeCheckInterval else {
            return nil
        }
        lastRouteCheck = now
        return route.givesWay(to: self.route, at: timekeeper.now().wall)
            ? "connecting again with this side's latest certificate" : nil
    }

    private static let routeCheckInterval = Milliseconds.seconds(30)

    private var isClosed: Bool { shared.with { $0.isClosed } }

    /// Full jitter: a wait between nothing and a ceiling that doubles.
    private func pause() {
        let first = settings.reconnectFirst.count
        let ceiling = min(settings.reconnectMaximum.count, first << Int64(min(attempts, 16)))
        attempts += 1
        let end = now + Milliseconds(Int64(entropy.below(UInt64(ceiling) + 1)))
        while !isClosed, now < end { wait(socket: -1, writes: false, upTo: end - now) }
    }

    private var now: MonotonicTime { timekeeper.now().monotonic }

    /// Nil once the TCP connection stands, else why not.
    private func connect(_ handle: borrowing MosquittoHandle) -> String? {
        isAccepted = false
        refusal = nil
        received = []
        lastHeld = 0
        return handle.connect(settings)
    }

    /// Serves a connection until it breaks, and says why it did.
    private func serve(_ handle: borrowing MosquittoHandle, _ route: MosquittoRoute) -> String {
        lastRouteCheck = now
        // What the broker sent and was not acknowledged on the connection before comes again.
        shared.with { $0.acknowledged = delivered }
        acknowledged = delivered
        // A request that the connection before left open says nothing of what this one brings.
        hasRequestedCommit = false
        isPartlyAcknowledged = false
        heldSince = nil
        heldThrough = delivered
        drainEnd = nil
        var wasAccepted = false
        var lastMisc = now
        while !mayStop(wantsWrite: handle.wantsWrite) {
            let socket = handle.socket
            guard socket >= 0 else { return refusal ?? "connection closed" }
            let isFull = unacknowledged >= UInt64(readLimit) || isOverBytes
            let wantsWrite = handle.wantsWrite
            let events = wait(
                socket: socket, reads: !isFull && !isClosed, writes: wantsWrite && mayWrite(),
                upTo: 1000)
            if events & POLLIN != 0, let fault = read(handle, socket) { return fault }
            if isAccepted, !wasAccepted {
                wasAccepted = true
                attempts = 0
                adopt(handle)
            }
            subscribe(handle)
            // Asked again: what was just read may have queued PUBACKs.
            if mayWrite(), handle.wantsWrite, let fault = handle.write() { return fault }
            requestCommit(wantsWrite: handle.wantsWrite)
            if now - lastMisc >= 1000 {
                lastMisc = now
                if let fault = handle.miscellany() ?? successor(of: route) { return fault }
            }
            if let refusal { return refusal }
        }
        return "closed"
    }

    /// Reads what has arrived, up to the limit, and hands it over in one piece.
    private func read(_ handle: borrowing MosquittoHandle, _ socket: Int32) -> String? {
        var fault: String?
        repeat {
            fault = handle.read()
        } while fault == nil && received.count < readLimit && isReadable(socket)
        if !received.isEmpty {
            if lastHeld > 0 { heldThrough = delivered + UInt64(lastHeld) }
            lastHeld = 0
            delivered += UInt64(received.count)
            if heldSince == nil { heldSince = now }
            note(bytes: received.reduce(0) { $0 + $1.payload.count })
            deliver(.messages(received, through: delivered))
            received = []
        }
        return fault
    }

    private func note(bytes: Int) {
        guard settings.readBytesMaximum < Int.max else { return }
        handedOver.append((delivered, bytes))
        handedOverBytes += bytes
        // Else this row would grow while there is room.
        forgetDone()
    }

    private func forgetDone() {
        let latest = shared.with { $0.acknowledged }
        let isDone = handedOver.prefix { $0.through <= latest }
        handedOverBytes -= isDone.reduce(0) { $0 + $1.bytes }
        handedOver.removeFirst(isDone.count)
    }

    private var isOverBytes: Bool {
        guard handedOverBytes >= settings.readBytesMaximum else { return false }
        forgetDone()
        return handedOverBytes >= settings.readBytesMaximum
    }

    private var unacknowledged: UInt64 { delivered - shared.with { $0.acknowledged } }

    /// Once closed: when what was delivered is durable and acknowledged, so that the broker need
    /// not send it again to the next run; not later than two seconds after.
    private func mayStop(wantsWrite: Bool) -> Bool {
        guard isClosed else { return false }
        guard settings.holdsAcknowledgements, unacknowledged > 0 || wantsWrite else { return true }
        guard let end = drainEnd else {
            drainEnd = now + 2000
            deliver(.commitRequested)
            return false
        }
        return now >= end
    }

    /// Whatever waits to be written may hold PUBACKs, so with messages of QoS 1 that are not
    /// durable nothing is written at all.
    private func mayWrite() -> Bool {
        let latest = shared.with { $0.acknowledged }
        if latest != acknowledged {
            acknowledged = latest
            hasRequestedCommit = false
            isPartlyAcknowledged = latest < heldThrough
        }
        guard heldThrough > latest else {
            heldSince = nil
            return true
        }
        return !settings.holdsAcknowledgements
    }

    /// Asks for a commit where holding back would stall somebody: the broker's window is nearly
    /// used up, something else waits to be sent, or the keep-alive runs out.
    private func requestCommit(wantsWrite: Bool) {
        guard settings.holdsAcknowledgements, !hasRequestedCommit, unacknowledged > 0 else {
            return
        }
        let isHolding = heldThrough > shared.with { $0.acknowledged }
        let isWindowUsed =
            isHolding && unacknowledged * 4 >= UInt64(settings.receiveMaximum) * 3
            || unacknowledged * 4 >= UInt64(readLimit) * 3
        let hasPublish = isHolding && shared.with { $0.hasWaitingPublish }
        let held = heldSince.map { now - $0 } ?? 0
        let isLate = isHolding && held > .seconds(Int64(settings.keepAliveSeconds)) && wantsWrite
        guard isWindowUsed || hasPublish || isLate || isPartlyAcknowledged else { return }
        hasRequestedCommit = true
        isPartlyAcknowledged = false
        shared.with { $0.hasWaitingPublish = false }
        deliver(.commitRequested)
    }

    private func adopt(_ handle: borrowing MosquittoHandle) {
        let filters = shared.with { shared in
            shared.handle = handle.pointer
            shared.newSubscriptions = []
            // A broker that kept our session may send before it hears our subscriptions.
            shared.hasWaitingPublish = true
            return shared.subscriptions
        }
        handle.subscribe(filters)
        if let birth = settings.birth {
            handle.publishRetained(topic: birth.topic, payload: birth.payload)
        }
        deliver(.connected)
    }

    private func subscribe(_ handle: borrowing MosquittoHandle) {
        guard isAccepted else { return }
        let filters = shared.with { shared in
            defer { shared.newSubscriptions = [] }
            return shared.newSubscriptions
        }
        if !filters.isEmpty { handle.subscribe(filters) }
    }

    private func disown() {
        let lost = shared.with { shared in
            defer {
                shared.handle = nil
                shared.inFlight = [:]
                shared.bytesInFlight = 0
            }
            return shared.inFlight.values.map(\.number).sorted()
        }
        for number in lost { deliver(.published(number, .lost)) }
    }

    private func isReadable(_ socket: Int32) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) == 1
    }

    @discardableResult
    private func wait(
        socket: Int32, reads: Bool = true, writes: Bool, upTo span: Milliseconds
    ) -> Int32 {
        var interest: Int32 = 0
        if reads { interest |= POLLIN }
        if writes { interest |= POLLOUT }
        var descriptors = [
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: Int16(interest), revents: 0),
        ]
        poll(&descriptors, 2, Int32(clamping: max(span.count, 1)))
        var rings: UInt64 = 0
        Glibc.read(wake, &rings, 8)
        let events = Int32(descriptors[1].revents)
        // An error or hang-up shows when the library reads.
        return events & (POLLERR | POLLHUP) != 0 ? events | POLLIN : events
    }
}
