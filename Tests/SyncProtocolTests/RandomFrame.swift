import Platform
import TestSupport

@testable import SyncProtocol

/// Random content in the bounds of what the encoder is given.
extension SeededGenerator {
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    mutating func list<Element>(
        _ range: ClosedRange<Int>, _ element: (inout Self) -> Element
    ) -> [Element] {
        (0..<number(range)).map { _ in element(&self) }
    }

    /// Mostly small, as real counters are, and now and then at the end of the range.
    mutating func counter(upTo most: UInt64 = UInt64(Int64.max)) -> UInt64 {
        once(in: 8) ? UInt64.random(in: 0...most, using: &self) : UInt64(number(0...300))
    }

    mutating func text() -> String {
        let pieces = ["a", "é", "e\u{301}", "😀", "\0", "\n", "\u{10FFFF}", "reported"]
        return list(0...4) { pieces.randomElement(using: &$0) ?? "" }.joined()
    }

    mutating func path() -> TwinPath {
        let texts = [
            "reported/board/load_1m", "reported/devices/lamp/on", "desired/workloads/web",
            "config/é", "config/e\u{301}", "desired/a", "reported/x", "notes/rack", "sets/tags",
            "counters/é",
        ]
        return path(texts.randomElement(using: &self) ?? "")
    }

    private func path(_ text: String) -> TwinPath {
        guard let path = try? TwinPath(text) else { fatalError("no path: \(text)") }
        return path
    }

    mutating func epoch() -> Epoch { Epoch(nonce: once(in: 4) ? UInt64(number(0...3)) : next()) }

    mutating func value(depth: Int = 3) -> Value {
        switch number(0...(depth > 0 ? 8 : 6)) {
        case 0: return .null
        case 1: return .bool(once(in: 2))
        case 2: return .int(Int64(bitPattern: next()))
        case 3: return .int(Int64(number(-70...70)))
        case 4: return .number(Double(bitPattern: next()))
        case 5: return .string(text())
        case 6: return .bytes(list(0...5) { UInt8($0.number(0...255)) })
        case 7: return .array(list(0...4) { $0.value(depth: depth - 1) })
        default: return .object(list(0...4) { ($0.text(), $0.value(depth: depth - 1)) })
        }
    }

    mutating func context() -> CausalContext {
        var context = CausalContext()
        for _ in 0..<number(0...4) { context.advance(epoch(), to: counter()) }
        return context
    }

    mutating func reference() -> HubReference { HubReference(epoch: epoch(), commit: counter()) }

    mutating func dot() -> Dot { Dot(epoch: epoch(), counter: counter()) }

    mutating func cell(_ dot: Dot) -> Cell {
        let path = path()
        let value =
            path.kind != .counter ? value() : once(in: 4) ? .null : .int(Int64(number(-9...9)))
        return Cell(path: path, dot: dot, stamp: stamp(), value: value)
    }

    /// Of the last days mostly, as in one commit after the other, or anything.
    private mutating func stamp() -> UInt64 {
        switch number(0...3) {
        case 0: return next()
        case 1: return UInt64(number(0...3))
        default:
            let milliseconds: UInt64 = 1_767_225_600_000 + UInt64(number(0...300)) * 1000
            return milliseconds << 16 + UInt64(number(0...2))
        }
    }

    mutating func delta() -> IntervalDelta {
        let epoch = epoch()
        let since = counter(upTo: 1 << 60)
        var previous = since
        let most: UInt64 = 1 << 40
        let cells = list(0...4) { generator in
            previous += 1 + generator.counter(upTo: most)
            return generator.cell(Dot(epoch: epoch, counter: previous))
        }
        var last = since
        let removals = list(0...2) { generator in
            last += 1 + generator.counter(upTo: most)
            return Removal(
                dot: Dot(epoch: epoch, counter: last), removed: generator.list(0...4) { $0.dot() })
        }
        var delta = IntervalDelta(
            epoch: epoch, since: since, upto: max(previous, last) + counter(upTo: most),
            cells: cells, removals: removals)
        delta.isPart = number(0...3) == 0
        return delta
    }

    /// As the wire has them: by epoch, then by counter.
    mutating func winners() -> [Cell] {
        let dots = Set(
            list(0...4) { Dot(epoch: $0.epoch(), counter: 1 + $0.counter(upTo: 1 << 40)) })
        return dots.sorted().map { cell($0) }
    }

    mutating func sequence() -> LogSequence {
        LogSequence(
            stream: ["alarm", "telemetry", "logs/é"].randomElement(using: &self) ?? "event",
            epoch: epoch())
    }

    mutating func quality() -> ClockQuality {
        ClockQuality(rawValue: UInt8(number(0...2))) ?? .unset
    }

    mutating func boot() -> BootID { BootID(rawValue: UInt64(number(0...2))) }

