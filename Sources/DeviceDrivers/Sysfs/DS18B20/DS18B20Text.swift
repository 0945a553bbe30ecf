/// What the kernel's `w1_slave` says of a DS18B20: its nine bytes and whether the check sum fits,
/// then the same with the temperature (Documentation/w1/slaves/w1_therm.rst).
///
///     91 01 4b 46 7f ff 0f 10 25 : crc=25 YES
///     91 01 4b 46 7f ff 0f 10 25 t=25062
public struct DS18B20Text: Sendable, Hashable {
    /// The nine bytes of the sensor's memory.
    public let memory: [UInt8]

    public init(_ bytes: [UInt8]) throws(DriverFault) {
        let lines = String(decoding: bytes.prefix(256), as: UTF8.self).split(separator: "\n")
        let words = lines.first?.split(separator: " ") ?? []
        let memory = words.prefix(9).compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard memory.count == 9, words.count > 9 else {
            throw DriverFault(.badAnswer, "w1_slave does not hold the nine bytes of a sensor")
        }
        // An open line gives zeros, whose check sum is zero as well.
        guard memory.contains(where: { $0 != 0 }) else {
            throw DriverFault(.missing, "only zeros came: the sensor's line is open or shorted")
        }
        guard Checksums.crc8OneWire(memory[..<8]) == memory[8], words.last == "YES" else {
            throw DriverFault(.checksum, "the check sum is wrong; check cable and pull-up")
        }
        self.memory = memory
    }
}
