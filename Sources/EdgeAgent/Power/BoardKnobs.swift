import Platform
import PowerManager

/// The knobs that a board has, and what a plan wants of each.
struct BoardKnobs {
    private let kernel: any KernelFiles
    /// The control group that holds those of the classes of workloads; nil where there is none.
    private let group: String?

    /// Entries of a directory that are looked at, at most.
    static let entriesMax = 32
    /// Lights of the boards of this family; others mean something to somebody.
    static let lights = ["ACT", "PWR", "led0", "led1"]

    init(kernel: any KernelFiles, group: String?) {
        self.kernel = kernel
        self.group = group
    }

    /// All knobs, whether the plan wants something of them or they are to be as they were found.
    func knobs(_ plan: PowerPlan) -> [Knob] {
        clocks(plan) + groups(plan) + lights(plan) + screens(plan) + devices(plan)
    }

    private func clocks(_ plan: PowerPlan) -> [Knob] {
        let folder = "/sys/devices/system/cpu/cpufreq"
        return entries(folder, prefix: "policy").flatMap { policy -> [Knob] in
            let path = "\(folder)/\(policy)/"
            let governors = words(path + "scaling_available_governors")
            let governor = plan.governor.flatMap { governors.contains($0) ? $0 : nil }
            var knobs = [knob(path, "scaling_governor", .exact, governor)]
            if let low = number(path + "cpuinfo_min_freq"),
                let high = number(path + "cpuinfo_max_freq"), low <= high
            {
                let steps = words(path + "scaling_available_frequencies").compactMap { Int($0) }
                let limit = plan.highestKilohertz(steps: steps, range: low...high)
                knobs.append(knob(path, "scaling_max_freq", .ceiling, limit.map { "\($0)" }))
            }
            return knobs
        }
    }

    private func groups(_ plan: PowerPlan) -> [Knob] {
        guard let group else { return [] }
        let count = entries("/sys/devices/system/cpu", prefix: "cpu")
            .count { $0.dropFirst(3).allSatisfy(\.isNumber) && $0.count > 3 }
        return WorkloadClass.allCases.flatMap { kind -> [Knob] in
            let path = "\(group)/\(WorkloadGroups.name(kind))/"
            return [
                knob(path, "cpu.max", .exact, kind.quota(plan, processors: count)),
                knob(path, "cpuset.cpus", .exact, kind.processors(plan, of: count)),
            ]
        }
    }

    private func lights(_ plan: PowerPlan) -> [Knob] {
        let folder = "/sys/class/leds"
        return entries(folder).filter { Self.lights.contains($0) }.map {
            knob("\(folder)/\($0)/", "trigger", .choice, plan.areLightsOn ? nil : "none")
        }
    }

    private func screens(_ plan: PowerPlan) -> [Knob] {
        let folder = "/sys/class/drm"
        return entries(folder).filter { $0.contains("-HDMI-") }.map {
            knob("\(folder)/\($0)/", "status", .connector, plan.isScreenOn ? nil : "off")
        }
    }

    /// Devices on USB, not the hubs' interfaces, whose names have a colon.
    private func devices(_ plan: PowerPlan) -> [Knob] {
        let folder = "/sys/bus/usb/devices"
        return entries(folder).filter { !$0.contains(":") }.map {
            knob("\(folder)/\($0)/power/", "control", .exact, plan.letsUSBSleep ? "auto" : nil)
        }
    }

    private func knob(
        _ folder: String, _ file: String, _ rule: Knob.Rule, _ wanted: String?
    ) -> Knob {
        let path = folder + file
        // `policy0/scaling_governor`, `1-1/power/control`.
        let parts = path.split(separator: "/")
        let name = parts.suffix(file == "control" ? 3 : 2).joined(separator: "/")
        return Knob(name: name, path: path, rule: rule, wanted: wanted)
    }

    private func entries(_ folder: String, prefix: String = "") -> [String] {
        Array(kernel.list(folder).filter { $0.hasPrefix(prefix) }.prefix(Self.entriesMax))
    }

    private func words(_ path: String) -> [String] {
        ((try? kernel.text(path)) ?? "").split(separator: " ").map(String.init)
    }

    private func number(_ path: String) -> Int? { (try? kernel.text(path)).flatMap { Int($0) } }
}
