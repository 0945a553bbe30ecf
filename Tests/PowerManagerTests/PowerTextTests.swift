import Platform
import PowerManager
import Testing

@Suite struct PowerTextTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func pressureIsTheFirstLinesShortestAverage() throws {
        let text = "some avg10=1.53 avg60=0.87 avg300=0.40 total=1\nfull avg10=0.00 avg60=0.00\n"
        #expect(try KernelText.pressure(bytes(text)) == 1.53)
    }

    @Test(arguments: [
        "", "some", "full avg10=1", "some avg10=x", "some avg10=101", "some avg10=-1",
    ])
    func otherTextIsNoPressure(text: String) {
        #expect(throws: KernelTextError.self) { try KernelText.pressure(bytes(text)) }
    }

    @Test(arguments: [
        ("0", false, false), ("50005", true, true), ("50000", false, false), ("0x1", true, false),
        ("2", false, true), ("8", false, true), ("f0000", false, false),
    ])
    func onlyWhatTheFirmwareSaysOfNowCounts(
        text: String, isUndervolted: Bool, isThrottled: Bool
    ) throws {
        let flags = try KernelText.throttled(bytes(text + "\n"))
        #expect(flags == (isUndervolted, isThrottled))
    }

    @Test(arguments: ["", "g", "1 2", "0x", "123456789"])
    func otherTextIsNoFlags(text: String) {
        #expect(throws: KernelTextError.self) { try KernelText.throttled(bytes(text)) }
    }

    private func supply(_ files: [String: String]) -> PowerSupply? { PowerSupply { files[$0] } }

    @Test func suppliesSayWhatTheBoardRunsFrom() throws {
        let battery = try #require(
            supply(["type": "Battery", "capacity": "37", "status": "Discharging"]))
        let other = try #require(supply(["type": "Battery", "capacity": "90", "status": "Full"]))
        let mains = try #require(supply(["type": "Mains", "online": "1"]))
        let unplugged = try #require(supply(["type": "USB", "online": "0"]))
        #expect(PowerSupply.battery([battery, other, mains]) == 37)
        #expect(PowerSupply.isOnMains([battery, mains, unplugged]) == true)
        #expect(PowerSupply.isOnMains([battery, unplugged]) == false)
        #expect(PowerSupply.isOnMains([battery]) == false)
        #expect(PowerSupply.isOnMains([other]) == true)
        #expect(PowerSupply.isOnMains([]) == nil)
        #expect(PowerSupply.battery([mains]) == nil)
    }

    @Test func whatIsNoSupplyOfTheBoardIsLeftOut() throws {
        #expect(supply(["capacity": "5"]) == nil)
        #expect(supply(["type": "Battery", "scope": "Device", "capacity": "5"]) == nil)
        #expect(supply(["type": "Battery", "present": "0", "capacity": "5"]) == nil)
        #expect(try #require(supply(["type": "Battery", "capacity": "500"])).capacity == nil)
    }

    @Test func aPlanPicksAStepThatTheBoardHas() {
        let saver = PowerPlan(.saver)
        let steps = [1_500_000, 1_600_000, 1_700_000, 1_800_000, 2_400_000]
        let range = 1_500_000...2_400_000
        #expect(saver.highestKilohertz(steps: steps, range: range) == 1_800_000)
        #expect(saver.highestKilohertz(steps: [], range: range) == 1_800_000)
        // Half of it is below the lowest step.
        #expect(PowerPlan(.critical).highestKilohertz(steps: steps, range: range) == 1_500_000)
        #expect(PowerPlan(.critical).highestKilohertz(steps: [], range: range) == 1_500_000)
        #expect(PowerPlan(.balanced).highestKilohertz(steps: steps, range: range) == nil)
    }

    @Test func urgentWorkIsNeverLimited() {
        for state in PowerState.allCases {
            let plan = PowerPlan(state)
            #expect(WorkloadClass.urgent.quota(plan, processors: 4) == nil)
            #expect(WorkloadClass.urgent.processors(plan, of: 4) == nil)
        }
        let critical = PowerPlan(.critical)
        #expect(WorkloadClass.normal.quota(critical, processors: 4) == "100000 100000")
        #expect(WorkloadClass.background.quota(critical, processors: 4) == "48000 100000")
        #expect(WorkloadClass.background.processors(critical, of: 4) == "0")
        #expect(WorkloadClass.background.processors(critical, of: 1) == nil)
        #expect(WorkloadClass.normal.quota(PowerPlan(.balanced), processors: 4) == nil)
    }
}
