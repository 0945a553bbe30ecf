import CCoAP
import Platform

/// What libcoap calls back, inside our own calls on the shard's thread.
extension CoAPShardLoop {
    static func of(_ session: OpaquePointer?) -> CoAPShardLoop? {
        guard let session, let library = try? CoAPLibrary.shared() else { return nil }
        return library.owner(of: session, as: CoAPShardLoop.self)
    }

    func receive(
        _ session: OpaquePointer, _ request: OpaquePointer, _ response: OpaquePointer
    ) {
        let message = library.read(request)
        let peer = number(of: session)
        let answer: CoAPMessage?
        switch admission(of: message, over: session, peer) {
        case .success(let device):
            let outcome = shared.with { shared -> CoAPShard.Outcome in
                let outcome = shared.shard.receive(message, from: peer, device: device, now: now)
                shared.pending += outcome.directives
                return outcome
            }
            answer = outcome.answer
        case .failure(let objection):
            desk.refuse(objection.device, objection.reason, at: now)
            answer = .refusal(.forbidden, objection.reason)
            // It leaves first. Who asks again has to prove itself again.
            doomed.insert(peer)
        }
        // The library leaves a response without a code out, and sends the ACK alone.
        if let answer {
            library.coap.pdu_set_code(response, coap_pdu_code_t(UInt32(answer.code.rawValue)))
            _ = library.write(answer, response)
        }
    }

    /// Why somebody who proved a name is not heard.
    struct Objection: Error {
        let device: String
        let reason: String
    }

    /// Who speaks; nil where nobody vouches for it.
    private func admission(
        of message: CoAPMessage, over session: OpaquePointer, _ peer: UInt64
    ) -> Result<String?, Objection> {
        let identity = identity(session, peer, claim: message.claim)
        guard let name = identity.certificateName ?? identity.keyIdentity else {
            return .success(settings.resolve(identity))
        }
        if let claim = identity.claim, claim != name {
            let proof = identity.certificateName == nil ? "key" : "certificate"
            let other = CoAPPeer.isName(claim) ? claim : "another"
            return .failure(
                Objection(
                    device: name,
                    reason: "the request names the device \(other), and its \(proof) is \(name)'s"))
        }
        if let certificate = certificates[peer], let reason = objection(to: certificate) {
            return .failure(Objection(device: name, reason: reason))
        }
        return .success(settings.resolve(identity))
    }

    func objection(to certificate: BoardCertificate) -> String? {
        guard settings.readCertificate != nil else { return nil }
        return desk.objection(to: certificate, at: wallTime)
    }

    private func identity(_ session: OpaquePointer, _ peer: UInt64, claim: String?) -> CoAPPeer {
        var identity: String?
        if !settings.security.keys.isEmpty, certificates[peer] == nil,
            let bytes = library.coap.session_get_psk_identity(session)
        {
            identity = String(
                decoding: UnsafeBufferPointer(start: bytes.pointee.s, count: bytes.pointee.length),
                as: UTF8.self)
        }
        return CoAPPeer(
            certificateName: certificates[peer]?.name, keyIdentity: identity, claim: claim)
    }

    private func number(of session: OpaquePointer) -> UInt64 {
        if let data = library.coap.session_get_app_data(session) {
            return UInt64(UInt(bitPattern: data))
        }
        latestSession += 1
        library.coap.session_set_app_data(
            session, UnsafeMutableRawPointer(bitPattern: UInt(latestSession)))
        sessions[latestSession] = session
        return latestSession
    }

    func ended(_ session: OpaquePointer) {
        guard let data = library.coap.session_get_app_data(session) else { return }
        let number = UInt64(UInt(bitPattern: data))
        sessions[number] = nil
        certificates[number] = nil
        doomed.remove(number)
    }

    /// False for a certificate that cannot be read.
    func verified(_ name: String, _ der: [UInt8], _ session: OpaquePointer) -> Bool {
        guard let read = settings.readCertificate else {
            let end = WallTime(milliseconds: .max)
            certificates[number(of: session)] = BoardCertificate(name: name, key: [], end: end)
            return true
        }
        guard let certificate = read(der), CoAPPeer.isName(certificate.name) else { return false }
        certificates[number(of: session)] = certificate
        return true
    }

    func find(_ identity: String) -> UnsafePointer<coap_bin_const_t>? {
        guard let found = settings.security.keys[identity], found.count <= keyBytes.count
        else { return nil }
        _ = keyBytes.update(fromContentsOf: found)
        key.pointee = coap_bin_const_t(length: found.count, s: keyBytes.baseAddress)
        return UnsafePointer(key)
    }
}

let onShardRequest:
    @convention(c) (
        OpaquePointer?, OpaquePointer?, OpaquePointer?, UnsafePointer<coap_string_t>?,
        OpaquePointer?
    ) -> Void = { _, session, request, _, response in
        guard let session, let request, let response else { return }
        CoAPShardLoop.of(session)?.receive(session, request, response)
    }

let onShardEvent: @convention(c) (OpaquePointer?, coap_event_t) -> Int32 = { session, event in
    if let session, event == COAP_EVENT_SERVER_SESSION_DEL {
        CoAPShardLoop.of(session)?.ended(session)
    }
    return 0
}

/// Depth 0 is the board's own certificate; those that signed it have names too.
let onBoardCertificate:
    @convention(c) (
        UnsafePointer<CChar>?, UnsafePointer<UInt8>?, Int, OpaquePointer?, UInt32, Int32,
        UnsafeMutableRawPointer?
    ) -> Int32 = { name, bytes, count, session, depth, isValid, argument in
        guard isValid == 1, let name, let session, let argument else { return 0 }
        guard depth == 0 else { return 1 }
        let isRead = Unmanaged<CoAPShardLoop>.fromOpaque(argument).takeUnretainedValue().verified(
            String(cString: name), Array(UnsafeBufferPointer(start: bytes, count: count)), session)
        return isRead ? 1 : 0
    }

let onBoardIdentity:
    @convention(c) (
        UnsafeMutablePointer<coap_bin_const_t>?, OpaquePointer?, UnsafeMutableRawPointer?
    ) -> UnsafePointer<coap_bin_const_t>? = { identity, _, argument in
        guard let identity = identity?.pointee, let argument else { return nil }
        let name = String(
            decoding: UnsafeBufferPointer(start: identity.s, count: identity.length),
            as: UTF8.self)
        return Unmanaged<CoAPShardLoop>.fromOpaque(argument).takeUnretainedValue().find(name)
    }
