/// CRC-32C (Castagnoli), as in RFC 3720 §12.1 and appendix B.4.
public enum CRC32C {
    /// One entry a byte value, for the reflected polynomial 0x82F63B78.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }

    public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        bytes.withContiguousStorageIfAvailable { checksum(of: $0) }
            ?? Array(bytes).withUnsafeBufferPointer { checksum(of: $0) }
    }

    /// Not generic: a generic loop asks its caller for each byte.
    private static func checksum(of bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var crc = UInt32.max
            for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
            return ~crc
        }
    }
}
