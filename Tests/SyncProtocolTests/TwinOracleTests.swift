import Platform
import SyncProtocol
import TestSupport
import Testing

/// Replicas against what their history says they must show: which writes had been seen by which.
@Suite struct TwinOracleTests {
    private static func expect(
        _ replica: TwinReplica, shows history: TwinHistory, _ kinds: [CellKind]
    ) throws {
        for path in try kinds.flatMap({ try SeededGenerator.paths($0) }) {
            let expected = history.value(path, at: replica.context)
            #expect(replica.value(path) == expected, "\(path.text)")
            if path.kind.isRegister { #expect(history.isMaximal(path, at: replica.context)) }
        }
    }

    /// Up to four replicas that read each other at random, in whole or in parts.
    @Test(arguments: CellKind.all)
    func replicasShowWhatTheirHistorySays(kind: CellKind) throws {
        var generator = SeededGenerator.announced(
            for: "replicasShowWhatTheirHistorySays(\(kind))")
        for _ in 0..<200 {
            let replicas = (0..<generator.number(1...4)).map { TwinReplica(UInt64(2 + 2 * $0)) }
            var history = TwinHistory()
            var epochs: UInt64 = 10
            for _ in 0..<generator.number(1...50) {
                let index = generator.number(0...replicas.count - 1)
                replicas[index].now += Int64(generator.number(-9000...9000))
                switch generator.number(0...9) {
                case 0...5: try history.write(generator.write(to: kind), at: replicas[index])
                case 6...8:
                    let other = replicas[generator.number(0...replicas.count - 1)]
                    let base =
                        generator.once(in: 3) ? CausalContext() : replicas[index].context
                    #expect(replicas[index].join(other.missing(at: base)))
                default:
                    epochs += 2
                    replicas[index].reopen(as: epochs)
                }
                try Self.expect(replicas[index], shows: history, [kind])
            }
        }
    }

    /// Devices around a hub, as in the field: a device sends its own writes and reads the hub, in
    /// parts; it keeps no records of others. The hub passes on what it found dropped.
    @Test func devicesAroundAHubShowWhatTheirHistorySays() throws {
        var generator = SeededGenerator.announced(
            for: "devicesAroundAHubShowWhatTheirHistorySays")
        for _ in 0..<150 {
            let hub = TwinReplica(1)
            let devices = (0..<generator.number(1...3)).map { TwinReplica(UInt64(2 + 2 * $0)) }
            var own = devices.map { Set([$0.epoch]) }
            var history = TwinHistory()
            var epochs: UInt64 = 10
            let kinds = CellKind.all
            func exchange(_ index: Int) {
                let mine = own[index].sorted().filter { devices[index].context[$0] > 0 }
                let repeats = generator.once(in: 4)
                let sent = mine.map { epoch in
                    devices[index].twin.delta(
                        epoch, since: repeats ? 0 : hub.context[epoch],
                        upto: devices[index].context[epoch], bytes: .max)
                }
                #expect(hub.joinAndPassOn(sent))
                let base = generator.once(in: 5) ? CausalContext() : devices[index].context
                #expect(devices[index].join(hub.missing(at: base), keepsRemovals: false))
            }
            for _ in 0..<generator.number(1...60) {
                let index = generator.number(0...devices.count - 1)
                let kind = kinds.randomElement(using: &generator) ?? .counter
                switch generator.number(0...9) {
                case 0...4: try history.write(generator.write(to: kind), at: devices[index])
                case 5 where kind != .singleWriter:
                    try history.write(generator.write(to: kind), at: hub)
                case 6:
                    epochs += 2
                    devices[index].reopen(as: epochs)
                    own[index].insert(devices[index].epoch)
                default: exchange(index)
                }
            }
            for _ in 0..<2 { for index in devices.indices { exchange(index) } }
            try Self.expect(hub, shows: history, kinds)
            for device in devices {
                try Self.expect(device, shows: history, kinds)
                #expect(device.content == hub.content)
            }
        }
    }
}
