/// A transfer in the shape of an SMBus command, for adapters that know only those. On the wire it
/// is the same (SMBus specification 3.1, §6.5).
public enum SMBusCommand: Sendable, Hashable {
    case quick
    case receiveByte
    case sendByte(UInt8)
    /// A command and 1 or 2 bytes: a byte, or a word whose low byte goes first.
    case writeData(UInt8, [UInt8])
    case readData(UInt8, Int)
    /// A command and 3 to 32 bytes, without a count on the wire.
    case writeBlock(UInt8, [UInt8])
    case readBlock(UInt8, Int)

    /// `I2C_SMBUS_BLOCK_MAX`.
    public static let blockBytesMax = 32

    /// Nil for messages of another shape.
    public init?(_ messages: [I2CMessage]) {
        switch (messages.first, messages.dropFirst().first) {
        case (.write(let bytes), nil):
            guard let command = bytes.first else {
                self = .quick
                return
            }
            let data = Array(bytes.dropFirst())
            switch data.count {
            case 0: self = .sendByte(command)
            case 1, 2: self = .writeData(command, data)
            case 3...Self.blockBytesMax: self = .writeBlock(command, data)
            default: return nil
            }
        case (.read(1), nil): self = .receiveByte
        case (.write(let bytes), .read(let count)) where messages.count == 2 && bytes.count == 1:
            switch count {
            case 1, 2: self = .readData(bytes[0], count)
            case 3...Self.blockBytesMax: self = .readBlock(bytes[0], count)
            default: return nil
            }
        default: return nil
        }
    }

    /// What an adapter must be able to do for it.
    public var needs: I2CFunctions {
        switch self {
        case .quick: .quick
        case .receiveByte, .sendByte: .byte
        case .writeData, .readData: .data
        case .writeBlock, .readBlock: .block
        }
    }
}
