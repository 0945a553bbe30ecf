import Platform
import Testing

@testable import Images

private typealias Place = RuntimeConfiguration.Place

private func spec(_ fields: String = "") throws -> ContainerSpec {
    let json = #"{"image":"a""# + (fields.isEmpty ? "" : "," + fields) + "}"
    return try #require(try ContainerSpec.read(try JSONReader.read(json)))
}

private func configuration(
    _ fields: String = "", program: RuntimeConfiguration.Program = .init(command: ["/bin/a"]),
    image: ImageProcess = ImageProcess(command: []), user: ContainerUser = .root,
    group: String? = nil, platform: ImagePlatform = .current
) throws -> Value {
    try RuntimeConfiguration(
        name: "web", spec: try spec(fields), program: program, image: image, user: user,
        place: Place(
            root: "/b/root", volumes: "/v/web", group: group,
            resolverFiles: ["/etc/hosts", "/etc/resolv.conf"]),
        platform: platform
    ).value
}

extension Value {
    fileprivate func at(_ path: String...) -> Value? {
        path.reduce(self) { (value: Value?, key) in value?[key] }
    }

    fileprivate var texts: [String] { (arrayValue ?? []).compactMap(\.stringValue) }

    /// The mount at a place of the container.
    fileprivate func mount(_ target: String) -> Value? {
        self["mounts"]?.arrayValue?.first { $0["destination"]?.stringValue == target }
    }
}

@Suite struct RuntimeConfigurationTests {
    @Test func theWorkloadComesBeforeTheImage() throws {
        let image = ImageProcess(
            command: ["/entry", "x"], environment: ["A": "image", "B": "image"],
            workingDirectory: "/image", user: nil)
        let own = try configuration(
            program: .init(
                command: ["/own"], environment: ["A": "own"], workingDirectory: "/own-place"),
            image: image)
        #expect(own.at("process", "args")?.texts == ["/own"])
        #expect(
            own.at("process", "env")?.texts
                == ["A=own", "B=image", "PATH=" + RuntimeConfiguration.searchPath])
        #expect(own.at("process", "cwd") == .string("/own-place"))
        let left = try configuration(program: .init(), image: image)
        #expect(left.at("process", "args")?.texts == ["/entry", "x"])
        #expect(left.at("process", "cwd") == .string("/image"))
        #expect(left.at("hostname") == .string("web"))
        #expect(try configuration().at("process", "cwd") == .string("/"))
    }

    @Test(arguments: [[], [""], ["", "x"]])
    func somethingHasToRun(command: [String]) throws {
        let thrown = #expect(throws: ImageError.self) {
            try configuration(program: .init(command: command))
        }
        #expect(thrown?.description.contains("give the workload a command") == true)
    }

    @Test func onlyRootHasCapabilitiesAndNobodyGainsAny() throws {
        let root = try configuration()
        for kind in ["bounding", "effective", "permitted"] {
            let given = root.at("process", "capabilities", kind)?.texts
            #expect(given == ContainerCapabilities.ofRoot)
        }
        for kind in ["inheritable", "ambient"] {
            #expect(root.at("process", "capabilities", kind) == .array([]))
        }
        for capability in ["CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_MKNOD", "CAP_SYS_PTRACE"] {
            #expect(!ContainerCapabilities.ofRoot.contains(capability))
        }
        let other = try configuration(
            user: ContainerUser(user: 1000, group: 100, moreGroups: [20, 44]))
        for kind in ["bounding", "effective", "permitted", "inheritable", "ambient"] {
            #expect(other.at("process", "capabilities", kind) == .array([]))
        }
        #expect(
            other.at("process", "user")
                == .object([
                    ("uid", .int(1000)), ("gid", .int(100)),
                    ("additionalGids", .array([.int(20), .int(44)])),
                ]))
        #expect(root.at("process", "noNewPrivileges") == .bool(true))
    }

    @Test func itIsApartFromTheBoard() throws {
        let kinds = { (value: Value) in
            (value.at("linux", "namespaces")?.arrayValue ?? []).compactMap {
                $0["type"]?.stringValue
            }
        }
        let apart = try configuration()
        #expect(kinds(apart) == ["pid", "mount", "ipc", "uts", "cgroup", "network"])
        #expect(apart.mount("/etc/resolv.conf") == nil)
        let host = try configuration(#""network":"host""#)
        #expect(kinds(host) == ["pid", "mount", "ipc", "uts", "cgroup"])
        #expect(host.mount("/etc/resolv.conf")?["options"]?.texts.contains("ro") == true)
        for path in ["/proc/kcore", "/proc/keys", "/sys/firmware"] {
            #expect(apart.at("linux", "maskedPaths")?.texts.contains(path) == true)
        }
        for path in ["/proc/sys", "/proc/sysrq-trigger"] {
            #expect(apart.at("linux", "readonlyPaths")?.texts.contains(path) == true)
        }
        #expect(apart.mount("/sys")?["options"]?.texts.contains("ro") == true)
    }

    @Test func volumesAreMountedAsTheirKindIs() throws {
        let value = try configuration(
            #""volumes":[{"at":"/a/b","volume":"data"},{"at":"/a","path":"/srv/a","read_only":true},"#
                + #"{"at":"/t","tmpfs_mib":8}]"#)
        #expect(value.mount("/a/b")?["source"] == .string("/v/web/data"))
        #expect(value.mount("/a")?["source"] == .string("/srv/a"))
        #expect(value.mount("/a")?["options"]?.texts.contains("ro") == true)
        #expect(value.mount("/a/b")?["options"]?.texts.contains("ro") == false)
        #expect(value.mount("/t")?["options"]?.texts.contains("size=8192k") == true)
        for target in ["/a", "/a/b", "/t"] {
            let options = try #require(value.mount(target)?["options"]?.texts)
            #expect(options.contains("nosuid") && options.contains("nodev"))
        }
        let order = value["mounts"]?.arrayValue?.compactMap { $0["destination"]?.stringValue }
        #expect(order?.suffix(3) == ["/a", "/a/b", "/t"])
    }

    @Test func theRootAndTheLimitsAreTheSpecs() throws {
        let free = try configuration()
        #expect(
            free["root"]
                == .object([("path", .string("/b/root")), ("readonly", .bool(false))]))
        #expect(free.at("linux", "cgroupsPath") == nil && free.at("linux", "resources") == nil)
        let bounded = try configuration(
            #""read_only":true,"limits":{"memory_mib":64,"pids":10,"cpu_percent":50}"#,
            group: "/edge/web")
        #expect(bounded.at("root", "readonly") == .bool(true))
        #expect(bounded.at("linux", "cgroupsPath") == .string("/edge/web"))
        let resources = try #require(bounded.at("linux", "resources"))
        #expect(resources.at("memory", "limit") == .int(64 << 20))
        #expect(resources.at("memory", "swap") == .int(64 << 20))
        #expect(resources.at("pids", "limit") == .int(10))
        #expect(resources.at("cpu", "quota") == .int(50_000))
        #expect(resources.at("cpu", "period") == .int(100_000))
    }
}

