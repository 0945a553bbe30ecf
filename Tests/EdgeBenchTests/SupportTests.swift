import Foundation
import Platform
import Testing

@testable import edge_bench

@Suite struct SupportTests {
    @Test func memoryFiguresAreReadFromTheRollup() throws {
        let text = """
            5581e6000000-7ffd2a9f5000 ---p 00000000 00:00 0                          [rollup]
            Rss:               12688 kB
            Pss:                7540 kB
            Pss_Anon:           2112 kB
            Anonymous:          2112 kB
            """
        let figures = try #require(MemoryFigures(text: text))
        #expect((figures.rss, figures.pss, figures.anonymous) == (12688, 7540, 2112))
        #expect(MemoryFigures(text: "Rss: 1 kB\n") == nil)
        #expect(MemoryFigures(text: "") == nil)
    }

    @Test func aProgramsNameMayHoldAnythingInStat() throws {
        let text =
            "42 (a) b (c) S 1 42 42 0 -1 4194560 1234 0 7 0 150 50 0 0 20 0 4 0 99 1000 200"
        let figures = try #require(ProcessorFigures(text: text))
        #expect(figures.majorFaults == 7)
        #expect(figures.ticks == 200)
        #expect(ProcessorFigures(text: "42 (x) S 1 2") == nil)
        #expect(ProcessorFigures(text: "") == nil)
    }

    @Test func theRunningProcessHasFigures() {
        #expect(MemoryFigures(pid: getpid()) != nil)
        #expect(ProcessorFigures(pid: getpid()) != nil)
    }

    @Test func memoryBeforeTheBaseDoesNotCount() {
        var watch = MemoryWatch(baseSecond: 10)
        for (second, value) in [(0, 900), (9, 950), (10, 500), (11, 480), (60, 620), (61, 600)] {
            watch.note(value, second: second)
        }
        #expect((watch.base, watch.max) == (500, 620))
    }

    @Test func endsAreReadFromWaitStatus() {
        #expect(ProcessEnd(status: 0) == .code(0))
        #expect(ProcessEnd(status: 3 << 8) == .code(3))
        #expect(ProcessEnd(status: 9) == .signal(9))
        // With a core dump.
        #expect(ProcessEnd(status: 6 | 0x80) == .signal(6))
    }

    @Test func librariesOfAMapAreNamedOnce() {
        let maps = """
            5581e6000000-5581e6001000 r--p 00000000 08:01 1 /usr/bin/edge-agent
            7f0000000000-7f0000001000 r--p 00000000 08:01 2 /usr/lib/libsqlite3.so.0.8.6
            7f0000001000-7f0000002000 r-xp 00001000 08:01 2 /usr/lib/libsqlite3.so.0.8.6
            7f0000003000-7f0000004000 r--p 00000000 08:01 3 /usr/lib/locale/locale-archive
            7ffd2a9d4000-7ffd2a9f5000 rw-p 00000000 00:00 0 [stack]
            7f0000005000-7f0000006000 rw-p 00000000 00:00 0
            """
        #expect(PrivateProgram.libraries(maps: maps) == ["/usr/lib/libsqlite3.so.0.8.6"])
    }

    @Test func settingsBecomeTwoLevelYAML() {
        var settings = AgentSettings.forTests(uplinkPort: 1884, localPort: nil)
        settings.fields["state.log_bytes_max"] = "65536"
        #expect(
            settings.yaml(device: "board", state: "/s", socket: "/s/a.sock") == """
                control:
                  socket: "/s/a.sock"
                device:
                  id: "board"
                local_broker:
                  enabled: false
                state:
                  directory: "/s"
                  log_bytes_max: 65536
                uplink:
                  ack_timeout_ms: 2000
                  enabled: true
                  keepalive_s: 5
                  link: mqtt
                  port: 1884
                  reconnect_max_ms: 1000
                  reconnect_min_ms: 100

                """)
    }

    @Test func resultLinesKeepTheirOrderAndAreJSON() throws {
        var line = ResultLine()
        line.add("z", 1)
        line.add("a", 0.12345)
        line.add("m\"", "x")
        line.add("b", true)
        #expect(line.json == "{\"z\":1,\"a\":0.123,\"m\\\"\":\"x\",\"b\":true}")
        #expect(try JSONReader.read(line.json)["a"] == .double(0.123))
    }

    @Test func medianIsTheMiddle() {
        #expect(ReadyTime.median([5, 1, 9, 3, 7]) == 5)
        #expect(ReadyTime.median([]) == 0)
    }

    @Test func theSameSeedGivesTheSameMoments() {
        var one = SplitMix64(seed: 7)
        var two = SplitMix64(seed: 7)
        var three = SplitMix64(seed: 8)
        let first = (0..<8).map { _ in one.next() }
        #expect(first == (0..<8).map { _ in two.next() })
        #expect(first != (0..<8).map { _ in three.next() })
    }

    @Test func aStatusWithoutNumbersIsAnError() {
        #expect(throws: BenchFailure.self) { try AgentStatus(.object([])) }
    }

    @Test func numbersOfALogAreEachCountedOnce() {
        let rows = [1, 2, 2, 3].enumerated().map { index, number in
            HubEntry(
                stream: "telemetry", epoch: "a",
                content: .row(
                    .init(
                        seq: index, time: "", clock: "", key: "devices/x",
                        value: .object([("n", .int(Int64(number)))]))))
        }
        #expect(Payload.numbers(rows) == [1, 2, 3])
    }

    @Test func payloadsAreJSON() throws {
        #expect(try JSONReader.read(Payload.numbered(7))["n"] == .int(7))
        #expect(try JSONReader.read(Payload.alarm(8))["smoke"] == .bool(true))
    }
}
