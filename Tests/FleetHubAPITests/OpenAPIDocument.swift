import Foundation
import Platform
import Testing

@testable import FleetHubAPI

/// The API's document as it lies in the repository.
struct OpenAPIDocument {
    let root: Value
    let check: SchemaCheck

    struct Operation {
        let method: String
        let path: String
        let value: Value
        /// Parameters of the path and of the operation itself, references followed.
        let parameters: [Value]

        var id: String { value["operationId"]?.stringValue ?? "" }

        /// Names of the parameters in `place`: `query`, `path` or `header`.
        func names(in place: String) -> Set<String> {
            Set(parameters.filter { $0["in"]?.stringValue == place }.compactMap { $0.name })
        }
    }

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/api/openapi.json")
        root = try JSONReader.read(Array(Data(contentsOf: file)))
        check = SchemaCheck(document: root)
    }

    var operations: [Operation] {
        let methods = Set(["get", "put", "post", "patch", "delete", "head", "options", "trace"])
        return (root["paths"]?.mapValue ?? []).flatMap { path in
            let shared = path.value["parameters"]?.arrayValue ?? []
            return (path.value.mapValue ?? []).filter { methods.contains($0.key) }.map { entry in
                let own = entry.value["parameters"]?.arrayValue ?? []
                return Operation(
                    method: entry.key.uppercased(), path: path.key, value: entry.value,
                    parameters: (shared + own).compactMap { check.resolved($0) })
            }
        }
    }

    /// Statuses that the document has for an operation.
    func statuses(_ operation: APIOperation) -> [Int] {
        let responses = operations.first { $0.id == operation.rawValue }?.value["responses"]
        return (responses?.mapValue ?? []).compactMap { Int($0.key) }
    }

    /// The media types of a response, each with its schema; nil where the document lacks it.
    func content(_ operation: APIOperation, status: Int) -> [Value.MapEntry]? {
        let responses = operations.first { $0.id == operation.rawValue }?.value["responses"]
        guard let response = responses?["\(status)"].flatMap({ check.resolved($0) }) else {
            return nil
        }
        return response["content"]?.mapValue ?? []
    }

    /// Expects that an answer is one that the document promises for its operation and status.
    func expect(
        _ answer: APIClient.Answer, fits operation: APIOperation,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let content = try #require(
            self.content(operation, status: answer.status),
            "\(operation) does not document \(answer.status)", sourceLocation: location)
        let type = answer.headers[.contentType]
        #expect(content.first?.key == type, sourceLocation: location)
        guard type == "application/json", let schema = content.first?.value["schema"] else {
            return
        }
        let problems = check.problems(try answer.json(location), schema)
        #expect(problems.isEmpty, "\(operation)", sourceLocation: location)
    }
}

extension Value {
    fileprivate var name: String? { self["name"]?.stringValue }
}
