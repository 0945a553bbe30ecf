/// The seam to a board's own devices for a part that must not wait: requests go out, answers come
/// in, each on the thread of its lane.
///
/// A lane is an I2C bus (`i2c-1`) or `DeviceRequest.files`. Whoever asks has one request at a time
/// on a lane, so nothing queues behind it.
public protocol DeviceAccess: Sendable {
    /// One consumer.
    var answers: AsyncStream<DeviceAnswer> { get }
    func submit(_ request: DeviceRequest)
    func close()
}

/// Something to do on one lane.
public struct DeviceRequest: Sendable, Hashable {
    public enum Work: Sendable, Hashable {
        case transfer(I2CTransfer)
        case scan
        /// The names in a directory.
        case list(String)
        /// The beginnings of files; nil for one that cannot be read.
        case read([String])
    }

    /// The lane of files, which may be slow: a 1-Wire sensor converts for 750 ms inside its read.
    public static let files = "files"
    /// Bytes read of a file.
    public static let fileBytesMax = 4096
    /// Files in one request.
    public static let filesMax = 64

    /// Comes back with the answer.
    public let number: UInt64
    public let lane: String
    public let work: Work

    public init(number: UInt64, lane: String, work: Work) {
        self.number = number
        self.lane = lane
        self.work = work
    }
}

/// What became of a request.
public struct DeviceAnswer: Sendable {
    public enum Result: Sendable {
        case bytes([UInt8])
        case scan(I2CScan)
        case names([String])
        case files([[UInt8]?])
        case failed(I2CError)
    }

    public let number: UInt64
    public let result: Result

    public init(number: UInt64, result: Result) {
        self.number = number
        self.result = result
    }
}
