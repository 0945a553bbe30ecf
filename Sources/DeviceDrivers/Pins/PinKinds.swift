import Platform

/// The kinds of devices that are one line of a GPIO chip.
public enum PinKinds {
    /// An output that is on or off.
    public static let relay = kind(
        "relay", "an output that is on or off", .relay,
        line + output + [
            safe,
            DeviceSetting(
                "on_max", .span(100...DeviceBlock.everyMax, standard: 0),
                "how long it is on at most, such as 10m"),
        ])

    /// An input that is on or off.
    public static let `switch` = kind(
        "switch", "an input that is on or off", .switch, line + input)

    /// An input whose every press counts.
    public static let button = kind(
        "button", "an input whose presses are events", .button, line + input)

    /// An output of pulses, made by the agent.
    public static let pwm = kind(
        "pwm", "pulses of a set share, made by software", .pwm,
        line + output + [
            safe,
            DeviceSetting(
                "rate_hz", .number(1...Double(GPIOWave.rateMaximum), standard: 50),
                "pulses a second"),
        ])

    private static func kind(
        _ name: String, _ summary: String, _ role: PinUse.Role, _ settings: [DeviceSetting]
    ) -> DeviceKind {
        // Nothing is polled; the time is that of a failed line's first pause.
        DeviceKind(name, summary, .pin(role), everyMin: 1000, every: 1000, settings: settings)
    }

    private static let line = [
        DeviceSetting(
            "line", .text(standard: nil),
            "the line: GPIO17 on a Raspberry Pi, a number, or a name that gpioinfo prints"),
        DeviceSetting(
            "chip", .text(standard: ""),
            "the chip's label as gpiodetect prints it, where the line's name does not decide"),
        DeviceSetting("active_low", .choice(["false", "true"]), "whether a low level means on"),
        DeviceSetting(
            "bias", .choice(["as-is", "disabled", "pull-up", "pull-down"]), "the chip's resistor"),
    ]

    private static let output = [
        DeviceSetting(
            "drive", .choice(["push-pull", "open-drain", "open-source"]), "how it drives the line")
    ]

    private static let input = [
        DeviceSetting(
            "debounce", .span(1...1000, standard: 20),
            "how long a level lasts before it counts, from 1ms to 1s")
    ]

    private static let safe = DeviceSetting(
        "safe", .choice(["off", "on", "none"]),
        "what it is when the agent ends, however it ends; none leaves that to the chip's driver")
}
