import Platform
import Testing

@testable import DeviceDrivers

@Suite struct KernelSensorTests {
    private func readings(_ json: String, _ configure: (inout PollerHarness) -> Void) throws
        -> PollerHarness
    {
        var harness = PollerHarness()
        configure(&harness)
        #expect(harness.declare([try block("s", json)]).isEmpty)
        harness.run(100)
        return harness
    }

    @Test func hwmonByName() throws {
        let harness = try readings("{\"kind\": \"hwmon\", \"chip\": \"ina2xx\"}") { harness in
            harness.directories["/sys/class/hwmon"] = ["hwmon0", "hwmon1"]
            harness.files["/sys/class/hwmon/hwmon0/name"] = "cpu_thermal\n"
            harness.files["/sys/class/hwmon/hwmon1/name"] = "ina2xx\n"
            let base = "/sys/class/hwmon/hwmon1"
            harness.directories[base] = [
                "name", "in1_input", "curr1_input", "power1_input", "temp1_max", "temp12_input",
                "update_interval", "x_input",
            ]
            harness.files["\(base)/in1_input"] = "11980\n"
            harness.files["\(base)/curr1_input"] = "-250\n"
            harness.files["\(base)/power1_input"] = "119800000\n"
            harness.files["\(base)/temp12_input"] = "broken\n"
        }
        #expect(harness.reported("s", "voltage_1") == [.number(11.98)])
        #expect(harness.reported("s", "current") == [.number(-0.25)])
        #expect(harness.reported("s", "power") == [.number(119.8)])
        #expect(harness.reported("s", "temperature_12") == [])
    }

    @Test func industrialByName() throws {
        let harness = try readings("{\"kind\": \"iio\", \"chip\": \"bme280\"}") { harness in
            harness.directories["/sys/bus/iio/devices"] = ["iio:device0", "trigger0"]
            harness.files["/sys/bus/iio/devices/iio:device0/name"] = "bme280\n"
            let base = "/sys/bus/iio/devices/iio:device0"
            harness.directories[base] = [
                "in_temp_input", "in_pressure_input", "in_humidityrelative_input",
                "in_voltage0_raw", "in_voltage0_scale", "in_voltage1_raw", "in_voltage_scale",
                "in_voltage1_offset", "name",
            ]
            harness.files["\(base)/in_temp_input"] = "23720\n"
            harness.files["\(base)/in_pressure_input"] = "100.942695312\n"
            harness.files["\(base)/in_humidityrelative_input"] = "65305\n"
            harness.files["\(base)/in_voltage0_raw"] = "1000\n"
            harness.files["\(base)/in_voltage0_scale"] = "0.5\n"
            harness.files["\(base)/in_voltage1_raw"] = "1000\n"
            harness.files["\(base)/in_voltage_scale"] = "2\n"
            harness.files["\(base)/in_voltage1_offset"] = "-500\n"
        }
        #expect(harness.reported("s", "temperature") == [.number(23.72)])
        #expect(harness.reported("s", "pressure") == [.number(1009.43)])
        #expect(harness.reported("s", "humidity") == [.number(65.31)])
        #expect(harness.reported("s", "voltage_0") == [.number(0.5)])
        #expect(harness.reported("s", "voltage_1") == [.number(1)])
    }

    @Test func aSensorThatIsNotThereIsNamed() throws {
        var harness = try readings("{\"kind\": \"hwmon\", \"chip\": \"lm75\"}") { _ in }
        #expect(harness.count("device.failed") == 1)
        let reason = harness.events.first?.fields.first { $0.0 == "reason" }?.1.stringValue
        #expect(reason?.contains("lm75") == true)
        harness.directories["/sys/class/hwmon"] = ["hwmon7"]
        harness.files["/sys/class/hwmon/hwmon7/name"] = "lm75\n"
        harness.directories["/sys/class/hwmon/hwmon7"] = ["temp1_input"]
        harness.files["/sys/class/hwmon/hwmon7/temp1_input"] = "42500\n"
        harness.run(60_000)
        #expect(harness.reported("s", "temperature") == [.number(42.5)])
        // After another boot order it has another number.
        harness.directories["/sys/class/hwmon"] = ["hwmon2"]
        harness.files = ["/sys/class/hwmon/hwmon2/name": "lm75\n"]
        harness.directories["/sys/class/hwmon/hwmon2"] = ["temp1_input"]
        harness.files["/sys/class/hwmon/hwmon2/temp1_input"] = "43000\n"
        harness.run(120_000)
        #expect(harness.reported("s", "temperature").last == .number(43))
    }

    private static let good = "e0 01 00 00 3f ff 10 10 3f : crc=3f YES\n"

    @Test(
        arguments: [
            // periph.io's recording (Apache-2.0): 30 °C; the resolution bits say ten.
            (good, .success(30)),
            ("50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n", .failure(.notReady)),
            ("e1 01 00 00 3f ff 10 10 3f : crc=3f NO\n", .failure(.checksum)),
            // The kernel says yes, but the bytes say no.
            ("e1 01 00 00 3f ff 10 10 3f : crc=3f YES\n", .failure(.checksum)),
            ("00 00 00 00 00 00 00 00 00 : crc=00 YES\n", .failure(.missing)),
            ("e0 01 00 00", .failure(.badAnswer)), ("", .failure(.badAnswer)),
            ("e0 01 00 00 3f ff 10 +0 3f : crc=3f YES\n", .failure(.checksum)),
        ] as [(String, Outcome)])
    func oneWire(_ text: String, _ expected: Outcome) throws {
        var driver = try DS18B20("28-00000a1b2c3d")
        #expect(driver.begin() == .read(["/sys/bus/w1/devices/28-00000a1b2c3d/w1_slave"]))
        do throws(DriverFault) {
            let step = try driver.resume(.files([Array(text.utf8)]))
            guard case .success(let celsius) = expected else {
                Issue.record("\(text) is read as \(step)")
                return
            }
            #expect(step == .done([Reading("temperature", Celsius(celsius))]))
        } catch {
            #expect(.failure(error.code) == expected)
        }
        #expect(throws: DriverFault.self) { try driver.resume(.files([nil])) }
    }

    enum Outcome: Hashable, Sendable {
        case success(Double)
        case failure(DriverFault.Code)
    }
}
