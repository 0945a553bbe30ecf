import Platform
import SyncProtocol

/// Keeps the desired processes running, as a value: what should be and what happened in, what to
/// do out. Never asks the network; a restarted agent adopts what already runs.
struct WorkloadSupervisor {
    enum Directive: Sendable, Equatable {
        case start(name: String, spec: WorkloadSpec, tag: String)
        case signal(ProcessIdentity, Int32)
        /// Write `reported/workloads/<name>`; null where it is gone.
        case report(name: String, Value)
        case event(key: String, Value)
        /// How this one ended is told; once that is durable, nobody has to keep it.
        case forget(ProcessIdentity)
    }

    enum Phase: Sendable, Equatable {
        case starting
        case running(ProcessIdentity, since: MonotonicTime)
        case waiting(until: MonotonicTime)
        case stopping(ProcessIdentity, killAt: MonotonicTime)
        case ended
    }

    struct Workload: Sendable {
        /// Nil: to be stopped and forgotten.
        var wanted: WorkloadSpec?
        /// What the process was started from.
        var hash = ""
        var phase = Phase.starting
        var restarts = 0
        var failures = 0
        var reason: String?
        var stopGrace: Milliseconds = 10_000
    }

    static let backoffFirst: Milliseconds = 1000
    static let backoffMaximum: Milliseconds = 300_000
    /// A process that ran this long had not failed to start.
    static let stableAfter: Milliseconds = 60_000

    static let terminate: Int32 = 15
    static let kill: Int32 = 9

    private(set) var workloads: [String: Workload] = [:]

    static func tag(_ name: String, _ spec: WorkloadSpec) -> String { "\(name)/\(spec.hash)" }

