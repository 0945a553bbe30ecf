import Foundation
import Platform

/// What the operator reads: progress on standard error, the result line on standard output.
enum Terminal {
    static func say(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// Standard output, unbuffered, so that a reader of a pipe sees each line at once.
    static func print(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

/// A result line whose fields keep the order in which they were added; `Value` sorts its keys.
struct ResultLine {
    private var fields: [String] = []

    mutating func add(_ name: String, _ value: Value) {
        fields.append("\(Value.string(name).json):\(value.json)")
    }

    mutating func add(_ name: String, _ number: Int) { add(name, .int(Int64(number))) }
    mutating func add(_ name: String, _ text: String) { add(name, .string(text)) }
    mutating func add(_ name: String, _ flag: Bool) { add(name, .bool(flag)) }

    /// A measurement with three decimals at most, so that lines compare by eye.
    mutating func add(_ name: String, _ number: Double) {
        add(name, .number((number * 1000).rounded() / 1000))
    }

    var json: String { "{" + fields.joined(separator: ",") + "}" }
}
