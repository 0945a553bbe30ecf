import Platform
import TestSupport
import Testing

@testable import PowerManager

@Suite struct KnobKeeperTests {
    private static let path = "/sys/x/scaling_governor"
    private let start = MonotonicTime(milliseconds: 0)

    private func knob(_ wanted: String?, _ rule: Knob.Rule = .exact) -> Knob {
        Knob(name: "x/scaling_governor", path: Self.path, rule: rule, wanted: wanted)
    }

    /// Sets the knob on a file that takes everything, and returns what it then says.
    private func set(
        _ keeper: inout KnobKeeper, _ knob: Knob, _ text: String,
        _ now: MonotonicTime = MonotonicTime(milliseconds: 0)
    ) -> String {
        guard case .write(let wrote) = keeper.judge(knob, says: text, at: now).verdict else {
            return text
        }
        #expect(keeper.onWritten(knob, .success(wrote), at: now) == nil)
        return wrote
    }

    @Test func whatWasFoundComesBack() {
        var keeper = KnobKeeper()
        var file = set(&keeper, knob("powersave"), "ondemand")
        #expect(file == "powersave")
        file = set(&keeper, knob("schedutil"), file)
        file = set(&keeper, knob(nil), file)
        #expect(file == "ondemand")
        #expect(keeper.held.isEmpty)
        // And is then nobody's.
        #expect(keeper.judge(knob(nil), says: file, at: start).verdict == .leave)
    }

    @Test func whatIsRightAlreadyIsNotTouched() {
        var keeper = KnobKeeper()
        #expect(keeper.judge(knob("ondemand"), says: "ondemand", at: start).verdict == .leave)
        #expect(keeper.held.isEmpty)
    }

    @Test func anotherOwnerIsLeftAloneForATime() {
        var keeper = KnobKeeper(handsOff: .seconds(60))
        _ = set(&keeper, knob("powersave"), "ondemand")
        let (verdict, fault) = keeper.judge(knob("powersave"), says: "performance", at: start)
        #expect(verdict == .leave)
        #expect(fault == .taken(wrote: "powersave", reads: "performance"))
        #expect(keeper.held.isEmpty)
        // Told once, and not restored.
        let again = keeper.judge(
            knob("powersave"), says: "performance", at: MonotonicTime(milliseconds: 59_999))
        #expect(again == (.leave, nil))
        let later = MonotonicTime(milliseconds: 60_000)
        #expect(keeper.judge(knob("powersave"), says: "performance", at: later).verdict != .leave)
        #expect(keeper.held[Self.path]?.found == "performance")
    }

    @Test func theKernelMayLowerACeiling() {
        var keeper = KnobKeeper()
        let file = set(&keeper, knob("1350000", .ceiling), "1800000")
        #expect(file == "1350000")
        // A hot processor's cooling.
        let cooled = keeper.judge(knob("1350000", .ceiling), says: "600000", at: start)
        #expect(cooled == (.leave, nil))
        // Nobody but another program raises it.
        let raised = keeper.judge(knob("1350000", .ceiling), says: "1800000", at: start)
        #expect(raised.fault == .taken(wrote: "1350000", reads: "1800000"))
    }

    @Test func aRefusalIsToldOnceAndLeftAlone() {
        var keeper = KnobKeeper()
        let knob = knob("powersave")
        #expect(keeper.judge(knob, says: "ondemand", at: start).verdict == .write("powersave"))
        let fault = keeper.onWritten(knob, .success("ondemand"), at: start)
        #expect(fault == .refused(wrote: "powersave", reads: "ondemand"))
        #expect(keeper.held.isEmpty)
        #expect(keeper.judge(knob, says: "ondemand", at: start) == (.leave, nil))
        let error = FileError(path: "/x", operation: "open", code: 13, message: "denied")
        var other = KnobKeeper()
        _ = other.judge(knob, says: "ondemand", at: start)
        #expect(other.onWritten(knob, .failure(error), at: start) == .failed(error))
        #expect(other.judge(knob, says: "ondemand", at: start) == (.leave, nil))
    }

