import CMosquitto
import Glibc
import Platform

/// One libmosquitto client: one connection, then destroyed.
struct MosquittoHandle: ~Copyable {
    let pointer: OpaquePointer
    private let context: Unmanaged<MosquittoLoop>
    /// Nil on a plain link. Outlives the client.
    private let tls: MosquittoTLS?
    private let host: String
    private let port: Int

    /// - Throws: where memory is out, or the route leads nowhere.
    static func open(
        _ loop: MosquittoLoop, _ route: MosquittoRoute
    ) throws(SignerError) -> MosquittoHandle {
        switch route {
        case .none(let reason): throw SignerError(reason)
        case .plain(let host, let port): return try open(loop, host, port, nil)
        case .tls(let host, let port, let credential):
            return try open(loop, host, port, try MosquittoTLS(credential))
        }
    }

    private static func open(
        _ loop: MosquittoLoop, _ host: String, _ port: Int, _ tls: MosquittoTLS?
    ) throws(SignerError) -> MosquittoHandle {
        let context = Unmanaged.passRetained(loop)
        let settings = loop.settings
        guard
            let pointer = mosquitto_new(
                settings.clientID, settings.startsClean, context.toOpaque())
        else {
            context.release()
            throw SignerError("out of memory")
        }
        mosquitto_int_option(pointer, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5)
        mosquitto_int_option(pointer, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_int_option(
            pointer, MOSQ_OPT_RECEIVE_MAXIMUM, Int32(settings.receiveMaximum))
        // Writes then wait for mosquitto_loop_write.
        mosquitto_threaded_set(pointer, true)
        mosquitto_connect_v5_callback_set(pointer, onConnect)
        mosquitto_disconnect_v5_callback_set(pointer, onDisconnect)
        mosquitto_message_v5_callback_set(pointer, onMessage)
        mosquitto_publish_v5_callback_set(pointer, onPublish)
        if let will = settings.will {
            mosquitto_will_set_v5(
                pointer, will.topic, Int32(will.payload.utf8.count), will.payload, 1, true, nil)
        }
        tls?.apply(to: pointer)
        return MosquittoHandle(
            pointer: pointer, context: context, tls: tls, host: host, port: port)
    }

    deinit {
        mosquitto_destroy(pointer)
        context.release()
    }

    borrowing func connect(_ settings: MosquittoClient.Settings) -> String? {
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        mosquitto_property_add_int16(
            &properties, Int32(MQTT_PROP_RECEIVE_MAXIMUM.rawValue),
            UInt16(clamping: settings.receiveMaximum))
        if !settings.startsClean {
            mosquitto_property_add_int32(
                &properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), UInt32.max)
        }
        let code = mosquitto_connect_bind_v5(
            pointer, host, Int32(port), Int32(settings.keepAliveSeconds), nil, properties)
        return Self.fault(code)
    }

    /// Why TLS failed; nil where it did not.
    var refusal: String? { tls?.reason }

    var socket: Int32 { mosquitto_socket(pointer) }
    var wantsWrite: Bool { mosquitto_want_write(pointer) }

    borrowing func read() -> String? { Self.fault(mosquitto_loop_read(pointer, 1)) }
    borrowing func write() -> String? { Self.fault(mosquitto_loop_write(pointer, 1)) }
    borrowing func miscellany() -> String? { Self.fault(mosquitto_loop_misc(pointer)) }

    borrowing func subscribe(_ filters: [String]) {
        for filter in filters { mosquitto_subscribe_v5(pointer, nil, filter, 1, 0, nil) }
    }

    borrowing func publishRetained(topic: String, payload: String) {
        mosquitto_publish_v5(
            pointer, nil, topic, Int32(payload.utf8.count), payload, 1, true, nil)
    }

    private static func fault(_ code: Int32) -> String? {
        guard code != MOSQ_ERR_SUCCESS.rawValue else { return nil }
        if code == MOSQ_ERR_ERRNO.rawValue { return String(cString: strerror(errno)) }
        return String(cString: mosquitto_strerror(code))
    }
}

private func loop(_ context: UnsafeMutableRawPointer?) -> MosquittoLoop? {
    context.map { Unmanaged<MosquittoLoop>.fromOpaque($0).takeUnretainedValue() }
}

private let onConnect:
    @convention(c) (
        OpaquePointer?, UnsafeMutableRawPointer?, Int32, Int32, OpaquePointer?
    ) -> Void = { _, context, reason, _, _ in
        guard let loop = loop(context) else { return }
        if reason == 0 {
            loop.isAccepted = true
        } else {
            loop.refusal =
                "the broker refused: " + String(cString: mosquitto_reason_string(reason))
        }
    }

private let onDisconnect:
    @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, Int32, OpaquePointer?) -> Void = {
        _, context, reason, _ in
        guard let loop = loop(context), loop.refusal == nil else { return }
        // From 0x80 on reasons are the protocol's; below they are the library's.
        let text = reason >= 0x80 ? mosquitto_reason_string(reason) : mosquitto_strerror(reason)
        loop.refusal = text.map { String(cString: $0) } ?? "disconnected"
    }

private let onMessage:
    @convention(c) (
        OpaquePointer?, UnsafeMutableRawPointer?, UnsafePointer<mosquitto_message>?, OpaquePointer?
    ) -> Void = { _, context, message, _ in
        guard let loop = loop(context), let message = message?.pointee, let topic = message.topic
        else { return }
        let payload = UnsafeRawBufferPointer(
            start: message.payload, count: Int(message.payloadlen))
        loop.received.append(
            BusMessage(
                topic: String(cString: topic), payload: Array(payload),
                isRetained: message.retain, isKept: message.qos > 0))
        if message.qos > 0 { loop.lastHeld = loop.received.count }
    }

private let onPublish:
    @convention(c) (
        OpaquePointer?, UnsafeMutableRawPointer?, Int32, Int32, OpaquePointer?
    ) -> Void = { _, context, identifier, reason, _ in
        guard let loop = loop(context) else { return }
        let number = loop.shared.with { shared -> UInt64? in
            guard let (number, bytes) = shared.inFlight.removeValue(forKey: identifier) else {
                return nil
            }
            shared.bytesInFlight -= bytes
            return number
        }
        guard let number else { return }
        let outcome: PublishOutcome =
            reason < 0x80
            ? .confirmed : .refused(reason: String(cString: mosquitto_reason_string(reason)))
        loop.deliver(.published(number, outcome))
    }
