/// The calibration of one chip: BME280 datasheet §4.2.2, table 16. Named as there.
public struct BME280Calibration: Sendable, Hashable {
    public var t1: Int64 = 0, t2: Int64 = 0, t3: Int64 = 0
    public var p1: Int64 = 0, p2: Int64 = 0, p3: Int64 = 0, p4: Int64 = 0, p5: Int64 = 0
    public var p6: Int64 = 0, p7: Int64 = 0, p8: Int64 = 0, p9: Int64 = 0
    public var h1: Int64 = 0, h2: Int64 = 0, h3: Int64 = 0, h4: Int64 = 0, h5: Int64 = 0
    public var h6: Int64 = 0

    public init() {}

    /// The bytes from 88h on; nil where they are too few.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 24 else { return nil }
        let unsigned = { (index: Int) in Int64(UInt16(littleEndian: bytes, at: index)) }
        let signed = { (index: Int) in
            Int64(Int16(bitPattern: UInt16(littleEndian: bytes, at: index)))
        }
        (t1, t2, t3) = (unsigned(0), signed(2), signed(4))
        (p1, p2, p3) = (unsigned(6), signed(8), signed(10))
        (p4, p5, p6) = (signed(12), signed(14), signed(16))
        (p7, p8, p9) = (signed(18), signed(20), signed(22))
        if bytes.count >= 26 { h1 = Int64(bytes[25]) }
    }

    /// The bytes from E1h on. H4 and H5 have twelve bits each and share the byte E5h.
    public mutating func setHumidity(_ bytes: [UInt8]) {
        guard bytes.count >= 7 else { return }
        h2 = Int64(Int16(bitPattern: UInt16(littleEndian: bytes, at: 0)))
        h3 = Int64(bytes[2])
        h4 = Int64(Int8(bitPattern: bytes[3])) << 4 | Int64(bytes[4] & 0x0F)
        h5 = Int64(Int8(bitPattern: bytes[5])) << 4 | Int64(bytes[4] >> 4)
        h6 = Int64(Int8(bitPattern: bytes[6]))
    }
}

/// From a chip's numbers to units: the formulas in whole numbers of §4.2.3. Any numbers give a
/// result; calibrations that no chip has may give one that no weather has.
public enum BME280Conversion {
    /// `t_fine`, which the other formulas take, and hundredths of a degree Celsius.
    public static func temperature(
        _ raw: Int64, _ c: BME280Calibration
    ) -> (fine: Int64, hundredths: Int64) {
        let first = (((raw >> 3) - (c.t1 << 1)) &* c.t2) >> 11
        let distance = (raw >> 4) - c.t1
        let second = (((distance &* distance) >> 12) &* c.t3) >> 14
        let fine = first &+ second
        return (fine, (fine &* 5 &+ 128) >> 8)
    }

    /// 256ths of a pascal; nil where the calibration would divide by zero.
    public static func pressure(_ raw: Int64, fine: Int64, _ c: BME280Calibration) -> Int64? {
        let a = fine &- 128_000
        var b = a &* a &* c.p6
        b = b &+ ((a &* c.p5) << 17)
        b = b &+ (c.p4 << 35)
        var scale = ((a &* a &* c.p3) >> 8) &+ ((a &* c.p2) << 12)
        scale = (((1 << 47) &+ scale) &* c.p1) >> 33
        guard scale != 0 else { return nil }
        let difference = ((1_048_576 - raw) << 31) &- b
        var p = (difference &* 3125).dividedReportingOverflow(by: scale).partialValue
        let ninth = (c.p9 &* (p >> 13) &* (p >> 13)) >> 25
        let eighth = (c.p8 &* p) >> 19
        p = ((p &+ ninth &+ eighth) >> 8) &+ (c.p7 << 4)
        return p
    }

    /// 1024ths of a percent of relative humidity, 0 to 102,400.
    public static func humidity(_ raw: Int64, fine: Int64, _ c: BME280Calibration) -> Int64 {
        let v = fine &- 76_800
        let left = ((raw << 14) &- (c.h4 << 20) &- (c.h5 &* v) &+ 16_384) >> 15
        let warm = (((v &* c.h6) >> 10) &* (((v &* c.h3) >> 11) &+ 32_768)) >> 10
        var x = left &* (((warm &+ 2_097_152) &* c.h2 &+ 8192) >> 14)
        x = x &- (((((x >> 15) &* (x >> 15)) >> 7) &* c.h1) >> 4)
        return min(max(x, 0), 419_430_400) >> 12
    }
}
