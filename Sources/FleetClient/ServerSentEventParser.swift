/// One event of a stream, as text.
public struct ServerSentEvent: Sendable, Hashable {
    /// The last id seen on the stream, empty before the first.
    public let id: String
    /// `message` where the stream names none.
    public let event: String
    /// The `data` lines, joined by line feeds.
    public let data: String

    /// An event as a stream would give it.
    public init(id: String, event: String, data: String) {
        self.id = id
        self.event = event
        self.data = data
    }
}

/// Reads a stream of server-sent events (HTML Living Standard §9.2.6) from chunks that may be
/// cut anywhere, inside a line end or a character too.
///
/// Bounded: an event whose lines exceed `maximumBytes` is an error. `retry` lines are ignored;
/// the delays of a client are bounded by its own limits.
public struct ServerSentEventParser: Sendable {
    private let maximumBytes: Int
    private var line: [UInt8] = []
    /// The last byte was a CR, so a LF now belongs to it.
    private var isAfterReturn = false
    private var isFirstLine = true
    private var id = ""
    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false

    /// - Parameter maximumBytes: of the lines of one event.
    public init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// The events that `bytes` complete.
    ///
    /// - Throws: `.tooLarge` past the bound, `.malformed` for text that is not UTF-8. The parser
    ///   must not be used afterwards.
    public mutating func feed(
        _ bytes: some Sequence<UInt8>
    ) throws(FleetClientError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let isPaired = isAfterReturn && byte == UInt8(ascii: "\n")
            isAfterReturn = byte == UInt8(ascii: "\r")
            if isPaired { continue }
            if isAfterReturn || byte == UInt8(ascii: "\n") {
                if let event = try endLine() { events.append(event) }
            } else {
                line.append(byte)
                guard line.count + data.count <= maximumBytes else { throw tooLarge() }
            }
        }
        return events
    }

    private mutating func endLine() throws(FleetClientError) -> ServerSentEvent? {
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return try endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: value)
            hasData = true
        case "event": event = try text(value)
        // An id with a NUL is to be ignored.
        case "id": if !value.contains(0) { id = try text(value) }
        // Comments, which keep the connection alive, and fields that we do not know.
        default: break
        }
        return nil
    }

    private mutating func endEvent() throws(FleetClientError) -> ServerSentEvent? {
        defer {
            event = ""
            data.removeAll(keepingCapacity: true)
            hasData = false
        }
        guard hasData else { return nil }
        return ServerSentEvent(
            id: id, event: event.isEmpty ? "message" : event, data: try text(data[...]))
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(FleetClientError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fields.malformed("the event stream is not UTF-8")
        }
        return text
    }

    private func tooLarge() -> FleetClientError {
        FleetClientError(
            .tooLarge, "An event of the hub is larger than \(maximumBytes) bytes",
            hint: "Use a `fleet` of the hub's version")
    }
}
