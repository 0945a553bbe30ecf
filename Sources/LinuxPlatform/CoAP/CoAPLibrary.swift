import CCoAP
import Glibc

/// libcoap, loaded on first use: an agent without CoAP does not have it in memory.
struct CoAPLibrary: @unchecked Sendable {
    // @unchecked: the table is written once, before anybody has it, and stays.
    let table: UnsafePointer<edge_coap>

    /// The flavour with OpenSSL, which the certificates need.
    static let name = "libcoap-3-openssl.so.3"

    private static let loaded = Result<CoAPLibrary, CoAPError> { () throws(CoAPError) in
        try CoAPLibrary(name)
    }

    /// Once a process; the library is never unloaded.
    static func shared() throws(CoAPError) -> CoAPLibrary { try loaded.get() }

    init(_ name: String) throws(CoAPError) {
        let table = UnsafeMutablePointer<edge_coap>.allocate(capacity: 1)
        var reason = [CChar](repeating: 0, count: 256)
        guard edge_coap_load(name, table, &reason, reason.count) == 0 else {
            table.deallocate()
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            throw CoAPError(
                .libraryMissing, "CoAP needs the library \(name): \(text)",
                advice: "Install it (Debian: libcoap3), or choose another link.")
        }
        self.table = UnsafePointer(table)
        coap.startup()
        // Why a handshake failed is said in no other way than in its log, as warnings, which would
        // go to standard error.
        coap.set_log_handler { _, text in
            if let text { CoAPLibrary.hear(String(cString: text)) }
        }
        coap.set_log_level(edge_coap_log_warnings())
        coap.dtls_set_log_level(edge_coap_log_warnings())
    }

    /// By thread, the latest reason for a failed handshake. At most one for each thread.
    private static let reasons = Locked<[pthread_t: HandshakeFailure]>([:])

    private static func hear(_ line: String) {
        guard let reason = HandshakeFailure(line) else { return }
        let thread = pthread_self()
        reasons.with { $0[thread] = $0[thread]?.joined(by: reason) ?? reason }
    }

    /// Why a handshake on this thread failed, once.
    func takeFailure() -> HandshakeFailure? {
        Self.reasons.with { $0.removeValue(forKey: pthread_self()) }
    }

    /// The library's functions.
    var coap: edge_coap { table.pointee }

    /// What a received message says. Its options were checked when it was parsed.
    func read(_ pdu: OpaquePointer) -> CoAPMessage {
        let token = coap.pdu_get_token(pdu)
        var message = CoAPMessage(
            CoAPCode(rawValue: UInt8(truncatingIfNeeded: coap.pdu_get_code(pdu).rawValue)),
            token: Array(UnsafeBufferPointer(start: token.s, count: token.length)))
        var iterator = coap_opt_iterator_t()
        if coap.option_iterator_init(pdu, &iterator, nil) != nil {
            while let option = coap.option_next(&iterator) {
                let value = UnsafeBufferPointer(
                    start: coap.opt_value(option), count: Int(coap.opt_length(option)))
                message.append(CoAPOption(number: iterator.number, value: Array(value)))
            }
        }
        var count = 0
        var bytes: UnsafePointer<UInt8>?
        if coap.get_data(pdu, &count, &bytes) == 1 {
            message.payload = Array(UnsafeBufferPointer(start: bytes, count: count))
        }
        return message
    }

    /// Fills a message that has its token; false where it does not fit.
    func write(_ message: CoAPMessage, _ pdu: OpaquePointer) -> Bool {
        for option in message.options {
            guard
                coap.add_option(pdu, option.number, option.value.count, option.value) > 0
            else { return false }
        }
        guard !message.payload.isEmpty else { return true }
        return coap.add_data(pdu, message.payload.count, message.payload) == 1
    }

    /// False where it does not leave: out of memory, too long, or a session that is broken.
    func send(_ message: CoAPMessage, isConfirmable: Bool, over session: OpaquePointer) -> Bool {
        guard
            let pdu = coap.pdu_init(
                isConfirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON,
                coap_pdu_code_t(UInt32(message.code.rawValue)),
                coap_mid_t(coap.new_message_id(session)), coap.session_max_pdu_size(session))
        else { return false }
        guard coap.add_token(pdu, message.token.count, message.token) == 1, write(message, pdu)
        else {
            coap.delete_pdu(pdu)
            return false
        }
        // It owns the message from here on, whatever becomes of it.
        return coap.send(session, pdu) != COAP_INVALID_MID
    }
}
