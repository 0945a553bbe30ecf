public import Platform

/// How a declared device uses its line, complete and checked.
public struct PinUse: Sendable, Hashable {
    /// What it is to the board.
    public enum Role: Sendable, Hashable {
        case relay, `switch`, button, pwm

        /// The property that says its state.
        public var property: String {
            switch self {
            case .relay, .switch: "on"
            case .button: "pressed"
            case .pwm: "duty"
            }
        }

        /// Whether it is driven.
        public var isOutput: Bool { self == .relay || self == .pwm }
    }

    public let role: Role
    /// A label; nil where the line's name decides.
    public let chip: String?
    /// As the block names it.
    public let line: String
    public let isActiveLow: Bool
    public let bias: GPIORequest.Bias
    public let drive: GPIORequest.Drive
    /// Of inputs.
    public let debounce: Milliseconds
    /// What an output is once the agent is gone; nil where nobody drives it then.
    public let safe: Bool?
    /// How long a relay is on at most; nil for no bound.
    public let onMax: Milliseconds?
    /// Pulses a second of a PWM.
    public let rate: Hertz

    init(_ role: Role, _ settings: DeviceSettings) throws(DriverFault) {
        self.role = role
        line = settings.word("line")
        guard !line.isEmpty else { throw DriverFault(.notSettable, "line is empty") }
        chip = settings.word("chip").isEmpty ? nil : settings.word("chip")
        isActiveLow = settings.word("active_low") == "true"
        bias =
            switch settings.word("bias") {
            case "disabled": .disabled
            case "pull-up": .pullUp
            case "pull-down": .pullDown
            default: .asIs
            }
        drive =
            switch settings.word("drive") {
            case "open-drain": .openDrain
            case "open-source": .openSource
            default: .pushPull
            }
        debounce = settings.span("debounce")
        safe = ["on": true, "off": false][settings.word("safe")]
        onMax = settings.span("on_max") > 0 ? settings.span("on_max") : nil
        rate = Hertz(settings.number("rate_hz"))
        guard onMax == nil || safe != true else {
            throw DriverFault(.notSettable, "on_max bounds nothing that is on at rest (safe: on)")
        }
    }

    /// What is asked of the chip.
    ///
    /// - Parameter isOn: An output's first value.
    func request(_ device: String, isOn: Bool) -> GPIORequest {
        var request = GPIORequest(
            chip: chip, lines: [line], consumer: Self.consumer(device),
            direction: role.isOutput
                ? .output(initial: [isOn], safe: safe.map { [$0] }) : .input)
        request.bias = bias
        request.drive = drive
        request.isActiveLow = isActiveLow
        if !role.isOutput {
            request.edges = .both
            request.debounceMicroseconds = UInt32(clamping: debounce.count) * 1000
        }
        return request
    }

    /// What others are told who asks for the line: the device, by its name.
    static func consumer(_ device: String) -> String {
        Printable.clipped("edge-agent:\(device)", bytes: GPIORequest.consumerBytesMaximum)
    }

    /// The pulses of a share from 0 to 1; nil where the line then stays as it is.
    func wave(_ share: Double) -> GPIOWave? { GPIOWave(rate: rate.value, share: share) }
}
