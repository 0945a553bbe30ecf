import LinuxPlatform
import Platform
import PowerManager
import TestSupport

extension FuzzTarget {
    /// A board's profile as YAML: a profile that keeps its own rules, or faults with their lines.
    static let profile = FuzzTarget(
        name: "profile",
        run: { bytes in
            guard let node = try? YAMLDocument.read(bytes, file: "p.yaml") else { return }
            switch Oracle.read({ read(node) }) {
            case .success(let profile): check(profile)
            case .failure(let faults): check(faults)
            }
        },
        examples: [whole, small, small + "power: {levels: [{mhz: 600, volts: 0.8}]}\n"].map {
            Array($0.utf8)
        },
        random: { generator in
            var lines = whole.split(separator: "\n", omittingEmptySubsequences: false)
            for _ in 0..<generator.number(0...3) {
                lines.remove(at: generator.number(0...lines.count - 1))
            }
            return Array(lines.joined(separator: "\n").utf8)
        },
        large: { _ in
            let pins = (0..<2000).map { "    \($0): \($0)\n" }.joined()
            let levels = (1..<1500).map { "    - {mhz: \($0), volts: 1}\n" }.joined()
            return Array(
                (small + "gpio:\n  chip: c\n  lines: 54\n  header:\n" + pins
                    + "power:\n  levels_source: s\n  levels:\n" + levels).utf8)
        })

    private static func read(
        _ node: ConfigurationNode
    ) -> Result<BoardProfile, ConfigurationErrors> {
        Result { () throws(ConfigurationErrors) in try BoardProfile.read(node, file: "p.yaml") }
    }

    private static func check(_ profile: BoardProfile) {
        let lines = profile.gpio?.lines ?? 0
        let named =
            profile.buses.flatMap(\.lines) + profile.reserved.map(\.line)
            + (profile.gpio.map { Array($0.header.values) } ?? [])
        Oracle.expect(named.allSatisfy { 0..<max(lines, 1) ~= $0 }, "\(named) of \(lines) lines")
        Oracle.expect(
            profile.gpio?.header.keys.allSatisfy { 1...40 ~= $0 } ?? true, "a pin beyond the header"
        )
        let health = profile.health
        for file in [health.thermal, health.throttled, health.undervoltage].compactMap({ $0 }) {
            Oracle.expect(file.hasPrefix("/sys/"), file)
        }
        let power = profile.power
        if !power.levels.isEmpty, power.idle != nil, power.full != nil, power.halt != nil,
            power.leakage != nil
        {
            Oracle.expect(profile.energyModel != nil, "figures without a model")
        }
        for name in profile.compatible where !name.utf8.contains(0) && !name.isEmpty {
            let tree = Array("other\0\(name)\0".utf8)
            Oracle.expect(profile.matches(deviceTree: tree), "\(name) is not itself")
        }
        do throws(ProfileMismatch) {
            try profile.check(deviceTree: [])
            Oracle.expect(false, "a board without a device tree is \(profile.name)")
        } catch {
            Oracle.expect(!error.description.isEmpty, "a refusal without words")
        }
    }

    private static func check(_ faults: ConfigurationErrors) {
        Oracle.expect(
            1...ConfigurationErrors.maximumCount ~= faults.errors.count,
            "\(faults.errors.count) faults")
        for fault in faults.errors {
            Oracle.expect(fault.line >= 1, "a fault in line \(fault.line)")
            Oracle.expect(
                fault.description.utf8.allSatisfy { $0 >= 0x20 }, "a fault of several lines")
            Oracle.expect(fault.description.utf8.count <= 1024, "a fault without an end")
        }
    }

    private static let small = """
        name: small
        title: Small
        compatible: ["vendor,small"]
        boot: {firmware: /boot}

        """

    /// With all that a profile may have.
    private static let whole = """
        name: board-4
        title: A board
        compatible: ["vendor,board-4", "vendor,board-4-rev2"]
        gpio:
          chip: pinctrl-bcm2711
          lines: 58
          header:
            3: 2
            11: 17
        buses:
          - {name: i2c-1, kind: i2c, lines: [2, 3]}
          - {name: w1, kind: w1, lines: [4]}
        reserved:
          - {line: 0, why: identity of a board on top}
        health:
          thermal: /sys/class/thermal/thermal_zone0/temp
          throttled: /sys/devices/platform/soc/soc:firmware/get_throttled
        boot:
          firmware: /boot/firmware
          slots: [a, b]
        power:
          idle: {watts: 2.7, source: measured}
          full: {watts: 6.1, source: measured}
          halt: {watts: 0.1, source: measured}
          leakage: {watts: 0.3, source: a guess}
          levels_source: a log
          levels:
            - {mhz: 600, volts: 0.8}
            - {mhz: 1800, volts: 0.9}
          states:
            idle: {governor: powersave, clock_percent: 50, lights: false}
            normal: {workload_percent: 100, background_processors: 2, spread: 3}

        """
}
