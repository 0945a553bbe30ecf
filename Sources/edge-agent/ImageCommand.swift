import Glibc
import Images
import LinuxPlatform
import Platform

/// `edge-agent image`: images of containers, fetched and kept without a daemon.
enum ImageCommand {
    /// Not in the state directory, which belongs to the service's user: root must not write where
    /// another user can change directories.
    private static let standardStore = "/var/lib/edge-images"

    static func run(_ arguments: Arguments) -> Int32 {
        do throws(ImageError) {
            switch arguments.words.first {
            case "pull": try pull(arguments)
            case "load": try load(arguments)
            case "remove": return try remove(arguments)
            case "verify": return try verify(arguments)
            default: list(arguments)
            }
            return ExitCode.done
        } catch {
            Output.error("edge-agent: \(error)")
            return code(of: error)
        }
    }

    private static func code(of error: ImageError) -> Int32 {
        switch error.code {
        case .usage: ExitCode.usage
        case .notFound: ExitCode.notFound
        case .unreachable: ExitCode.unreachable
        case .refused, .hostile, .digest: ExitCode.refused
        case .manifest, .platform, .archive, .limit, .registry, .store: ExitCode.failed
        }
    }

    // MARK: Commands

    private static func pull(_ arguments: Arguments) throws(ImageError) {
        let reference = try ImageReference(arguments.words[1])
        let store = try store(arguments)
        let client = try RegistryClient(try options(arguments))
        let arrival = try client.pull(
            reference, platform: try platform(arguments), into: store, now: now())
        try settle([arrival], store, arguments)
    }

    private static func load(_ arguments: Arguments) throws(ImageError) {
        var name: ImageReference?
        if let text = arguments["--name"] { name = try ImageReference(text) }
        let store = try store(arguments)
        let arrivals = try store.load(
            arguments.words[1], name: name, platform: try platform(arguments), now: now())
        try settle(arrivals, store, arguments)
    }

    /// Keeps the quota, and tells what came.
    private static func settle(
        _ arrivals: [ImageArrival], _ store: ImageStore, _ arguments: Arguments
    ) throws(ImageError) {
        var evicted: [String] = []
        if arguments["--quota"] != nil {
            evicted = try store.collect(
                quota: try number("--quota", arguments) ?? .max,
                inUse: Set(arrivals.map(\.image.reference)))
        }
        for arrival in arrivals {
            if arguments.isJSON {
                Output.line(
                    Value.object([
                        ("reference", .string(arrival.image.reference)),
                        ("manifest", .string(arrival.image.manifest.description)),
                        ("layers", .int(Int64(arrival.image.layers.count))),
                        ("new_layers", .int(Int64(arrival.newLayers))),
                        ("fetched_bytes", .int(Int64(clamping: arrival.fetchedBytes))),
                        ("stripped_files", .int(Int64(arrival.strippedFiles))),
                        ("dropped_attributes", .int(Int64(arrival.droppedAttributes))),
                    ]).json)
            } else {
                Output.line(
                    "\(arrival.image.reference) \(arrival.image.manifest): "
                        + "\(arrival.image.layers.count) layers, \(arrival.newLayers) of them new")
            }
            if arrival.strippedFiles > 0 {
                Output.error(
                    "warning image: \(arrival.strippedFiles) files lost set-user-ID, set-group-ID or "
                        + "capabilities, which no container here could use; --setuid keep keeps them"
                )
            }
        }
        for reference in evicted { Output.error("info image: removed \(reference) for --quota") }
    }

    private static func list(_ arguments: Arguments) {
        let path = arguments["--store"] ?? standardStore
        for image in ImageStore.images(in: path) {
            let isComplete = ImageStore.isComplete(image, in: path)
            let bytes = ImageStore.bytes(of: image, in: path)
            if arguments.isJSON {
                Output.line(
                    Value.object([
                        ("reference", .string(image.reference)),
                        ("manifest", .string(image.manifest.description)),
                        ("layers", .int(Int64(image.layers.count))),
                        ("bytes", .int(Int64(clamping: bytes))),
                        ("complete", .bool(isComplete)),
                        ("setuid", .string(image.privileges.rawValue)),
                        (
                            "used_at",
                            .string(
                                RFC3339.text(WallTime(milliseconds: image.usedAt * 1000)))
                        ),
                    ]).json)
            } else {
                Output.line(
                    "\(image.reference) \(image.manifest) \(image.layers.count) layers, "
                        + "\(bytes) bytes\(isComplete ? "" : ", damaged: pull or load it again")")
            }
        }
    }

