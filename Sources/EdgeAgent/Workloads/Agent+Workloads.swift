import Platform
import SQLiteStore
import SyncProtocol

extension Agent {
    private static let workloadPrefix = "desired/workloads/"
    private static let tendInterval: Milliseconds = 1000
    /// Ends that are told and not yet durable: a disk that stays full must not cost memory.
    static let takenExitsMaximum = 256
    /// How often it is looked whether an image has come.
    static let imageInterval: Milliseconds = 30_000

    private var logDirectory: String { configuration.state.directory + "/workloads" }

    /// Brings the board to what the twin on disk desires, and answers each wish once.
    func reconcile() {
        wishesDue = nil
        do throws(SQLiteError) {
            var specs: [String: WorkloadSpec] = [:]
            var unreadable: Set<String> = []
            // First: what is declared and set in one commit is there to be set.
            try reconcileSettings()
            for cell in try store.document.cells(prefix: "desired/") {
                if cell.path.text.hasPrefix(Self.workloadPrefix) {
                    try reconcileWorkload(cell, &specs, &unreadable)
                } else if cell.path.text == Self.powerPath {
                    try reconcilePower(cell)
                } else if try !isAnswered(cell) {
                    reconcileDevice(cell)
                }
            }
            let leased = specs.filter { $0.value.lease != nil }
            for (name, spec) in leased where !holdsLease(name, spec) { specs[name] = nil }
            forgetLeases(keeping: unreadable.union(leased.keys))
            perform(supervisor.desire(specs, keeping: unreadable, at: now))
            keepContainers()
        } catch {
            storeFailed(error)
        }
    }

    private func reconcileWorkload(
        _ cell: Cell, _ specs: inout [String: WorkloadSpec], _ unreadable: inout Set<String>
    ) throws(SQLiteError) {
        let name = String(cell.path.text.dropFirst(Self.workloadPrefix.count))
        let isNew = try !isAnswered(cell)
        guard cell.value != .null else {
            if isNew { answer(cell, nil) }
            return
        }
        guard WorkloadSpec.isName(name) else {
            if isNew {
                refuse(cell, name, "a workload's name is 1 to 64 of letters, digits, dot, - and _")
            }
            return
        }
        let spec: WorkloadSpec
        do throws(WorkloadSpec.Fault) {
            spec = try WorkloadSpec(cell.value)
            try checkRunsHere(spec)
        } catch {
            // What ran before this wish goes on: a typo must not stop a pump.
            unreadable.insert(name)
            if isNew { refuse(cell, name, error.description) }
            return
        }
        if let reason = whyNotNow(name, spec) {
            // So it does until this can take its place.
            unreadable.insert(name)
            if isNew { refuse(cell, name, reason) }
            let due = now + Self.imageInterval
            wishesDue = wishesDue.map { min($0, due) } ?? due
            return
        }
        specs[name] = spec
        if try answer(to: cell)?["status"] != .string("applied") { answer(cell, nil) }
    }

    private func refuse(_ cell: Cell, _ name: String, _ reason: String) {
        answer(cell, reason)
        event("workload.refused", [("workload", .string(name)), ("reason", .string(reason))])
    }

    func recallWorkloads() {
        let prefix = "reported/workloads/"
        for cell in (try? store.document.cells(prefix: prefix)) ?? [] {
            supervisor.recall(String(cell.path.text.dropFirst(prefix.count)), cell.value)
        }
    }

    /// Looks for exits, reads output, restarts what waits.
    func tendWorkloads(_ now: MonotonicTime) {
        var hasEnded = false
        for (name, identity) in supervisor.processes {
            guard let exit = world.processes.poll(identity) else { continue }
            readOutput(name, isFinal: true)
            // Before what comes next of it may be started.
            world.containers?.clean(name)
            perform(supervisor.onExit(name, exit, at: now))
            hasEnded = true
        }
        if hasEnded { keepContainers() }
        perform(supervisor.onTick(now))
        for name in supervisor.workloads.keys.sorted() {
            readOutput(name)
            // Makes room, so that a chatty workload does not keep the next one from being heard.
            if stage.isFull { commit() }
        }
        workloadsDue = supervisor.workloads.isEmpty ? nil : now + Self.tendInterval
    }

    func perform(_ directives: [WorkloadSupervisor.Directive]) {
        for directive in directives { perform(directive) }
        if !supervisor.workloads.isEmpty, workloadsDue == nil {
            workloadsDue = now + Self.tendInterval
        }
    }

    private func perform(_ directive: WorkloadSupervisor.Directive) {
        switch directive {
        case .start(let name, let spec, let tag): start(name, spec, tag)
        case .signal(let identity, let signal): world.processes.signal(identity, signal)
        case .report(let name, let value):
            guard let path = try? TwinPath("reported/workloads/" + name) else { return }
            write(path, value, .event)
        case .event(let key, let value):
            world.report("event \(key) \(value.json)")
            append(.event, key: key, value)
        case .forget(let identity):
            // Those beyond are told again by the next run, which is better than without end here.
            if takenExits.count < Self.takenExitsMaximum { takenExits.append(identity) }
        }
    }

    private func start(_ name: String, _ spec: WorkloadSpec, _ tag: String) {
        do {
            try world.fileSystem.makeDirectory(logDirectory, mode: 0o750)
            let identity = try world.processes.start(
                ProcessCommand(
                    arguments: try arguments(name, spec),
                    // A container's are its runtime's to set.
                    environment: spec.container == nil ? spec.environment : [:],
                    workingDirectory: spec.container == nil ? spec.workingDirectory : nil,
                    logPath: logPath(name),
                    group: power.board?.groups?.group(spec.kind)), tag: tag)
            perform(supervisor.onStarted(name, identity, at: now))
        } catch {
            perform(supervisor.onStartFailed(name, "\(error)", at: now))
        }
    }

    private func logPath(_ name: String) -> String { "\(logDirectory)/\(name).log" }

    /// Moves what a workload wrote into its log stream, line by line; the position moves in the
    /// same commit, so that no line is lost or told twice over a crash.
    private func readOutput(_ name: String, isFinal: Bool = false) {
        guard let size = world.fileSystem.size(logPath(name)), !stage.isFull else { return }
        var output =
            outputs[name]
            ?? WorkloadOutput(position: UInt64(max(0, (try? store.mark("output." + name)) ?? 0)))
        defer { outputs[name] = output }
        // The file was replaced by hand; it begins anew.
        if size < output.position { output.position = 0 }
        if size - output.position > WorkloadOutput.backlogMaximum {
            let skipped = size - output.position - WorkloadOutput.backlogMaximum
            output.position += skipped
            event(
                "workload.output-skipped",
                [("workload", .string(name)), ("bytes", .int(Int64(skipped)))])
        }
        guard size > output.position,
            let bytes = try? world.fileSystem.read(
                logPath(name), from: output.position,
                maximumBytes: WorkloadOutput.readBytesMaximum)
        else { return }
        let before = output.position
        let isWhole = isFinal && bytes.count < WorkloadOutput.readBytesMaximum
        for line in output.lines(bytes, limit: stage.room, isFinal: isWhole) {
            append(to: "logs/" + name, .telemetry, key: name, .string(line))
        }
        guard output.position > before else { return }
        stage.mark("output." + name, Int64(output.position))
        // Freed in whole steps behind what is durable; the file keeps its size, its blocks go.
        let step = UInt64(WorkloadOutput.readBytesMaximum)
        if output.position / step > before / step,
            let durable = try? store.mark("output." + name), durable > 0
        {
            try? world.fileSystem.discard(logPath(name), upTo: UInt64(durable) / step * step)
        }
    }
}
