import Platform
import Testing

@testable import SyncProtocol

private let device = Epoch(nonce: 2)
private let hub = Epoch(nonce: 3)
private let session = WireSession(
    device: device, hub: hub, request: 9, base: WallTime(milliseconds: 1_767_225_600_000),
    commit: 5)

private func up(_ texts: [String], after since: UInt64 = 0) throws -> Frame {
    .up(Frame.Up(question: 1, deltas: [try delta(texts, device, since)], joined: .init()))
}

private func down(_ texts: [String], after since: UInt64 = 0) throws -> Frame {
    .down(Frame.Down(question: 1, commit: 6, deltas: [try delta(texts, hub, since)]))
}

private func delta(_ texts: [String], _ epoch: Epoch, _ since: UInt64) throws -> IntervalDelta {
    var cells: [Cell] = []
    for text in texts {
        let dot = Dot(epoch: epoch, counter: since + UInt64(cells.count) + 1)
        cells.append(Cell(path: try TwinPath(text), dot: dot, stamp: 1, value: .bool(true)))
    }
    return IntervalDelta(
        epoch: epoch, since: since, upto: since + UInt64(cells.count), cells: cells)
}

extension WireEnd {
    /// Whether a text stands in a frame as it would be written now.
    fileprivate func spells(_ text: String, in frame: Frame) -> Bool {
        var copy = self
        let bytes = copy.write(frame)
        let (pattern, last) = (Array(text.utf8), bytes.count - text.utf8.count)
        return last >= 0 && (0...last).contains { Array(bytes[$0..<$0 + pattern.count]) == pattern }
    }

    fileprivate mutating func confirm() { session.names.confirm(session.names.mark) }
}

/// What a session's names save, and that no frame is read in the wrong words.
@Suite struct NameTableTests {
    @Test func aNameIsSpelledUntilTheOtherSideIsKnownToHaveIt() throws {
        var (device, hub) = WireEnd.pair(session)
        let frame = try up(["reported/load"])
        _ = device.write(frame)
        #expect(device.spells("load", in: frame))
        #expect(try hub.read(device.write(frame)) == frame)
        device.confirm()
        #expect(!device.spells("load", in: frame))
        #expect(try hub.read(device.write(frame)) == frame)
        // One that is new is spelled, and only that.
        let next = try up(["reported/load", "reported/heat"])
        #expect(device.spells("heat", in: next) && !device.spells("load", in: next))
        #expect(try hub.read(device.write(next)) == next)
    }

    @Test func eachSideUsesTheOthersNames() throws {
        var (device, hub) = WireEnd.pair(session)
        #expect(try hub.read(device.write(up(["config/a", "config/b"]))) != nil)
        let answer = try down(["config/b", "config/c"])
        #expect(!hub.spells("config/b", in: answer) && hub.spells("config/c", in: answer))
        #expect(try device.read(hub.write(answer)) == answer)
        // The hub's own name, which it still spells, is the device's to use.
        let next = try up(["config/c"], after: 2)
        #expect(!device.spells("config", in: next))
        #expect(try hub.read(device.write(next)) == next)
    }

    /// Both named a path before they read each other: two numbers for it, both understood.
    @Test func aNameThatBothSpelledAtOnceHasTwoNumbers() throws {
        var (device, hub) = WireEnd.pair(session)
        let (asked, news) = (try up(["config/a"]), try down(["config/a"]))
        let (question, word) = (device.write(asked), hub.write(news))
        #expect(try hub.read(question) == asked)
        #expect(try device.read(word) == news)
        for _ in 0..<2 {
            device.confirm()
            hub.confirm()
            #expect(try hub.read(device.write(asked)) == asked)
            #expect(try device.read(hub.write(news)) == news)
        }
        #expect(!device.spells("config", in: asked) && !hub.spells("config", in: news))
    }

