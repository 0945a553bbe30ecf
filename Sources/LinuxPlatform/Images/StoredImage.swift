public import Images
import Platform

/// An image of the store, as its record says.
public struct StoredImage: Sendable, Hashable {
    /// The whole reference, which names it.
    public let reference: String
    public let manifest: ContentDigest
    public let configuration: ContentDigest
    /// What its layers are, uncompressed, lowest first.
    public let layers: [ContentDigest]
    /// What became of set-user-ID in its layers.
    public let privileges: PrivilegePolicy
    /// When it was last put there or used, in seconds since 1970.
    public var usedAt: Int64

    var value: Value {
        .object([
            ("reference", .string(reference)), ("manifest", .string(manifest.description)),
            ("configuration", .string(configuration.description)),
            ("layers", .array(layers.map { .string($0.description) })),
            ("setuid", .string(privileges.rawValue)), ("used_at", .int(usedAt)),
        ])
    }

    init(
        reference: String, manifest: ContentDigest, configuration: ContentDigest,
        layers: [ContentDigest], privileges: PrivilegePolicy, usedAt: Int64
    ) {
        self.reference = reference
        self.manifest = manifest
        self.configuration = configuration
        self.layers = layers
        self.privileges = privileges
        self.usedAt = usedAt
    }

    /// Nil where the record is none: it was damaged.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONReader.read(bytes),
            let reference = value["reference"]?.stringValue,
            let manifest = Self.digest(value["manifest"]),
            let configuration = Self.digest(value["configuration"]),
            let items = value["layers"]?.arrayValue, let usedAt = value["used_at"]?.intValue,
            let privileges = value["setuid"]?.stringValue.flatMap(PrivilegePolicy.init)
        else { return nil }
        let layers = items.compactMap(Self.digest)
        guard layers.count == items.count else { return nil }
        self.init(
            reference: reference, manifest: manifest, configuration: configuration,
            layers: layers, privileges: privileges, usedAt: usedAt)
    }

    private static func digest(_ value: Value?) -> ContentDigest? {
        value?.stringValue.flatMap { try? ContentDigest($0) }
    }
}

/// An unpacked layer of the store, as its record says.
struct StoredLayer: Hashable {
    let digest: ContentDigest
    let seal: String
    let bytes: UInt64
    let entries: Int

    var value: Value {
        .object([
            ("digest", .string(digest.description)), ("seal", .string(seal)),
            ("bytes", .int(Int64(clamping: bytes))), ("entries", .int(Int64(entries))),
        ])
    }

    init(digest: ContentDigest, seal: String, bytes: UInt64, entries: Int) {
        self.digest = digest
        self.seal = seal
        self.bytes = bytes
        self.entries = entries
    }

    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONReader.read(bytes),
            let digest = value["digest"]?.stringValue.flatMap({ try? ContentDigest($0) }),
            let seal = value["seal"]?.stringValue, let size = value["bytes"]?.intValue, size >= 0,
            let entries = value["entries"]?.intValue, entries >= 0
        else { return nil }
        self.init(digest: digest, seal: seal, bytes: UInt64(size), entries: Int(entries))
    }
}
