import FleetClient
import Testing

@Suite struct DeviceSelectorTests {
    @Test func selectorsAreSorted() throws {
        #expect(try DeviceSelector("site=barn,rack=2").description == "rack=2,site=barn")
        #expect(try DeviceSelector("a=").description == "a=")
    }

    @Test(arguments: ["", "a", "=b", "a=b,", ",", "a=b=c", "a=1,a=2", "a=\n"])
    func otherTextIsRefused(text: String) {
        #expect(throws: FleetClientError.self) { try DeviceSelector(text) }
    }

    @Test func theNumberOfLabelsIsBounded() throws {
        let labels = (0...DeviceSelector.maximumRequirements).map { "k\($0)=v" }
        let fitting = labels.dropLast().joined(separator: ",")
        #expect(try DeviceSelector(fitting).requirements.count == 32)
        #expect(throws: FleetClientError.self) {
            try DeviceSelector(labels.joined(separator: ","))
        }
        let key = String(repeating: "k", count: Label.maximumBytes)
        #expect(try Label(key + "=v").key == key)
        #expect(throws: FleetClientError.self) { try Label(key + "k=v") }
    }

    @Test func changesApplyInOrder() throws {
        let changes = try ["site=hall", "rack-", "new=1", "new-", "a-b=c-"].map(LabelChange.init)
        let labels = LabelChange.apply(changes, to: ["site": "barn", "rack": "2", "keep": "x"])
        #expect(labels == ["site": "hall", "keep": "x", "a-b": "c-"])
    }

    @Test(arguments: ["", "-", "a", "=x", "a,b-"])
    func otherChangesAreRefused(text: String) {
        #expect(throws: FleetClientError.self) { try LabelChange(text) }
    }
}

@Suite struct HubURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1", true),
        ("HTTP://LocalHost/", "http://localhost", "localhost", true),
        ("https://hub.example/api/edge//", "https://hub.example/api/edge", "hub.example", false),
        ("http://[::1]:80/", "http://[::1]:80", "::1", true),
    ])
    func readsURLs(text: String, url: String, host: String, isLoopback: Bool) throws {
        let parsed = try HubURL(text)
        #expect(parsed.description == url)
        #expect(parsed.host == host)
        #expect(parsed.isLoopback == isLoopback)
        #expect(parsed.isEncrypted == text.lowercased().hasPrefix("https"))
    }

    @Test(arguments: [
        "", "hub", "hub:8080", "ftp://hub", "http://", "http://:80", "http://hub:0",
        "http://hub:x", "http://hub:65536", "http://u@hub", "http://hub?x", "http://hub#x",
        "http://hub x", "http://hub\r\n", "http://[::1", "http://[::1]x", "http://hüb",
        "http://" + String(repeating: "a", count: HubURL.maximumBytes),
    ])
    func refusesTheRest(text: String) {
        #expect(throws: FleetClientError.self) { try HubURL(text) }
    }

    /// A name such as 127.example.org is not this machine, whatever it begins with.
    @Test func aNameIsNoLoopbackAddress() throws {
        #expect(try !HubURL("http://127.example.org").isLoopback)
    }
}
