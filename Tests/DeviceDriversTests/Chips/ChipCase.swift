import Platform
import Simulator

@testable import DeviceDrivers

/// A kind of chip with a simulated one behind it, and what is to be read from that.
struct ChipCase: Sendable, CustomStringConvertible {
    let kind: DeviceKind
    let settings: [(String, Value)]
    let chip: @Sendable () -> any SimChip
    let expected: [Reading]
    /// A check sum finds each flipped bit of an answer; the other chips send none.
    let hasCheckSum: Bool

    var description: String { kind.name }
    var address: I2CAddress { kind.addresses[0] }

    func bus(_ faults: SimI2CFaults = SimI2CFaults()) -> SimI2CBus {
        SimI2CBus([address: chip()], faults: faults)
    }

    func driver() throws -> ChipSession {
        let block = try DeviceBlock(
            name: "d", .object([("kind", .string(kind.name))] + settings))
        guard let session = try kind.driver(block.settings) as? ChipSession else {
            throw DriverFault(.missing, "no chip")
        }
        return session
    }

    private static func celsius(_ value: Double) -> Reading {
        Reading("temperature", Celsius(value))
    }

    private static func humid(_ value: Double) -> Reading {
        Reading("humidity", RelativeHumidity(value))
    }

    private static func bosch(_ identity: UInt8) -> SimRegisterChip {
        SimRegisterChip(
            [
                0x88: Vectors.bme280Calibration, 0xE1: Vectors.bme280Humidity, 0xD0: [identity],
                0xF3: [0], 0xF7: [0x80, 0, 0, 0x80, 0, 0, 0x80, 0],
            ]
        ) { chip, register, _ in
            // A forced measurement: busy, then data.
            guard register == 0xF4 else { return }
            chip.registers[0xF3] = [0x08]
            chip.change(after: 6, 0xF3, [0])
            for (index, byte) in Vectors.bme280Data.enumerated() {
                chip.change(after: 6, 0xF7 + UInt8(index), [byte])
            }
        }
    }

