import ArgumentParser
import FleetHub
import Foundation
import LinuxPlatform
import Platform

/// `fleet-hub broker-config`: for a mosquitto that the hub does not start itself.
struct BrokerConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker-config",
        abstract: "Write what a mosquitto needs to serve this hub's boards by TLS.")

    @Option(name: .customLong("data"), help: "The directory that fleet-hub init made.")
    var data: String

    @Option(name: .customLong("out"), help: "The folder to write to. The broker runs from there.")
    var out: String

    @Option(name: .customLong("listen"), help: "Where the broker listens.")
    var listen = "0.0.0.0:\(BrokerFiles.portDefault)"

    func run() throws {
        let directory = DataDirectory(path: URL(fileURLWithPath: data).path)
        try directory.requireInitialised()
        let place = try BrokerPlace(listen, option: "--listen")
        let files = try BrokerFiles(URL(fileURLWithPath: out).path)
        let now = LinuxTimekeeper().now().wall
        let authority = try AuthorityFiles(directory).open(at: now)
        // Beside a hub that runs: it reads, and opens no epoch.
        let access = try directory.brokerAccess(authority, at: now)
        let changed: [String]
        do {
            changed = try files.write(
                authority, access, host: place.host, port: place.port, names: place.names, at: now)
        } catch {
            throw HubCommandError(description: "cannot write \(out): \(error)")
        }
        print(
            changed.isEmpty
                ? "nothing changed in \(files.folder)"
                : changed.map { "wrote \(files.folder)/\($0)" }.joined(separator: "\n"))
        guard !changed.isEmpty else { return }
        print(
            "\nStart it:    mosquitto -c \(files.configuration)\n"
                + "The hub:     fleet-hub serve --data \(directory.path) "
                + "--mqtt tls:\(place.inner):\(place.port) --broker-files \(files.folder)")
    }
}

/// Where a broker listens with TLS.
struct BrokerPlace {
    let host: String
    let port: Int

    init(_ text: String, option: String) throws(HubCommandError) {
        let separator = text.hasSuffix("]") ? nil : text.lastIndex(of: ":")
        let name = separator.map { String(text[..<$0]) } ?? text
        let port = separator.map { Int(text[text.index(after: $0)...]) } ?? BrokerFiles.portDefault
        let isWord = name.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
        guard let port, 1...65535 ~= port, !name.isEmpty, isWord else {
            throw HubCommandError(
                description: "\(option) \(text) is no HOST:PORT, such as 0.0.0.0:8883", exitCode: 2)
        }
        host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
        self.port = port
    }

    /// By what this machine reaches it.
    var inner: String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    /// For clients that look at names; ours look for the hub's own.
    var names: [String] {
        Set(["localhost", "127.0.0.1", inner]).filter { !$0.contains(":") }.sorted()
    }

    var text: String { inner.contains(":") ? "[\(inner)]:\(port)" : "\(inner):\(port)" }
}
