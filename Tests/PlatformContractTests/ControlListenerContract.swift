import Foundation
import LinuxPlatform
import Platform
import Simulator
import Testing

/// Every caller gets the answer to its own question; `close` ends the stream.
func controlListenerContract(
    _ listener: any ControlListener, _ stage: Stage,
    ask: @escaping @Sendable (Value, @escaping @Sendable (Value) -> Void) -> Void
) async throws -> [String] {
    var verdict = Verdict()
    let served = Locked(0)
    let calls = stage.collect(listener.calls) { call in
        served.with { $0 += 1 }
        call.reply(.object([("echo", call.request)]))
    }
    let answers = Locked<[Int64: Value]>([:])
    for number in 0..<5 as Range<Int64> {
        let request = Value.object([("op", .string("get")), ("n", .int(number))])
        ask(request) { answer in answers.with { $0[number] = answer } }
    }
    verdict.require(
        try await stage.eventually { answers.with { $0.count } == 5 }, "not all are answered")
    for (number, answer) in answers.with({ $0 }) {
        verdict.require(
            answer["echo"]?["n"] == .int(number), "somebody got another's answer")
    }
    verdict.require(served.with { $0 } == 5, "a call came twice, or never")
    listener.close()
    verdict.require(try await stage.eventually { calls.hasEnded }, "close does not end the stream")
    return verdict.faults
}

@Suite struct ControlListenerContracts {
    @Test func linux() async throws {
        // Not the temporary directory: a socket's path holds 107 bytes.
        let path = "/tmp/contract-\(UUID().uuidString).sock"
        // Patient: what is asked here is who gets which answer, not when.
        let listener = try UnixControlListener(path: path, patience: 60_000)
        let faults = try await controlListenerContract(listener, .linux) { request, reply in
            Thread.detachNewThread {
                reply((try? ControlSocket.ask(path, request, patience: 300_000)) ?? .null)
            }
        }
        #expect(faults == [])
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// Asks again where a busy machine let even this caller's patience run out.
    private static func askUntilServed(_ path: String) -> Value {
        for _ in 0..<50 {
            if let reply = try? ControlSocket.ask(path, .int(7)), reply != .null { return reply }
        }
        return .null
    }

    /// Asks one byte at a time, and would hold the thread that serves them all.
    @Test func aCallerThatDripsIsCutOffAndTheNextIsServed() async throws {
        let path = "/tmp/contract-\(UUID().uuidString).sock"
        let listener = try UnixControlListener(path: path, patience: 200)
        defer { listener.close() }
        let stage = Stage.linux
        _ = stage.collect(listener.calls) { $0.reply($0.request) }
        let slow = try #require(SlowPeer(connectedTo: path))
        let wasCut = Locked<Bool?>(nil)
        let answer = Locked<Value?>(nil)
        Thread.detachNewThread {
            let cut = slow.drip()
            wasCut.with { $0 = cut }
        }
        // Behind the slow one in the backlog.
        Thread.detachNewThread {
            let reply = Self.askUntilServed(path)
            answer.with { $0 = reply }
        }
        #expect(try await stage.eventually { wasCut.with { $0 } != nil })
        #expect(wasCut.with { $0 } == true)
        #expect(try await stage.eventually { answer.with { $0 } != nil })
        #expect(answer.with { $0 } == .int(7))
    }

    /// Reads a little of a long answer now and then.
    @Test func aCallerThatSipsIsCutOffAndTheNextIsServed() async throws {
        let path = "/tmp/contract-\(UUID().uuidString).sock"
        let listener = try UnixControlListener(path: path, patience: 200)
        defer { listener.close() }
        let stage = Stage.linux
        let long = Value.string(String(repeating: "x", count: SlowPeer.sipsMaximum * 4096 * 2))
        _ = stage.collect(listener.calls) { $0.reply($0.request == .int(7) ? .int(7) : long) }
        let slow = try #require(SlowPeer(connectedTo: path))
        let wasCut = Locked<Bool?>(nil)
        let answer = Locked<Value?>(nil)
        Thread.detachNewThread {
            slow.send("1\n")
            let cut = slow.sip()
            wasCut.with { $0 = cut }
        }
        Thread.detachNewThread {
            let reply = Self.askUntilServed(path)
            answer.with { $0 = reply }
        }
        #expect(try await stage.eventually { wasCut.with { $0 } != nil })
        #expect(wasCut.with { $0 } == true)
        #expect(try await stage.eventually { answer.with { $0 } != nil })
        #expect(answer.with { $0 } == .int(7))
    }

    @Test func anAgentThatDripsIsGivenUp() async throws {
        let path = "/tmp/contract-\(UUID().uuidString).sock"
        let agent = try #require(SlowPeer.Server(path: path))
        let wasCut = Locked<Bool?>(nil)
        Thread.detachNewThread {
            let cut = agent.accept()?.drip() ?? false
            wasCut.with { $0 = cut }
        }
        let failure = Locked<ControlSocketError?>(nil)
        Thread.detachNewThread {
            do throws(ControlSocketError) {
                _ = try ControlSocket.ask(path, .null, patience: 200)
            } catch {
                failure.with { $0 = error }
            }
        }
        let stage = Stage.linux
        #expect(try await stage.eventually { wasCut.with { $0 } != nil })
        #expect(wasCut.with { $0 } == true)
        #expect(try await stage.eventually { failure.with { $0 } != nil })
        #expect(failure.with { $0 }?.description.contains("did not answer") == true)
    }

    @Test func simulated() async throws {
        let world = SimWorld(seed: 1)
        let control = SimControl()
        let faults = try await controlListenerContract(control, .simulated(world)) {
            control.ask($0, reply: $1)
        }
        #expect(faults == [])
    }

    @Test func simulatedCallersAreBounded() {
        let control = SimControl()
        let taken = (0..<20).filter { _ in control.ask(.null) { _ in } }
        #expect(taken.count == SimControl.waitingMaximum)
    }

    @Test func aListenerThatMixesAnswersUpIsFound() async throws {
        let world = SimWorld(seed: 1)
        let control = SimControl()
        let first = Locked<Value?>(nil)
        let faults = try await controlListenerContract(control, .simulated(world)) {
            request, reply in
            control.ask(request) { answer in
                let mixed = first.with { kept in
                    kept = kept ?? answer
                    return kept
                }
                reply(mixed ?? answer)
            }
        }
        #expect(faults.contains("somebody got another's answer"))
    }
}
