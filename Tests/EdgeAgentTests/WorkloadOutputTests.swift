import Platform
import Testing

@testable import EdgeAgent

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct WorkloadOutputTests {
    @Test func whatFollowsTheLastNewlineIsALineOnceItsWriterHasEnded() {
        var output = WorkloadOutput(position: 0)
        #expect(output.lines(Array("done\nbye".utf8)) == ["done"])
        #expect(output.position == 5)
        #expect(output.lines(Array("bye".utf8), isFinal: true) == ["bye"])
        #expect(output.position == 8)
    }

    @Test func onlyCompleteLinesAreTakenAndThePositionStandsBehindThem() {
        var output = WorkloadOutput(position: 100)
        #expect(output.lines(bytes("one\ntwo\nthr")) == ["one", "two"])
        #expect(output.position == 108)
        // The reader comes back to where it stood.
        #expect(output.lines(bytes("three\n")) == ["three"])
        #expect(output.position == 114)
    }

    @Test func aLineWithoutItsEndIsLeft() {
        var output = WorkloadOutput(position: 5)
        #expect(output.lines(bytes("no end yet")).isEmpty)
        #expect(output.lines([]).isEmpty)
        #expect(output.position == 5)
    }

    @Test func emptyLinesAreLines() {
        var output = WorkloadOutput(position: 0)
        #expect(output.lines(bytes("\n\na\n")) == ["", "", "a"])
        #expect(output.position == 4)
    }

    @Test func aLongLineIsCutAtTheBound() {
        let bound = WorkloadOutput.lineBytesMaximum
        var output = WorkloadOutput(position: 0)
        let long = String(repeating: "x", count: bound * 2 + 10)
        let lines = output.lines(bytes(long + "\nnext\n"))
        #expect(lines.map(\.utf8.count) == [bound, bound, 10, 4])
        #expect(output.position == UInt64(bound * 2 + 10 + 1 + 5))
    }

    @Test func aLineThatNeverEndsIsCutAndItsRestIsLeft() {
        let bound = WorkloadOutput.lineBytesMaximum
        var output = WorkloadOutput(position: 0)
        let lines = output.lines([UInt8](repeating: UInt8(ascii: "x"), count: bound + 10))
        #expect(lines.map(\.utf8.count) == [bound])
        #expect(output.position == UInt64(bound))
        // One byte below the bound, the end may be the next byte.
        var waiting = WorkloadOutput(position: 0)
        #expect(waiting.lines([UInt8](repeating: UInt8(ascii: "x"), count: bound - 1)).isEmpty)
    }

    @Test func bytesThatAreNoTextAreStillLines() {
        var output = WorkloadOutput(position: 0)
        let lines = output.lines([0xFF, 0xFE, 0x0A, 0x61, 0x0A])
        #expect(lines == ["\u{FFFD}\u{FFFD}", "a"])
        #expect(output.position == 5)
    }

    @Test func noMoreLinesThanThereIsRoomForAreTaken() {
        var output = WorkloadOutput(position: 0)
        #expect(output.lines(bytes("a\nb\nc\n"), limit: 2) == ["a", "b"])
        #expect(output.position == 4)
        #expect(output.lines(bytes("c\n"), limit: 0).isEmpty)
        #expect(output.position == 4)
    }

    /// However the same output is cut into reads, the lines are the same.
    @Test func theCutOfReadsDoesNotMatter() {
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &random)
        var generator = SplitMix64(seed: seed)
        let file = (0..<2000).map { _ in
            generator.next() % 9 == 0 ? UInt8(ascii: "\n") : UInt8(ascii: "a")
        }
        var whole = WorkloadOutput(position: 0)
        let expected = whole.lines(file)
        var output = WorkloadOutput(position: 0)
        var lines: [String] = []
        var end = 0
        while end < file.count {
            end = min(file.count, end + Int(generator.next() % 40))
            lines += output.lines(Array(file[Int(output.position)..<end]))
        }
        #expect(lines == expected, "seed \(seed)")
        #expect(output.position == whole.position, "seed \(seed)")
    }
}
