import Platform
import Testing

@testable import LinuxPlatform

@Suite struct EndpointMergeTests {
    private static func frame(_ device: String) -> DeviceFrame {
        DeviceFrame(device: device, bytes: [1])
    }

    @Test func countsGoBackToWhomTheyCameFrom() {
        var merge = EndpointMerge()
        let (a, b) = (Self.frame("a"), Self.frame("b"))
        #expect(merge.pass(.frames([a, a], through: 2), from: 0) == [.frames([a, a], through: 2)])
        #expect(merge.pass(.frames([b], through: 1), from: 1) == [.frames([b], through: 3)])
        // Without frames: messages of the broker that were none.
        #expect(merge.pass(.frames([], through: 5), from: 0) == [.frames([], through: 3)])
        #expect(merge.pass(.frames([a], through: 6), from: 0) == [.frames([a], through: 4)])
        #expect(merge.acknowledge(through: 1) == [:])
        #expect(merge.acknowledge(through: 2) == [0: 2])
        #expect(merge.acknowledge(through: 3) == [1: 1, 0: 5])
        #expect(merge.acknowledge(through: 3) == [:])
        #expect(merge.acknowledge(through: 4) == [0: 6])
    }

    @Test func aDeviceIsSpokenToWhereItWasHeardLast() {
        var merge = EndpointMerge()
        #expect(merge.places(of: "a") == [])
        _ = merge.pass(.presence(device: "a", isOnline: true), from: 0)
        _ = merge.pass(.presence(device: "a", isOnline: true), from: 1)
        #expect(merge.places(of: "a") == [1, 0])
        _ = merge.pass(.frames([Self.frame("a")], through: 1), from: 0)
        #expect(merge.places(of: "a") == [0, 1])
        // A frame of a device that the endpoint does not have is a late one.
        _ = merge.pass(.frames([Self.frame("b")], through: 2), from: 0)
        #expect(merge.places(of: "b") == [])
    }

    @Test func aDeviceIsAwayOnceNoLinkHasIt() {
        var merge = EndpointMerge()
        let here = HubEndpointEvent.presence(device: "a", isOnline: true)
        let away = HubEndpointEvent.presence(device: "a", isOnline: false)
        #expect(merge.pass(here, from: 0) == [here])
        #expect(merge.pass(here, from: 1) == [here])
        // The broker notices late that the board went over to the other link.
        #expect(merge.pass(away, from: 0) == [])
        #expect(merge.places(of: "a") == [1])
        #expect(merge.pass(away, from: 1) == [away])
        #expect(merge.pass(away, from: 1) == [away])
        #expect(merge.places(of: "a") == [])
    }

    @Test func aLinkThatBreaksTakesItsDevicesAlong() {
        var merge = EndpointMerge()
        for (device, endpoint) in [("a", 0), ("b", 1), ("c", 0), ("c", 1)] {
            _ = merge.pass(.presence(device: device, isOnline: true), from: endpoint)
        }
        let broken = HubEndpointEvent.disconnected(.mqtt, reason: "gone")
        #expect(
            merge.pass(broken, from: 0) == [.presence(device: "a", isOnline: false), broken])
        #expect(merge.places(of: "c") == [1])
    }

    @Test func twoEndpointsAreOne() async {
        let (mqtt, coap) = (PlainEndpoint(.mqtt, takes: false), PlainEndpoint(.coap, takes: true))
        let merged = MergedHubEndpoint([mqtt, coap])
        #expect(merged.links == [.mqtt, .coap])
        var events = merged.events.makeAsyncIterator()
        mqtt.continuation.yield(.connected(.mqtt))
        #expect(await events.next() == .connected(.mqtt))
        coap.continuation.yield(.presence(device: "a", isOnline: true))
        #expect(await events.next() == .presence(device: "a", isOnline: true))
        coap.continuation.yield(.frames([Self.frame("a")], through: 7))
        #expect(await events.next() == .frames([Self.frame("a")], through: 1))
        merged.acknowledge(through: 1)
        #expect(coap.acknowledged.with { $0 } == 7 && mqtt.acknowledged.with { $0 } == 0)
        #expect(merged.send([1], to: "a") == .sent)
        #expect(coap.sent.with { $0 } == ["a"] && mqtt.sent.with { $0 } == [])
        // Whoever nobody has is tried everywhere.
        #expect(merged.send([1], to: "b") == .sent)
        #expect(mqtt.sent.with { $0 } == ["b"])
        merged.close()
        while await events.next() != nil {}
    }
}

private final class PlainEndpoint: HubEndpoint {
    let links: [LinkKind]
    let events: AsyncStream<HubEndpointEvent>
    let continuation: AsyncStream<HubEndpointEvent>.Continuation
    let acknowledged = Locked<UInt64>(0)
    let sent = Locked<[String]>([])
    private let takes: Bool

    init(_ link: LinkKind, takes: Bool) {
        links = [link]
        self.takes = takes
        (events, continuation) = AsyncStream.makeStream(of: HubEndpointEvent.self)
    }

    func send(_ frame: [UInt8], to device: String) -> LinkSendResult {
        sent.with { $0.append(device) }
        return takes ? .sent : .notConnected
    }

    func acknowledge(through count: UInt64) { acknowledged.with { $0 = count } }

    func close() { continuation.finish() }
}
