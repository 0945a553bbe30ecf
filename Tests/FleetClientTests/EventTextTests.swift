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
        (
            "hub", #"{"state":"missed","first":1795411636000017,"time":"t"}"#,
            "hub     -  missed events before 1795411636000017"
        ),
        // Not of this hub: shown as any other.
        ("hub", #"{"state":"missed"}"#, "hub     -  missed"),
        ("news", #"{"a":1}"#, "news    -  a=1"),
    ]

    @Test(arguments: cases) func saysWhatHappened(kind: String, json: String, line: String) throws {
        #expect(EventText.line(kind: kind, data: try JSONReader.read(json)) == line)
    }

    @Test func aGapFitsATerminal() throws {
        let data = try JSONReader.read(
            #"{"state":"missed","first":9007199254740991,"time":"2026-11-23T05:27:16.000Z"}"#)
        let time = Times.brief(data["time"]?.stringValue ?? "")
        let line = time + "  " + EventText.line(kind: "hub", data: data)
        #expect(Display.truncated(line, to: 80) == line)
        #expect(line.hasSuffix("missed events before 9007199254740991"))
    }

    @Test func whatADeviceWroteCannotMoveTheCursor() throws {
        let data = try JSONReader.read(#"{"device":"b","path":"p","value":"\u001b[2J"}"#)
        #expect(!EventText.line(kind: "twin", data: data).contains("\u{1B}"))
    }
}
