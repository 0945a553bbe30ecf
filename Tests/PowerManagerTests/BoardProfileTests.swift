import Foundation
import LinuxPlatform
import Platform
import PowerManager
import Testing

@Suite struct BoardProfileTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "firmware-profiles")

    private static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") }.sorted()
    }

    private static func read(_ text: String) throws -> BoardProfile {
        try BoardProfile.read(try YAMLDocument.read(Array(text.utf8), file: "p"), file: "p")
    }

    private static let small = """
        name: small
        title: Small
        compatible: ["vendor,small"]
        boot:
          firmware: /boot
        """

    @Test func everyProfileOfTheRepositoryIsRead() throws {
        let names = try Self.names()
        #expect(names.count >= 7)
        var models = 0
        for name in names {
            let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
            let profile = try Self.read(text)
            #expect(profile.name + ".yaml" == name)
            if profile.energyModel != nil { models += 1 }
        }
        #expect(models >= 3)
    }

    @Test(arguments: [
        ("name: small", "name: Small!", 1, "name"),
        ("title: Small", "titel: Small", 2, "profile.titel"),
        ("compatible: [\"vendor,small\"]", "compatible: vendor", 3, "list"),
        ("firmware: /boot", "firmwear: /boot", 5, "boot.firmwear"),
        ("boot:\n", "health: {thermal: /etc/shadow}\nboot:\n", 4, "health.thermal"),
        ("boot:\n", "reserved: [{line: 4, why: x}]\nboot:\n", 1, "gpio.lines"),
        ("boot:\n", "power: {idle: {watts: x, source: y}}\nboot:\n", 4, "power.idle.watts"),
        ("boot:\n", "power: {idle: {watts: 2}}\nboot:\n", 4, "power.idle.source"),
        ("boot:\n", "buses: [{name: a, kind: can}]\nboot:\n", 4, "buses[0].kind"),
    ])
    func aFaultIsNamedWithItsLine(
        old: String, new: String, line: Int, field: String
    ) throws {
        let text = Self.small.replacingOccurrences(of: old, with: new)
        do throws(ConfigurationErrors) {
            let node = ConfigurationNode(line: 1, column: 1, kind: .sequence([]))
            let tree = (try? YAMLDocument.read(Array(text.utf8), file: "p")) ?? node
            _ = try BoardProfile.read(tree, file: "p")
            Issue.record("read \(text)")
        } catch {
            let found = error.errors.contains { $0.field == field && $0.line == line }
            #expect(found, "\(error)")
        }
    }

    @Test func theWrongProfileIsRefusedByName() throws {
        let profile = try Self.read(Self.small)
        try profile.check(deviceTree: Array("vendor,small\0vendor,soc\0".utf8))
        do {
            try profile.check(deviceTree: Array("raspberrypi,5-model-b\0brcm,bcm2712\0".utf8))
            Issue.record("accepted")
        } catch {
            #expect(error.description.contains("small"))
            #expect(error.description.contains("raspberrypi,5-model-b"))
        }
    }

    @Test func anyTreeGivesAProfileOrErrors() throws {
        let scalar = ConfigurationNode(line: 1, column: 1, kind: .scalar("x", isQuoted: false))
        #expect(throws: ConfigurationErrors.self) { try BoardProfile.read(scalar) }
        let many = (0..<1000).map { (key: "k\($0)", keyLine: $0, value: scalar) }
        let wide = ConfigurationNode(line: 1, column: 1, kind: .mapping(many))
        do throws(ConfigurationErrors) {
            _ = try BoardProfile.read(wide)
            Issue.record("read")
        } catch { #expect(error.errors.count <= ConfigurationErrors.maximumCount) }
    }

    @Test(arguments: ["05", "+5", "0", "41", "a\\nb", String(repeating: "p", count: 300)])
    func aPinIsWrittenPlainly(pin: String) {
        let text = Self.small + "\ngpio: {chip: c, lines: 8, header: {\"\(pin)\": 1}}\n"
        let faults = #expect(throws: ConfigurationErrors.self) { try Self.read(text) }
        #expect(faults?.errors.map(\.message) == ["not a pin"])
        #expect(faults?.errors[0].field?.utf8.count ?? 0 <= 120)
        #expect(faults?.errors[0].description.contains("\n") == false)
    }

    @Test func faultsOfOneLineComeInOneOrder() {
        let states = PowerState.allCases.map { "\($0.rawValue): 1" }.joined(separator: ", ")
        let text = Self.small + "\npower: {states: {\(states)}}\n"
        let faults = #expect(throws: ConfigurationErrors.self) { try Self.read(text) }
        let fields = (faults?.errors ?? []).compactMap(\.field)
        #expect(fields.count >= 2 && fields == fields.sorted())
    }
}
