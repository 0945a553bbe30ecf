/// Who answers on a bus, asked the way `i2cdetect` asks.
public struct I2CScan: Sendable, Hashable {
    /// What is at an address.
    public enum Presence: Sendable, Hashable {
        case present
        /// A driver of the kernel has it.
        case owned(String?)
    }

    /// By address, ascending; where nobody answered there is no entry.
    public let found: [(address: I2CAddress, presence: Presence)]

    public static func == (left: Self, right: Self) -> Bool {
        left.found.elementsEqual(right.found) { $0 == $1 }
    }

    public func hash(into hasher: inout Hasher) {
        for entry in found {
            hasher.combine(entry.address)
            hasher.combine(entry.presence)
        }
    }

    /// Asks every usable address once.
    ///
    /// - Throws: what makes the bus as a whole useless: it is missing, denied or stuck.
    public init<Bus: I2CBus & ~Copyable>(_ bus: inout Bus) throws(I2CError) {
        var found: [(address: I2CAddress, presence: Presence)] = []
        for number in I2CAddress.usable {
            let address = I2CAddress(low: number)
            guard let question = Self.question(address, bus.functions) else {
                throw .unsupported("the bus", "a scan")
            }
            do throws(I2CError) {
                _ = try bus.transfer(I2CTransfer(address, [question]))
                found.append((address, .present))
            } catch {
                switch error.code {
                case .busy(let owner): found.append((address, .owned(owner)))
                case .missing, .denied, .stuck, .unsupported: throw error
                default: continue
                }
            }
        }
        self.found = found
    }

    /// A quick write, but a read where memories are: some take a quick write for the beginning of
    /// a write (i2cdetect(8)).
    static func question(_ address: I2CAddress, _ functions: I2CFunctions) -> I2CMessage? {
        let isMemory = 0x30...0x37 ~= address.rawValue || 0x50...0x5F ~= address.rawValue
        let canRead = functions.contains(.byte) || functions.contains(.messages)
        if isMemory, canRead { return .read(1) }
        if functions.contains(.quick) { return .write([]) }
        return canRead ? .read(1) : nil
    }
}
