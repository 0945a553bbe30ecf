import Platform
import Testing

@testable import DeviceDrivers

@Suite struct DeviceBlockTests {
    @Test func aWholeBlock() throws {
        let whole = try block(
            "attic",
            """
            {"kind": "bme280", "bus": "i2c-3", "address": "0x77", "every": "30s",
             "deadband": {"temperature": 0.1, "pressure": 1}, "report": "1h", "oversampling": 4}
            """)
        #expect(whole.bus == "i2c-3")
        #expect(whole.address == I2CAddress(low: 0x77))
        #expect(whole.every == 30_000)
        #expect(whole.deadbands == ["temperature": 0.1, "pressure": 1])
        #expect(whole.report == 3_600_000)
        #expect(whole.settings.word("oversampling") == "4")
    }

    @Test func defaults() throws {
        let short = try block("attic", "{\"kind\": \"bme280\", \"deadband\": 0.1}")
        #expect(short.bus == "i2c-1")
        #expect(short.address == I2CAddress(low: 0x76))
        #expect(short.every == 30_000)
        #expect(short.deadband == 0.1)
        #expect(short.report == 600_000)
        let clock = try block("clock", "{\"kind\": \"ds3231\"}")
        #expect(clock.report == clock.every)
        let sensor = try block("w", "{\"kind\": \"ds18b20\", \"id\": \"28-00000a1b2c3d\"}")
        #expect(sensor.bus == nil && sensor.address == nil)
    }

    @Test(
        arguments: [
            ("{}", "kind", "missing"), ("{\"kind\": \"bme281\"}", "kind", "Known kinds"),
            ("{\"kind\": 1}", "kind", "missing"), ("[]", nil, "map"),
            ("{\"kind\": \"bme280\", \"adress\": 1}", "adress", "kind, bus, address, every"),
            ("{\"kind\": \"bme280\", \"address\": 64}", "address", "0x76 to 0x77"),
            ("{\"kind\": \"bme280\", \"address\": \"76\"}", "address", "0x76 to 0x77"),
            ("{\"kind\": \"scd41\", \"address\": 99}", "address", "It has 0x62,"),
            ("{\"kind\": \"bme280\", \"bus\": \"1\"}", "bus", "i2c-1"),
            ("{\"kind\": \"bme280\", \"bus\": \"i2c-../x\"}", "bus", "i2c-1"),
            ("{\"kind\": \"bme280\", \"bus\": \"i2c-01\"}", "bus", "i2c-1"),
            ("{\"kind\": \"bme280\", \"every\": 30}", "every", "30s"),
            ("{\"kind\": \"bme280\", \"every\": \"1ms\"}", "every", "1000 ms"),
            ("{\"kind\": \"bme280\", \"every\": \"99999999999999999999s\"}", "every", "30s"),
            ("{\"kind\": \"bme280\", \"every\": \"-5m\"}", "every", "1000 ms"),
            ("{\"kind\": \"bme280\", \"deadband\": -1}", "deadband", "number"),
            ("{\"kind\": \"bme280\", \"deadband\": {\"t\": \"x\"}}", "deadband.t", "number"),
            ("{\"kind\": \"bme280\", \"oversampling\": 3}", "oversampling", "1, 2, 4, 8, 16"),
            ("{\"kind\": \"ina219\", \"shunt_ohms\": 0}", "shunt_ohms", "0.0001 to 10"),
            ("{\"kind\": \"ds18b20\"}", "id", "needs it"),
            ("{\"kind\": \"ds18b20\", \"id\": \"28-../../x\"}", "id", "28-00000a1b2c3d"),
            ("{\"kind\": \"mcp23017\", \"outputs\": \"c0\"}", "outputs", "a0 to a7"),
            ("{\"kind\": \"hwmon\", \"chip\": \"a\\nb\"}", "chip", "not possible"),
            ("{\"kind\": \"hwmon\", \"chip\": \"x\", \"bus\": \"i2c-1\"}", "bus", "no such field"),
        ] as [(String, String?, String)])
    func errorsNameFieldAndCure(_ json: String, _ field: String?, _ text: String) throws {
        do {
            _ = try block("d", json)
            Issue.record("\(json) is taken")
        } catch let error as DeviceBlockError {
            #expect(error.field == field)
            #expect(error.description.contains(text), "\(error)")
        }
    }

    @Test(arguments: ["", "a/b", ".a", "-a", "_a", "ä", "a b", String(repeating: "a", count: 65)])
    func namesArePathSafe(_ name: String) {
        #expect(throws: DeviceBlockError.self) { try block(name, "{\"kind\": \"bme280\"}") }
    }

    @Test func kindsAreConsistent() throws {
        #expect(Set(DeviceKinds.all.map(\.name)).count == DeviceKinds.all.count)
        for kind in DeviceKinds.all {
            #expect(kind.every >= kind.everyMin, "\(kind.name)")
            #expect(kind.addresses.allSatisfy { I2CAddress.usable.contains($0.rawValue) })
            #expect(
                DeviceBlock.fields.allSatisfy { field in
                    !kind.settings.contains { $0.name == field }
                })
        }
        #expect(DeviceKinds.candidates(at: 0x76) == ["bme280", "bmp280"])
        #expect(DeviceKinds.candidates(at: 0x77) == ["bme280", "bmp280"])
    }

    @Test func anAddressHasNoSign() {
        let error = #expect(throws: DeviceBlockError.self) {
            try DeviceBlock(
                name: "a", .object([("kind", .string("bme280")), ("address", .string("0x+76"))]))
        }
        #expect(error?.field == "address")
    }
}
