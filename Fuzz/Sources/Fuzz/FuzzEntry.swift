import CFuzz
import Glibc
import TestSupport

/// The target that `--target=NAME` chose. libFuzzer ignores flags with two dashes and gives them
/// on to the processes that it starts.
nonisolated(unsafe) private var target: FuzzTarget?

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    var options: [String: String] = [:]
    for index in 1..<max(1, Int(count.pointee)) {
        guard let text = arguments.pointee[index].map({ String(cString: $0) }),
            text.hasPrefix("--")
        else { continue }
        let parts = text.dropFirst(2).split(separator: "=", maxSplits: 1)
        if parts.count == 2 { options[String(parts[0])] = String(parts[1]) }
    }
    if options["list"] != nil {
        for target in FuzzTarget.all { print(target.name) }
        exit(0)
    }
    guard let chosen = FuzzTarget.all.first(where: { $0.name == options["target"] }) else {
        fail("give --target=NAME; --list=all names them", code: 2)
    }
    if let folder = options["seeds"] {
        SeedFiles.write(chosen, options["size"] == "large" ? .large : .small, to: folder)
        exit(0)
    }
    target = chosen
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    let began = fuzz_cpu_microseconds()
    fuzz_memory_start()
    target?.run(input)
    let peak = Int(fuzz_memory_peak())
    let took = fuzz_cpu_microseconds() - began
    Oracle.expect(
        took <= Oracle.microsecondsMost, "\(count) bytes took \(took / 1000) ms of CPU time")
    Oracle.expect(
        peak <= Oracle.bytesMostChecking,
        "\(count) bytes took \(peak) bytes, over \(Oracle.bytesMostChecking)")
    return 0
}

/// Once in so many times an input is made, not changed.
private let mutationsForOneMade: UInt32 = 16

@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
    _ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int, _ seed: UInt32
) -> Int {
    guard let random = target?.random, seed % mutationsForOneMade == 0 else {
        return LLVMFuzzerMutate(data, count, most)
    }
    var generator = SeededGenerator(seed: UInt64(seed))
    let made = random(&generator).prefix(most)
    for (index, byte) in made.enumerated() { data[index] = byte }
    return made.count
}

private func fail(_ message: String, code: CInt) -> Never {
    let line = Array("fuzz: \(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(code)
}

/// Writes what the fuzzer begins with.
enum SeedFiles {
    static func write(_ target: FuzzTarget, _ size: FuzzTarget.SeedSize, to folder: String) {
        for (index, seed) in target.seeds(size).enumerated() {
            guard let file = fopen("\(folder)/\(target.name)-\(size)-\(index)", "w") else {
                fail("cannot write to \(folder)", code: 1)
            }
            defer { fclose(file) }
            guard fwrite(seed, 1, seed.count, file) == seed.count else {
                fail("cannot write to \(folder)", code: 1)
            }
        }
    }
}
