import CCoAP
import CEdgeShims

/// A libcoap context with all its sessions, used by one thread: 4.3.1 has no locks (4.3.5 has).
struct CoAPContext: ~Copyable {
    let pointer: OpaquePointer
    let library: CoAPLibrary
    private let owner: Unmanaged<AnyObject>

    /// Nil where memory or descriptors are out. Its callbacks find `owner` with `owner(of:)`.
    init?(_ library: CoAPLibrary, owner: AnyObject) {
        guard let pointer = library.coap.new_context(nil) else { return nil }
        self.pointer = pointer
        self.library = library
        self.owner = Unmanaged.passRetained(owner)
        library.coap.set_app_data(pointer, self.owner.toOpaque())
    }

    deinit {
        // Calls back for what it drops, so the owner goes last.
        library.coap.free_context(pointer)
        owner.release()
    }

    /// An epoll descriptor that also knows the library's timers.
    var descriptor: Int32 { library.coap.context_get_coap_fd(pointer) }

    /// What may have arrived and not be read, as the kernel counts it: two datagrams each of a
    /// thousand boards, and 2 KiB for each whatever its size. One that finds no room comes again
    /// after the two or three seconds of a retransmission; the kernel's default holds 160.
    private static let receivedBytesMaximum: Int32 = 4 << 20

    /// Has the kernel keep what arrives at all sockets that this context has by now.
    borrowing func widenSockets() { edge_widen_sockets(descriptor, Self.receivedBytesMaximum) }

    /// Reads, retransmits and sets its timer anew. Needed after sending too: in 4.3.1 `coap_send`
    /// sets no timer, and without one nothing is retransmitted (libcoap issue 949).
    borrowing func process() {
        _ = library.coap.io_process(pointer, edge_coap_no_wait())
    }
}

extension CoAPLibrary {
    /// Whom the context of a session belongs to.
    func owner<Owner: AnyObject>(of session: OpaquePointer, as type: Owner.Type) -> Owner? {
        guard let context = coap.session_get_context(session),
            let owner = coap.get_app_data(context)
        else { return nil }
        return Unmanaged<Owner>.fromOpaque(owner).takeUnretainedValue()
    }
}
