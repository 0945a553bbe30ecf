import Platform

/// Which system calls a container may make (OCI runtime specification, config-linux.md, Seccomp).
///
/// What is listed by its purpose in `SeccompCalls` is allowed. What would reach past the container
/// is answered with EPERM, as a missing permission would be; what is on neither list with ENOSYS, so
/// that a program built for a newer kernel takes its older way.
enum SeccompProfile {
    private static let notPermitted: Int64 = 1  // EPERM
    private static let notImplemented: Int64 = 38  // ENOSYS

    /// clone(2): CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET. clone3(2)
    /// has its flags behind a pointer, where no filter sees them, so it is not implemented.
    static let namespaceFlags: Int64 = 0x7E02_0000

    /// Families of socket(2) that programs need: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (to list
    /// addresses). Others are doors into rarely read kernel code, or lead to a hypervisor.
    static let socketFamilies: [Int64] = [1, 2, 10, 16]

    /// personality(2): to ask, to be as one is, and without random addresses, for debuggers.
    static let personalities: [Int64] = [0, 0x4_0000, 0xFFFF_FFFF]

    static func value(for platform: ImagePlatform) -> Value {
        var rules = [allow(SeccompCalls.allowed)]
        rules.append(
            allow(
                ["clone"],
                [("index", 0), ("value", namespaceFlags), ("valueTwo", 0)], "SCMP_CMP_MASKED_EQ"))
        rules += socketFamilies.map {
            allow(["socket"], [("index", 0), ("value", $0)], "SCMP_CMP_EQ")
        }
        rules += personalities.map {
            allow(["personality"], [("index", 0), ("value", $0)], "SCMP_CMP_EQ")
        }
        rules.append(
            .object([
                ("names", names(SeccompCalls.forbidden)), ("action", .string("SCMP_ACT_ERRNO")),
                ("errnoRet", .int(notPermitted)),
            ]))
        return .object([
            ("defaultAction", .string("SCMP_ACT_ERRNO")),
            ("defaultErrnoRet", .int(notImplemented)),
            // No other architecture's calls: an arm64 kernel's 32-bit ones are another table.
            ("architectures", .array([.string(architecture(platform))])),
            ("syscalls", .array(rules)),
        ])
    }

    private static func architecture(_ platform: ImagePlatform) -> String {
        switch platform.architecture {
        case "arm64": "SCMP_ARCH_AARCH64"
        case "arm": "SCMP_ARCH_ARM"
        default: "SCMP_ARCH_X86_64"
        }
    }

    private static func names(_ calls: [String]) -> Value { .array(calls.map { .string($0) }) }

    private static func allow(
        _ calls: [String], _ argument: [(String, Int64)] = [], _ comparison: String = ""
    ) -> Value {
        var fields: [(String, Value)] = [
            ("names", names(calls)), ("action", .string("SCMP_ACT_ALLOW")),
        ]
        if !argument.isEmpty {
            let condition = argument.map { ($0.0, Value.int($0.1)) } + [("op", .string(comparison))]
            fields.append(("args", .array([.object(condition)])))
        }
        return .object(fields)
    }
}
