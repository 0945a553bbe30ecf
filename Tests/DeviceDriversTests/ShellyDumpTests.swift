import DeviceDrivers
import Foundation
import Platform
import Testing

/// Real status objects of real devices, where the checkout stands beside a folder of them.
@Suite struct ShellyDumpTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/data/shelly")

    private static let dumps: [URL] =
        ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
        ?? []).filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }

    @Test(.enabled(if: !dumps.isEmpty, "../shared/data/shelly is not beside the checkout"))
    func everyComponentOfEveryDumpIsRead() throws {
        for dump in Self.dumps {
            let value = try JSONReader.read(Array(try Data(contentsOf: dump)))
            let status = try #require(value["status"]?.mapValue, "\(dump.lastPathComponent)")
            var bridge = MQTTDeviceBridge(settings: .init())
            if let generation = value["shelly"]?["gen"]?.intValue, generation >= 2 {
                let id = try #require(value["shelly"]?["id"]?.stringValue)
                for component in status {
                    check(
                        bridge.receive("\(id)/status/\(component.key)", component.value.json),
                        device: id, says: component.value, prefix: component.key)
                }
            } else {
                let id = try #require(value["settings"]?["mqtt"]?["id"]?.stringValue)
                check(
                    bridge.receive("shellies/\(id)/info", Value.map(status).json), device: id,
                    says: .map(status), prefix: "info")
            }
        }
    }

    /// One report with every leaf, or nothing for a component that says nothing.
    private func check(
        _ directives: [DeviceDirective], device: String, says value: Value, prefix: String
    ) {
        let leaves = Self.leaves(value, name: prefix)
        #expect(directives.count == 1)
        if leaves.isEmpty {
            #expect(directives.areIgnored, "\(device) \(prefix)")
        } else {
            #expect(directives.reports.map(\.device) == [device])
            #expect(directives.reports.map(\.properties) == [leaves], "\(device) \(prefix)")
            #expect(directives.reports.allSatisfy { $0.priority != .alarm })
        }
    }

    private static func leaves(_ value: Value, name: String) -> [String: Value] {
        guard case .map(let entries) = value else { return [name: value] }
        return entries.reduce(into: [:]) { all, entry in
            all.merge(leaves(entry.value, name: "\(name).\(entry.key)")) { _, last in last }
        }
    }
}
