import Platform
import Testing

@testable import FleetClient

@Suite struct ModelTests {
    private func fields(_ json: String) throws -> Fields {
        try Fields(try JSONReader.read(json), place: "answer")
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "accepted"
        } catch {
            return (error as? FleetClientError)?.message ?? "\(error)"
        }
    }

    @Test func readsADevice() throws {
        let device = try Device(
            try fields(
                #"{"id":"a","name":"A","labels":{"site":"barn"},"connected":true,"last_seen":null,"#
                    + #""registered_at":"2026-11-23T05:27:16Z","state":"active","#
                    + #""twin":{"cells":3,"pending":2,"refused":1},"log":{"rows":9,"gap_rows":4}}"#
            ))
        #expect(device.labels == ["site": "barn"])
        #expect(device.isConnected)
        #expect(!device.isRemoved)
        #expect(device.lastSeen == nil)
        #expect(device.twin.pending == 2)
        #expect(device.log.gapRows == 4)
    }

    @Test func readsEntriesAndGaps() throws {
        let page = try LogPage(
            try fields(
                #"{"next":8,"rows":[{"n":7,"stream":"telemetry","epoch":"00","seq":1,"#
                    + #""time":"2026-11-23T05:27:16Z","clock":"unset","key":"board","#
                    + #""value":{"t":1}},{"n":8,"stream":"telemetry","epoch":"00","#
                    + #""gap":{"first":2,"last":5,"reason":"age"}}]}"#))
        #expect(page.next == 8)
        guard case .entry(let entry)? = page.rows.first?.content,
            case .gap(let gap)? = page.rows.last?.content
        else {
            Issue.record("not an entry and a gap: \(page.rows)")
            return
        }
        #expect(entry.value == .object([("t", .int(1))]))
        #expect(entry.clock == "unset")
        #expect(gap.first == 2)
        #expect(gap.last == 5)
        #expect(page.rows.last?.object["gap"]?["reason"] == .string("age"))
    }

    @Test func aStatusThatIsNewIsKept() throws {
        let cell = try TwinCell(try fields(#"{"path":"desired/x","status":"superseded"}"#))
        #expect(cell.status == .other("superseded"))
        #expect(cell.value == .null)
    }

    @Test func readsCellsOfEveryKind() throws {
        let list = try fields(
            #"{"cells":[{"path":"notes/a","value":[1,"x"],"type":"multi-value","#
                + #""writer":"both"},{"path":"sets/a","value":[],"type":"set","writer":"hub"},"#
                + #"{"path":"counters/a","value":-3,"type":"counter","writer":"device"}]}"#)
        let cells = try list.list("cells", TwinCell.init)
        #expect(cells.map(\.type) == ["multi-value", "set", "counter"])
        #expect(cells.map(\.writer) == ["both", "hub", "device"])
        #expect(cells.map(\.value) == [.array([.int(1), .string("x")]), .array([]), .int(-3)])
        #expect(cells.allSatisfy { $0.status == nil })
    }

    @Test func aWorkloadOfOneDeviceNeedNotNameIt() throws {
        let item = try fields(#"{"name":"w","status":"applied","pid":7}"#)
        #expect(try Workload(item, device: "a").device == "a")
        #expect(message { _ = try Workload(item, device: nil) }.contains("`device`"))
    }

    @Test func anErrorSaysWhichFieldOfWhichObject() throws {
        let lacking = try fields(#"{"cells":[{"path":"a"},{"value":1}]}"#)
        #expect(
            message { _ = try lacking.list("cells", TwinCell.init) }
                .contains("`answer.cells[1]` lacks the field `path`"))
        let wrong = try fields(#"{"labels":{"a":1},"n":"x","list":{}}"#)
        #expect(message { _ = try wrong.strings("labels") }.contains("`labels.a`"))
        #expect(message { _ = try wrong.int("n") }.contains("`answer.n` is not of type integer"))
        #expect(message { _ = try wrong.object("nothing") }.contains("`nothing`"))
        #expect(message { _ = try fields("[]") }.contains("`answer` is no object"))
    }
}
