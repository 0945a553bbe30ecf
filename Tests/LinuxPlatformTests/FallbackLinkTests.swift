import Platform
import Testing

@testable import LinuxPlatform

/// The clock is the real one, so how often the ways have changed says nothing; their order does.
@Suite struct FallbackLinkTests {
    private struct Missing: Error {}

    @Test func waysAreTakenInTurnAndWhatWorksIsKept() async throws {
        let all = Locked<[PlainLink]>([])
        let lines = Locked<[String]>([])
        let link = FallbackLink(
            [.init(.mqtt) { PlainLink(.mqtt, all) }, .init(.coap) { PlainLink(.coap, all) }],
            patience: 100
        ) { line in lines.with { $0.append(line) } }
        let (seen, hasEnded) = (Locked<[LinkEvent]>([]), Locked(false))
        Task {
            for await event in link.events { seen.with { $0.append(event) } }
            hasEnded.with { $0 = true }
        }
        // Until one that is open says so, its turn may be over.
        func connect() async throws -> Bool {
            let before = seen.with { $0.count { $0 == .connected } }
            return try await eventually {
                all.with { $0.last }?.continuation.yield(.connected)
                return seen.with { $0.count { $0 == .connected } } > before
            }
        }
        #expect(try await connect())
        #expect(link.send([1]) == .sent)
        let first = try #require(all.with { $0.last })
        #expect(first.sent.with { $0 } == [[1]])
        let count = all.with { $0.count }
        first.continuation.yield(.disconnected(reason: "gone"))
        #expect(
            try await eventually { all.with { $0.count } > count && first.isClosed.with { $0 } })
        // What it says now is of no interest.
        first.continuation.yield(.frame([9]))
        #expect(try await connect())
        let second = try #require(all.with { $0.last })
        second.continuation.yield(.frame([3]))
        #expect(try await eventually { seen.with { $0.contains(.frame([3])) } })
        #expect(!seen.with { $0.contains(.frame([9])) })
        link.close()
        #expect(try await eventually { hasEnded.with { $0 } })
        #expect(second.isClosed.with { $0 })
        #expect(link.send([4]) == .notConnected)
        let kinds = all.with { $0.map(\.kind) }
        #expect(kinds == kinds.indices.map { $0.isMultiple(of: 2) ? .mqtt : .coap })
        let line = "warning uplink: no connection by mqtt; the way by coap is taken"
        #expect(lines.with { $0.first } == line)
    }

    /// And so its library is not loaded.
    @Test func theOtherWayIsNotMadeBeforeItIsNeeded() async throws {
        let all = Locked<[PlainLink]>([])
        let link = FallbackLink(
            [.init(.coap) { PlainLink(.coap, all) }, .init(.mqtt) { PlainLink(.mqtt, all) }],
            patience: 3_600_000
        ) { _ in }
        var events = link.events.makeAsyncIterator()
        all.with { $0.first }?.continuation.yield(.connected)
        #expect(await events.next() == .connected)
        #expect(all.with { $0.map(\.kind) } == [.coap])
        link.close()
    }

    @Test func aWayThatCannotBeOpenedIsReportedAndPassedOver() async throws {
        let all = Locked<[PlainLink]>([])
        let lines = Locked<[String]>([])
        let link = FallbackLink(
            [.init(.mqtt) { throw Missing() }, .init(.coap) { PlainLink(.coap, all) }],
            patience: 10
        ) { line in lines.with { $0.append(line) } }
        #expect(lines.with { $0.first } == "error uplink: Missing()")
        #expect(try await eventually { all.with { !$0.isEmpty } })
        link.close()
    }

    private func eventually(_ condition: () -> Bool) async throws -> Bool {
        for _ in 0..<10_000 {
            if condition() { return true }
            try await Task.sleep(for: .milliseconds(2))
        }
        return condition()
    }
}

private final class PlainLink: Link {
    let kind: LinkKind
    let events: AsyncStream<LinkEvent>
    let continuation: AsyncStream<LinkEvent>.Continuation
    let sent = Locked<[[UInt8]]>([])
    let isClosed = Locked(false)

    init(_ kind: LinkKind, _ all: Locked<[PlainLink]>) {
        self.kind = kind
        (events, continuation) = AsyncStream.makeStream(of: LinkEvent.self)
        all.with { $0.append(self) }
    }

    func send(_ frame: [UInt8]) -> LinkSendResult {
        sent.with { $0.append(frame) }
        return .sent
    }

    func close() {
        isClosed.with { $0 = true }
        continuation.finish()
    }
}
