import Platform
import Simulator
import Testing

@testable import DeviceDrivers

@Suite struct RecordingTests {
    /// What was recorded of a simulated chip plays again, to its last byte.
    @Test(arguments: ChipCase.all) func whatIsRecordedPlays(_ chip: ChipCase) throws {
        var live = RecordingBus(chip.bus())
        var run = DriverRun(try chip.driver(), at: chip.address)
        // Chips finish at once here: their time passes with the transfers.
        _ = try? run.read(&live) { _, _ in }
        let text = live.recording.text
        let recording = try I2CRecording(text)
        #expect(recording == live.recording)
        var bus = PlaybackBus(recording)
        var again = DriverRun(try chip.driver(), at: chip.address)
        _ = try? again.read(&bus) { _, _ in }
        #expect(bus.complaints == [])
        #expect(bus.bytes.played == bus.bytes.all)
    }

    /// periph.io's recording of a BME280 (Apache-2.0), with the transfers that we make.
    @Test func periphsBME280() throws {
        let recording = try I2CRecording(
            """
            0x76 w:d0 r:60
            0x76 w:e0b6
            0x76 w:f3 r:00
            0x76 w:88 r:106e6c6632005d95b8d5d00b771e9dfff9ffac260ad8bd10004b
            0x76 w:e1 r:6e01001305001e
            0x76 w:f201
            0x76 w:f425
            0x76 w:f3 r:00
            0x76 w:f7 r:4a52c08096c07a76
            """)
        var bus = PlaybackBus(recording)
        var run = DriverRun(ChipSession(BME280(hasHumidity: true)), at: I2CAddress(low: 0x76))
        let readings = try run.read(&bus) { _, _ in }
        #expect(bus.complaints == [])
        #expect(bus.bytes.played == bus.bytes.all)
        #expect(readings.map(\.value) == [.number(23.72), .number(1009.43), .number(65.31)])
    }

    @Test func whatIsLeftOverOrOtherIsToldOf() throws {
        let two = try I2CRecording("0x48 w:01 r:60a0\n0x48 w:00 r:6400\n0x48 w:00 r:6400")
        var bus = PlaybackBus(two)
        var run = DriverRun(ChipSession(TMP102()), at: I2CAddress(low: 0x48))
        _ = try run.read(&bus) { _, _ in }
        #expect(bus.complaints.count == 1)
        #expect(bus.bytes == (6, 9))
        var other = PlaybackBus(try I2CRecording("0x48 w:01 r:60a0\n0x48 w:02 r:6400"))
        var second = DriverRun(ChipSession(TMP102()), at: I2CAddress(low: 0x48))
        #expect(throws: DriverRunFailure.self) { try second.read(&other) { _, _ in } }
        #expect(other.mismatch != nil)
        #expect(other.complaints.count == 2)
    }

    @Test func failuresAreRecorded() throws {
        let text = "0x48 w:01 r:?? nack\n0x48 w:00 timeout\n0x48 w:00 stuck\n0x48 w:00 lost\n"
        let recording = try I2CRecording(text)
        #expect(recording.text == text)
        var bus = PlaybackBus(recording)
        let codes: [I2CError.Code] = recording.entries.map { entry in
            do throws(I2CError) {
                _ = try bus.transfer(entry.transfer)
                return .missing
            } catch {
                return error.code
            }
        }
        #expect(codes == [.nack(I2CAddress(low: 0x48)), .timeout, .stuck, .arbitrationLost])
    }

    @Test(arguments: [
        "48 w:00", "0x80 w:00", "0x48", "0x48 w:0", "0x48 w:zz", "0x48 x:00", "0x48 r:?",
        "0x48 r:", "0x48 nack w:00", "0x48 w:+1",
    ])
    func brokenLinesAreRefused(_ line: String) {
        #expect(throws: DriverFault.self) { try I2CRecording("# first\n" + line) }
    }

    @Test func recordingsAreBounded() {
        let lines = String(repeating: "0x48 w:00\n", count: I2CRecording.entriesMax + 1)
        #expect(throws: DriverFault.self) { try I2CRecording(lines) }
    }
}

