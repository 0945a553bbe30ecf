import Platform

/// Where a board's announcements, states and commands go on its broker.
struct AnnouncedTopics: Sendable, Hashable {
    let board: String
    let prefix: String

    /// Home Assistant allows letters, digits, `_` and `-` here.
    var node: String { BoardAnnouncer.root + "-" + Self.escaped(board) }
    /// Retained `online`, or `offline` by the broker when the agent vanishes.
    var availability: String { "\(BoardAnnouncer.root)/\(board)/availability" }
    /// The filter of all commands.
    var commands: String { "\(BoardAnnouncer.root)/\(board)/+/+/set" }

    func state(_ device: String, _ property: String) -> String {
        "\(BoardAnnouncer.root)/\(board)/\(device)/\(property)"
    }

    func command(_ device: String, _ property: String) -> String {
        state(device, property) + "/set"
    }

    func discovery(_ component: String, _ device: String, _ property: String) -> String {
        "\(prefix)/\(component)/\(node)/\(Self.head(device))\(Self.escaped(property))/config"
    }

    /// Whether a discovery topic of this board is about a property of this device.
    func isDiscovery(_ topic: String, of device: String) -> Bool {
        guard let object = topic.split(separator: "/").dropLast().last else { return false }
        return object.hasPrefix(Self.head(device))
    }

    func isState(_ topic: String, of device: String) -> Bool {
        topic.hasPrefix(state(device, ""))
    }

    func isState(_ topic: String) -> Bool {
        topic.hasPrefix("\(BoardAnnouncer.root)/\(board)/")
            && TopicPath.isPublishable(topic)
    }

    /// Whether a discovery message of a board of ours is of this one; nil for any other topic.
    func isThisBoard(discovery topic: String) -> Bool? {
        guard let rest = TopicPath(topic).below(TopicPath(prefix)),
            let place = DiscoveryPlace(rest), let node = place.node,
            node.hasPrefix(BoardAnnouncer.root + "-")
        else { return nil }
        return node == self.node
    }

    /// The device and property that a command is for.
    func target(of topic: String) -> (device: String, property: String)? {
        let parts = TopicPath(topic).segments.map(String.init)
        guard parts.count == 5, parts[0] == BoardAnnouncer.root, parts[1] == board,
            parts[4] == "set"
        else { return nil }
        return (parts[2], parts[3])
    }

    static func isOurs(_ topic: String) -> Bool { topic.hasPrefix(BoardAnnouncer.root + "/") }

    /// `_-` ends a device's name: in an escaped one `_` is followed by another or by a digit.
    private static func head(_ device: String) -> String { escaped(device) + "_-" }

    /// Letters, digits and `-` stay, `_` is doubled, all else is `_` and two digits of hexadecimal,
    /// so that no two names become one.
    private static func escaped(_ name: String) -> String {
        var text = ""
        for byte in name.utf8 {
            if byte == UInt8(ascii: "_") {
                text += "__"
            } else if DeviceName.isPlain(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "_" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
        return text
    }
}
