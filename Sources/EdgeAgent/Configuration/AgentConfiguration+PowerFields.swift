import Platform

extension AgentConfiguration {
    static let power: [ConfigurationField] = [
        ConfigurationField(
            "power", "enabled", .flag(\.power.isEnabled),
            "True lets the agent set clocks, lights, limits of workloads and the like, as "
                + "docs/power.md says. It needs the right to write them."),
        ConfigurationField(
            "power", "profile", .text(\.power.profile, .absolutePath(bytesMax: 1024)),
            "What kind of board this is: where its firmware tells of heat and undervoltage, and what "
                + "the power states mean.",
            derived: ("what any board has", "/etc/edge-agent/raspberry-pi-5.yaml")),
        ConfigurationField(
            "power", "state", .choice(\.power.state, Power.states),
            "The state to be in while nothing is wrong and nobody wished another. auto: balanced, "
                + "and saver on battery."),
        ConfigurationField(
            "power", "restore_on_exit", .flag(\.power.restoresOnExit),
            "Whether the agent puts back what it found when it is stopped."),
        ConfigurationField(
            "power", "halt", .flag(\.power.mayHalt),
            "Whether the agent may halt the board: by a wish for off, and for an empty battery."),
        ConfigurationField(
            "power", "wake_s", .span(\.power.wakeAfter, 60...604_800, unit: .s),
            "A board halted for an empty battery wakes after so long, where it has a wake alarm."),
        ConfigurationField(
            "power", "batch_s", .span(\.power.batchInterval, 1...3600, unit: .s),
            "In saver and critical, telemetry goes to the hub this often, times the state's spread "
                + "(4 and 10), so that a radio can sleep between. Events and alarms do not wait."),
        ConfigurationField(
            "power", "hands_off_s", .span(\.power.handsOff, 60...604_800, unit: .s),
            "What another program sets as well is left to it for so long."),
        ConfigurationField(
            "power", "group", .text(\.power.group, .absolutePath(bytesMax: 1024)),
            "The control group in which workloads are limited; the agent must be able to write it.",
            derived: (
                "the one that the service manager delegates, else none",
                "/sys/fs/cgroup/edge-workloads"
            )),
        ConfigurationField(
            "power", "battery_device", .text(\.power.batteryDevice, .deviceID),
            "A device under devices, such as an ina219, whose voltage is the battery's.",
            derived: ("the kernel's batteries alone", "ups")),
        ConfigurationField(
            "power", "battery_empty_mv", .count(\.power.batteryEmpty, 500...100_000, unit: "mV"),
            "The voltage at which that battery is empty; percent go by a straight line."),
        ConfigurationField(
            "power", "battery_full_mv", .count(\.power.batteryFull, 500...100_000, unit: "mV"),
            "The voltage at which it is full."),
    ]
}
