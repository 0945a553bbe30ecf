import Foundation
import Placement
import Platform
import Testing

@testable import edge_bench

@Suite struct PlaceTests {
    /// Runs `body` with the path of a file that has this text.
    private func withFile<T>(_ text: Data, _ body: (String) throws -> T) throws -> T {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("place-\(UUID().uuidString)")
        try text.write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        return try body(path.path)
    }

    private var instance: SlotInstance {
        get throws {
            try SlotInstance(
                boards: [.init(site: 0, slots: 1), .init(site: 1, slots: 1)],
                workloads: [.init(users: [0]), .init(users: [0])], sites: 2)
        }
    }

    @Test(arguments: [
        (#"[1,-1]"#, [1, nil]), (#"{"assignment":[null,0]}"#, [nil, 0]),
    ])
    func earlierPlansAreRead(text: String, plan: [Int?]) throws {
        let read = try withFile(Data(text.utf8)) { path in
            try PlaceInput.assignment(path, for: try instance)
        }
        #expect(read == plan)
    }

    @Test(arguments: [
        (#"{}"#, "no list"), (#"[0]"#, "places 1"), (#"[0,2]"#, "assignment[1]"),
        (#"[0,"a"]"#, "assignment[1]"), ("[", "not JSON"),
    ])
    func badEarlierPlansAreRefused(text: String, word: String) throws {
        let fault = try withFile(Data(text.utf8)) { path in
            #expect(throws: PlaceFault.self) {
                try PlaceInput.assignment(path, for: try instance)
            }
        }
        #expect(fault?.description.contains(word) == true, "\(String(describing: fault))")
    }

    @Test func aDamagedArchiveIsRefused() throws {
        let fault = try withFile(Data([0x1f, 0x8b, 8, 0, 1, 2, 3])) { path in
            #expect(throws: PlaceFault.self) { try PlaceInput.matrix(path) }
        }
        #expect(fault?.description.contains("damaged") == true)
    }

    @Test func theLineHasWhatOthersReadAndTheReasonWhereThereIsNoRoom() throws {
        let matrix = try LatencyMatrix(rows: [[0, 5], [5, 0]])
        let good = PlaceRun(matrix: matrix, instance: try instance, decisions: 3).result()
        #expect(good.complaint == nil)
        let line = try JSONReader.read(good.line.json)
        #expect(line["feasible"] == .bool(true))
        #expect(line["cost"]?.doubleValue == 5)
        #expect(line["bound"]?.doubleValue == 5)
        #expect(line["gap"]?.doubleValue == 0)
        #expect(line["decisions"]?.intValue == 3)
        let tight = try SlotInstance(
            boards: [.init(site: 0, slots: 1)],
            workloads: [.init(users: [0]), .init(users: [0])], sites: 2)
        let bad = PlaceRun(matrix: matrix, instance: tight).result()
        #expect(bad.complaint?.contains("need 2 slots, all boards have 1") == true)
        #expect(try JSONReader.read(bad.line.json)["bound"] == .null)
    }

    @Test func coordinatesGetBetterWithProbes() throws {
        // Points of a plane have coordinates without an error.
        func distance(_ from: Int, _ to: Int) -> Double {
            if from == to { return 0 }
            let across = Double(from % 7 - to % 7) * 20
            let along = Double(from / 7 - to / 7) * 20
            return (across * across + along * along).squareRoot() + 2
        }
        var rows: [[Double]] = []
        for from in 0..<40 { rows.append((0..<40).map { distance(from, $0) }) }
        let matrix = try LatencyMatrix(rows: rows)
        let early = VivaldiReport(matrix, 2, 1, 1).median
        let late = VivaldiReport(matrix, 20, 4, 1).median
        #expect(late < early)
        #expect(late < 0.15)
    }
}