@Suite struct SeccompProfileTests {
    @Test func nothingIsOnBothLists() {
        let allowed = Set(SeccompCalls.allowed)
        #expect(allowed.isDisjoint(with: SeccompCalls.forbidden))
        #expect(allowed.count == SeccompCalls.allowed.count)
        #expect(Set(SeccompCalls.forbidden).count == SeccompCalls.forbidden.count)
        // These have rules of their own, or none so that programs take their older way.
        for call in ["clone", "socket", "personality", "clone3", "io_uring_setup"] {
            #expect(!allowed.contains(call) && !SeccompCalls.forbidden.contains(call))
        }
        for call in ["read", "openat", "execve", "futex", "rt_sigreturn", "exit_group"] {
            #expect(allowed.contains(call))
        }
    }

    @Test(arguments: [
        ("amd64", "SCMP_ARCH_X86_64"), ("arm64", "SCMP_ARCH_AARCH64"), ("arm", "SCMP_ARCH_ARM"),
    ])
    func itIsForOneArchitecture(architecture: String, name: String) {
        let profile = SeccompProfile.value(
            for: ImagePlatform(system: "linux", architecture: architecture))
        #expect(profile["architectures"] == .array([.string(name)]))
        #expect(profile["defaultAction"] == .string("SCMP_ACT_ERRNO"))
        #expect(profile["defaultErrnoRet"] == .int(38))
    }

    @Test func argumentsDecideWhereTheyCan() throws {
        let rules = try #require(SeccompProfile.value(for: .current)["syscalls"]?.arrayValue)
        let clone = rules.filter { $0["names"] == .array([.string("clone")]) }
        #expect(clone.count == 1)
        #expect(clone.first?["args"]?.arrayValue?.first?["value"] == .int(0x7E02_0000))
        let sockets = rules.filter { $0["names"] == .array([.string("socket")]) }
        let families = sockets.compactMap { $0["args"]?.arrayValue?.first?["value"]?.intValue }
        #expect(families == [1, 2, 10, 16])
        // AF_ALG, AF_VSOCK.
        #expect(!families.contains(38) && !families.contains(40))
    }
}
