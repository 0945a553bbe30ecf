import Placement
import Platform
import Testing

@Suite struct InputTests {
    @Test func unknownEntriesAreTheGreatestKnown() throws {
        let matrix = try LatencyMatrix(text: "# comment\n0 nan\n\n-1\t7.5\n")
        #expect(matrix.values == [0, 7.5, 7.5, 7.5])
        #expect(matrix.unknown == 2)
        #expect(matrix[1, 0] == 7.5)
    }

    @Test(arguments: [
        ("", "empty"), ("1 2\n3\n", "row 2"), ("1 2 3\n4 5 6\n", "n × n"), ("1 x\n2 3\n", "\"x\""),
        ("-1\n", "no entry"),
    ])
    func badMatricesAreRefusedWithTheirPlace(text: String, word: String) {
        let error = #expect(throws: LatencyMatrix.Fault.self) { try LatencyMatrix(text: text) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        (#"{}"#, "boards"), (#"{"boards":[]}"#, "workloads"),
        (#"{"boards":[{"site":0}],"workloads":[]}"#, "boards[0].slots"),
        (#"{"boards":[{"site":9,"slots":1}],"workloads":[]}"#, "boards[0].site"),
        (#"{"boards":[{"site":0,"slots":-1}],"workloads":[]}"#, "boards[0].slots"),
        (#"{"boards":[{"site":0,"slots":1.5}],"workloads":[]}"#, "whole number"),
        (#"{"boards":[],"workloads":[{"size":1}]}"#, "workloads[0]"),
        (#"{"boards":[],"workloads":[{"users":[],"size":1}]}"#, "users is empty"),
        (#"{"boards":[],"workloads":[{"users":[0],"size":0}]}"#, "size is 0"),
        (#"{"boards":[],"workloads":[{"users":["a"]}]}"#, "users"),
        (#"{"boards":[],"workloads":[{"users":[0],"size":1e300}]}"#, "size"),
    ])
    func badInstancesAreRefusedWithTheirPlace(text: String, word: String) throws {
        let value = try JSONReader.read(text)
        let error = #expect(throws: SlotInstance.Fault.self) {
            try SlotInstance(value, sites: 2)
        }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test func countsAreBounded() {
        let boards = Array(
            repeating: SlotInstance.Board(site: 0, slots: 1), count: SlotInstance.boardsMax + 1)
        #expect(throws: SlotInstance.Fault.self) {
            try SlotInstance(boards: boards, workloads: [], sites: 1)
        }
        let workloads = Array(
            repeating: SlotInstance.Workload(users: [0]), count: SlotInstance.workloadsMax + 1)
        #expect(throws: SlotInstance.Fault.self) {
            try SlotInstance(boards: [], workloads: workloads, sites: 1)
        }
    }

    @Test func aSizeLeftOutIsOne() throws {
        let value = try JSONReader.read(#"{"boards":[],"workloads":[{"users":[1]}]}"#)
        #expect(try SlotInstance(value, sites: 2).workloads == [.init(users: [1], size: 1)])
    }
}
