import Platform
import Testing

@testable import LinuxPlatform

struct ShimRecordTests {
    private func record(_ state: String, tag: String = "/state:web/1") -> ShimRecord? {
        ShimRecord(
            Array((state + String(repeating: " ", count: 31 - state.count) + "\n" + tag).utf8))
    }

    @Test func itSaysWhatBecameOfTheWorkload() throws {
        #expect(record("running 0")?.state == .running)
        #expect(record("code 3")?.state == .ended(.code(3)))
        #expect(record("signal 9")?.state == .ended(.signal(9)))
        #expect(record("code 3")?.tag == "/state:web/1")
        #expect(record("code 3", tag: "")?.tag == "")
    }

    @Test(arguments: ["", "code", "code x", "code 1 2", "cody 1", "99999999999 code"])
    func whatNoShimWroteIsNone(state: String) { #expect(record(state) == nil) }

    @Test func aFileThatWasCutOffIsNone() { #expect(ShimRecord(Array("code 3".utf8)) == nil) }

    @Test func namesAreReadAndWritten() throws {
        let boot = ShimRecord.bootDigits(BootID(rawValue: 0x0987_AE55_0000_0001))
        #expect(boot == "0987ae55")
        let shim = ProcessIdentity(pid: 26186, startTicks: 7_748_429)
        #expect(ShimRecord.name(shim, boot: boot) == "26186-7748429-0987ae55")
        #expect(ShimRecord.shim(named: "26186-7748429-0987ae55", boot: boot) == shim)
    }

    @Test(arguments: [
        "26186-7748429-0987ae56", "26186-7748429", "-1-2-0987ae55", "0-2-0987ae55", "x-2-0987ae55",
        "1-2-0987ae55-", "", "..",
    ])
    func otherNamesAreNoShims(name: String) {
        #expect(ShimRecord.shim(named: name, boot: "0987ae55") == nil)
    }
}
