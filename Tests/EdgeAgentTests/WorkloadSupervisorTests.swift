import Platform
import Testing

@testable import EdgeAgent

private func time(_ seconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: seconds * 1000) }

private func spec(
    _ command: String = "/bin/a", restart: String = "always", grace: Int64 = 5000
) throws -> WorkloadSpec {
    try WorkloadSpec(
        .object([
            ("command", .array([.string(command)])), ("restart", .string(restart)),
            ("stop_grace_ms", .int(grace)),
        ]))
}

private func process(_ pid: Int32) -> ProcessIdentity { ProcessIdentity(pid: pid, startTicks: 7) }

/// What a supervisor was told to do, without reports and events.
private func actions(
    _ directives: [WorkloadSupervisor.Directive]
) -> [WorkloadSupervisor.Directive] {
    directives.filter { directive in
        switch directive {
        case .start, .signal: true
        case .report, .event, .forget: false
        }
    }
}

private func forgotten(_ directives: [WorkloadSupervisor.Directive]) -> [ProcessIdentity] {
    directives.compactMap { directive in
        guard case .forget(let identity) = directive else { return nil }
        return identity
    }
}

private func events(_ directives: [WorkloadSupervisor.Directive]) -> [String] {
    directives.compactMap { directive in
        guard case .event(let key, _) = directive else { return nil }
        return key
    }
}

private func reports(_ directives: [WorkloadSupervisor.Directive]) -> [Value] {
    directives.compactMap { directive in
        guard case .report("web", let value) = directive else { return nil }
        return value
    }
}

@Suite struct WorkloadSupervisorTests {
    /// A supervisor with `web` running as process 40 since second 0.
    private func running(_ wanted: WorkloadSpec) -> WorkloadSupervisor {
        var supervisor = WorkloadSupervisor()
        _ = supervisor.desire(["web": wanted], at: time(0))
        _ = supervisor.onStarted("web", process(40), at: time(0))
        return supervisor
    }

    @Test func whatHadDoneItsWorkIsNotRunAgainByTheNextAgent() throws {
        let once = try spec(restart: "never")
        var first = running(once)
        let reported = try #require(reports(first.onExit("web", .code(0), at: time(5))).last)
        var next = WorkloadSupervisor()
        next.recall("web", reported)
        #expect(actions(next.desire(["web": once], at: time(9))).isEmpty)
        #expect(next.workloads["web"]?.phase == .ended)
        // Another specification is another job.
        #expect(actions(next.desire(["web": try spec("/bin/b")], at: time(10))).count == 1)
        // One that was running then was not done.
        var third = WorkloadSupervisor()
        third.recall("web", .object([("state", .string("running")), ("spec", .string(once.hash))]))
        #expect(actions(third.desire(["web": once], at: time(9))).count == 1)
    }

    @Test func whatIsDesiredIsStartedOnceAndReported() throws {
        var supervisor = WorkloadSupervisor()
        let wanted = try spec()
        let tag = WorkloadSupervisor.tag("web", wanted)
        #expect(tag == "web/" + wanted.hash)
        let first = supervisor.desire(["web": wanted], at: time(0))
        #expect(first == [.start(name: "web", spec: wanted, tag: tag)])
        #expect(actions(supervisor.desire(["web": wanted], at: time(0))).isEmpty)

        let started = supervisor.onStarted("web", process(40), at: time(0))
        #expect(events(started) == ["workload.started"])
        #expect(reports(started).first?["state"] == .string("running"))
        #expect(reports(started).first?["pid"] == .int(40))
        #expect(supervisor.processes.map(\.identity) == [process(40)])
        #expect(actions(supervisor.desire(["web": wanted], at: time(1))).isEmpty)
    }

    @Test func aProcessOfTheSameHashIsAdoptedAndNotTouched() throws {
        var supervisor = WorkloadSupervisor()
        let wanted = try spec()
        let adopted = supervisor.adopt(["web/" + wanted.hash: process(40)], at: time(0))
        #expect(events(adopted) == ["workload.adopted"])
        let desired = supervisor.desire(["web": wanted], at: time(0))
        #expect(actions(desired).isEmpty)
        #expect(reports(desired).first?["pid"] == .int(40))
        #expect(reports(desired).first?["restarts"] == .int(0))
    }

    @Test func aProcessOfAnotherHashIsStoppedThenReplaced() throws {
        var supervisor = WorkloadSupervisor()
        let wanted = try spec()
        _ = supervisor.adopt(["web/old": process(40)], at: time(0))
        let desired = supervisor.desire(["web": wanted], at: time(0))
        #expect(actions(desired) == [.signal(process(40), 15)])
        // Nothing new starts beside it.
        #expect(actions(supervisor.desire(["web": wanted], at: time(1))).isEmpty)
        let tag = WorkloadSupervisor.tag("web", wanted)
        let exited = supervisor.onExit("web", .unknown, at: time(2))
        #expect(actions(exited) == [.start(name: "web", spec: wanted, tag: tag)])
    }

