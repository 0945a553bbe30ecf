/// The seam to a general compressor of byte strings.
///
/// What one conformer compressed, the same conformer decompresses, on any machine and in any later
/// version: the bytes are kept and sent.
public protocol Compressor: Sendable {
    /// The bytes, shorter; nil where they would not become shorter, or where there is no memory
    /// for it.
    func compress(_ bytes: [UInt8]) -> [UInt8]?

    /// What was compressed. Nil where the bytes are none of `compress`, were damaged in a way that
    /// shows, or stand for more than `maximum` bytes; then no memory is taken for these. Damage
    /// that does not show gives other bytes: whoever sends them has a checksum.
    func decompress(_ bytes: [UInt8], maximum: Int) -> [UInt8]?
}
