import FleetClient
import Testing

@Suite struct FleetClientErrorTests {
    @Test func everyCodeHasItsExitCode() {
        let expected: [FleetClientError.Code: Int32] = [
            .notFound: 3, .unauthorized: 5, .refused: 5, .unreachable: 4, .unavailable: 4,
            .usage: 2, .invalid: 1, .conflict: 1, .tooLarge: 1, .malformed: 1, .settings: 1,
            .cancelled: 1, .failed: 1,
        ]
        for code in FleetClientError.Code.allCases {
            #expect(FleetClientError(code, "m", hint: "h").exitCode == expected[code])
        }
    }

    @Test(arguments: [
        (404, "not_found", Int32(3)), (401, "unauthorized", 5), (403, "refused", 5),
        (400, "invalid", 1), (503, "unavailable", 4), (409, "conflict", 1),
        (413, "too_large", 1),
    ])
    func theHubsErrorsKeepTheirCode(status: Int, code: String, exitCode: Int32) throws {
        let body = #"{"error":{"code":"\#(code)","message":"What. Why.","hint":"Do this"}}"#
        let error = FleetClientError.answered(
            status: status, body: Array(body.utf8), request: "GET /x")
        #expect(error.code.rawValue == code)
        #expect(error.exitCode == exitCode)
        #expect(error.description == "What. Why. Do this.")
    }

    @Test(arguments: [
        (404, Int32(3)), (401, 5), (403, 5), (429, 4), (500, 1), (502, 4), (503, 4), (504, 4),
        (302, 1), (405, 1),
    ])
    func aStatusAloneHasAMeaningToo(status: Int, exitCode: Int32) {
        for body in ["", "<html>", "{}", #"{"error":{"code":"x"}}"#, #"{"error":7}"#] {
            let error = FleetClientError.answered(
                status: status, body: Array(body.utf8), request: "GET /x")
            #expect(error.exitCode == exitCode)
            #expect(error.message.contains("GET /x"))
            #expect(!error.hint.isEmpty)
        }
    }

    @Test func anUnknownCodeFallsBackToTheStatus() {
        let body = #"{"error":{"code":"new","message":"m"}}"#
        let error = FleetClientError.answered(
            status: 409, body: Array(body.utf8), request: "GET /x")
        #expect(error.code == .conflict)
        #expect(error.message == "m")
        #expect(!error.hint.isEmpty)
    }
}
