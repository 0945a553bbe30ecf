import Testing

@testable import Images

private func process(_ json: String) throws -> ImageProcess { try ImageProcess(Array(json.utf8)) }

@Suite struct ImageProcessTests {
    @Test func whatTheImageSaysIsRead() throws {
        let full = try process(
            #"{"config":{"Entrypoint":["/bin/app","-x"],"Cmd":["y"],"Env":["A=1","B=x=y","C="],"#
                + #""WorkingDir":"/srv","User":"app:app","Volumes":{"/data":{}}}}"#)
        #expect(full.command == ["/bin/app", "-x", "y"])
        #expect(full.environment == ["A": "1", "B": "x=y", "C": ""])
        #expect(full.workingDirectory == "/srv")
        #expect(full.user == "app:app")
    }

    @Test(arguments: [
        "{}", #"{"config":null}"#, #"{"config":{}}"#,
        #"{"config":{"Cmd":null,"Entrypoint":null,"Env":null,"User":"","WorkingDir":""}}"#,
    ])
    func allOfItMayBeMissing(json: String) throws {
        #expect(try process(json) == ImageProcess(command: []))
    }

    @Test(arguments: [
        ("[", "configuration"), (#"{"config":[]}"#, "config"),
        (#"{"config":{"Cmd":"sh"}}"#, "Cmd"), (#"{"config":{"Cmd":[1]}}"#, "Cmd"),
        (#"{"config":{"Cmd":[null]}}"#, "Cmd"), (#"{"config":{"Cmd":["a\u0000"]}}"#, "Cmd"),
        (#"{"config":{"Entrypoint":{}}}"#, "Entrypoint"),
        (#"{"config":{"Env":["A"]}}"#, "Env"), (#"{"config":{"Env":["=A"]}}"#, "Env"),
        (#"{"config":{"Env":{"A":"b"}}}"#, "Env"),
        (#"{"config":{"WorkingDir":"srv"}}"#, "WorkingDir"), (#"{"config":{"User":7}}"#, "User"),
    ])
    func whatIsWrongIsNamed(json: String, part: String) throws {
        let thrown = #expect(throws: ImageError.self) { try process(json) }
        #expect(thrown?.code == .manifest)
        #expect(thrown?.message.contains(part) == true)
    }

    @Test func listsAndTextsAreBounded() throws {
        func list(_ field: String, _ item: String, _ count: Int) -> String {
            let items = Array(repeating: "\"\(item)\"", count: count).joined(separator: ",")
            return "{\"config\":{\"\(field)\":[\(items)]}}"
        }
        #expect(try process(list("Cmd", "a", 256)).command.count == 256)
        #expect(throws: ImageError.self) { try process(list("Cmd", "a", 257)) }
        #expect(throws: ImageError.self) { try process(list("Env", "A=1", 257)) }
        let long = String(repeating: "a", count: ImageProcess.textBytesMax)
        #expect(try process(list("Cmd", long, 1)).command == [long])
        #expect(throws: ImageError.self) { try process(list("Cmd", long + "a", 1)) }
        #expect(throws: ImageError.self) {
            try process(#"{"config":{"User":"\#(String(repeating: "u", count: 130))"}}"#)
        }
    }
}