@Suite struct I2CVocabularyTests {
    private let address = I2CAddress(low: 0x48)

    @Test func transfersAreBounded() {
        let bad: [[I2CMessage]] = [
            [], [.read(0)], [.read(8193)], [.write([]), .read(1)],
            [I2CMessage](repeating: .read(1), count: 43),
            [.write([UInt8](repeating: 0, count: 8193))],
        ]
        for messages in bad {
            #expect(throws: I2CError.self) { try I2CTransfer(address, messages).check() }
        }
        let good: [[I2CMessage]] = [[.write([])], [.read(8192)], [.write([0]), .read(1)]]
        for messages in good {
            #expect(throws: Never.self) { try I2CTransfer(address, messages).check() }
        }
    }

    @Test func shapesOfSMBus() {
        let shapes: [([I2CMessage], SMBusCommand?)] = [
            ([.write([])], .quick), ([.read(1)], .receiveByte), ([.read(2)], nil),
            ([.write([1])], .sendByte(1)), ([.write([1, 2])], .writeData(1, [2])),
            ([.write([1, 2, 3])], .writeData(1, [2, 3])),
            ([.write([1, 2, 3, 4])], .writeBlock(1, [2, 3, 4])),
            ([.write([UInt8](repeating: 0, count: 34))], nil),
            ([.write([1]), .read(1)], .readData(1, 1)), ([.write([1]), .read(2)], .readData(1, 2)),
            ([.write([1]), .read(32)], .readBlock(1, 32)), ([.write([1]), .read(33)], nil),
            ([.write([1, 2]), .read(1)], nil), ([.read(1), .write([1])], nil),
            ([.write([1]), .read(1), .read(1)], nil),
        ]
        for (messages, command) in shapes { #expect(SMBusCommand(messages) == command) }
    }

    @Test func threeTimeoutsAreAChipAndMoreAreTheBus() {
        var health = I2CBusHealth()
        let timeout = I2CError.timeout(address)
        for _ in 0..<I2CBusHealth.timeoutsMax {
            #expect(health.onFailure(timeout, address, bus: "i2c-1").code == .timeout)
        }
        #expect(health.onFailure(timeout, address, bus: "i2c-1").code == .stuck)
        health.onSuccess()
        #expect(health.onFailure(timeout, address, bus: "i2c-1").code == .timeout)
        // Two chips that time out have a bus in common.
        let other = I2CAddress(low: 0x49)
        #expect(health.onFailure(timeout, other, bus: "i2c-1").code == .stuck)
        // Where somebody answers, the lines move.
        _ = health.onFailure(.nack(address), address, bus: "i2c-1")
        #expect(health.onFailure(timeout, address, bus: "i2c-1").code == .timeout)
    }

    /// Found by the fuzzer's targets, or while they were written.
    @Test func linesEndInAnyWayAndCommentsBeginAtAnyMark() throws {
        let plain = try I2CRecording("0x76 w:d0 r:60\n0x77 w: nack\n")
        #expect(try I2CRecording("0x76 w:d0 r:60\r\n0x77\tw: nack\r\n") == plain)
        #expect(try I2CRecording("0x76 w:d0 r:60 #\u{301}x\n0x77 w: nack") == plain)
    }

    @Test(arguments: [
        // Signs are no digits, and a transfer that failed has given no bytes.
        "0x76 r:+1", "0x76 r:-0", "0x+6 r:01", "0x-0 r:01", "0x r:01", "0x76 w:d0 r:60 nack",
    ])
    func whatCannotBeWrittenIsNotRead(text: String) {
        let error = #expect(throws: DriverFault.self) { try I2CRecording("# one\n" + text) }
        #expect(error?.message.hasPrefix("line 2 is no transfer") == true)
    }

    @Test func aRecordingHasAnEnd() throws {
        let most = String(repeating: "0x76 r:01\n", count: I2CRecording.entriesMax)
        #expect(try I2CRecording(most).entries.count == I2CRecording.entriesMax)
        let error = #expect(throws: DriverFault.self) { try I2CRecording(most + "0x76 r:01") }
        #expect(error?.message.contains("beyond 10000 transfers") == true)
    }
}
