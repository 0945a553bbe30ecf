import CEdgeShims
import Glibc
public import Platform

/// An I2C bus by i2c-dev: any transfer where the adapter can do it (I2C_RDWR), and SMBus commands
/// where it cannot, as i2c-stub and the buses of PCs.
public struct LinuxI2CBus: I2CBus, ~Copyable {
    /// How often a transfer that lost the bus to another master is tried again.
    public static let retriesMax = 3

    /// As under /dev: `i2c-1`.
    public let name: String
    public let functions: I2CFunctions
    private let descriptor: Int32
    private let root: String
    private var health = I2CBusHealth()

    /// - Parameter root: Holds `dev` and `sys`; empty for the board's own.
    public init(_ name: String, root: String = "") throws(I2CError) {
        descriptor = open("\(root)/dev/\(name)", O_RDWR | O_CLOEXEC)
        self.name = name
        self.root = root
        guard descriptor >= 0 else {
            functions = []
            throw Self.openError(name, errno)
        }
        var bits: UInt = 0
        guard edge_i2c_functions(descriptor, &bits) == 0 else {
            let code = errno
            functions = []
            throw I2CError(.missing, "\(name) is no I2C bus: \(Self.text(code))")
        }
        functions = I2CFunctions(kernel: bits)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The buses of this board, by name.
    public static func names(root: String = "") -> [String] {
        LinuxFileSystem().list("\(root)/dev").filter { name in
            name.hasPrefix("i2c-") && UInt8(name.dropFirst("i2c-".count)) != nil
        }
    }

    public mutating func transfer(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        try transfer.check()
        // I2C_RDWR would reach a chip behind the back of the kernel's driver for it.
        guard edge_i2c_choose(descriptor, transfer.address.rawValue) == 0 else {
            let code = errno
            guard code == EBUSY else { throw failure(code, transfer) }
            throw .busy(transfer.address, owner: owner(transfer.address))
        }
        var failed = I2CError.arbitrationLost()
        for _ in 0...Self.retriesMax {
            do throws(I2CError) {
                let bytes = try attempt(transfer)
                health.onSuccess()
                return bytes
            } catch {
                failed = error
                guard error.isPassing else { break }
            }
        }
        throw health.onFailure(failed, transfer.address, bus: name)
    }

    private func attempt(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        let command = SMBusCommand(transfer.messages)
        // Many adapters refuse I2C_RDWR without a byte; the kernel has a way of its own for it.
        if functions.contains(.messages), command != .quick { return try combined(transfer) }
        guard let command, functions.contains(command.needs) else {
            throw .unsupported(name, "this transfer")
        }
        return try smbus(command, transfer)
    }

    private func combined(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        // All messages side by side in one buffer, which cannot move while the kernel has it.
        var buffer: [UInt8] = []
        for message in transfer.messages {
            switch message {
            case .write(let bytes): buffer += bytes
            case .read(let count): buffer += [UInt8](repeating: 0, count: count)
            }
        }
        var code: Int32 = 0
        buffer.withUnsafeMutableBufferPointer { all in
            var list: [edge_i2c_message] = []
            var offset = 0
            for message in transfer.messages {
                let (isRead, count) =
                    switch message {
                    case .write(let bytes): (false, bytes.count)
                    case .read(let count): (true, count)
                    }
                list.append(
                    edge_i2c_message(
                        is_read: isRead, count: UInt16(count),
                        bytes: all.baseAddress.map { $0 + offset }))
                offset += count
            }
            let address = transfer.address.rawValue
            if edge_i2c_transfer(descriptor, address, list, Int32(list.count)) != 0 { code = errno }
        }
        guard code == 0 else { throw failure(code, transfer) }
        var offset = 0
        var answer: [UInt8] = []
        for message in transfer.messages {
            switch message {
            case .write(let bytes): offset += bytes.count
            case .read(let count):
                answer += buffer[offset..<offset + count]
                offset += count
            }
        }
        return answer
    }

    private func smbus(
        _ command: SMBusCommand, _ transfer: I2CTransfer
    ) throws(I2CError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: SMBusCommand.blockBytesMax)
        var isRead = false
        var number: UInt8 = 0
        var (size, count) = (EDGE_I2C_QUICK, Int32(0))
        switch command {
        case .quick: break
        case .receiveByte: (isRead, size, count) = (true, EDGE_I2C_BYTE, 1)
        case .sendByte(let byte): (number, size) = (byte, EDGE_I2C_BYTE)
        case .writeData(let register, let bytes), .writeBlock(let register, let bytes):
            number = register
            buffer.replaceSubrange(0..<bytes.count, with: bytes)
            (size, count) = (Self.size(bytes.count), Int32(bytes.count))
        case .readData(let register, let length), .readBlock(let register, let length):
            (isRead, number) = (true, register)
            (size, count) = (Self.size(length), Int32(length))
        }
        guard edge_i2c_smbus(descriptor, isRead, number, size, &buffer, &count) == 0 else {
            throw failure(errno, transfer)
        }
        guard isRead else { return [] }
        guard Int(count) == transfer.readCount else {
            throw .badLength(
                transfer.address, "\(count) bytes came where \(transfer.readCount) were asked for")
        }
        return Array(buffer.prefix(Int(count)))
    }

