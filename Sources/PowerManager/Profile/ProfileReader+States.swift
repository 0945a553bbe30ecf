import Platform

extension ProfileReader {
    /// What a state leaves out is as on any board.
    mutating func states(_ node: ConfigurationNode?) -> [PowerState: PowerPlan] {
        guard let node else { return [:] }
        let names = PowerState.allCases.map(\.rawValue)
        var states: [PowerState: PowerPlan] = [:]
        // Sorted, so that faults of one line come in the same order in every run.
        let part = fields(node, "power.states", known: Set(names))
        for (name, item) in part.sorted(by: { $0.key < $1.key }) {
            guard let state = PowerState(rawValue: name) else { continue }
            states[state] = plan(PowerPlan(state), item, "power.states." + name)
        }
        return states
    }

    private mutating func plan(
        _ standard: PowerPlan, _ node: ConfigurationNode, _ path: String
    ) -> PowerPlan {
        var plan = standard
        let part = fields(
            node, path,
            known: [
                "governor", "clock_percent", "workload_percent", "background_processors", "spread",
                "lights", "screen", "usb_sleep",
            ])
        let count = {
            (reader: inout ProfileReader, name: String, range: ClosedRange<Int>) -> Int? in
            guard let item = part[name] else { return nil }
            let number = reader.whole(item, "\(path).\(name)", item.line)
            if !range.contains(number) {
                reader.fail(
                    item.line, "\(path).\(name)", "\(number) is out of range",
                    "Use \(range.lowerBound) to \(range.upperBound).")
            }
            return number
        }
        if let governor = part["governor"] {
            plan.governor = text(governor, path + ".governor", governor.line)
        }
        if let percent = count(&self, "clock_percent", 1...100) {
            plan.highestClock = Double(percent) / 100
        }
        if let percent = count(&self, "workload_percent", 1...100) {
            plan.workloadPercent = percent == 100 ? nil : percent
        }
        if let processors = count(&self, "background_processors", 1...1024) {
            plan.backgroundProcessors = processors
        }
        if let factor = count(&self, "spread", 1...100) { plan.intervalFactor = factor }
        for (name, target) in [
            ("lights", \PowerPlan.areLightsOn), ("screen", \PowerPlan.isScreenOn),
            ("usb_sleep", \PowerPlan.letsUSBSleep),
        ] {
            guard let item = part[name] else { continue }
            guard case .scalar(let text, isQuoted: false) = item.kind, let flag = Bool(text) else {
                fail(item.line, "\(path).\(name)", "not true or false", "Write it plainly.")
                continue
            }
            plan[keyPath: target] = flag
        }
        return plan
    }
}
