import LinuxPlatform
import Platform
import Simulator
import Testing

/// The verbs of `I2CBus`, on a bus with 256 registers of a byte at `present` and nobody at `absent`.
func i2cBusContract<Bus: I2CBus & ~Copyable>(
    _ bus: inout Bus, present: I2CAddress, absent: I2CAddress
) -> [String] {
    var verdict = Verdict()
    let code = { (bus: inout Bus, address: I2CAddress, messages: [I2CMessage]) -> I2CError.Code? in
        do throws(I2CError) {
            _ = try bus.transfer(I2CTransfer(address, messages))
            return nil
        } catch {
            return error.code
        }
    }
    verdict.require(code(&bus, present, [.write([])]) == nil, "a chip that is there is silent")
    verdict.require(
        code(&bus, absent, [.write([0]), .read(1)]) == .nack(absent),
        "nobody answers without being missed")
    for messages: [I2CMessage] in [[], [.read(0)], [.write([0]), .read(8193)]] {
        verdict.require(
            code(&bus, present, messages) == .badLength, "\(messages) is no bad length")
    }
    for bytes: [UInt8] in [[0xA5], [1, 2, 3, 4], [UInt8](0..<32)] {
        let register: UInt8 = 0x40
        verdict.require(
            code(&bus, present, [.write([register] + bytes)]) == nil, "a write is refused")
        let read = try? bus.transfer(
            I2CTransfer(present, [.write([register]), .read(bytes.count)]))
        verdict.require(read == bytes, "\(bytes) is read back as \(read ?? [])")
    }
    if let scan = try? I2CScan(&bus) {
        let found = scan.found.filter { $0.presence == .present }.map(\.address)
        verdict.require(found.contains(present), "a scan misses a chip")
        verdict.require(!found.contains(absent), "a scan finds nobody")
        verdict.require(found == found.sorted(), "a scan is out of order")
    } else {
        verdict.require(false, "a scan fails")
    }
    return verdict.faults
}

@Suite struct I2CBusContracts {
    private static let present = I2CAddress(low: 0x48)
    private static let absent = I2CAddress(low: 0x0A)

    private static func simulated(_ functions: I2CFunctions) -> SimI2CBus {
        SimI2CBus([present: SimRegisterChip([:])], functions: functions)
    }

    @Test(
        arguments: [
            [.messages, .quick], [.quick, .byte, .data, .block],
        ] as [I2CFunctions])
    func simulatedBus(_ functions: I2CFunctions) {
        var bus = Self.simulated(functions)
        #expect(i2cBusContract(&bus, present: Self.present, absent: Self.absent) == [])
    }

    @Test(
        .enabled(if: Rig.stub != nil, "needs the kernel's i2c-stub with a chip at 0x48 (the rig)"))
    func linuxBus() throws {
        var bus = try LinuxI2CBus(try #require(Rig.stub))
        #expect(i2cBusContract(&bus, present: Self.present, absent: Self.absent) == [])
    }

    @Test func aBusThatForgetsIsFound() {
        var bus = ForgettingBus(base: Self.simulated([.messages, .quick]))
        #expect(!i2cBusContract(&bus, present: Self.present, absent: Self.absent).isEmpty)
    }

    @Test func addressesOfTheKernelAreShown() throws {
        var bus = Self.simulated([.messages, .quick])
        bus.owners[I2CAddress(low: 0x68)] = "ds1307"
        let scan = try I2CScan(&bus)
        #expect(scan.found.count == 2)
        #expect(scan.found.last?.presence == .owned("ds1307"))
    }

    @Test func busesThatAreNotThereAreNamed() async throws {
        #expect(throws: I2CError.missingBus("i2c-250")) { _ = try LinuxI2CBus("i2c-250") }
        let access = LinuxDeviceAccess()
        let transfer = I2CTransfer(Self.present, [.read(1)])
        access.submit(DeviceRequest(number: 1, lane: "i2c-250", work: .transfer(transfer)))
        access.submit(
            DeviceRequest(
                number: 2, lane: DeviceRequest.files, work: .read(["/proc/version", "/none"])))
        var results: [UInt64: DeviceAnswer.Result] = [:]
        for await answer in access.answers {
            results[answer.number] = answer.result
            if results.count == 2 { break }
        }
        access.close()
        guard case .failed(let error)? = results[1], case .files(let files)? = results[2] else {
            Issue.record("\(results)")
            return
        }
        #expect(error.code == .missing)
        #expect(files.count == 2 && files[0]?.isEmpty == false && files[1] == nil)
    }
}

/// Mutant: it keeps nothing that is written.
private struct ForgettingBus: I2CBus {
    var base: SimI2CBus
    var functions: I2CFunctions { base.functions }

    mutating func transfer(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        let bytes = try base.transfer(transfer)
        return bytes.map { _ in 0 }
    }
}