    private static func size(_ count: Int) -> edge_i2c_size {
        switch count {
        case 1: EDGE_I2C_BYTE_DATA
        case 2: EDGE_I2C_WORD_DATA
        default: EDGE_I2C_BLOCK_DATA
        }
    }

    /// The name of what the kernel's driver has there.
    private func owner(_ address: I2CAddress) -> String? {
        let device = "\(name.dropFirst("i2c-".count))-00\(address.description.dropFirst(2))"
        let text = LinuxFileSystem.text("/sys/bus/i2c/devices/\(device)/name")
        return text?.split(separator: "\n").first.map(String.init)
    }
}

extension LinuxI2CBus {
    /// Documentation/i2c/fault-codes.rst says which errno(3) stands for what.
    private func failure(_ code: Int32, _ transfer: I2CTransfer) -> I2CError {
        switch code {
        // i2c-bcm2835: EREMOTEIO; others ENXIO.
        case ENXIO, EREMOTEIO: .nack(transfer.address)
        // i2c-stub says so of a chip that it does not have, others of a bus that was unplugged.
        case ENODEV where access("\(root)/sys/class/i2c-dev/\(name)", F_OK) == 0:
            .nack(transfer.address)
        case EAGAIN: .arbitrationLost()
        case ETIMEDOUT: .timeout(transfer.address)
        // "The bus was busy for longer than allowed": nobody lets go of a line.
        case EBUSY: .stuck(name)
        case EINVAL, EMSGSIZE: .badLength(transfer.address, "the kernel refuses its length")
        case EOPNOTSUPP: .unsupported(name, "this transfer")
        case ENODEV, ESHUTDOWN: I2CError(.missing, "\(name) is gone")
        default: I2CError(.fault(code), "\(transfer.address) on \(name): \(Self.text(code))")
        }
    }

    private static func openError(_ name: String, _ code: Int32) -> I2CError {
        switch code {
        case ENOENT, ENODEV, ENXIO:
            .missingBus(name)
        case EACCES, EPERM:
            I2CError(
                .denied, "/dev/\(name) may not be opened",
                hint: "Put the agent's user into the group that owns it, mostly i2c: usermod -aG "
                    + "i2c USER.")
        default: I2CError(.fault(code), "/dev/\(name) cannot be opened: \(text(code))")
        }
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension I2CFunctions {
    /// From the I2C_FUNC_ bits of linux/i2c.h.
    init(kernel bits: UInt) {
        var functions: I2CFunctions = []
        if bits & 0x0000_0001 != 0 { functions.insert(.messages) }
        if bits & 0x0001_0000 != 0 { functions.insert(.quick) }
        if bits & 0x0006_0000 == 0x0006_0000 { functions.insert(.byte) }
        if bits & 0x0078_0000 == 0x0078_0000 { functions.insert(.data) }
        if bits & 0x0C00_0000 == 0x0C00_0000 { functions.insert(.block) }
        self = functions
    }
}
