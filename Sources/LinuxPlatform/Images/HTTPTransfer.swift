import CEdgeShims
import Images

/// How servers are believed.
public struct RegistryTrust: Sendable {
    /// PEM of the only authorities that are believed; nil for the system's.
    public var authority: [UInt8]?
    /// `sha256//` and base 64: of the server's own key.
    public var pin: String?

    public init(authority: [UInt8]? = nil, pin: String? = nil) {
        self.authority = authority
        self.pin = pin
    }
}

/// A handle of libcurl, which keeps connections from one request to the next.
struct HTTPTransfer: ~Copyable {
    static let connectSeconds = 20
    static let stallSeconds = 60
    /// Lines of a head, and bytes of one.
    static let headersMax = 100
    static let headerBytesMax = 8192

    private let handle: UnsafeMutableRawPointer
    private let trust: RegistryTrust

    init(trust: RegistryTrust) throws(ImageError) {
        // libcurl takes its OpenSSL from the process.
        if let reason = edge_curl_load() {
            throw ImageError(
                .store, "libcurl cannot be loaded: \(String(cString: reason))",
                advice: "install the package libcurl4, or load images from archive files")
        }
        guard let handle = edge_curl_open() else {
            throw ImageError(.store, "there is no memory for libcurl", advice: "free memory")
        }
        self.handle = handle
        self.trust = trust
    }

    deinit { edge_curl_close(handle) }

    /// What a request came to.
    enum Outcome {
        case ended
        /// The reason, in libcurl's words.
        case broken(String)
        /// The server is not the one it should be.
        case distrusted(String)
    }

    /// Sends a request; `receiver` gets its answer.
    func send(_ request: RegistryRequest, to receiver: HTTPReceiver) -> Outcome {
        let context = Unmanaged.passUnretained(receiver).toOpaque()
        var sink = edge_curl_sink(
            context: context,
            on_header: { context, bytes, count in
                guard let context, let bytes else { return }
                Unmanaged<HTTPReceiver>.fromOpaque(context).takeUnretainedValue()
                    .onHeader(UnsafeBufferPointer(start: bytes, count: count))
            },
            on_body: { context, status, bytes, count in
                guard let context, let bytes else { return false }
                return Unmanaged<HTTPReceiver>.fromOpaque(context).takeUnretainedValue()
                    .onBody(status, UnsafeRawBufferPointer(start: bytes, count: count))
            })
        var status = 0
        var isTrust = false
        let reason = Self.withStrings(request.headers) { headers in
            request.url.description.withCString { url in
                (trust.authority ?? []).withUnsafeBufferPointer { authority in
                    Self.withOptional(trust.pin) { pin in
                        var request = edge_curl_request(
                            url: url, headers: headers,
                            authority: trust.authority == nil ? nil : authority.baseAddress,
                            authority_count: authority.count, pin: pin,
                            connect_seconds: Self.connectSeconds,
                            stall_seconds: Self.stallSeconds)
                        return edge_curl_get(handle, &request, &sink, &status, &isTrust)
                            .map { String(cString: $0) }
                    }
                }
            }
        }
        // An answer without a body has not said its status yet.
        receiver.onEnd(status)
        guard let reason else { return .ended }
        return isTrust ? .distrusted(reason) : .broken(reason)
    }

    private static func withOptional<Result>(
        _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }

    /// The strings as C has them, ended by a null.
    private static func withStrings<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let bytes = texts.map { Array($0.utf8CString) }
        let starts = bytes.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
        return Array(bytes.joined()).withUnsafeBufferPointer { all in
            var pointers = starts.dropLast().map { all.baseAddress?.advanced(by: $0) }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}

/// Takes one answer: asks once what its head means, and hands its body on where it is wanted.
final class HTTPReceiver {
    private var headers: [String: String] = [:]
    private var lines = 0
    private var isDecided = false
    private let decide: (RegistryResponse) -> Bool
    private let put: (UnsafeRawBufferPointer) throws -> Void
    private var isWanted = false
    private var unwantedBytes = 0
    /// Why the body could not be taken.
    private(set) var failure: ImageError?

    /// What is read of a body that is not wanted, so that its connection can be used again.
    private static let unwantedBytesMax = 64 << 10

    /// - Parameter decide: Whether the body is wanted.
    init(
        decide: @escaping (RegistryResponse) -> Bool,
        put: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.decide = decide
        self.put = put
    }

    func onHeader(_ bytes: UnsafeBufferPointer<UInt8>) {
        lines += 1
        guard lines <= HTTPTransfer.headersMax, bytes.count <= HTTPTransfer.headerBytesMax else {
            return
        }
        let line = String(decoding: bytes, as: UTF8.self)
        // A head that comes before the final one, such as 100, is not it.
        if line.hasPrefix("HTTP/") { headers = [:] }
        guard let colon = line.firstIndex(of: ":") else { return }
        let name = line[..<colon].lowercased()
        let value = line[line.index(after: colon)...]
            .drop { $0 == " " }.prefix { !$0.isNewline }
        if headers[name] == nil { headers[name] = String(value) }
    }

    func onBody(_ status: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        onEnd(status)
        guard isWanted else {
            unwantedBytes += bytes.count
            return unwantedBytes <= Self.unwantedBytesMax
        }
        do {
            try put(bytes)
            return true
        } catch {
            failure = error as? ImageError
            return false
        }
    }

    func onEnd(_ status: Int) {
        guard !isDecided, status != 0 else { return }
        isDecided = true
        isWanted = decide(RegistryResponse(status: status, headers: headers))
    }
}