    @Test func framesThatWereLostMakeNoOtherUnreadable() throws {
        var (device, hub) = WireEnd.pair(session)
        _ = device.write(try up(["reported/a", "reported/b"]))
        let second = try up(["reported/b", "reported/c"])
        #expect(try hub.read(device.write(second)) == second)
        // The hub knows c by its number, and has no word for the one before it.
        #expect(hub.session.names.path(0) == nil)
        #expect(hub.session.names.path(2)?.text == "reported/c")
        let third = try up(["reported/a"])
        #expect(try hub.read(device.write(third)) == third)
    }

    @Test func aNumberThatNobodySpelledHereIsUnknown() throws {
        var (device, hub) = WireEnd.pair(session)
        _ = device.write(try up(["reported/a", "reported/b"]))
        device.confirm()
        #expect(hub.refusal(device.write(try up(["reported/b"]))) == .unknownName(1))
        // A number of the reader's own that it never gave.
        var other = WireEnd(role: .hub, session: session)
        _ = other.write(try down(["desired/a", "desired/b"]))
        #expect(try device.read(other.write(try down(["desired/a", "desired/b"]))) != nil)
        #expect(hub.refusal(device.write(try up(["desired/b"]))) == .unknownName(-2))
    }

    /// A frame that could not be read teaches nothing: its names are learnt with it or not at all.
    @Test func aRefusedFrameTeachesNoNames() throws {
        var (device, hub) = WireEnd.pair(session)
        let bytes = device.write(try up(["reported/a"]))
        #expect(throws: FrameError.self) { try hub.read(sealed(bytes.dropLast(5))) }
        #expect(hub.session.names.count == 0)
        #expect(try hub.read(bytes) != nil)
        #expect(hub.session.names.count == 1)
    }

    /// A number means one name as long as a session lasts; a peer that gives it to another would
    /// make the table grow without end.
    @Test func aNumberKeepsItsName() throws {
        var (device, hub) = WireEnd.pair(session)
        #expect(try hub.read(device.write(up(["reported/a"]))) != nil)
        var other = WireEnd(role: .device, session: session)
        #expect(hub.refusal(other.write(try up(["reported/a"]))) == nil)
        var liar = WireEnd(role: .device, session: session)
        #expect(hub.refusal(liar.write(try up(["reported/b"]))) == .unknownName(0))
    }

    @Test func framesOfAnotherSessionAreNotRead() throws {
        var (device, _) = WireEnd.pair(session)
        var others: [WireSession] = []
        others.append(WireSession(device: session.device, hub: session.hub, request: 10))
        others.append(
            WireSession(device: session.device, hub: Epoch(nonce: 5), request: session.request))
        others.append(
            WireSession(device: Epoch(nonce: 4), hub: session.hub, request: session.request))
        for other in others {
            var hub = WireEnd(role: .hub, session: other)
            #expect(try hub.read(device.write(up(["reported/a"]))) == nil)
            #expect(hub.session.names.count == 0)
        }
    }

    /// The table's bound: what comes after it is spelled in each frame, and nothing is forgotten.
    @Test func whatTheTableCannotHoldIsSpelledEachTime() throws {
        var (device, hub) = WireEnd.pair(session)
        let known = (0..<NameTable.capacity).map { "reported/k\($0)" }
        let first = try up(known)
        #expect(try hub.read(device.write(first)) == first)
        device.confirm()
        #expect(device.write(first).count < 100)
        let frame = try up(["reported/k7", "reported/over", "reported/most"])
        for _ in 0..<3 {
            #expect(device.spells("reported/over", in: frame))
            #expect(try hub.read(device.write(frame)) == frame)
            device.confirm()
        }
        #expect(device.session.names.count == NameTable.capacity)
        #expect(hub.session.names.count == NameTable.capacity)
        // In another frame the same number beyond the table is another name.
        let other = try up(["reported/most", "reported/k0"])
        #expect(try hub.read(device.write(other)) == other)
        // The hub's own names have a table of their own.
        let answer = try down(["config/a", "reported/most"])
        #expect(try device.read(hub.write(answer)) == answer)
    }
}