    @Test func theTriggerOfALightIsTheOneInBrackets() {
        var keeper = KnobKeeper()
        let knob = knob("none", .choice)
        _ = keeper.judge(knob, says: "none [mmc0] timer", at: start)
        #expect(keeper.held[Self.path]?.found == "mmc0")
        #expect(keeper.onWritten(knob, .success("[none] mmc0 timer"), at: start) == nil)
        #expect(
            keeper.judge(self.knob(nil, .choice), says: "[none] mmc0 timer", at: start).verdict
                == .write("mmc0"))
    }

    @Test func aMonitorIsSwitchedOffAndFoundAgain() {
        var keeper = KnobKeeper()
        let knob = knob("off", .connector)
        #expect(keeper.judge(knob, says: "connected", at: start).verdict == .write("off"))
        #expect(keeper.onWritten(knob, .success("disconnected"), at: start) == nil)
        let back = self.knob(nil, .connector)
        #expect(keeper.judge(back, says: "disconnected", at: start).verdict == .write("detect"))
        var none = KnobKeeper()
        #expect(none.judge(knob, says: "disconnected", at: start).verdict == .leave)
    }

    @Test func knobsAreBounded() {
        var keeper = KnobKeeper()
        for number in 0..<100 {
            let knob = Knob(name: "k", path: "/sys/\(number)", rule: .exact, wanted: "1")
            _ = keeper.judge(knob, says: "0", at: start)
        }
        #expect(keeper.held.count == KnobKeeper.knobsMax)
    }

    /// The agent dies at any of its steps, other programs write at times, and a new one comes. In
    /// the end the file says what was found, or what another program wrote last.
    @Test func afterAnyDeathTheFileIsAsItWasFound() {
        var random = SeededGenerator.announced(for: "afterAnyDeathTheFileIsAsItWasFound")
        #expect(deaths(&random, keepsRecord: true) == 0)
    }

    /// The test above can fail: an agent without its record leaves what it set.
    @Test func withoutARecordItIsNot() {
        var random = SeededGenerator(seed: 1)
        #expect(deaths(&random, keepsRecord: false) > 0)
    }

    private func deaths(_ random: inout SeededGenerator, keepsRecord: Bool) -> Int {
        let boot = BootID(rawValue: 7)
        let governors = ["powersave", "schedutil", "performance"]
        var wrong = 0
        for _ in 0..<500 {
            var keeper = KnobKeeper(handsOff: .seconds(1))
            var (file, expected, disk) = ("ondemand", "ondemand", [UInt8]())
            for step in 0..<12 as Range<Int64> {
                let now = MonotonicTime(milliseconds: step * 2000)
                let wanted = governors[Int.random(in: 0..<3, using: &random)]
                if random.once(in: 8) { (file, expected) = ("userspace", "userspace") }
                let (verdict, fault) = keeper.judge(knob(wanted), says: file, at: now)
                if fault != nil, file != expected { wrong += 1 }
                guard case .write(let text) = verdict else { continue }
                if keepsRecord { disk = KnobRecord.encode(keeper.held, boot: boot) }
                let dies = Int.random(in: 0..<6, using: &random)
                if dies != 0 { file = text }
                if dies > 1 {
                    _ = keeper.onWritten(knob(wanted), .success(file), at: now)
                } else {
                    keeper = KnobKeeper(handsOff: .seconds(1))
                    keeper.recover(KnobRecord.decode(disk, boot: boot))
                }
            }
            var last = KnobKeeper()
            last.recover(KnobRecord.decode(disk, boot: boot))
            if case .write(let text) = last.judge(knob(nil), says: file, at: start).verdict {
                file = text
            }
            if file != expected { wrong += 1 }
        }
        return wrong
    }

    @Test func aRecordIsOfItsBoot() {
        let held = [
            Self.path: KnobKeeper.Held(
                name: "x", rule: .choice, found: "mmc0", written: ["mmc0", "none"])
        ]
        let bytes = KnobRecord.encode(held, boot: BootID(rawValue: 7))
        #expect(KnobRecord.decode(bytes, boot: BootID(rawValue: 7)) == held)
        #expect(KnobRecord.decode(bytes, boot: BootID(rawValue: 8)).isEmpty)
    }

    @Test func anyBytesAreARecordOrNone() {
        var random = SeededGenerator.announced(for: "anyBytesAreARecordOrNone")
        let boot = BootID(rawValue: 7)
        let good = KnobRecord.encode(
            [Self.path: .init(name: "x", rule: .exact, found: "a", written: ["b"])], boot: boot)
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            for path in KnobRecord.decode(bytes, boot: boot).keys {
                #expect(path.hasPrefix("/sys/"))
            }
        }
        let evil = String(decoding: good, as: UTF8.self)
            .replacing(Self.path, with: "/sys/../etc/passwd")
        #expect(KnobRecord.decode(Array(evil.utf8), boot: boot).isEmpty)
    }
}
