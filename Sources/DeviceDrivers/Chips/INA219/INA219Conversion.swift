/// §8.5.1 of SBOS448, its equations and registers.
public enum INA219Conversion {
    /// Bits 15 to 3, 4 mV each.
    public static func busVoltage(_ raw: UInt16) -> Volts { Volts(Double(raw >> 3) * 0.004) }

    /// Two's complement, 10 µV each.
    public static func shuntVoltage(_ raw: UInt16) -> Volts {
        Volts(Double(Int16(bitPattern: raw)) * 1e-5)
    }

    /// Equation 1: 0.04096 / (step · shunt), cut; bit 0 is always 0.
    public static func calibration(step: Amperes, shunt: Ohms) -> UInt16 {
        let exact = (0.04096 / (step.value * shunt.value)).rounded(.down)
        return UInt16(min(max(exact, 2), 65_534)) & 0xFFFE
    }

    /// The step that a calibration stands for.
    public static func step(calibration: UInt16, shunt: Ohms) -> Amperes {
        Amperes(0.04096 / (Double(calibration) * shunt.value))
    }

    /// Equation 4, as the chip itself computes it: shunt voltage · calibration / 4096.
    public static func currentRegister(shunt: Int16, calibration: UInt16) -> Int64 {
        Int64(shunt) * Int64(calibration) / 4096
    }

    /// Equation 5: current · bus voltage / 5000.
    public static func powerRegister(current: Int64, bus: Int64) -> Int64 { current * bus / 5000 }

    public static func current(_ raw: UInt16, step: Amperes) -> Amperes {
        Amperes(Double(Int16(bitPattern: raw)) * step.value)
    }

    /// Twenty steps of the current: equation 3.
    public static func power(_ raw: UInt16, step: Amperes) -> Watts {
        Watts(Double(raw) * 20 * step.value)
    }
}
