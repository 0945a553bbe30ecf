import FleetClient
import Platform
import Testing

@Suite struct EventTextTests {
    static let cases: [(String, String, String)] = [
        (
            "twin", #"{"time":"t","device":"b","path":"reported/x/y","value":2.5}"#,
            "twin    b  reported/x/y = 2.5"
        ),
        (
            "twin", #"{"device":"b","path":"desired/x","value":"on","status":"pending"}"#,
            "twin    b  desired/x = on  (pending)"
        ),
        (
            "log", #"{"device":"b","stream":"alarm","key":"devices/l","value":{"smoke":true}}"#,
            "alarm   b  devices/l  smoke=true"
        ),
        (
            "device", #"{"device":"b","state":"refused","reason":"removed"}"#,
            "device  b  refused  reason=removed"
        ),
        ("hub", #"{"state":"mqtt connected"}"#, "hub     -  mqtt connected"),
        ("news", #"{"a":1}"#, "news    -  a=1"),
    ]

    @Test(arguments: cases) func saysWhatHappened(kind: String, json: String, line: String) throws {
        #expect(EventText.line(kind: kind, data: try JSONReader.read(json)) == line)
    }

    @Test func whatADeviceWroteCannotMoveTheCursor() throws {
        let data = try JSONReader.read(#"{"device":"b","path":"p","value":"\u001b[2J"}"#)
        #expect(!EventText.line(kind: "twin", data: data).contains("\u{1B}"))
    }
}
