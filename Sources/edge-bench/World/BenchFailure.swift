/// Why a run failed, as one sentence for the operator. A thrown failure ends the program with 1.
struct BenchFailure: Error, CustomStringConvertible {
    let message: String

    init(_ message: String) { self.message = message }

    var description: String { message }
}