    private static func remove(_ arguments: Arguments) throws(ImageError) -> Int32 {
        let reference = try ImageReference(arguments.words[1]).description
        guard try store(arguments).remove(reference) else {
            Output.error("edge-agent: there is no image \(reference); see edge-agent image list")
            return ExitCode.notFound
        }
        return ExitCode.done
    }

    private static func verify(_ arguments: Arguments) throws(ImageError) -> Int32 {
        let store = try store(arguments)
        var damage = try store.verify()
        for one in damage {
            Output.error("warning image: \(one.image.reference): \(one.reason)")
        }
        if arguments.isRepair, !damage.isEmpty {
            let client = try RegistryClient(try options(arguments))
            for one in damage {
                _ = try client.repair(
                    one.image, platform: try platform(arguments), into: store, now: now())
                Output.error("info image: \(one.image.reference) is whole again")
            }
            damage = try store.verify()
        }
        if arguments.isJSON {
            Output.line(
                Value.object([
                    ("images", .int(Int64(store.images().count))),
                    (
                        "damaged",
                        .array(
                            damage.map {
                                .object([
                                    ("reference", .string($0.image.reference)),
                                    ("reason", .string($0.reason)),
                                ])
                            })
                    ),
                ]).json)
        } else if damage.isEmpty {
            Output.line("\(store.images().count) images are whole")
        }
        return damage.isEmpty ? ExitCode.done : ExitCode.failed
    }

    // MARK: Options

    private static func store(_ arguments: Arguments) throws(ImageError) -> ImageStore {
        var limits = ImageLimits()
        if let files = try number("--files-max", arguments) {
            limits.entriesMax = Int(clamping: files)
        }
        if let bytes = try number("--layer-bytes-max", arguments) { limits.layerBytesMax = bytes }
        let policy = arguments["--setuid"] ?? PrivilegePolicy.strip.rawValue
        guard let privileges = PrivilegePolicy(rawValue: policy) else {
            throw ImageError(
                .usage, "--setuid \(policy) is no policy", advice: "write strip, keep or refuse")
        }
        let store = try ImageStore(
            at: arguments["--store"] ?? standardStore, limits: limits, privileges: privileges)
        if let recovery = store.recovery { Output.error("info image: \(recovery)") }
        return store
    }

    private static func options(
        _ arguments: Arguments
    ) throws(ImageError) -> RegistryClient.Options {
        var options = RegistryClient.Options()
        options.mirrors = (arguments["--mirror"] ?? "").split(separator: ",").map(String.init)
        options.isPlain = arguments.isPlainHTTP
        options.trust = RegistryTrust(
            authority: try file("--ca", arguments), pin: arguments["--pin"])
        options.credentials = try file("--auth", arguments)
        return options
    }

    private static func file(
        _ option: String, _ arguments: Arguments
    ) throws(ImageError) -> [UInt8]? {
        guard let path = arguments[option] else { return nil }
        do throws(FileError) {
            return try LinuxFileSystem().read(path, maximumBytes: 1 << 20)
        } catch {
            throw ImageError(
                .usage, "\(option): cannot \(error)", advice: "give a file that can be read")
        }
    }

    private static func number(
        _ option: String, _ arguments: Arguments
    ) throws(ImageError) -> UInt64? {
        guard let text = arguments[option] else { return nil }
        guard let number = UInt64(text), number > 0 else {
            throw ImageError(
                .usage, "\(option) \(text) is no number", advice: "write a whole number from 1 on")
        }
        return number
    }

    private static func platform(_ arguments: Arguments) throws(ImageError) -> ImagePlatform {
        guard let text = arguments["--platform"] else { return .current }
        return try ImagePlatform(text)
    }

    private static func now() -> Int64 { Int64(time(nil)) }
}
