/// A fingerprint of all that a world did: two runs of one seed must have the same.
public struct SimTrace: Sendable {
    /// FNV-1a over everything noted, in order.
    public private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// How much was noted.
    public private(set) var count: UInt64 = 0

    /// A trace of nothing.
    public init() {}

    /// Adds bytes; the end of each addition counts too.
    public mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { mix(byte) }
        mix(0xFF)
        count += 1
    }

    /// Adds a number.
    public mutating func add(_ number: Int64) {
        var bits = UInt64(bitPattern: number)
        for _ in 0..<8 {
            mix(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
        }
    }

    private mutating func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
