import Foundation
import LinuxPlatform
import Platform
import Testing

@testable import EdgeAgent

@Suite struct ConfigurationMutationTests: ReadsConfiguration {
    /// Mutated files give errors that name a line, or a configuration within every bound.
    @Test func mutatedFilesAreSafe() {
        let seed =
            ProcessInfo.processInfo.environment["TEST_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0...UInt64.max)
        print("ConfigurationMutationTests: TEST_SEED=\(seed)")
        var random = SplitMix64(seed: seed)
        let valid =
            "device:\n  id: b\n  labels: {site: barn}\n"
            + AgentConfiguration.reference().split(separator: "\n").filter { line in
                !line.contains("#") && !line.hasPrefix("device") && !line.contains("labels")
            }.joined(separator: "\n") + "\n  socket: /run/a.sock\n"
        #expect(throws: Never.self) { try read(valid) }
        var (accepted, refused) = (0, 0)
        for round in 0..<3000 {
            var bytes = Array(valid.utf8)
            for _ in 0...Int.random(in: 0..<3, using: &random) { mutate(&bytes, &random) }
            do {
                let node = try YAMLDocument.read(bytes)
                let configuration = try AgentConfiguration.read(node, hostName: host)
                check(configuration, "seed \(seed), round \(round)")
                accepted += 1
            } catch {
                refused += 1
                let found =
                    (error as? ConfigurationErrors)?.errors
                    ?? (error as? ConfigurationError).map { [$0] } ?? []
                let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
                #expect(
                    !found.isEmpty && found.allSatisfy { 1...lines ~= $0.line },
                    "seed \(seed), round \(round): \(error)")
            }
        }
        // Else the mutations are too weak or too strong to test anything.
        #expect(accepted > 0 && refused > 0, "seed \(seed): \(accepted) and \(refused)")
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let start = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, start + Int.random(in: 1...12, using: &random))
        let letters = Array("09ax_-:'\"[]{}#&*!%|> \n\t~.,/+".utf8) + [0x00, 0xC3, 0xFF]
        let letter = letters[Int.random(in: 0..<letters.count, using: &random)]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[start] = letter
        case 1: bytes.insert(letter, at: start)
        case 2: bytes.removeSubrange(start..<end)
        case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
        default: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        if bytes.isEmpty { bytes = [letter] }
    }

    private func check(_ configuration: AgentConfiguration, _ where: Comment) {
        for field in AgentConfiguration.fields {
            switch field.form {
            case .flag: break
            case .count(let path, let range, _):
                #expect(range.contains(Int64(configuration[keyPath: path])), `where`)
            case .span(let path, let range, let unit):
                let (count, rest) = configuration[keyPath: path].count
                    .quotientAndRemainder(dividingBy: unit.rawValue)
                #expect(range.contains(count) && rest == 0, `where`)
            case .text(let path, let rule):
                let text = configuration[keyPath: path]
                // Nothing, where it follows from something else.
                let isDerived = field.derived != nil && text.isEmpty
                #expect(isDerived || rule.accepts(text), `where`)
            case .choice(let path, let words):
                #expect(words.contains(configuration[keyPath: path]), `where`)
            case .labels(let path):
                for (key, value) in configuration[keyPath: path] {
                    #expect(TextRule.labelKey.accepts(key), `where`)
                    #expect(TextRule.labelValue.accepts(value), `where`)
                }
            }
        }
    }
}
