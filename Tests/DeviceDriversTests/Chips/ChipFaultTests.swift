import Platform
import Simulator
import TestSupport
import Testing

@testable import DeviceDrivers

/// One reading, with the time of its waits passing for the chips.
func reading(
    _ run: inout DriverRun<ChipSession>, _ bus: inout SimI2CBus
) -> Result<[Reading], DriverRunFailure> {
    do throws(DriverRunFailure) {
        return .success(try run.read(&bus) { bus, span in bus.pass(span) })
    } catch {
        return .failure(error)
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

@Suite struct ChipFaultTests {
    @Test func everyChipHasACase() {
        let chips = DeviceKinds.all.filter { !$0.addresses.isEmpty }
        #expect(Set(chips.map(\.name)) == Set(ChipCase.all.map(\.kind.name)))
    }

    @Test(arguments: ChipCase.all) func readsWhatTheChipHas(_ chip: ChipCase) throws {
        var bus = chip.bus()
        var run = DriverRun(try chip.driver(), at: chip.address)
        #expect(reading(&run, &bus) == .success(chip.expected))
        // Again without a setup.
        let first = bus.transfers
        #expect(reading(&run, &bus) == .success(chip.expected))
        #expect(bus.transfers - first <= first)
    }

    /// Each transfer of two readings fails in each way: the error has its type, and the next
    /// reading is right.
    @Test(arguments: ChipCase.all) func eachFaultIsTypedAndReadingResumes(_ chip: ChipCase) throws {
        var whole = chip.bus()
        var twice = DriverRun(try chip.driver(), at: chip.address)
        _ = reading(&twice, &whole)
        _ = reading(&twice, &whole)
        let faults: [(String, I2CError.Code)] = [
            ("nack", .nack(chip.address)), ("stuck=1", .stuck), ("slow", .timeout),
            ("lost", .arbitrationLost),
        ]
        for number in 1...whole.transfers {
            for (word, code) in faults {
                var bus = chip.bus(try #require(SimI2CFaults("\(number):\(word)")))
                var run = DriverRun(try chip.driver(), at: chip.address)
                let results = [reading(&run, &bus), reading(&run, &bus)]
                let failures = results.compactMap(\.failure)
                #expect(failures.count == 1, "\(number):\(word)")
                guard case .bus(let error)? = failures.first else { continue }
                #expect(error.code == code, "\(number):\(word)")
                // What is on its way in the chip comes to an end.
                bus.pass(1000)
                #expect(reading(&run, &bus) == .success(chip.expected), "\(number):\(word)")
            }
        }
    }

    /// Where a chip sends a check sum every flipped bit of a measurement is found.
    @Test(arguments: ChipCase.all.filter(\.hasCheckSum))
    func flippedBitsAreFound(_ chip: ChipCase) throws {
        var whole = chip.bus()
        var plain = DriverRun(try chip.driver(), at: chip.address)
        _ = reading(&plain, &whole)
        var found = 0
        for number in 1...whole.transfers {
            for bit in 0..<72 {
                var bus = chip.bus(try #require(SimI2CFaults("\(number):flip=\(bit)")))
                var run = DriverRun(try chip.driver(), at: chip.address)
                let result = reading(&run, &bus)
                guard bus.flips > 0 else { continue }
                switch result {
                case .failure(.driver(let fault)):
                    #expect(fault.code == .checksum)
                    found += 1
                    bus.pass(1000)
                    #expect(reading(&run, &bus) == .success(chip.expected))
                case .failure(let failure): Issue.record("\(number):flip=\(bit): \(failure)")
                // A status byte that is read again; what is reported is right.
                case .success(let readings): #expect(readings == chip.expected)
                }
            }
        }
        #expect(found >= 48)
    }

    /// Where it sends none a flipped bit gives a wrong reading or a fault; it never traps, and the
    /// reading after it is right.
    @Test(arguments: ChipCase.all.filter { !$0.hasCheckSum })
    func flippedBitsEndWithTheirReading(_ chip: ChipCase) throws {
        var whole = chip.bus()
        var plain = DriverRun(try chip.driver(), at: chip.address)
        _ = reading(&plain, &whole)
        _ = reading(&plain, &whole)
        var changed = 0
        for number in 1...whole.transfers {
            for bit in 0..<64 {
                var bus = chip.bus(try #require(SimI2CFaults("\(number):flip=\(bit)")))
                var run = DriverRun(try chip.driver(), at: chip.address)
                let results = [reading(&run, &bus), reading(&run, &bus)]
                if results.contains(where: { $0 != .success(chip.expected) }) { changed += 1 }
                // Calibration that was read wrongly lasts until the supply was away.
                run.driver.abandon()
                bus.pass(1000)
                #expect(reading(&run, &bus) == .success(chip.expected), "\(number):flip=\(bit)")
            }
        }
        #expect(changed > 0)
    }

    /// After its supply was away a chip is set up anew: at the latest the reading after the next.
    @Test(arguments: ChipCase.all) func aLostSupplyIsMended(_ chip: ChipCase) throws {
        var bus = chip.bus()
        var run = DriverRun(try chip.driver(), at: chip.address)
        #expect(reading(&run, &bus) == .success(chip.expected))
        bus.losePower()
        _ = reading(&run, &bus)
        bus.pass(1000)
        #expect(reading(&run, &bus) == .success(chip.expected))
    }

    @Test func aSlowChipIsNotWaitedForWithoutEnd() throws {
        // It never finishes its measurement.
        let chip = SimRegisterChip([
            0x88: Vectors.bme280Calibration, 0xE1: Vectors.bme280Humidity, 0xD0: [0x60],
            0xF3: [0x08],
        ])
        let address = I2CAddress(low: 0x76)
        var bus = SimI2CBus([address: chip])
        var run = DriverRun(ChipSession(BME280(hasHumidity: true)), at: address)
        guard case .driver(let fault)? = reading(&run, &bus).failure else {
            Issue.record("it was read")
            return
        }
        #expect(fault.code == .notReady)
        #expect(bus.transfers < 40)
    }

    @Test func anotherChipIsNamed() throws {
        let chip = SimRegisterChip([0xD0: [0x58], 0x88: Vectors.bme280Calibration])
        let address = I2CAddress(low: 0x76)
        var bus = SimI2CBus([address: chip])
        var run = DriverRun(ChipSession(BME280(hasHumidity: true)), at: address)
        guard case .driver(let fault)? = reading(&run, &bus).failure else {
            Issue.record("it was read")
            return
        }
        #expect(fault.code == .wrongChip)
        #expect(fault.message.contains("bmp280"))
    }

    /// Mutant: a driver that takes words without looking at their check sums says a wrong
    /// temperature where ours finds the fault.
    @Test func aMissingCheckOfTheSumIsSeen() throws {
        struct Trusting: ChipDriver {
            var sample: [ChipOperation] { SHT4x().sample }
            func readings(_ answers: [[UInt8]]) -> [Reading] {
                let raw = UInt16(bigEndian: answers[0], at: 0)
                return [Reading("temperature", SHT4xConversion.temperature(raw))]
            }
        }
        let sht4x = try #require(ChipCase.all.first { $0.kind.name == "sht4x" })
        var bus = sht4x.bus(try #require(SimI2CFaults("2:flip=0")))
        var run = DriverRun(ChipSession(Trusting()), at: sht4x.address)
        let readings = try reading(&run, &bus).get()
        #expect(readings.first != sht4x.expected.first)
    }

    /// Faults by a seed: nothing but typed errors, and right readings once they end.
    @Test(arguments: ChipCase.all.filter(\.hasCheckSum))
    func seededFaults(_ chip: ChipCase) throws {
        var generator = SeededGenerator.announced(for: "ChipFaultTests.seededFaults")
        let seed = generator.next()
        var bus = chip.bus(SimI2CFaults(seed: seed, once: 6))
        var run = DriverRun(try chip.driver(), at: chip.address)
        var (good, bad) = (0, 0)
        for _ in 0..<200 {
            switch reading(&run, &bus) {
            case .success(let readings):
                #expect(readings == chip.expected, "seed \(seed)")
                good += 1
            case .failure: bad += 1
            }
            bus.pass(1000)
        }
        #expect(good > 0 && bad > 0, "seed \(seed)")
    }
}

@Suite struct ChipCommandTests {
    /// Microchip's registers, and the traffic that periph.io's recording has for the directions.
    @Test func pinsAreSetByTheirLatches() throws {
        let address = I2CAddress(low: 0x20)
        let recording = try I2CRecording(
            """
            0x20 w:14 r:0100   # latches as they were: a0 is on
            0x20 w:0c0200      # pull-ups: a1
            0x20 w:007eff      # directions: a0 and a7 are outputs
            0x20 w:00 r:7eff
            0x20 w:12 r:0300
            0x20 w:148100      # a7 on beside a0
            """)
        var bus = PlaybackBus(recording)
        var run = DriverRun(
            ChipSession(MCP23017(outputs: 0x0081, pullUps: 0x0002)), at: address)
        _ = try run.read(&bus) { _, _ in }
        try run.set("a7", .bool(true), &bus) { _, _ in }
        #expect(bus.complaints == [])
        #expect(bus.bytes.played == bus.bytes.all)
        #expect(throws: DriverRunFailure.self) {
            try run.set("b0", .bool(true), &bus) { _, _ in }
        }
    }

    @Test func pulsesAreSet() throws {
        let address = I2CAddress(low: 0x40)
        var bus = PlaybackBus(try I2CRecording("0x40 w:0e00009a01"))
        var run = DriverRun(ChipSession(PCA9685(rate: Hertz(50))), at: address)
        try run.set("duty_2", .double(0.1), &bus) { _, _ in }
        #expect(bus.complaints == [])
        for (property, value): (String, Value) in [
            ("duty_16", .int(1)), ("duty_1", .double(1.5)), ("rate", .int(1)),
        ] {
            #expect(throws: DriverRunFailure.self) {
                try run.set(property, value, &bus) { _, _ in }
            }
        }
    }

    @Test func theClockIsSet() throws {
        var bus = PlaybackBus(
            try I2CRecording("0x68 w:0056341204290224\n0x68 w:0f00"))
        var run = DriverRun(ChipSession(DS3231()), at: I2CAddress(low: 0x68))
        try run.set("time", .int(1_709_210_096_000), &bus) { _, _ in }
        #expect(bus.complaints == [])
    }
}
