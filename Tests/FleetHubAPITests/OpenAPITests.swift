import FleetHub
import Platform
import Testing

@testable import FleetHubAPI

@Suite struct OpenAPITests {
    let document: OpenAPIDocument

    init() throws { document = try OpenAPIDocument() }

    @Test func theFileAndTheTableHaveTheSameRoutes() {
        let routed = Set(
            APIRoute.all.map { "\($0.method.rawValue) \($0.template) \($0.operationID)" })
        let described = Set(document.operations.map { "\($0.method) \($0.path) \($0.id)" })
        #expect(routed.subtracting(described) == [], "routes that the file lacks")
        #expect(described.subtracting(routed) == [], "operations that nothing routes")
        #expect(document.operations.count == APIRoute.all.count)
    }

    @Test(arguments: APIOperation.allCases)
    func parametersAndSecurityAreTheTables(operation: APIOperation) throws {
        let described = try #require(document.operations.first { $0.id == operation.rawValue })
        let route = operation.route
        #expect(described.names(in: "query") == Set(route.query))
        let inTemplate = route.template.matches(of: /\{([a-z]+)\}/).map { String($0.1) }
        #expect(described.names(in: "path") == Set(inTemplate))
        let security = described.value["security"] ?? document.root["security"]
        #expect(security?.arrayValue?.isEmpty == !route.needsToken)
        #expect((described.value["requestBody"] != nil) == (operation.sampleBody != nil))
    }

    @Test(arguments: APIOperation.allCases)
    func everyResponseHasASchemaThatResolves(operation: APIOperation) throws {
        let statuses = document.statuses(operation)
        #expect(statuses.contains { 200...299 ~= $0 })
        for status in statuses where status != 204 {
            let content = try #require(document.content(operation, status: status))
            let schema = try #require(content.first?.value["schema"], "\(status)")
            #expect(document.check.resolved(schema) != nil)
        }
    }

    @Test func everyReferenceResolves() {
        let references = SchemaCheck.references(in: document.root)
        #expect(references.count > 100)
        for reference in Set(references) {
            #expect(document.check.resolve(reference) != nil, "\(reference)")
        }
    }

    @Test(arguments: APIOperation.allCases)
    func sampleBodiesFitTheirSchema(operation: APIOperation) throws {
        guard let text = operation.sampleBody else { return }
        let described = try #require(document.operations.first { $0.id == operation.rawValue })
        let schema = try #require(
            described.value["requestBody"]?["content"]?["application/json"]?["schema"])
        // The choice between selector and device is made of bare `required`, so only problems
        // with the fields themselves are looked for.
        let problems = document.check.problems(try JSONReader.read(text), schema)
        #expect(problems.filter { !$0.contains("exactly one") } == [])
    }

    @Test func theErrorCodesAreTheHubs() throws {
        let error = try #require(document.check.resolve("#/components/schemas/Error"))
        let codes = error["properties"]?["error"]?["properties"]?["code"]?["enum"]?.arrayValue
        #expect(
            Set(codes?.compactMap(\.stringValue) ?? [])
                == Set(HubError.Code.allCases.map(\.rawValue)))
    }

    @Test func theBoundsAreTheServers() throws {
        let log = try #require(document.operations.first { $0.id == "readLog" })
        let limit = try #require(log.parameters.first { $0["name"] == .string("limit") })
        #expect(limit["schema"]?["maximum"]?.intValue == HubHandlers.logRowsMax)
        #expect(limit["schema"]?["default"]?.intValue == HubHandlers.logRowsDefault)
        let labels = try #require(document.check.resolve("#/components/schemas/Labels"))
        #expect(labels["maxProperties"]?.intValue == Int64(APIBody.labelsMax))
    }

    @Test(arguments: [
        (#"{"rows":[],"next":"2"}"#, "$.next: \"2\" is no \"integer\""),
        (#"{"rows":[]}"#, "$: lacks next"),
        (#"{"rows":[],"next":1,"more":1}"#, "$.more: not described"),
        (#"{"rows":{},"next":1}"#, "$.rows: {} is no \"array\""),
        (#"[]"#, "$: [] is no \"object\""),
    ])
    func theCheckFindsWhatIsWrong(text: String, problem: String) throws {
        let schema = try #require(document.check.resolve("#/components/schemas/LogPage"))
        #expect(document.check.problems(try JSONReader.read(text), schema) == [problem])
    }

    @Test func theCheckLooksIntoEnumsChoicesAndMaps() throws {
        let check = document.check
        let health = try #require(check.resolve("#/components/schemas/Health"))
        let bad = #"{"status":"fine","store":"ok","mqtt":"connected","coap":"off"}"#
        #expect(check.problems(try JSONReader.read(bad), health).count == 1)
        let row = try #require(check.resolve("#/components/schemas/LogRow"))
        #expect(check.problems(.object([("n", .int(1))]), row).count == 1)
        let labels = try #require(check.resolve("#/components/schemas/Labels"))
        #expect(check.problems(.object([("a", .int(1))]), labels).count == 1)
        #expect(check.problems(.null, .object([("$ref", .string("#/nowhere"))])).count == 1)
    }
}
