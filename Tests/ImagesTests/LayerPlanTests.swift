import Testing

@testable import Images

@Suite struct LayerPlanTests {
    private static func plan(
        _ privileges: PrivilegePolicy = .strip, _ limits: ImageLimits = ImageLimits()
    ) -> LayerPlan {
        LayerPlan(
            budget: LayerBudget(limits: limits, compressedBytes: 1000), privileges: privileges)
    }

    static func entry(
        _ path: String, _ kind: TarEntry.Kind = .file, mode: UInt32 = 0o755, size: UInt64 = 0,
        attributes: [TarEntry.Attribute] = []
    ) -> TarEntry {
        TarEntry(
            kind: kind, path: Array(path.utf8), mode: mode, user: 0, group: 0, modified: 0,
            size: size, attributes: attributes, storedSize: size)
    }

    private func step(_ entry: TarEntry) throws(ImageError) -> LayerStep {
        var plan = Self.plan()
        return try plan.onEntry(entry)
    }

    @Test func marksOfRemovalAreKnown() throws {
        #expect(try step(Self.entry("a/.wh.b")) == .whiteout(try LayerPath(Array("a/b".utf8))))
        #expect(try step(Self.entry("./a/.wh..wh..opq")) == .opaque(try LayerPath([0x61])))
        #expect(try step(Self.entry(".wh..wh.aufs")) == .nothing)
    }

    @Test(arguments: [
        "../x", "a/../../x", "a/..", "/../x", "a/.wh..", "a/.wh...", "a/.wh.", "a\0b",
    ])
    func namesThatLeadOutAreRefused(path: String) {
        let error = #expect(throws: ImageError.self) { try step(Self.entry(path)) }
        #expect(error?.code == .hostile || error?.code == .archive, "\(error as Any)")
    }

    @Test func devicesAreRefused() {
        for kind in [TarEntry.Kind.characterDevice, .blockDevice] {
            let error = #expect(throws: ImageError.self) { try step(Self.entry("dev/sda", kind)) }
            #expect(
                error?.description
                    == "the image is refused: dev/sda is a device node; devices are given to a "
                    + "workload by its manifest; do not use this image; ask where it comes from")
        }
    }

    @Test(arguments: [
        "trusted.overlay.redirect", "user.overlay.metacopy", "trusted.overlay.opaque",
    ])
    func marksOfTheKernelAreRefused(name: String) {
        let entry = Self.entry("a", attributes: [.init(name: name, value: [1])])
        let error = #expect(throws: ImageError.self) { try step(entry) }
        #expect(error?.code == .hostile)
    }

    @Test(arguments: PrivilegePolicy.allCases)
    func privilegesFollowThePolicy(policy: PrivilegePolicy) throws {
        let capability = TarEntry.Attribute(name: "security.capability", value: [1])
        let entries = [
            Self.entry("su", mode: 0o4755), Self.entry("wall", mode: 0o2755),
            Self.entry("ping", attributes: [capability]),
        ]
        var plan = Self.plan(policy)
        for entry in entries {
            guard policy != .refuse else {
                let error = #expect(throws: ImageError.self) { try plan.onEntry(entry) }
                #expect(error?.message.contains("gives its user another's powers") == true)
                continue
            }
            guard case .file(_, let metadata) = try plan.onEntry(entry) else {
                Issue.record("no file")
                continue
            }
            #expect((metadata.mode == entry.mode) == (policy == .keep || entry.mode == 0o755))
            #expect(metadata.mode & 0o777 == 0o755)
            #expect(metadata.attributes.isEmpty == (policy == .strip || entry.attributes.isEmpty))
        }
        #expect(plan.strippedFiles == (policy == .strip ? 3 : 0))
        // On a directory set-group-ID gives nobody anything.
        guard
            case .directory(_, let metadata) = try plan.onEntry(
                Self.entry("mail", .directory, mode: 0o2775))
        else { return }
        #expect(metadata.mode == 0o2775)
    }

    @Test func foreignAttributesAreLeftOut() throws {
        let names = ["user.mine", "security.selinux", "system.posix_acl_access", "user."]
        var plan = Self.plan()
        let entry = Self.entry("a", attributes: names.map { .init(name: $0, value: [1]) })
        guard case .file(_, let metadata) = try plan.onEntry(entry) else { return }
        #expect(metadata.attributes.map(\.name) == ["user.mine"])
        #expect(plan.droppedAttributes == 3)
    }

    @Test func anAttributeHasABound() {
        let value = [UInt8](repeating: 1, count: 65_537)
        let entry = Self.entry("a", attributes: [.init(name: "user.large", value: value)])
        let error = #expect(throws: ImageError.self) { try step(entry) }
        #expect(error?.message.contains("an attribute that Linux would not keep") == true)
    }

    @Test func aFileOfHolesCountsWithThem() {
        var plan = Self.plan()
        let error = #expect(throws: ImageError.self) {
            try plan.onEntry(Self.entry("holes", size: 10 << 30))
        }
        #expect(error?.code == .limit)
        #expect(
            error?.message
                == "a layer's files have more than 4294967296 bytes, holes included, with holes")
    }

    @Test func boundsHold() throws {
        var limits = ImageLimits()
        limits.entriesMax = 2
        limits.expansionFree = 50
        limits.expansionMax = 2
        var plan = Self.plan(.strip, limits)
        _ = try plan.onEntry(Self.entry("a"))
        _ = try plan.onEntry(Self.entry("b"))
        let third = #expect(throws: ImageError.self) { try plan.onEntry(Self.entry("c")) }
        #expect(third?.message == "a layer has more than 2 files")
        try plan.onExpanded(2000)
        let more = #expect(throws: ImageError.self) { try plan.onExpanded(1) }
        #expect(more?.message == "a layer of 1000 bytes becomes more than 2 times as long")
        let deep = String(repeating: "d/", count: LayerPath.depthMax + 1)
        #expect(throws: ImageError.self) { try LayerPath(Array(deep.utf8)) }
        let long = String(repeating: "n", count: 256)
        #expect(throws: ImageError.self) { try LayerPath(Array(long.utf8)) }
    }
}