    mutating func batch() -> LogBatch {
        let first = 1 + counter(upTo: 1 << 39)
        var next = first
        let items: [LogItem] = list(0...6) { generator in
            if generator.once(in: 3) {
                let gap = LogGap(
                    first: next, last: next + generator.counter(upTo: 1 << 30),
                    reason: GapReason(rawValue: UInt8(generator.number(1...4))) ?? .damaged)
                next = gap.last + 1
                return .gap(gap)
            }
            next += 1
            let time = LogTime(
                boot: generator.boot(),
                monotonic: MonotonicTime(milliseconds: Int64(bitPattern: generator.next())),
                offset: Milliseconds(Int64(bitPattern: generator.next())),
                quality: generator.quality())
            return .row(LogRow(time: time, key: generator.text(), value: generator.value()))
        }
        let clocks = list(0...2) { generator in
            BootClock(
                boot: generator.boot(), offset: Milliseconds(Int64(bitPattern: generator.next())),
                quality: generator.quality())
        }
        return LogBatch(sequence: sequence(), first: first, items: items, clocks: clocks)
    }

    /// What both ends of a session know.
    mutating func session() -> WireSession {
        WireSession(
            device: Epoch(random: next(), role: .device), hub: Epoch(random: next(), role: .hub),
            request: next(), base: WallTime(milliseconds: Int64(bitPattern: next() >> 20)),
            commit: counter())
    }

    static let frameKinds = 13

    /// A frame of one type, in a session; the types count from 0.
    mutating func frame(kind: Int, in session: WireSession) -> Frame {
        switch kind {
        case 0:
            .hello(
                Frame.Hello(
                    request: next(), epoch: session.device,
                    reference: once(in: 3) ? nil : reference(), recent: context(),
                    deltas: list(0...3) { $0.delta() }))
        case 1: .seed(request: next(), deltas: list(0...3) { $0.delta() }, isLast: once(in: 2))
        case 2:
            .up(up(in: session))
        case 3: .log(batch())
        case 4: .state(state(in: session))
        case 5: .want(request: next(), have: context())
        case 6: .down(down(in: session))
        case 7: .logAcknowledged(sequence: sequence(), upto: counter())
        case 8: .reset
        case 9: .hint(hub: epoch())
        case 10: .compare(compare())
        case 11: .differ(differ())
        default: .refused(reason: text())
        }
    }

    private mutating func range(deepest: Int) -> CellRange {
        CellRange(of: next(), depth: UInt8(number(0...deepest)))
    }

    private mutating func compare() -> Frame.Compare {
        Frame.Compare(
            number: counter(), context: next(), root: next(),
            ranges: list(0...3) { generator in
                RangeSums(
                    range: generator.range(deepest: 15),
                    sums: (0..<16).map { _ in generator.next() })
            }, cells: winners())
    }

    private mutating func differ() -> Frame.Differ {
        var difference = RangeDifference()
        difference.splits = list(0...3) { $0.range(deepest: 15) }
        difference.leaves = list(0...3) { $0.range(deepest: 16) }
        difference.cells = winners()
        return Frame.Differ(
            number: counter(), context: next(), root: next(), difference: difference,
            dead: list(0...3) { $0.dot() })
    }

    /// Mostly of one epoch, the other side's.
    private mutating func joined(by epoch: Epoch) -> CausalContext {
        once(in: 2) ? CausalContext([epoch: 1 + counter(upTo: 1 << 40)]) : context()
    }

    /// A root is asked for where nothing was joined but of the hub.
    private mutating func up(in session: WireSession) -> Frame.Up {
        let asksRoot = once(in: 3)
        var joined = asksRoot ? CausalContext() : joined(by: session.hub)
        if asksRoot, once(in: 2) { joined.advance(session.hub, to: 1 + counter(upTo: 1 << 40)) }
        return Frame.Up(
            question: UInt8(number(0...255)), deltas: list(0...3) { $0.delta() }, joined: joined,
            asksRoot: asksRoot)
    }

    private mutating func state(in session: WireSession) -> Frame.State {
        Frame.State(
            request: session.request,
            reference: HubReference(epoch: session.hub, commit: session.commit),
            time: session.base, context: context(), deltas: list(0...3) { $0.delta() },
            winners: winners(), dead: list(0...3) { $0.dot() }, isLast: once(in: 2))
    }

    private mutating func down(in session: WireSession) -> Frame.Down {
        Frame.Down(
            question: once(in: 3) ? nil : UInt8(number(0...255)), commit: counter(),
            acknowledged: joined(by: session.device), deltas: list(0...3) { $0.delta() },
            winners: winners(), dead: list(0...3) { $0.dot() },
            complete: once(in: 2) ? CausalContext() : context(),
            root: once(in: 3) ? next() : nil, isLast: once(in: 2))
    }
}
