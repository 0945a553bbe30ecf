import Platform
import SyncProtocol
import TestSupport

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
            "config/é", "config/e\u{301}", "desired/a", "reported/x",
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

    mutating func delta() -> IntervalDelta {
        let epoch = epoch()
        let since = counter(upTo: 1 << 60)
        var previous = since
        let cells = list(0...4) { generator in
            previous += 1 + generator.counter(upTo: 1 << 40)
            return Cell(
                path: generator.path(), dot: Dot(epoch: epoch, counter: previous),
                stamp: generator.next(), value: generator.value())
        }
        return IntervalDelta(
            epoch: epoch, since: since, upto: previous + counter(upTo: 1 << 40), cells: cells)
    }

    mutating func winner() -> Cell {
        Cell(
            path: path(), dot: Dot(epoch: epoch(), counter: counter()), stamp: next(),
            value: value())
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

    static let frameKinds = 11

    /// A frame of one type; the types count from 0.
    mutating func frame(kind: Int) -> Frame {
        switch kind {
        case 0:
            .hello(
                request: next(), epoch: epoch(), reference: once(in: 3) ? nil : reference(),
                context: context())
        case 1: .seed(request: next(), deltas: list(0...3) { $0.delta() }, isLast: once(in: 2))
        case 2:
            .up(
                session: epoch(), epoch: epoch(), deltas: list(0...3) { $0.delta() },
                hubContext: context())
        case 3: .log(session: epoch(), batch: batch())
        case 4:
            .state(
                request: next(), session: epoch(), reference: reference(), context: context(),
                deltas: list(0...3) { $0.delta() }, isLast: once(in: 2))
        case 5: .want(request: next())
        case 6:
            .down(
                session: epoch(), reference: reference(), acknowledged: context(),
                deltas: list(0...3) { $0.delta() }, winners: list(0...3) { $0.winner() },
                isLast: once(in: 2))
        case 7: .logAcknowledged(session: epoch(), sequence: sequence(), upto: counter())
        case 8: .reset(session: epoch())
        case 9: .hint(session: epoch())
        default: .refused(reason: text())
        }
    }
}