    /// Takes over processes that an earlier run of the agent started: those that run, and those
    /// that ended while nobody looked. Call before `desire`.
    ///
    /// - Parameter ended: The oldest first. Of a name that does not run the last one is looked at as
    ///   if it ended now, once it is known what is wanted; of the others only the exit is told.
    mutating func adopt(
        _ running: [String: ProcessIdentity], ended: [EndedProcess] = [], at now: MonotonicTime
    ) -> [Directive] {
        var directives: [Directive] = []
        for (tag, identity) in running.sorted(by: { $0.key < $1.key }) {
            let parts = tag.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            if let other = workloads[parts[0]], case .running = other.phase {
                // Two processes for one name: one is left over from before.
                directives.append(.signal(identity, Self.kill))
                continue
            }
            var workload = Workload()
            workload.hash = parts[1]
            workload.phase = .running(identity, since: now)
            workloads[parts[0]] = workload
            directives.append(
                .event(
                    key: "workload.adopted",
                    .object([
                        ("workload", .string(parts[0])), ("pid", .int(Int64(identity.pid))),
                    ])))
        }
        var last: [String: EndedProcess] = [:]
        for process in ended {
            let parts = process.tag.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                directives.append(.forget(process.identity))
                continue
            }
            if workloads[parts[0]] != nil {
                directives += told(parts[0], process)
            } else if let older = last.updateValue(process, forKey: parts[0]) {
                directives += told(parts[0], older)
            }
        }
        for (name, process) in last.sorted(by: { $0.key < $1.key }) {
            var workload = Workload()
            workload.hash = String(process.tag.dropFirst(name.count + 1))
            workload.phase = .running(process.identity, since: now)
            workloads[name] = workload
        }
        return directives
    }

    private func told(_ name: String, _ process: EndedProcess) -> [Directive] {
        [
            .event(key: "workload.exited", Self.exitEvent(name, Self.reason(process.exit))),
            .forget(process.identity),
        ]
    }

    /// Remembers, by what was reported of it, a workload that had done its work when an earlier
    /// run of the agent ended: it is not run again. Call after `adopt`, before `desire`.
    mutating func recall(_ name: String, _ reported: Value) {
        guard workloads[name] == nil, reported["state"]?.stringValue == "ended",
            let hash = reported["spec"]?.stringValue
        else { return }
        var workload = Workload()
        workload.hash = hash
        workload.phase = .ended
        workload.reason = reported["reason"]?.stringValue
        workload.restarts = Int(reported["restarts"]?.intValue ?? 0)
        workloads[name] = workload
    }

    /// - Parameter keeping: names whose wish cannot be read: what is there of them stays as it is.
    mutating func desire(
        _ specs: [String: WorkloadSpec], keeping: Set<String> = [], at now: MonotonicTime
    ) -> [Directive] {
        var directives: [Directive] = []
        for (name, spec) in specs.sorted(by: { $0.key < $1.key }) {
            var workload = workloads[name] ?? Workload()
            let isSame = workload.wanted?.hash == spec.hash
            let runsIt = workload.hash == spec.hash
            workload.wanted = spec
            defer { workloads[name] = workload }
            switch workload.phase {
            case .running(let identity, _):
                if runsIt {
                    workload.stopGrace = spec.stopGrace
                    directives.append(report(name, workload))
                } else {
                    directives += stop(name, &workload, identity, now)
                }
            case .starting where !isSame:
                directives.append(start(name, &workload, spec))
            case .waiting where !isSame, .ended where !isSame && !runsIt:
                workload.failures = 0
                directives.append(start(name, &workload, spec))
            case .starting, .waiting, .ended, .stopping: break
            }
        }
        for name in workloads.keys.sorted() where specs[name] == nil && !keeping.contains(name) {
            guard var workload = workloads[name] else { continue }
            workload.wanted = nil
            switch workload.phase {
            case .running(let identity, _):
                directives += stop(name, &workload, identity, now)
                workloads[name] = workload
            case .stopping: workloads[name] = workload
            case .starting, .waiting, .ended:
                workloads[name] = nil
                directives.append(.report(name: name, .null))
            }
        }
        return directives
    }

    mutating func onStarted(
        _ name: String, _ identity: ProcessIdentity, at now: MonotonicTime
    ) -> [Directive] {
        guard var workload = workloads[name] else { return [.signal(identity, Self.kill)] }
        workload.phase = .running(identity, since: now)
        workload.reason = nil
        workloads[name] = workload
        let event = Value.object([
            ("workload", .string(name)), ("pid", .int(Int64(identity.pid))),
        ])
        return [report(name, workload), .event(key: "workload.started", event)]
    }

    mutating func onStartFailed(
        _ name: String, _ reason: String, at now: MonotonicTime
    ) -> [Directive] {
        guard var workload = workloads[name] else { return [] }
        let directives = ended(name, &workload, reason: reason, isFailure: true, now)
        workloads[name] = workload
        return directives
    }

    mutating func onExit(
        _ name: String, _ exit: ProcessExit, at now: MonotonicTime
    ) -> [Directive] {
        guard var workload = workloads[name] else { return [] }
        let reason = Self.reason(exit)
        var directives: [Directive] = []
        switch workload.phase {
        case .running(let identity, let since):
            if now - since >= Self.stableAfter { workload.failures = 0 }
            directives = ended(name, &workload, reason: reason, isFailure: exit != .code(0), now)
            directives.append(.forget(identity))
        case .stopping(let identity, _):
            directives.append(.forget(identity))
            guard let spec = workload.wanted else {
                workloads[name] = nil
                let event = Value.object([
                    ("workload", .string(name)), ("reason", .string("stopped")),
                ])
                return directives + [
                    .report(name: name, .null), .event(key: "workload.stopped", event),
                ]
            }
            directives.append(start(name, &workload, spec))
        case .starting, .waiting, .ended: break
        }
        workloads[name] = workload
        return directives
    }

    mutating func onTick(_ now: MonotonicTime) -> [Directive] {
        var directives: [Directive] = []
        for name in workloads.keys.sorted() {
            guard var workload = workloads[name] else { continue }
            switch workload.phase {
            case .waiting(let until) where now >= until:
                guard let spec = workload.wanted else { continue }
                workload.restarts += 1
                directives.append(start(name, &workload, spec))
            case .stopping(let identity, let killAt) where now >= killAt:
                workload.phase = .stopping(identity, killAt: now + 1000)
                directives.append(.signal(identity, Self.kill))
            case .starting, .running, .waiting, .stopping, .ended: continue
            }
            workloads[name] = workload
        }
        return directives
    }

    /// The shortest deadline of what runs.
    var tightestDeadline: Milliseconds? {
        workloads.values.compactMap { workload in
            if case .running = workload.phase { workload.wanted?.deadline } else { nil }
        }.min()
    }

    /// Processes whose exit is to be looked for.
    var processes: [(name: String, identity: ProcessIdentity)] {
        workloads.sorted { $0.key < $1.key }.compactMap { name, workload in
            switch workload.phase {
            case .running(let identity, _), .stopping(let identity, _): (name, identity)
            case .starting, .waiting, .ended: nil
            }
        }
    }

    private func start(
        _ name: String, _ workload: inout Workload, _ spec: WorkloadSpec
    ) -> Directive {
        workload.phase = .starting
        workload.hash = spec.hash
        workload.stopGrace = spec.stopGrace
        return .start(name: name, spec: spec, tag: Self.tag(name, spec))
    }

    private func stop(
        _ name: String, _ workload: inout Workload, _ identity: ProcessIdentity,
        _ now: MonotonicTime
    ) -> [Directive] {
        workload.phase = .stopping(identity, killAt: now + workload.stopGrace)
        return [.signal(identity, Self.terminate), report(name, workload)]
    }

    private func ended(
        _ name: String, _ workload: inout Workload, reason: String, isFailure: Bool,
        _ now: MonotonicTime
    ) -> [Directive] {
        workload.reason = reason
        let restarts =
            switch workload.wanted?.restart {
            case .always: true
            case .onFailure: isFailure
            case .never, nil: false
            }
        if restarts {
            let doubled = Self.backoffFirst * (1 << Int64(min(workload.failures, 16)))
            workload.failures += 1
            workload.phase = .waiting(until: now + min(doubled, Self.backoffMaximum))
        } else {
            workload.phase = .ended
        }
        return [
            report(name, workload),
            .event(key: "workload.exited", Self.exitEvent(name, reason)),
        ]
    }

    private static func exitEvent(_ name: String, _ reason: String) -> Value {
        .object([("workload", .string(name)), ("reason", .string(reason))])
    }

    private static func reason(_ exit: ProcessExit) -> String {
        switch exit {
        case .code(let code): "exited with code \(code)"
        case .signal(let signal): "ended by signal \(signal)"
        case .unknown: "ended with its shim, so how is not known"
        }
    }

    private func report(_ name: String, _ workload: Workload) -> Directive {
        .report(name: name, Self.value(workload))
    }

    static func value(_ workload: Workload) -> Value {
        var fields: [(String, Value)] = [
            ("restarts", .int(Int64(workload.restarts))), ("spec", .string(workload.hash)),
        ]
        if let reason = workload.reason { fields.append(("reason", .string(reason))) }
        let state: String
        switch workload.phase {
        case .starting: state = "starting"
        case .running(let identity, _):
            state = "running"
            fields.append(("pid", .int(Int64(identity.pid))))
        case .waiting: state = "waiting"
        case .stopping: state = "stopping"
        case .ended: state = "ended"
        }
        fields.append(("state", .string(state)))
        return .object(fields)
    }
}
