import DeviceDrivers
import Platform
import Testing

@testable import EdgeAgent

@Suite struct DeviceConfigurationTests: ReadsConfiguration {
    @Test func blocksAreRead() throws {
        let configuration = try read(
            """
            devices:
              attic:
                kind: bme280
                bus: i2c-1
                address: 0x77
                every: 30s
                deadband: 0.1
              cellar: {kind: ads1115, channels: 2, range: 6.144}
            """)
        #expect(configuration.devices.map(\.name) == ["attic", "cellar"])
        #expect(configuration.devices.first?.address == I2CAddress(low: 0x77))
        #expect(configuration.devices.first?.deadband == 0.1)
        #expect(configuration.devices.last?.settings.word("range") == "6.144")
        #expect(try read("devices:\n").devices.isEmpty)
    }

    @Test func allThatIsWrongIsToldWithItsLine() throws {
        do {
            _ = try read(
                """
                devices:
                  attic:
                    kind: bme280
                    adress: 0x77
                  cellar:
                    kind: lm75
                    every: 30
                  a: {kind: lm75}
                  b: {kind: tmp102}
                """)
            Issue.record("it was read")
        } catch let errors as ConfigurationErrors {
            let lines = errors.description.split(separator: "\n")
            #expect(lines.count == 3, "\(errors)")
            #expect(lines[0].hasPrefix("agent.yaml:4: devices.attic.adress: "))
            #expect(lines[1].hasPrefix("agent.yaml:7: devices.cellar.every: "))
            #expect(lines[2].hasPrefix("agent.yaml:9: devices.b: i2c-1 0x48 is taken by a"))
        }
        #expect(throws: ConfigurationErrors.self) { try read("devices: [1]") }
    }
}
