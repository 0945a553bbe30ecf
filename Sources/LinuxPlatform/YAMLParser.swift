import CYAML
import Platform

/// What libyaml found, in Swift's terms.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar(String, isQuoted: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    let kind: Kind
    let line: Int
    let column: Int
}

/// A libyaml parser over its own copy of the input. Freed with the value, so on every path.
struct YAMLParser: ~Copyable {
    /// On the heap: `yaml_parser_set_input_string` stores the parser's own address in it.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let file: String?
    /// Counted by whoever builds a tree from the events.
    var nodeCount = 0

    init(_ bytes: [UInt8], file: String?) throws(ConfigurationError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        // yaml.h: 1 on success, 0 on error; the only one is lack of memory.
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw ConfigurationError(
                file: file, line: 1, field: nil, message: "no memory to read the file",
                hint: "Free some memory and try again.")
        }
        self.parser = parser
        self.file = file
        // Left to find the encoding itself, libyaml would also read UTF-16, and told UTF-8, it
        // counts the mark as a column.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        input = .allocate(capacity: text.count)
        _ = input.initialize(from: text)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }
}

extension YAMLParser {
    private static let corePrefix = "tag:yaml.org,2002:"

    /// The next event, checked for what no configuration file needs.
    mutating func next() throws(ConfigurationError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw libraryError() }
        defer { yaml_event_delete(&event) }
        let line = event.start_mark.line + 1
        let kind: YAMLEvent.Kind
        switch event.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_SCALAR_EVENT: kind = try scalar(event, line)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            try refuseAnchor(start.anchor, line)
            try checkTag(start.tag, allowed: ["seq"], line)
            kind = .sequenceStart
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            try refuseAnchor(start.anchor, line)
            try checkTag(start.tag, allowed: ["map"], line)
            kind = .mappingStart
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        case YAML_ALIAS_EVENT: throw anchorError(line)
        // libyaml gives the end of the stream for ever once it is reached.
        default: kind = .streamEnd
        }
        return YAMLEvent(kind: kind, line: line, column: event.start_mark.column + 1)
    }

    private func scalar(
        _ event: yaml_event_t, _ line: Int
    ) throws(ConfigurationError) -> YAMLEvent.Kind {
        let scalar = event.data.scalar
        try refuseAnchor(scalar.anchor, line)
        // With its length: an escape in double quotes may have put a NUL inside.
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw error(line, "text that is not valid UTF-8", "Save the file as UTF-8.")
        }
        let allowed =
            switch CoreScalar(plain: text) {
            case .null: ["str", "null"]
            case .bool: ["str", "bool"]
            case .integer, .hugeInteger: ["str", "int", "float"]
            case .float: ["str", "float"]
            case .string: ["str"]
            }
        switch try checkTag(scalar.tag, allowed: allowed, line) {
        case nil: return .scalar(text, isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE)
        case let tag: return .scalar(text, isQuoted: tag == "str")
        }
    }

    /// The core schema's name for the tag, nil where there is none.
    @discardableResult
    private func checkTag(
        _ tag: UnsafeMutablePointer<yaml_char_t>?, allowed: [String], _ line: Int
    ) throws(ConfigurationError) -> String? {
        guard let tag else { return nil }
        let text = String(decodingCString: tag, as: UTF8.self)
        let name = String(text.dropFirst(Self.corePrefix.count))
        guard text.hasPrefix(Self.corePrefix), allowed.contains(name) else {
            throw error(
                line, "the tag '\(ConfigurationError.excerpt(text))' does not fit here",
                "Remove the tag; the field's own type decides.")
        }
        return name
    }

    private func refuseAnchor(
        _ anchor: UnsafeMutablePointer<yaml_char_t>?, _ line: Int
    ) throws(ConfigurationError) {
        if anchor != nil { throw anchorError(line) }
    }

    private func anchorError(_ line: Int) -> ConfigurationError {
        error(
            line, "anchors (&name) and aliases (*name) are not supported",
            "Write the value out, and quote text that begins with & or *.")
    }
}

extension YAMLParser {
    func error(_ line: Int, _ message: String, _ hint: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, field: nil, message: message, hint: hint)
    }

    /// What libyaml says, in words for the person who wrote the file.
    private func libraryError() -> ConfigurationError {
        let failed = parser.pointee
        let problem = failed.problem.map { String(cString: $0) } ?? "unreadable"
        switch failed.error {
        case YAML_MEMORY_ERROR:
            return error(1, "no memory to read the file", "Free some memory and try again.")
        case YAML_READER_ERROR:
            // The reader is ahead of the scanner and knows bytes, not lines.
            let line = lastLine(of: input.prefix(failed.problem_offset))
            guard problem.hasPrefix("control") else {
                return error(line, "not valid UTF-8 (\(problem))", "Save the file as UTF-8.")
            }
            let code = String(max(0, failed.problem_value), radix: 16)
            return error(
                line, "control character 0x\(code)",
                "Remove it, or write it as an escape in double quotes.")
        default:
            // libyaml ends the last line even where the file does not.
            let line = min(failed.problem_mark.line + 1, lastLine(of: input[...]))
            let begun = failed.context_mark.line + 1
            let context = failed.context.map { String(cString: $0) } ?? ""
            let place = context.isEmpty || begun == line ? "" : ", begun in line \(begun)"
            let message = "not YAML: \(problem)"
            return error(
                line, message + (context.isEmpty ? "" : " \(context)") + place,
                hint(problem, line))
        }
    }

    private func hint(_ problem: String, _ line: Int) -> String {
        if problem.contains("tab character") || isIndentedByTab(line) {
            return "Indent with spaces; YAML allows no tabs there."
        }
        if problem.hasPrefix("mapping values are not allowed") {
            return "Write one 'key: value' a line, and quote a value that contains a colon."
        }
        if problem.contains("expected key") || problem.contains("expected ':'") {
            return "Indent the fields of a section alike, and end each name with a colon."
        }
        if problem.contains("end of stream") || problem.contains("expected ','") {
            return "Close the quotation mark or bracket that was opened."
        }
        return "Check indentation and quotation marks here and in the line above."
    }

    /// A line ends with LF, CR or both.
    private func lastLine(of bytes: Slice<UnsafeMutableBufferPointer<UInt8>>) -> Int {
        var line = 1
        var previous: UInt8 = 0
        for byte in bytes {
            let endsBoth = previous == UInt8(ascii: "\r") && byte == UInt8(ascii: "\n")
            if byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n"), !endsBoth { line += 1 }
            previous = byte
        }
        return line
    }

    private func isIndentedByTab(_ line: Int) -> Bool {
        let lines = input.split(
            separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
        guard line <= lines.count else { return false }
        return lines[line - 1].prefix { $0 == 0x20 || $0 == 0x09 }.contains(0x09)
    }
}
