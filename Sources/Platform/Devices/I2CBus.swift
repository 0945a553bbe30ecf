/// One part of a transfer. Between two parts the bus is not given up (repeated start), so no other
/// master gets between the write of a register's number and the read of what is in it.
public enum I2CMessage: Sendable, Hashable {
    /// These bytes; none asks only whether the chip answers (SMBus "quick").
    case write([UInt8])
    /// So many bytes; at least one.
    case read(Int)
}

/// One transfer with one chip, from start to stop.
public struct I2CTransfer: Sendable, Hashable {
    /// `I2C_RDWR_IOCTL_MAX_MSGS` of Linux's i2c-dev.
    public static let messagesMax = 42
    /// What i2c-dev takes in a message.
    public static let messageBytesMax = 8192

    /// Whom it is for.
    public let address: I2CAddress
    /// In order.
    public let messages: [I2CMessage]

    /// Nothing is checked here; every bus does, with `check`.
    public init(_ address: I2CAddress, _ messages: [I2CMessage]) {
        self.address = address
        self.messages = messages
    }

    /// Bytes that it reads in all.
    public var readCount: Int {
        messages.reduce(0) { sum, message in
            if case .read(let count) = message { sum + count } else { sum }
        }
    }

    /// Refuses what no bus can carry, before anything moves.
    public func check() throws(I2CError) {
        guard 1...Self.messagesMax ~= messages.count else {
            throw .badLength(
                address,
                "a transfer has 1 to \(Self.messagesMax) messages, this one \(messages.count)")
        }
        for message in messages {
            let (count, least) =
                switch message {
                case .write(let bytes): (bytes.count, messages.count == 1 ? 0 : 1)
                case .read(let count): (count, 1)
                }
            guard least...Self.messageBytesMax ~= count else {
                throw .badLength(
                    address,
                    "a message has \(least) to \(Self.messageBytesMax) bytes, this one \(count)")
            }
        }
    }
}

/// What an adapter can do (`I2C_FUNCS`).
public struct I2CFunctions: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Any messages. Without it a transfer must have the shape of an SMBus command.
    public static let messages = I2CFunctions(rawValue: 1)
    /// An address without data.
    public static let quick = I2CFunctions(rawValue: 2)
    /// One byte without a command before it, each way.
    public static let byte = I2CFunctions(rawValue: 4)
    /// A command and a byte, a command and a word.
    public static let data = I2CFunctions(rawValue: 8)
    /// A command and up to 32 bytes without a count.
    public static let block = I2CFunctions(rawValue: 16)
}

/// The seam to an I2C bus. One owner at a time uses it and waits for it: a transfer takes
/// milliseconds, a bus that hangs a second.
public protocol I2CBus: ~Copyable {
    var functions: I2CFunctions { get }

    /// The bytes of all reads of a transfer, one after the other; exactly as many as it asks for.
    mutating func transfer(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8]
}
