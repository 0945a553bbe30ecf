import LinuxPlatform
import Platform
import Testing

/// What comes back is what was compressed, within the bound that was given; what is no compressed
/// text is refused.
func compressorContract(_ compressor: any Compressor) -> [String] {
    var verdict = Verdict()
    var state: UInt64 = 7
    func random() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
    let line = [UInt8]("info: GET /api/v1/items 200 in 17 ms\n".utf8)
    let texts: [[UInt8]] = [
        (0..<40).flatMap { _ in line }, [UInt8](repeating: 0, count: 1 << 20),
        (0..<60_000).map { _ in random() & 3 }, (0..<2000).flatMap { _ in line + [random()] },
    ]
    for text in texts {
        guard let compressed = compressor.compress(text) else {
            verdict.require(false, "\(text.count) bytes that repeat do not get shorter")
            continue
        }
        let length = text.count
        verdict.require(compressed.count < length, "compressed bytes are not shorter")
        verdict.require(
            compressor.compress(text) == compressed, "the same bytes become others each time")
        verdict.require(
            compressor.decompress(compressed, maximum: length) == text, "other bytes come back")
        verdict.require(
            compressor.decompress(compressed, maximum: length - 1) == nil,
            "more comes back than was asked for")
        verdict.require(
            compressor.decompress(compressed, maximum: 0) == nil, "something comes back for 0")
        verdict.require(
            compressor.decompress(Array(compressed.dropLast()), maximum: length) == nil,
            "what was cut short comes back")
        for _ in 0..<200 {
            var damaged = compressed
            damaged[Int(random()) * 256 % damaged.count] ^= random() | 1
            let content = compressor.decompress(damaged, maximum: length)
            verdict.require((content?.count ?? 0) <= length, "damage makes more of it")
        }
    }
    let noise = (0..<1000).map { _ in random() }
    verdict.require(compressor.compress(noise) == nil, "noise gets shorter")
    verdict.require(compressor.compress([]) == nil, "nothing gets shorter")
    verdict.require(compressor.compress([1]) == nil, "one byte gets shorter")
    for length in 0..<200 {
        let content = compressor.decompress(
            (0..<length).map { _ in random() }, maximum: 1 << 16)
        verdict.require((content?.count ?? 0) <= 1 << 16, "random bytes make too much")
    }
    return verdict.faults
}

@Suite struct CompressorContracts {
    @Test func zstd() {
        #expect(compressorContract(Zstd()) == [])
        for level: Int32 in [1, 19] { #expect(compressorContract(Zstd(level: level)) == []) }
    }

    @Test func zstdBehindAPrefix() {
        let prefix = [UInt8]("temperature humidity linkquality battery voltage".utf8)
        let compressor = Zstd(prefix: prefix)
        #expect(compressorContract(compressor) == [])
        // Too short to repeat itself, but its prefix has it.
        let text = [UInt8]("temperature humidity battery".utf8)
        #expect(Zstd().compress(text) == nil)
        let compressed = compressor.compress(text)
        #expect(compressed.flatMap { compressor.decompress($0, maximum: 99) } == text)
        #expect(compressed.flatMap { Zstd().decompress($0, maximum: 99) } != text)
    }

    /// A frame says its length first: one that promises too much, or does not say, is refused
    /// before memory is taken. RFC 8878 §3.1.1: a descriptor, a window where there is no single
    /// segment, the length, and a block of a byte that repeats.
    @Test func zstdRefusesABomb() {
        let block: [UInt8] = [0x03, 0, 0x10, 0]  // the last, a run of 2^17 zeros
        let promises: [([UInt8], isRead: Bool)] = [
            // Four bytes of length: 2^17, as it is.
            ([0xA0, 0, 0, 2, 0], true),
            // 2^32 − 1, and eight bytes of it: 2^60.
            ([0xA0, 0xFF, 0xFF, 0xFF, 0xFF], false),
            ([0xE0, 0, 0, 0, 0, 0, 0, 0, 0x10], false),
            // A window of 128 KiB and no length.
            ([0x00, 0x38], false),
        ]
        for (header, isRead) in promises {
            let content = Zstd().decompress(header + block, maximum: 1 << 20)
            #expect((content?.count == 1 << 17) == isRead)
        }
    }
}
