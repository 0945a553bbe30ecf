public import Platform

/// An I2C bus with simulated chips on it, and with faults where a script or a seed says so.
public struct SimI2CBus: I2CBus, Sendable {
    /// How long a transfer keeps others waiting: 100 kHz and some bytes.
    public static let transferSpan: Milliseconds = 1

    public var functions: I2CFunctions
    public var chips: [I2CAddress: any SimChip]
    /// Addresses of the kernel's drivers.
    public var owners: [I2CAddress: String] = [:]
    public var faults: SimI2CFaults
    /// Transfers so far.
    public private(set) var transfers = 0
    /// Bits that were flipped so far.
    public private(set) var flips = 0
    /// Time that has passed on this bus.
    public private(set) var elapsed: Milliseconds = 0
    private var stuckFor = 0

    public init(
        _ chips: [I2CAddress: any SimChip], faults: SimI2CFaults = SimI2CFaults(),
        functions: I2CFunctions = [.messages, .quick, .byte, .data, .block]
    ) {
        self.chips = chips
        self.faults = faults
        self.functions = functions
    }

    /// Time passes for the chips.
    public mutating func pass(_ span: Milliseconds) {
        elapsed = elapsed + span
        for address in chips.keys { chips[address]?.pass(span) }
    }

    /// The supply of all chips was away.
    public mutating func losePower() {
        stuckFor = 0
        for address in chips.keys { chips[address]?.losePower() }
    }

    public mutating func transfer(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        try transfer.check()
        let address = transfer.address
        if !functions.contains(.messages) {
            guard let command = SMBusCommand(transfer.messages), functions.contains(command.needs)
            else { throw .unsupported("the simulated bus", "this transfer") }
        }
        if let owner = owners[address] { throw .busy(address, owner: owner) }
        transfers += 1
        pass(Self.transferSpan)
        let fault = faults.next(transfers)
        if case .stuck(let count) = fault { stuckFor = max(stuckFor, count) }
        guard stuckFor == 0 else {
            stuckFor -= 1
            throw .stuck("the simulated bus")
        }
        switch fault {
        case .nack: throw .nack(address)
        case .slow: throw .timeout(address)
        case .lost: throw .arbitrationLost()
        default: break
        }
        var bytes = try carry(transfer)
        if case .flip(let bit) = fault, bit / 8 < bytes.count {
            bytes[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            flips += 1
        }
        return bytes
    }

    private mutating func carry(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        guard var chip = chips[transfer.address] else { throw .nack(transfer.address) }
        defer { chips[transfer.address] = chip }
        var bytes: [UInt8] = []
        for message in transfer.messages {
            switch message {
            case .write(let data):
                guard chip.write(data) else { throw .nack(transfer.address) }
            case .read(let count):
                guard let data = chip.read(count), data.count == count else {
                    throw .nack(transfer.address)
                }
                bytes += data
            }
        }
        return bytes
    }
}
