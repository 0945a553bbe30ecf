import FleetClient
import Foundation
import Testing

@Suite struct ClientSettingsTests {
    /// Runs `body` with an empty configuration folder.
    private func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "fleet-settings-\(UInt64.random(in: .min ... .max))").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    private func settings(_ url: String, _ token: String) throws -> ClientSettings {
        try ClientSettings(url: try HubURL(url), token: token)
    }

    private func code(_ body: () throws -> ClientSettings) -> FleetClientError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? FleetClientError)?.code
        }
    }

    @Test func whatIsSavedIsLoadedAndPrivate() throws {
        try withFolder { folder in
            let environment = { $0 == "XDG_CONFIG_HOME" ? folder + "/deep/er" : nil }
            let path = try ClientSettings.path(environment)
            #expect(path == folder + "/deep/er/cloudos-edge/fleet.json")
            let saved = try settings("http://127.0.0.1:8080", "secret")
            let previous = umask(0)
            try saved.save(to: path)
            umask(previous)
            #expect(try mode(path) == 0o600)
            #expect(try mode(folder + "/deep/er/cloudos-edge") == 0o700)
            #expect(try ClientSettings.load(environment) == saved)
            #expect(!FileManager.default.fileExists(atPath: path + ".new"))
        }
    }

    @Test func savingClosesWhatWasOpen() throws {
        try withFolder { folder in
            let path = folder + "/cloudos-edge/fleet.json"
            let saved = try settings("https://hub", "a")
            try saved.save(to: path)
            for open in [path, folder + "/cloudos-edge"] {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o777], ofItemAtPath: open)
            }
            try saved.save(to: path)
            #expect(try mode(path) == 0o600)
            #expect(try mode(folder + "/cloudos-edge") == 0o700)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o601, 0o644])
    func aFileOpenToOthersIsRefused(mode: Int) throws {
        try withFolder { folder in
            let environment = { $0 == "XDG_CONFIG_HOME" ? folder : nil }
            let path = try ClientSettings.path(environment)
            try settings("http://hub", "secret").save(to: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(code { try ClientSettings.load(environment) } == .settings)
        }
    }

    @Test(arguments: [
        "", "{", "[]", #"{"url":"http://hub"}"#, #"{"token":"a"}"#, #"{"url":1,"token":"a"}"#,
        String(repeating: " ", count: ClientSettings.fileBytesMax + 1),
    ])
    func aDamagedFileIsAnError(text: String) throws {
        try withFolder { folder in
            let environment = { $0 == "XDG_CONFIG_HOME" ? folder : nil }
            let path = try ClientSettings.path(environment)
            try settings("http://hub", "secret").save(to: path)
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
            #expect(code { try ClientSettings.load(environment) } == .settings)
        }
    }

    @Test func theEnvironmentWins() throws {
        try withFolder { folder in
            var variables = ["XDG_CONFIG_HOME": folder]
            let load = { try ClientSettings.load { variables[$0] } }
            #expect(code(load) == .unauthorized)
            variables["FLEET_URL"] = "http://other:1"
            #expect(code(load) == .unauthorized)
            variables["FLEET_TOKEN"] = "theirs"
            #expect(try load() == settings("http://other:1", "theirs"))

            let path = try ClientSettings.path { variables[$0] }
            try settings("http://hub:2", "ours").save(to: path)
            #expect(try load() == settings("http://other:1", "theirs"))
            variables["FLEET_URL"] = ""
            #expect(try load() == settings("http://hub:2", "theirs"))
            variables["FLEET_TOKEN"] = nil
            #expect(try load() == settings("http://hub:2", "ours"))
            variables["FLEET_URL"] = "http://hub:2/"
            #expect(try load() == settings("http://hub:2", "ours"))
        }
    }

    @Test func aStoredTokenGoesToItsOwnHubOnly() throws {
        try withFolder { folder in
            let variables = ["XDG_CONFIG_HOME": folder, "FLEET_URL": "http://other:1"]
            let path = try ClientSettings.path { variables[$0] }
            try settings("http://hub:2", "ours").save(to: path)
            #expect(code { try ClientSettings.load { variables[$0] } } == .unauthorized)
        }
    }

    @Test func aRelativeConfigurationFolderIsIgnored() throws {
        let path = try ClientSettings.path { ["XDG_CONFIG_HOME": "x", "HOME": "/h"][$0] }
        #expect(path == "/h/.config/cloudos-edge/fleet.json")
    }

    @Test(arguments: ["", "a b", "a\r\nx: y", "ü", String(repeating: "a", count: 1025)])
    func aTokenThatNoHeaderCarriesIsRefused(token: String) {
        #expect(code { try settings("http://hub", token) } == .usage)
    }
}
