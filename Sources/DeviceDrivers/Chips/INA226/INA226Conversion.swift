/// §6.5 of SBOS547, its equations and registers.
public enum INA226Conversion {
    /// 1.25 mV each.
    public static func busVoltage(_ raw: UInt16) -> Volts { Volts(Double(raw) * 1.25e-3) }

    /// Two's complement, 2.5 µV each.
    public static func shuntVoltage(_ raw: UInt16) -> Volts {
        Volts(Double(Int16(bitPattern: raw)) * 2.5e-6)
    }

    /// Equation 1: 0.00512 / (step · shunt), cut, fifteen bits.
    public static func calibration(step: Amperes, shunt: Ohms) -> UInt16 {
        let exact = (0.00512 / (step.value * shunt.value)).rounded(.down)
        return UInt16(min(max(exact, 1), 32_767))
    }

    /// The step that a calibration stands for.
    public static func step(calibration: UInt16, shunt: Ohms) -> Amperes {
        Amperes(0.00512 / (Double(calibration) * shunt.value))
    }

    /// Equation 3, as the chip itself computes it: shunt voltage · calibration / 2048.
    public static func currentRegister(shunt: Int16, calibration: UInt16) -> Int64 {
        Int64(shunt) * Int64(calibration) / 2048
    }

    /// Equation 4: current · bus voltage / 20000.
    public static func powerRegister(current: Int64, bus: Int64) -> Int64 {
        current * bus / 20_000
    }

    public static func current(_ raw: UInt16, step: Amperes) -> Amperes {
        Amperes(Double(Int16(bitPattern: raw)) * step.value)
    }

    /// Twenty-five steps of the current: §6.5.1.
    public static func power(_ raw: UInt16, step: Amperes) -> Watts {
        Watts(Double(raw) * 25 * step.value)
    }
}
