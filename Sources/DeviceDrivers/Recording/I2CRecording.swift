public import Platform

/// Transfers as text, to be played again: one a line, `#` begins a comment.
///
///     # a BME280 is asked for its identity
///     0x76 w:d0 r:60
///     0x76 w:e0b6
///     0x77 w: nack
///
/// An address, then the messages in order with their bytes in hexadecimal; `nack`, `timeout`,
/// `stuck` or `lost` at the end where it failed, and then `r:` with a number of `?` for bytes that
/// never came.
public struct I2CRecording: Sendable, Hashable {
    /// One transfer and what came of it.
    public struct Entry: Sendable, Hashable {
        public let transfer: I2CTransfer
        /// The bytes of all reads.
        public let answer: [UInt8]
        /// A word of `failures`; nil where it succeeded.
        public let failure: String?
    }

    /// Lines of one recording at most.
    public static let entriesMax = 10_000

    public private(set) var entries: [Entry] = []

    public init() {}

    /// - Throws: the first line that cannot be read.
    public init(_ text: String) throws(DriverFault) {
        var number = 0
        // Bytes, not characters: CR LF is one character, and so is a # with an accent.
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let words = line.prefix { $0 != UInt8(ascii: "#") }
                .split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.map { Substring($0) }
            guard !words.isEmpty else { continue }
            guard entries.count < Self.entriesMax else {
                throw DriverFault(
                    .badAnswer,
                    "line \(number) is beyond \(Self.entriesMax) transfers, the most of a recording"
                )
            }
            guard let entry = Self.entry(words) else {
                throw DriverFault(
                    .badAnswer, "line \(number) is no transfer such as 0x76 w:d0 r:60")
            }
            entries.append(entry)
        }
    }

    private static func entry(_ words: [Substring]) -> Entry? {
        guard words[0].hasPrefix("0x"), words[0].utf8.dropFirst(2).allSatisfy(isDigit),
            let number = Int64(words[0].dropFirst(2), radix: 16),
            let address = I2CAddress(number)
        else { return nil }
        var messages: [I2CMessage] = []
        var answer: [UInt8] = []
        var failure: String?
        for word in words.dropFirst() {
            guard failure == nil else { return nil }
            if word.hasPrefix("w:") {
                guard let bytes = bytes(word.dropFirst(2)) else { return nil }
                messages.append(.write(bytes))
            } else if word.hasPrefix("r:") {
                let digits = word.dropFirst(2)
                if digits.utf8.allSatisfy({ $0 == UInt8(ascii: "?") }) {
                    messages.append(.read(digits.utf8.count))
                } else {
                    guard let bytes = bytes(digits) else { return nil }
                    messages.append(.read(bytes.count))
                    answer += bytes
                }
            } else if error(String(word), address) != nil {
                failure = String(word)
            } else {
                return nil
            }
        }
        let transfer = I2CTransfer(address, messages)
        // A transfer that failed has given no bytes: read with some, it would not be what it is
        // written as.
        guard (try? transfer.check()) != nil,
            answer.count == (failure == nil ? transfer.readCount : 0)
        else { return nil }
        return Entry(transfer: transfer, answer: answer, failure: failure)
    }

    private static func bytes(_ digits: Substring) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count.isMultiple(of: 2), digits.count <= 2 * I2CTransfer.messageBytesMax
        else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[start..<start + 2], as: UTF8.self)
            guard pair.utf8.allSatisfy(isDigit), let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    /// A hexadecimal digit; Swift's integers are read with a sign as well.
    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    static func error(_ word: String, _ address: I2CAddress) -> I2CError? {
        switch word {
        case "nack": .nack(address)
        case "timeout": .timeout(address)
        case "stuck": .stuck("the recorded bus")
        case "lost": .arbitrationLost()
        default: nil
        }
    }

    private static func word(_ error: I2CError) -> String {
        switch error.code {
        case .timeout: "timeout"
        case .stuck: "stuck"
        case .arbitrationLost: "lost"
        default: "nack"
        }
    }

    mutating func append(_ transfer: I2CTransfer, _ answer: [UInt8]) {
        guard entries.count < Self.entriesMax else { return }
        entries.append(Entry(transfer: transfer, answer: answer, failure: nil))
    }

    mutating func append(_ transfer: I2CTransfer, _ error: I2CError) {
        guard entries.count < Self.entriesMax else { return }
        entries.append(Entry(transfer: transfer, answer: [], failure: Self.word(error)))
    }

    /// As `init` reads it.
    public var text: String {
        entries.map { entry in
            var rest = entry.answer[...]
            var words = [entry.transfer.address.description]
            for message in entry.transfer.messages {
                switch message {
                case .write(let bytes): words.append("w:" + Self.digits(bytes))
                case .read(let count):
                    words.append(
                        "r:"
                            + (entry.failure == nil
                                ? Self.digits(Array(rest.prefix(count)))
                                : String(repeating: "?", count: count)))
                    rest = rest.dropFirst(count)
                }
            }
            return (words + [entry.failure].compactMap { $0 }).joined(separator: " ") + "\n"
        }.joined()
    }

    private static func digits(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
