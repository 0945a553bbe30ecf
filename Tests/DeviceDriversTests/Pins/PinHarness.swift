import Platform
import Simulator

@testable import DeviceDrivers

/// A panel on simulated pins, in a time of its own; whoever carries out its directives is here.
final class PinHarness {
    static let chip = "pinctrl-rp1"

    let pins: SimPins
    let gpio: SimGPIO
    var panel = PinPanel()
    private(set) var now = MonotonicTime(milliseconds: 1000)
    var reports: [(device: String, properties: [(name: String, value: Value)])] = []
    var events: [(key: String, fields: [(String, Value)])] = []
    var settled: [(token: UInt64, refusal: String?)] = []
    /// What was asked of the chip, in order.
    var verbs: [String] = []
    /// Outputs that read the opposite of what they were set to.
    var isShorted = false
    private var sequence: UInt32 = 0

    init(_ pins: SimPins? = nil) {
        self.pins =
            pins
            ?? SimPins(
                [(Self.chip, [String](repeating: "", count: 28))], nanoseconds: { 1 })
        gpio = SimGPIO(self.pins)
    }

    func declare(_ blocks: [(String, String)], wishes: [String: Value] = [:]) throws {
        let all = try blocks.map { try block($0.0, $0.1) }
        perform(panel.declare(all, wishes: wishes, at: now))
    }

    func set(_ device: String, _ property: String, _ value: Value, token: UInt64 = 1) {
        perform(panel.set(device, property, value, token: token, at: now))
    }

    /// Lets time pass, and everything happen on its way.
    func run(_ span: Milliseconds) {
        let end = now + span
        while let due = panel.deadline, due <= end {
            now = max(now, due)
            perform(panel.onTick(now))
        }
        now = end
    }

    /// Edges of a device's line, as the kernel would tell them.
    func edge(_ device: String, _ isRising: Bool, skipping: UInt32 = 0) {
        guard let handle = panel.pins[device]?.handle else { return }
        sequence += 1 + skipping
        let edge = GPIOEdge(
            offset: 0, isRising: isRising, timestamp: UInt64(now.milliseconds) * 1_000_000,
            sequence: sequence, lineSequence: sequence)
        perform(panel.onEvent(.edges(handle, [edge]), at: now))
    }

    func lose(_ device: String) {
        guard let handle = panel.pins[device]?.handle else { return }
        gpio.release(handle)
        perform(panel.onEvent(.lost(handle, reason: "unplugged"), at: now))
    }

    /// The last value that was reported of a property.
    func reported(_ device: String, _ property: String) -> Value? {
        reports.last { report in
            report.device == device && report.properties.contains { $0.name == property }
        }?.properties.first { $0.name == property }?.value
    }

    func level(_ line: Int) -> Bool { pins.level(0, line) }

    func perform(_ directives: [PinPanel.Directive]) {
        for directive in directives { perform(directive) }
    }

    private func perform(_ directive: PinPanel.Directive) {
        switch directive {
        case .request(let device, let request):
            verbs.append("request \(device)")
            do throws(GPIOError) {
                let lease = try gpio.request(request)
                let isOn = try gpio.values(of: lease.handle).first ?? false
                perform(panel.onLease(device, lease, isOn: isOn, at: now))
            } catch {
                perform(panel.onRefused(device, error.description, at: now))
            }
        case .drive(let device, let handle, let drive):
            verbs.append("drive \(device)")
            do throws(GPIOError) {
                switch drive {
                case .level(let isOn): try gpio.set([isOn], of: handle)
                case .pulses(let wave): try gpio.pulse(wave, on: handle)
                }
                let isOn = try gpio.values(of: handle).first ?? false
                perform(panel.onDriven(device, isOn: isOn != isShorted, at: now))
            } catch {
                perform(panel.onFailed(device, error.description, at: now))
            }
        case .release(let handle):
            verbs.append("release")
            gpio.release(handle)
        case .report(let device, let properties): reports.append((device, properties))
        case .event(let key, let fields): events.append((key, fields))
        case .settled(let token, let refusal): settled.append((token, refusal))
        }
    }
}
