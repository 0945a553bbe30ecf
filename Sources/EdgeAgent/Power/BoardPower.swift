import Platform
import PowerManager

/// Carries a board's power state out: readings to the policy, its plan to the knobs.
struct BoardPower {
    /// What became of a look at the board.
    struct Outcome {
        var change: PowerChange?
        var faults: [(knob: String, fault: KnobKeeper.Fault)] = []
    }

    private(set) var policy: PowerPolicy
    private(set) var keeper: KnobKeeper
    private(set) var readings = PowerReadings()
    let groups: WorkloadGroups?
    private let kernel: any KernelFiles
    private let files: any FileSystem
    private let record: String
    private let boot: BootID
    private let sampler: PowerSampler
    private let knobs: BoardKnobs
    private let plans: [PowerState: PowerPlan]
    /// What is on disk, so that it is written only when it changes.
    private var recorded: [String: KnobKeeper.Held] = [:]

    init(
        settings: AgentConfiguration.Power, profile: BoardProfile?, kernel: any KernelFiles,
        files: any FileSystem, stateDirectory: String, boot: BootID
    ) {
        self.kernel = kernel
        self.files = files
        self.boot = boot
        record = stateDirectory + "/power-found.json"
        policy = PowerPolicy(standing: PowerState(rawValue: settings.state))
        keeper = KnobKeeper(handsOff: settings.handsOff)
        sampler = PowerSampler(kernel: kernel, health: profile?.health)
        groups = settings.isEnabled ? WorkloadGroups.find(kernel, given: settings.group) : nil
        knobs = BoardKnobs(kernel: kernel, group: groups?.path)
        plans = profile?.power.states ?? [:]
        if let bytes = try? files.read(record, maximumBytes: KnobRecord.bytesMax) {
            recorded = KnobRecord.decode(bytes, boot: boot)
            keeper.recover(recorded)
        }
    }

    var plan: PowerPlan { plan(policy.state) }

    func plan(_ state: PowerState) -> PowerPlan { plans[state] ?? PowerPlan(state) }

    mutating func wish(for wish: PowerWish?) { policy.wish(for: wish) }

    /// Reads, decides, and sets what differs. `complete` adds what the kernel's files do not tell.
    mutating func look(
        at now: MonotonicTime, complete: (inout PowerReadings) -> Void = { _ in }
    ) -> Outcome {
        var outcome = Outcome()
        readings = sampler.read()
        complete(&readings)
        outcome.change = policy.observe(readings, at: now)
        // At rest nothing but the readings is read.
        let wanted = plan.isAsFound ? [] : knobs.knobs(plan)
        let paths = Set(wanted.map(\.path))
        outcome.faults = apply(wanted + asFound.filter { !paths.contains($0.path) }, at: now)
        return outcome
    }

    /// Puts back what was found. What another owns by now stays his.
    mutating func restore(at now: MonotonicTime) -> [(knob: String, fault: KnobKeeper.Fault)] {
        apply(asFound, at: now)
    }

    /// What was changed, to be as it was found.
    private var asFound: [Knob] {
        keeper.held.sorted { $0.key < $1.key }.map { path, knob in
            Knob(name: knob.name, path: path, rule: knob.rule, wanted: nil)
        }
    }

    private mutating func apply(
        _ knobs: [Knob], at now: MonotonicTime
    ) -> [(knob: String, fault: KnobKeeper.Fault)] {
        var faults: [(String, KnobKeeper.Fault)] = []
        var writes: [(Knob, String)] = []
        for knob in knobs {
            guard let text = try? kernel.text(knob.path) else {
                keeper.forget(knob.path)
                continue
            }
            let (verdict, fault) = keeper.judge(knob, says: text, at: now)
            if let fault { faults.append((knob.name, fault)) }
            if case .write(let text) = verdict { writes.append((knob, text)) }
        }
        // What was found is durable before it is gone; without that nothing is touched.
        guard writes.isEmpty || save() else { return faults }
        for (knob, text) in writes {
            let result = Result<String, FileError> { () throws(FileError) in
                try kernel.set(knob.path, text)
                return try kernel.text(knob.path)
            }
            if let fault = keeper.onWritten(knob, result, at: now) {
                faults.append((knob.name, fault))
            }
        }
        // Each record wears the card; one that holds the text before as well does no harm.
        if keeper.held.keys != recorded.keys { _ = save() }
        return faults
    }

    /// Whether what is held is on disk.
    private mutating func save() -> Bool {
        guard keeper.held != recorded else { return true }
        do throws(FileError) {
            if keeper.held.isEmpty {
                try files.remove(record)
            } else {
                try files.replace(
                    record, with: KnobRecord.encode(keeper.held, boot: boot), mode: 0o600)
            }
            recorded = keeper.held
            return true
        } catch {
            return false
        }
    }
}
