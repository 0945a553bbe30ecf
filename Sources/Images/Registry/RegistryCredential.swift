public import Platform

/// Name and password for a registry.
public struct RegistryCredential: Sendable, Hashable {
    let name: String
    let password: String

    public init(name: String, password: String) {
        self.name = name
        self.password = password
    }

    /// From the entry of a host in Docker's config.json: `auth`, or `username` and `password`.
    public init?(_ entry: Value) {
        if let text = entry["auth"]?.stringValue, let bytes = Base64.decode(text, .standard) {
            let parts = bytes.split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            self.init(
                name: String(decoding: parts[0], as: UTF8.self),
                password: String(decoding: parts[1], as: UTF8.self))
        } else if let name = entry["username"]?.stringValue,
            let password = entry["password"]?.stringValue
        {
            self.init(name: name, password: password)
        } else {
            return nil
        }
    }

    var header: String { "Basic " + Base64.encode(Array("\(name):\(password)".utf8), .standard) }
}

extension RegistryCredential {
    /// The credential of a host in Docker's config.json; nil where it has none for it.
    /// - Throws: where the bytes are no such file.
    public static func find(
        _ host: String, in bytes: [UInt8]
    ) throws(ImageError) -> RegistryCredential? {
        let value = try? JSONReader.read(bytes)
        guard let entries = value?["auths"]?.mapValue else {
            throw ImageError(
                .usage, "the file of --auth has no object auths",
                advice: "write it as Docker's config.json, or by skopeo login --authfile")
        }
        // Docker Hub's entry has the address of its first version.
        let names =
            host == "registry-1.docker.io" ? ["https://index.docker.io/v1/", "docker.io"] : [host]
        let entry = entries.first { names.contains($0.key) }
        return entry.flatMap { RegistryCredential($0.value) }
    }
}
