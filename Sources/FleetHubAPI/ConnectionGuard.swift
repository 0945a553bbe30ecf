import NIOConcurrencyHelpers
import NIOCore
import NIOHTTPTypes

/// How many connections each address holds at a port: a flood from one of them must not
/// keep the others out.
final class ConnectionLedger: Sendable {
    private let perAddressMax: Int
    private let counts = NIOLockedValueBox<[String: Int]>([:])

    init(perAddressMax: Int) { self.perAddressMax = perAddressMax }

    /// Whether the address may hold one more; then it does.
    func admit(_ address: String) -> Bool {
        counts.withLockedValue { counts in
            guard counts[address, default: 0] < perAddressMax else { return false }
            counts[address, default: 0] += 1
            return true
        }
    }

    func leave(_ address: String) {
        counts.withLockedValue { counts in
            guard let count = counts[address], count > 1 else { return counts[address] = nil }
            counts[address] = count - 1
        }
    }

    /// Connections of all addresses.
    var total: Int { counts.withLockedValue { $0.values.reduce(0, +) } }
}

/// Ends connections that hold a place without using it. The server's own idle limit begins anew
/// with each byte; these limits do not: a handshake, a head and a body have to arrive in the time
/// that a request has, and an answer has to be taken in the time that answers have.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let ledger: ConnectionLedger
    private let limits: ClientLimits
    private var address: String?
    private var deadline: Scheduled<Void>?
    private var hasWholeRequest = false
    private var hasWholeAnswer = false
    private var isPausing = false

    init(ledger: ConnectionLedger, limits: ClientLimits) {
        self.ledger = ledger
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let address = context.channel.remoteAddress?.ipAddress ?? "unknown"
        guard ledger.admit(address) else {
            context.channel.close(promise: nil)
            return
        }
        self.address = address
        arm(limits.requestSecondsMax, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        if let address { ledger.leave(address) }
        address = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            // The first one's time began with its connection.
            if isPausing { arm(limits.requestSecondsMax, context) }
            (isPausing, hasWholeRequest, hasWholeAnswer) = (false, false, false)
        case .body: break
        case .end:
            hasWholeRequest = true
            if hasWholeAnswer { pause(context) } else { arm(limits.answerSecondsMax, context) }
        }
        context.fireChannelRead(data)
    }

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        if case .end = unwrapOutboundIn(data) {
            hasWholeAnswer = true
            // An answer before the end of its request gives that request no more time. What of
            // this answer is still on its way has the pause; the parts before it were waited for.
            if hasWholeRequest { pause(context) }
        } else if limits.hasAnswerTimePerPart, hasWholeRequest {
            arm(limits.answerSecondsMax, context)
        }
        context.write(data, promise: promise)
    }

    /// Waits for the next request on this connection, if there is one.
    private func pause(_ context: ChannelHandlerContext) {
        isPausing = true
        arm(limits.idleSecondsMax, context)
    }

    private func arm(_ seconds: Int64, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .seconds(seconds)) {
            channel.close(promise: nil)
        }
    }
}
