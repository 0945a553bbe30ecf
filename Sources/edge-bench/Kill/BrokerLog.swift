/// Reads from a mosquitto log (2.0.11, `log_type all`) which messages of one topic a subscriber
/// has acknowledged.
///
/// The log names packets by message id only, so numbers are counted: the broker sends the messages
/// of one topic to a persistent QoS 1 session in the order in which it received them, each for the
/// first time with dup 0 and an id that is not in flight, so the k-th such line is message k. An
/// unacknowledged message is sent again under its id; ids of acknowledged messages come round
/// again after 65535. Lines read:
///
///     Received PUBLISH from feed (d0, q1, r0, m7, 'a/b', ... (19 bytes))
///     Sending PUBLISH to agent (d0, q1, r0, m7, 'a/b', ... (19 bytes))
///     Received PUBACK from agent (Mid: 7, RC:0)
///     Sending CONNACK to agent (1, 0)
struct BrokerLog {
    let topic: String
    /// Messages of the topic that the broker took from publishers.
    private(set) var received = 0
    /// Messages that were sent to the subscriber at least once; these are numbers 1…sent.
    private(set) var sent = 0
    /// Times that a message was sent again.
    private(set) var resent = 0
    /// Numbers of the acknowledged messages.
    private(set) var acknowledged: Set<Int> = []
    /// The one subscriber of the topic, known from its first message on.
    private(set) var subscriber: String?
    /// What makes the counting unsound: a second subscriber, QoS 0, a lost session. Empty in a
    /// sound log; bounded.
    private(set) var faults: [String] = []

    /// What each unacknowledged message id stands for: a number, or 0 for another topic.
    private var inflight: [Int: Int] = [:]

    init(topic: String) { self.topic = topic }

    /// Reads a whole log.
    init(topic: String, text: String) {
        self.init(topic: topic)
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) { read(Substring(line)) }
    }

    /// Reads the next line.
    mutating func read(_ line: Substring) {
        if let packet = Packet(line, after: "Sending PUBLISH to ") {
            onSent(packet)
        } else if let packet = Packet(line, after: "Received PUBLISH from ") {
            if packet.topic == topic, !packet.isDuplicate { received += 1 }
        } else if line.hasPrefix("Received PUBACK from ") {
            onAcknowledged(line)
        } else if line.hasPrefix("Sending CONNACK to ") {
            onConnected(line)
        }
    }

    private mutating func onSent(_ packet: Packet) {
        let isOurs = packet.topic == topic
        if isOurs, subscriber == nil { subscriber = packet.client }
        guard packet.client == subscriber else {
            if isOurs { fault("a second subscriber, \(packet.client), shares the topic") }
            return
        }
        guard packet.quality == 1 else {
            if isOurs { fault("a message was sent at QoS \(packet.quality)") }
            return
        }
        // The broker sets dup only once a write succeeded (`db__message_write_inflight_out_single`),
        // so a write into a connection that just broke is logged and repeated with dup 0: an id in
        // flight is the same message again, whatever its dup says.
        let isKnown = inflight[packet.id] != nil
        if isKnown || packet.isDuplicate {
            if isOurs { resent += 1 }
            if isOurs, !isKnown {
                fault("message id \(packet.id) was sent again but never before")
                inflight[packet.id] = 0
            }
            return
        }
        if isOurs { sent += 1 }
        inflight[packet.id] = isOurs ? sent : 0
    }

    /// `Received PUBACK from <client> (Mid: 7, RC:0)`.
    private mutating func onAcknowledged(_ line: Substring) {
        guard let open = line.lastRange(of: " (Mid: "),
            let id = Int(line[open.upperBound...].prefix { $0.isNumber }),
            line[..<open.lowerBound].dropFirst("Received PUBACK from ".count)[...]
                == subscriber.map({ $0[...] })
        else { return }
        if let number = inflight.removeValue(forKey: id), number > 0 {
            acknowledged.insert(number)
        }
    }

    /// `Sending CONNACK to <client> (<session present>, <reason>)`. A session that is gone means
    /// that the messages waiting in it are gone as well.
    private mutating func onConnected(_ line: Substring) {
        guard let subscriber,
            line.hasPrefix("Sending CONNACK to \(subscriber) (0, 0)")
        else { return }
        inflight = [:]
        fault("the session of \(subscriber) was lost")
    }

    private mutating func fault(_ text: String) {
        if faults.count < 20 { faults.append(text) }
    }
}

extension BrokerLog {
    /// `<client> (d0, q1, r0, m7, 'a/b', ... (19 bytes))`.
    private struct Packet {
        let client: String
        let isDuplicate: Bool
        let quality: Int
        let id: Int
        let topic: String

        init?(_ line: Substring, after prefix: String) {
            guard line.hasPrefix(prefix) else { return nil }
            let rest = line.dropFirst(prefix.count)
            // A topic may hold any of these characters, a client id hardly: the first match counts.
            guard let open = rest.firstRange(of: " (d") else { return nil }
            client = String(rest[..<open.lowerBound])
            let fields = rest[open.upperBound...].split(
                separator: ",", maxSplits: 4, omittingEmptySubsequences: false)
            guard fields.count == 5, let duplicate = Int(fields[0]),
                let quality = Int(fields[1].dropFirst(2)), let id = Int(fields[3].dropFirst(2)),
                let first = fields[4].firstIndex(of: "'"),
                let last = fields[4].lastIndex(of: "'"), first < last
            else { return nil }
            isDuplicate = duplicate == 1
            self.quality = quality
            self.id = id
            topic = String(fields[4][fields[4].index(after: first)..<last])
        }
    }
}

extension Substring {
    /// The last occurrence of a text in this one.
    fileprivate func lastRange(of text: String) -> Range<Index>? {
        ranges(of: text).last
    }
}
