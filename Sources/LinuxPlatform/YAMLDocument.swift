public import Platform

/// Reads a YAML configuration file into a tree, with libyaml doing the syntax.
///
/// The subset is what a person writes in a configuration file: one document, string keys, no
/// anchors and aliases, no tags but those of the core schema, each key once. What lies outside is
/// an error with its line and never a guess. Total: any bytes give a tree or an error, in bounded
/// memory.
public enum YAMLDocument {
    /// The most bytes that are looked at.
    public static let bytesMax = 1 << 20
    /// The most mappings and sequences inside one another; it bounds recursion.
    public static let depthMax = 32
    /// The most scalars, sequences and mappings together. A node takes 40 bytes and more, and two
    /// bytes of text make one, so bytes alone would bound memory too loosely for a small board.
    public static let nodesMax = 65_536
    /// The most directives, such as `%YAML 1.2`. libyaml compares each with all before it, which
    /// takes 3 s for 1 MiB of them on a PC.
    public static let directivesMax = 16

    /// The tree of `bytes`; an empty mapping where there is nothing but space and comments.
    ///
    /// - Parameter file: the file's name, for errors.
    public static func read(
        _ bytes: [UInt8], file: String? = nil
    ) throws(ConfigurationError) -> ConfigurationNode {
        guard bytes.count <= bytesMax else {
            throw ConfigurationError(
                file: file, line: 1, field: nil,
                message: "the file has \(bytes.count) bytes, and \(bytesMax) is the most allowed",
                hint: "Check that this is the configuration file.")
        }
        guard directives(in: bytes) <= directivesMax else {
            throw ConfigurationError(
                file: file, line: 1, field: nil, message: "more than \(directivesMax) directives",
                hint: "Remove the lines that begin with %.")
        }
        var parser = try YAMLParser(bytes, file: file)
        return try parser.document()
    }

    /// Lines that begin with %, where a line ends as libyaml has it: LF, CR, NEL, LS or PS.
    private static func directives(in bytes: [UInt8]) -> Int {
        let breaks: [[UInt8]] = [
            [0x0A], [0x0D], [0xC2, 0x85], [0xE2, 0x80, 0xA8], [0xE2, 0x80, 0xA9],
        ]
        return bytes.indices.count { index in
            bytes[index] == UInt8(ascii: "%")
                && (index == 0
                    || breaks.contains { bytes[..<index].suffix($0.count).elementsEqual($0) })
        }
    }
}

extension YAMLParser {
    mutating func document() throws(ConfigurationError) -> ConfigurationNode {
        _ = try next()
        let start = try next()
        guard case .documentStart = start.kind else {
            return ConfigurationNode(line: 1, column: 1, kind: .mapping([]))
        }
        let root = try node(try next(), depth: 0)
        _ = try next()
        let end = try next()
        guard case .streamEnd = end.kind else {
            throw error(
                end.line, "a second document begins here",
                "Keep one document in the file; remove the line '---'.")
        }
        return root
    }

    private mutating func node(
        _ event: YAMLEvent, depth: Int
    ) throws(ConfigurationError) -> ConfigurationNode {
        nodeCount += 1
        guard nodeCount <= YAMLDocument.nodesMax else {
            throw error(
                event.line, "more than \(YAMLDocument.nodesMax) values",
                "Check that this is the configuration file.")
        }
        let kind: ConfigurationNode.Kind
        switch event.kind {
        case .scalar(let text, let isQuoted): kind = .scalar(text, isQuoted: isQuoted)
        case .sequenceStart:
            try checkDepth(depth, event.line)
            kind = .sequence(try sequence(depth: depth))
        case .mappingStart:
            try checkDepth(depth, event.line)
            kind = .mapping(try mapping(depth: depth))
        default:
            // libyaml's grammar lets none of the others begin a node.
            throw error(event.line, "no value where one belongs", "Write a value here.")
        }
        return ConfigurationNode(line: event.line, column: event.column, kind: kind)
    }

    private func checkDepth(_ depth: Int, _ line: Int) throws(ConfigurationError) {
        guard depth < YAMLDocument.depthMax else {
            throw error(
                line, "nested deeper than \(YAMLDocument.depthMax) levels",
                "A configuration needs sections and fields only.")
        }
    }

    private mutating func sequence(depth: Int) throws(ConfigurationError) -> [ConfigurationNode] {
        var items: [ConfigurationNode] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { return items }
            items.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func mapping(
        depth: Int
    ) throws(ConfigurationError) -> [(key: String, keyLine: Int, value: ConfigurationNode)] {
        var entries: [(key: String, keyLine: Int, value: ConfigurationNode)] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return entries }
            let key = try key(event)
            if let first = lines.updateValue(event.line, forKey: key) {
                throw error(
                    event.line,
                    "the key '\(ConfigurationError.excerpt(key))' stands already in line \(first)",
                    "Keep one of the two.")
            }
            entries.append((key, event.line, try node(try next(), depth: depth + 1)))
        }
    }

    private func key(_ event: YAMLEvent) throws(ConfigurationError) -> String {
        guard case .scalar(let text, let isQuoted) = event.kind else {
            throw error(
                event.line, "a mapping or a list stands where a key belongs",
                "Write the key as plain text, and quote it where it begins with [ or {.")
        }
        guard isQuoted || CoreScalar(plain: text) == .string else {
            throw error(
                event.line,
                "the key '\(ConfigurationError.excerpt(text))' is no text but a number, a truth "
                    + "value or null",
                "Quote it if it is meant as text.")
        }
        return text
    }
}
