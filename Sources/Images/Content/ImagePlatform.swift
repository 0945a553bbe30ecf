import Platform

/// What an image is built for (OCI image specification, image-index.md): Go's names.
public struct ImagePlatform: Sendable, Hashable, CustomStringConvertible {
    public let system: String
    public let architecture: String
    /// The level of an ARM, such as v7.
    public let variant: String?

    public init(system: String, architecture: String, variant: String? = nil) {
        self.system = system
        self.architecture = architecture
        self.variant = variant
    }

    /// `linux/arm64`, `linux/arm/v7`.
    public init(_ text: String) throws(ImageError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isPlain = parts.allSatisfy { part in
            1...32 ~= part.utf8.count && part.utf8.allSatisfy { 0x21...0x7E ~= $0 }
        }
        guard 2...3 ~= parts.count, isPlain else {
            throw ImageError(
                .usage, "\(Shown.text(text)) is no platform",
                advice: "write it as linux/arm64 or linux/arm/v7")
        }
        self.init(
            system: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
    }

    /// That of this program.
    public static var current: ImagePlatform {
        #if arch(arm64)
            ImagePlatform(system: "linux", architecture: "arm64")
        #elseif arch(arm)
            ImagePlatform(system: "linux", architecture: "arm", variant: "v7")
        #else
            ImagePlatform(system: "linux", architecture: "amd64")
        #endif
    }

    public var description: String {
        system + "/" + architecture + (variant.map { "/" + $0 } ?? "")
    }

    /// How well a build for `other` runs here: more is better, nil is not at all. An ARM runs what
    /// was built for older levels; a build that names no level runs anywhere.
    func fitness(of other: ImagePlatform) -> Int? {
        guard other.system == system, other.architecture == architecture else { return nil }
        let level = Self.level(variant, architecture)
        let wanted = Self.level(other.variant, architecture)
        guard let wanted else { return other.variant == variant ? 1 : nil }
        guard let level else { return nil }
        return wanted <= level ? wanted + 1 : nil
    }

    /// arm64 without a variant is v8, arm is v7, amd64 is v1 (containerd, platforms/database.go).
    private static func level(_ variant: String?, _ architecture: String) -> Int? {
        let levels = ["arm64": 8, "arm": 7, "amd64": 1]
        guard let plain = levels[architecture] else { return nil }
        guard let variant, !variant.isEmpty else { return plain }
        guard variant.first == "v", let level = Int(variant.dropFirst()), 1...16 ~= level else {
            return nil
        }
        return level
    }

    /// From a descriptor's or a configuration's own fields.
    init?(_ value: Value) {
        guard let system = value["os"]?.stringValue,
            let architecture = value["architecture"]?.stringValue
        else { return nil }
        let variant = value["variant"]?.stringValue
        self.init(
            system: Shown.text(system), architecture: Shown.text(architecture),
            variant: variant.flatMap { $0.isEmpty ? nil : Shown.text($0) })
    }
}
