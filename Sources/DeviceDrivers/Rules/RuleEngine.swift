public import Platform

/// Runs rules: readings and time in, settings and states out; no I/O and no clock.
///
/// A rule acts once its conditions have held for its time. One that sets for a time sets the
/// opposite afterwards and begins anew; one that sets for good waits until its conditions have
/// failed. No rule acts more often than `interval`.
public struct RuleEngine: Sendable {
    /// What to do.
    public enum Directive: Sendable, Hashable {
        /// Set a property, as a wish would.
        case set(rule: String, device: String, property: String, value: Value)
        /// The rule's state has changed: `reported/rules/<name>`.
        case state(rule: String, Value)
    }

    /// Rules of one board.
    public static let rulesMaximum = 64
    /// The shortest time between two actions of one rule. A relay's contacts last 100,000 of them.
    public static let interval: Milliseconds = 10_000
    /// A reading that is older holds no condition: a sensor that died on a dry day would pump for
    /// ever.
    public static let staleAfter: Milliseconds = 3_600_000

    private enum Phase: Hashable {
        /// The conditions do not hold.
        case idle
        /// They do, since then.
        case holding(MonotonicTime)
        /// It has acted for good, and waits until they fail.
        case done
        /// What it has set lasts until then.
        case active(MonotonicTime)
    }

    private struct Running {
        let rule: DeviceRule
        var phase = Phase.idle
        var readings: [Int: (value: Value, time: MonotonicTime)] = [:]
        var acted: MonotonicTime?
        var actions: Int64 = 0
    }

    private var rules: [String: Running] = [:]

    /// No rules yet.
    public init() {}

    /// The names of the rules, sorted.
    public var names: [String] { rules.keys.sorted() }

    /// Adds or replaces a rule. What it has set for a time is set back.
    ///
    /// - Parameter before: the state that the twin has of it, after a restart.
    /// - Returns: nil where there are `rulesMaximum` others.
    public mutating func set(
        _ name: String, _ rule: DeviceRule, before: Value? = nil
    ) -> [Directive]? {
        guard rules[name] != nil || rules.count < Self.rulesMaximum else { return nil }
        if rules[name]?.rule == rule { return [] }
        var directives = remove(name, isReplaced: true)
        var running = Running(rule: rule)
        running.actions = before?["actions"]?.intValue ?? 0
        // The agent stopped while it was on.
        if let before { directives += Self.back(name, stopped: before) }
        rules[name] = running
        return directives + [state(name)]
    }

    /// Takes a rule away, and back what it has set for a time.
    public mutating func remove(_ name: String) -> [Directive] {
        remove(name, isReplaced: false)
    }

    private mutating func remove(_ name: String, isReplaced: Bool) -> [Directive] {
        guard let running = rules.removeValue(forKey: name) else { return [] }
        var directives: [Directive] = []
        if case .active = running.phase { directives += Self.back(name, running.rule) }
        return isReplaced ? directives : directives + [.state(rule: name, .null)]
    }

    /// A rule that the board had before a restart and has no more: what it had set for a time is
    /// set back, and its state goes.
    public static func forgotten(_ name: String, before: Value) -> [Directive] {
        back(name, stopped: before) + [.state(rule: name, .null)]
    }

    /// A device has said what a property is.
    public mutating func onReading(
        _ device: String, _ property: String, _ value: Value, at now: MonotonicTime
    ) -> [Directive] {
        var directives: [Directive] = []
        for name in names {
            guard let running = rules[name] else { continue }
            var isRead = false
            for (place, condition) in running.rule.conditions.enumerated()
            where condition.device == device && condition.property == property {
                rules[name]?.readings[place] = (value, now)
                isRead = true
            }
            if isRead { directives += step(name, now) }
        }
        return directives
    }

    /// Time has passed.
    public mutating func onTick(_ now: MonotonicTime) -> [Directive] {
        names.flatMap { step($0, now) }
    }

    /// When the next rule has something to do; nil where only a reading can change anything.
    public var deadline: MonotonicTime? {
        rules.values.compactMap { running in
            switch running.phase {
            case .idle, .done: nil
            case .holding: Self.due(running)
            case .active(let until): until
            }
        }.min()
    }

    /// When a rule that holds may act.
    private static func due(_ running: Running) -> MonotonicTime? {
        guard case .holding(let since) = running.phase else { return nil }
        let held = since + running.rule.hold
        return running.acted.map { max(held, $0 + interval) } ?? held
    }

    private mutating func step(_ name: String, _ now: MonotonicTime) -> [Directive] {
        guard var running = rules[name] else { return [] }
        let before = running.phase
        var directives: [Directive] = []
        if case .active(let until) = running.phase, until <= now {
            directives += Self.back(name, running.rule)
            running.phase = .idle
        }
        switch (running.phase, Self.holds(running, now)) {
        case (.active, _): break
        case (_, false): running.phase = .idle
        case (.idle, true): running.phase = .holding(now)
        case (.holding, true), (.done, true): break
        }
        if let due = Self.due(running), due <= now {
            let rule = running.rule
            directives.append(
                .set(rule: name, device: rule.device, property: rule.property, value: rule.value))
            running.acted = now
            running.actions += 1
            running.phase = rule.pulse.map { .active(now + $0) } ?? .done
        }
        rules[name] = running
        return running.phase == before ? directives : directives + [state(name)]
    }

    private static func holds(_ running: Running, _ now: MonotonicTime) -> Bool {
        running.rule.conditions.enumerated().allSatisfy { place, condition in
            guard let reading = running.readings[place], now - reading.time < staleAfter else {
                return false
            }
            return condition.holds(reading.value)
        }
    }

    private static func back(_ name: String, _ rule: DeviceRule) -> [Directive] {
        guard rule.pulse != nil, let flag = rule.value.boolValue else { return [] }
        return [
            .set(rule: name, device: rule.device, property: rule.property, value: .bool(!flag))
        ]
    }

    /// What a rule that was active when the agent stopped has to set back.
    private static func back(_ name: String, stopped before: Value) -> [Directive] {
        guard before["state"] == .string("active"), let text = before["rule"]?.stringValue,
            let earlier = try? RuleParser.read(text)
        else { return [] }
        return back(name, earlier)
    }

    private func state(_ name: String) -> Directive { .state(rule: name, value(of: name)) }

    /// The rule, where it is, and how often it has acted; null for none of this name.
    public func value(of name: String) -> Value {
        guard let running = rules[name] else { return .null }
        let word =
            switch running.phase {
            case .idle: "idle"
            case .holding: "holding"
            case .done: "done"
            case .active: "active"
            }
        return .object([
            ("rule", .string(running.rule.text)), ("state", .string(word)),
            ("actions", .int(running.actions)),
        ])
    }
}