    @Test func anotherSpecForWhatRunsStopsItThenStarts() throws {
        var supervisor = running(try spec("/bin/a", grace: 5000))
        let next = try spec("/bin/b", grace: 100)
        let desired = supervisor.desire(["web": next], at: time(10))
        #expect(actions(desired) == [.signal(process(40), 15)])
        // The grace is that of the process which is stopped, not of its successor.
        #expect(supervisor.workloads["web"]?.phase == .stopping(process(40), killAt: time(15)))
        let exited = supervisor.onExit("web", .code(0), at: time(11))
        let tag = WorkloadSupervisor.tag("web", next)
        #expect(actions(exited) == [.start(name: "web", spec: next, tag: tag)])
    }

    @Test func whatIsNotStoppedInItsGraceIsKilled() throws {
        var supervisor = running(try spec(grace: 5000))
        let undesired = supervisor.desire([:], at: time(10))
        #expect(actions(undesired) == [.signal(process(40), 15)])
        #expect(actions(supervisor.onTick(MonotonicTime(milliseconds: 14_999))).isEmpty)
        #expect(actions(supervisor.onTick(time(15))) == [.signal(process(40), 9)])
        // A kill may be lost on a process in the kernel's hands: it is sent again, not at once.
        #expect(actions(supervisor.onTick(time(15))).isEmpty)
        #expect(actions(supervisor.onTick(time(16))) == [.signal(process(40), 9)])
        let gone = supervisor.onExit("web", .signal(9), at: time(16))
        #expect(reports(gone) == [.null])
        #expect(events(gone) == ["workload.stopped"])
        #expect(supervisor.workloads.isEmpty)
    }

    @Test func whatIsDesiredAgainWhileStoppingStartsAfterTheExit() throws {
        let wanted = try spec()
        var supervisor = running(wanted)
        _ = supervisor.desire([:], at: time(1))
        #expect(actions(supervisor.desire(["web": wanted], at: time(2))).isEmpty)
        let exited = supervisor.onExit("web", .signal(15), at: time(3))
        #expect(actions(exited).count == 1)
        #expect(supervisor.workloads["web"]?.phase == .starting)
    }

    @Test func whatDoesNotRunIsForgottenWhenUndesired() throws {
        var supervisor = running(try spec())
        _ = supervisor.onExit("web", .code(1), at: time(1))
        #expect(supervisor.workloads["web"]?.phase == .waiting(until: time(2)))
        let undesired = supervisor.desire([:], at: time(1))
        #expect(undesired == [.report(name: "web", .null)])
        #expect(supervisor.workloads.isEmpty)
        #expect(supervisor.onTick(time(100)).isEmpty)
    }

    @Test func waitsDoubleUpToTheBoundAndAStableRunForgivesThem() throws {
        var supervisor = running(try spec())
        var now: Int64 = 0
        var waits: [Int64] = []
        for _ in 0..<12 {
            _ = supervisor.onExit("web", .code(1), at: time(now))
            guard case .waiting(let until) = supervisor.workloads["web"]?.phase else { break }
            waits.append(until.milliseconds / 1000 - now)
            #expect(
                actions(supervisor.onTick(MonotonicTime(milliseconds: until.milliseconds - 1)))
                    .isEmpty)
            #expect(actions(supervisor.onTick(until)).count == 1)
            now = until.milliseconds / 1000
            _ = supervisor.onStarted("web", process(41), at: time(now))
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
        #expect(supervisor.workloads["web"]?.restarts == 12)

        _ = supervisor.onExit("web", .code(1), at: time(now + 60))
        #expect(supervisor.workloads["web"]?.phase == .waiting(until: time(now + 61)))
    }

    @Test func manyFailuresDoNotOverflowTheWait() throws {
        var supervisor = running(try spec())
        for _ in 0..<200 {
            _ = supervisor.onExit("web", .code(1), at: time(0))
            _ = supervisor.onTick(time(300))
            _ = supervisor.onStarted("web", process(41), at: time(0))
        }
        _ = supervisor.onExit("web", .code(1), at: time(0))
        #expect(supervisor.workloads["web"]?.phase == .waiting(until: time(300)))
    }

