import Foundation
import Platform

/// What a program that ran to its end said.
struct CommandResult {
    let code: Int32
    let output: String
    let error: String

    /// Standard output as JSON.
    func json() throws -> Value {
        do { return try JSONReader.read(output) } catch {
            throw BenchFailure("expected JSON, got \(error): \(output.prefix(200))")
        }
    }
}

/// Runs short programs to their end.
struct Command {
    let executable: String
    var environment: [String: String] = [:]
    /// Where the program's output is kept while it runs.
    let scratch: String

    /// Runs it and waits. A program that overruns `limit` is killed and counts as failed.
    func run(_ arguments: [String], within limit: Duration = .seconds(30)) async throws
        -> CommandResult
    {
        let name = "run-\(UInt64.random(in: 0...UInt64.max))"
        let process = try ManagedProcess(
            name, executable, arguments, environment: environment, logs: scratch)
        defer {
            for path in process.logPaths { try? FileManager.default.removeItem(atPath: path) }
        }
        let title = ([executable] + arguments).joined(separator: " ")
        let end = try await eventually(
            "`\(title)` to end", within: limit, every: .milliseconds(5), logs: process.logPaths
        ) { process.end() }
        guard case .code(let code) = end else {
            throw BenchFailure("`\(title)` ended by \(end)" + Files.tails(process.logPaths))
        }
        return CommandResult(
            code: code, output: Files.text(process.outputPath),
            error: Files.text(process.errorPath))
    }

    /// Runs it and demands exit code 0.
    @discardableResult
    func mustRun(_ arguments: [String], within limit: Duration = .seconds(30)) async throws
        -> CommandResult
    {
        let result = try await run(arguments, within: limit)
        guard result.code == 0 else {
            throw BenchFailure(
                "`\(executable) \(arguments.joined(separator: " "))` gave exit "
                    + "\(result.code): \(result.error)\(result.output)")
        }
        return result
    }
}