    static let all: [ChipCase] = [
        ChipCase(
            kind: BME280.kind, settings: [], chip: { bosch(0x60) },
            expected: [
                celsius(23.72), Reading("pressure", Hectopascals(1009.426953125)),
                humid(65.3056640625),
            ], hasCheckSum: false),
        ChipCase(
            kind: BME280.kindBMP280, settings: [], chip: { bosch(0x58) },
            expected: [celsius(23.72), Reading("pressure", Hectopascals(1009.426953125))],
            hasCheckSum: false),
        ChipCase(
            kind: SHT3x.kind, settings: [],
            chip: {
                SimCommandChip([
                    [0x30, 0xA2]: .init(after: 1),
                    [0x24, 0x00]: .init([0x63, 0x36, 0x9A, 0xBE, 0xEF, 0x92], after: 12),
                ])
            }, expected: [celsius(22.821), humid(100 * 48_879.0 / 65_535)], hasCheckSum: true),
        ChipCase(
            kind: SHT4x.kind, settings: [],
            chip: {
                SimCommandChip([
                    [0x94]: .init(after: 1),
                    [0xFD]: .init([0x63, 0x36, 0x9A, 0x5A, 0x7C, 0x0D], after: 8),
                ])
            }, expected: [celsius(22.821), humid(38.18)], hasCheckSum: true),
        ChipCase(
            kind: SCD41.kind, settings: [],
            chip: {
                SimCommandChip(
                    [
                        [0x3F, 0x86]: .init(after: 400),
                        [0x36, 0x82]: .init(
                            [0xF8, 0x96, 0x31, 0x9F, 0x07, 0xC2, 0x3B, 0xBE, 0x89], after: 1),
                        [0x21, 0xB1]: .init(),
                        [0xE4, 0xB8]: .init([0x80, 0x06, 0x04]),
                        [0xEC, 0x05]: .init(
                            [0x01, 0xF4, 0x33, 0x66, 0x67, 0xA2, 0x5E, 0xB9, 0x3C], after: 1),
                    ], opening: [0x21, 0xB1], afterOpening: [[0xE4, 0xB8], [0xEC, 0x05]])
            },
            expected: [
                Reading("co2", PartsPerMillion(500)), celsius(25.003), humid(37),
                Reading("serial", state: .string("f8969f073bbe")),
            ], hasCheckSum: true),
        ChipCase(
            kind: AHT20.kind, settings: [],
            chip: {
                SimCommandChip(
                    [
                        [0xBA]: .init(after: 15), [0xBE, 0x08, 0x00]: .init(after: 8),
                        [0xAC, 0x33, 0x00]: .init(Vectors.aht20, after: 70),
                    ], resting: [0x18])
            }, expected: [celsius(19.446), humid(45.83)], hasCheckSum: true),
        ChipCase(
            kind: ADS1115.kind, settings: [("range", .string("6.144")), ("channels", .int(2))],
            chip: {
                SimRegisterChip(width: 2, [0x01: [0x85, 0x83]]) { chip, register, data in
                    guard register == 0x01 else { return }
                    chip.registers[0x01] = [data[0] & 0x7F, data[1]]
                    chip.change(after: 8, 0x01, data)
                    let isFirst = data[0] & 0x70 == 0x40
                    chip.change(after: 8, 0x00, isFirst ? [0xFF, 0x50] : [0x52, 0xD0])
                }
            },
            expected: [
                Reading("voltage_0", Volts(-0.033)), Reading("voltage_1", Volts(3.975)),
            ], hasCheckSum: false),
        ChipCase(
            kind: INA219.kind,
            settings: [("shunt_ohms", .double(0.002)), ("current_max_a", .double(32.768))],
            chip: { power([0x02: [0x5D, 0x98], 0x04: [0x27, 0x10], 0x03: [0x17, 0x66]]) },
            expected: [
                Reading("voltage", Volts(11.98)), Reading("current", Amperes(10)),
                Reading("power", Watts(119.8)),
            ], hasCheckSum: false),
        ChipCase(
            kind: INA226.kind,
            settings: [("shunt_ohms", .double(0.002)), ("current_max_a", .double(32.768))],
            chip: {
                power([
                    0x02: [0x25, 0x70], 0x04: [0x27, 0x10], 0x03: [0x12, 0xB8],
                    0xFE: [0x54, 0x49],
                ])
            },
            expected: [
                Reading("voltage", Volts(11.98)), Reading("current", Amperes(10)),
                Reading("power", Watts(119.8)),
            ], hasCheckSum: false),
        ChipCase(
            kind: TMP102.kind, settings: [],
            chip: { SimRegisterChip(width: 2, [0x00: [0xE7, 0x00], 0x01: [0x60, 0xA0]]) },
            expected: [celsius(-25)], hasCheckSum: false),
        ChipCase(
            kind: TMP102.kindLM75, settings: [],
            chip: { SimRegisterChip(width: 2, [0x00: [0xFF, 0x80]]) },
            expected: [celsius(-0.5)], hasCheckSum: false),
        ChipCase(
            kind: DS3231.kind, settings: [],
            chip: {
                SimRegisterChip([
                    0x00: [0x56, 0x34, 0x12, 0x04, 0x29, 0x02, 0x24], 0x0F: [0x08],
                    0x11: [0x19, 0x40],
                ])
            },
            expected: [
                celsius(25.25), Reading("time", state: .string("2024-02-29T12:34:56.000Z")),
                Reading("stopped", state: .bool(false)),
            ], hasCheckSum: false),
        ChipCase(
            kind: PCA9685.kind, settings: [],
            chip: {
                SimRegisterChip([0x00: [0x11], 0xFE: [0x1E], 0x06: [0, 0, 0, 0x08]]) {
                    chip, register, data in
                    // Restart is a bit that clears itself: §7.3.1.1.
                    if register == 0 { chip.registers[0] = [data[0] & 0x7F] }
                }
            },
            expected: (0..<16).map {
                Reading("duty_\($0)", state: .number($0 == 0 ? 0.5 : 0))
            }, hasCheckSum: false),
        ChipCase(
            kind: MCP23017.kind, settings: [("outputs", .string("a0,a7,b7"))],
            chip: {
                SimRegisterChip([0x00: [0xFF, 0xFF], 0x12: [0x83, 0x01], 0x14: [0x01, 0x00]])
            },
            expected: (0..<16).map {
                Reading(
                    MCP23017Conversion.name($0), state: .bool([0, 1, 7, 8].contains($0)))
            }, hasCheckSum: false),
    ]

    /// It keeps nothing but its calibration; reset clears that.
    private static func power(_ registers: [UInt8: [UInt8]]) -> SimRegisterChip {
        SimRegisterChip(width: 2, registers) { chip, register, data in
            if register == 0, data[0] & 0x80 != 0 { chip.registers[5] = [0, 0] }
        }
    }
}