    @Test(arguments: [
        ("always", ProcessExit.code(0), true), ("always", .code(1), true),
        ("on-failure", .code(0), false), ("on-failure", .code(1), true),
        ("on-failure", .signal(11), true), ("on-failure", .unknown, true),
        ("never", .code(0), false), ("never", .code(1), false), ("never", .signal(11), false),
    ])
    func thePolicyDecidesAboutARestart(policy: String, exit: ProcessExit, restarts: Bool) throws {
        var supervisor = running(try spec(restart: policy))
        let directives = supervisor.onExit("web", exit, at: time(1))
        #expect(events(directives) == ["workload.exited"])
        #expect(
            supervisor.workloads["web"]?.phase == (restarts ? .waiting(until: time(2)) : .ended))
        #expect(actions(supervisor.onTick(time(2))).count == (restarts ? 1 : 0))
    }

    @Test func whatEndedStartsAgainOnlyForAnotherSpec() throws {
        let wanted = try spec(restart: "never")
        var supervisor = running(wanted)
        _ = supervisor.onExit("web", .code(0), at: time(1))
        #expect(actions(supervisor.desire(["web": wanted], at: time(2))).isEmpty)
        let next = try spec("/bin/b", restart: "never")
        #expect(actions(supervisor.desire(["web": next], at: time(3))).count == 1)
    }

    @Test func whatEndedWhileNobodyLookedIsNotRunAgain() throws {
        var supervisor = WorkloadSupervisor()
        let wanted = try spec(restart: "never")
        let tag = "web/" + wanted.hash
        let adopted = supervisor.adopt(
            [:],
            ended: [
                EndedProcess(tag: tag, identity: process(39), exit: .code(7)),
                EndedProcess(tag: "nonsense", identity: process(38), exit: .code(0)),
                EndedProcess(tag: tag, identity: process(40), exit: .code(0)),
            ], at: time(0))
        // Of the first of two the exit is told, the last one decides.
        #expect(events(adopted) == ["workload.exited"])
        #expect(forgotten(adopted) == [process(38), process(39)])
        #expect(actions(supervisor.desire(["web": wanted], at: time(0))).isEmpty)
        let exited = supervisor.onExit("web", .code(0), at: time(1000))
        #expect(reports(exited).first?["reason"] == .string("exited with code 0"))
        #expect(forgotten(exited) == [process(40)])
        #expect(actions(supervisor.onTick(time(900_000))).isEmpty)
    }

    @Test func whatEndedBesideOneThatRunsIsToldAndNothingElse() throws {
        var supervisor = WorkloadSupervisor()
        let wanted = try spec()
        let tag = "web/" + wanted.hash
        let adopted = supervisor.adopt(
            [tag: process(40)],
            ended: [EndedProcess(tag: tag, identity: process(39), exit: .signal(11))], at: time(0))
        #expect(events(adopted) == ["workload.adopted", "workload.exited"])
        #expect(forgotten(adopted) == [process(39)])
        #expect(actions(supervisor.desire(["web": wanted], at: time(0))).isEmpty)
        #expect(supervisor.processes.map(\.identity) == [process(40)])
    }

    @Test func anUnknownExitIsAFailure() throws {
        var supervisor = WorkloadSupervisor()
        let wanted = try spec(restart: "on-failure")
        _ = supervisor.adopt(["web/" + wanted.hash: process(40)], at: time(0))
        _ = supervisor.desire(["web": wanted], at: time(0))
        let exited = supervisor.onExit("web", .unknown, at: time(5))
        #expect(
            reports(exited).first?["reason"]
                == .string("ended with its shim, so how is not known"))
        #expect(actions(supervisor.onTick(time(6))).count == 1)
    }

    @Test func ofTwoProcessesUnderOneNameOneIsKilled() throws {
        var supervisor = WorkloadSupervisor()
        let adopted = supervisor.adopt(
            ["web/a": process(40), "web/b": process(41)], at: time(0))
        #expect(actions(adopted) == [.signal(process(41), 9)])
        #expect(supervisor.processes.map(\.identity) == [process(40)])
    }

    @Test func aTagOfNobodyIsLeftAlone() {
        var supervisor = WorkloadSupervisor()
        #expect(supervisor.adopt(["nonsense": process(40)], at: time(0)).isEmpty)
        #expect(supervisor.workloads.isEmpty)
    }

    @Test func aFailedStartWaitsLikeAnExit() throws {
        var supervisor = WorkloadSupervisor()
        _ = supervisor.desire(["web": try spec()], at: time(0))
        let failed = supervisor.onStartFailed("web", "no such file", at: time(0))
        #expect(reports(failed).first?["state"] == .string("waiting"))
        #expect(reports(failed).first?["reason"] == .string("no such file"))
        #expect(actions(supervisor.onTick(time(1))).count == 1)
    }

    @Test func aProcessThatNobodyWantsAnyMoreIsKilledAsItStarts() {
        var supervisor = WorkloadSupervisor()
        #expect(
            supervisor.onStarted("web", process(40), at: time(0)) == [.signal(process(40), 9)])
    }

    /// A wish that cannot be read says nothing about what is there already.
    @Test(arguments: [true, false])
    func whatIsKeptGoesOnThoughItIsNotDesired(runs: Bool) throws {
        var supervisor = running(try spec())
        if !runs { _ = supervisor.onExit("web", .code(1), at: time(1)) }
        #expect(supervisor.desire([:], keeping: ["web"], at: time(1)).isEmpty)
        if runs { _ = supervisor.onExit("web", .code(1), at: time(1)) }
        #expect(actions(supervisor.onTick(time(2))).count == 1)
        // An adopted process is kept, too, though nobody knows what it was started from.
        var adopter = WorkloadSupervisor()
        _ = adopter.adopt(["web/old": process(40)], at: time(0))
        #expect(adopter.desire([:], keeping: ["web"], at: time(0)).isEmpty)
        #expect(actions(adopter.desire([:], at: time(0))) == [.signal(process(40), 15)])
    }
}
