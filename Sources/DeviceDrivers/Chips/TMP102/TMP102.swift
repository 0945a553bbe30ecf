import Platform

/// Texas Instruments TMP102 and LM75 and what is compatible: temperature.
public struct TMP102: ChipDriver {
    private let isLM75: Bool

    public init(isLM75: Bool = false) { self.isLM75 = isLM75 }

    /// ADD0 to ground, supply, SDA and SCL: SBOS397 §6.4.3.
    public static let kind = DeviceKind(
        "tmp102", "temperature (Texas Instruments TMP102)",
        .chip(DeviceKind.addresses(0x48...0x4B)) { _ throws(DriverFault) in TMP102() },
        // Four conversions a second after a reset: §6.5.3.
        everyMin: 300)

    /// A0 to A2: SNOS808 §7.4.1.
    public static let kindLM75 = DeviceKind(
        "lm75", "temperature (LM75 and compatible)",
        .chip(DeviceKind.addresses(0x48...0x4F)) { _ throws(DriverFault) in TMP102(isLM75: true) },
        everyMin: 300)

    public var setup: [ChipOperation] {
        isLM75 ? [] : [.register(TMP102Registers.configuration, 2)]
    }

    public func adopt(_ answers: [[UInt8]]) throws(DriverFault) {
        guard let configuration = answers.first else { return }
        guard configuration[1] & TMP102Registers.extendedMode == 0 else {
            throw DriverFault(
                .wrongChip, "it is in extended mode, with thirteen bits: somebody else uses it")
        }
    }

    public var sample: [ChipOperation] { [.register(TMP102Registers.temperature, 2)] }

    public func readings(_ answers: [[UInt8]]) throws(DriverFault) -> [Reading] {
        let raw = UInt16(bigEndian: answers[0], at: 0)
        let celsius =
            isLM75
            ? TMP102Conversion.temperatureLM75(raw) : TMP102Conversion.temperature(raw)
        return [Reading("temperature", try celsius.within(-55...128, "a temperature"))]
    }
}
