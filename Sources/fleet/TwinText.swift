import ArgumentParser
import FleetClient
import Platform

/// What the commands that write a twin take and print alike.
enum TwinText {
    /// A word as JSON, or else as a string.
    static func value(_ word: String) -> Value { (try? JSONReader.read(word)) ?? .string(word) }

    /// What a path shows after a write that nobody has to answer.
    static func stored(_ answer: Answer<TwinCell>, isJSON: Bool) {
        if isJSON { return Console.json(answer.object) }
        let cell = answer.content
        let word = Console.isColored ? Table.colored("stored", .good) : "stored"
        let text = Display.clean("\(cell.path) = \(cell.value.json)")
        Console.line(word + "  " + Display.truncated(text, to: Console.width - 8))
    }
}

/// A path of one device's twin.
struct CellOptions: ParsableArguments {
    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "The path in its twin, such as sets/labels.")
    var path: String

    /// Makes a change and shows what came of it.
    func make(_ change: TwinChange, _ output: OutputOptions) async throws {
        let answer = try await Session.run { try await $0.changeCell(id, path, change) }
        TwinText.stored(answer, isJSON: output.isJSON)
    }
}
