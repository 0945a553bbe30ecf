import ArgumentParser
import FleetClient

/// What every read command takes.
struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print the hub's answer as one line of JSON.")
    var isJSON = false
}

struct SelectorOptions: ParsableArguments {
    @Option(
        name: [.customShort("l"), .long],
        help: "Only devices with these labels, such as site=barn,rack=2.")
    var selector: String?

    func parsed() throws(FleetClientError) -> DeviceSelector? {
        try selector.map { (text) throws(FleetClientError) in try DeviceSelector(text) }
    }
}

enum Session {
    /// Runs `body` with a client for the hub that the operator is logged in to.
    static func run<Result: Sendable>(
        _ body: (FleetClient) async throws -> Result
    ) async throws -> Result {
        try await FleetClient.with(try ClientSettings.load(Console.variable), body)
    }
}

extension Table.Cell {
    /// How far a write has come.
    init(_ status: WriteStatus?) {
        switch status {
        case .applied?: self.init("applied", .good)
        case .pending?: self.init("pending", .caution)
        case .refused?: self.init("refused", .bad)
        case .other(let text)?: self.init(text)
        case nil: self.init("")
        }
    }

    /// A count that deserves a look where it is not zero.
    init(_ count: Int64, unlessZero tone: Table.Tone) {
        self.init(String(count), count == 0 ? .plain : tone)
    }
}
