public import DeviceDrivers
public import Platform

/// What a board's agent is told: one struct per section of its file, each field with its default.
///
/// `AgentConfiguration.fields` holds the name, unit, range and reason of each; `read` checks them.
/// A value changed in code is not checked again.
public struct AgentConfiguration: Sendable, Hashable {
    public var device: Device
    public var state = State()
    public var uplink = Uplink()
    public var localBroker = LocalBroker()
    public var board = Board()
    public var containers = Containers()
    public var power = Power()
    /// Chips and sensors of the board, by name; the twin's `config/devices/` may add to them.
    public var devices: [DeviceBlock] = []
    /// Rules that run on the board, by name; the twin's `config/rules/` may add to them.
    public var rules: [String: DeviceRule] = [:]
    public var control: Control

    /// What an empty file means.
    ///
    /// - Parameter hostName: becomes the device's id as it is; `read` says where it cannot be one.
    public static func defaults(hostName: String) -> AgentConfiguration {
        let socket = Control.socket(in: State().directory)
        return AgentConfiguration(device: Device(id: hostName), control: Control(socket: socket))
    }

    /// The configuration that a file describes; what it leaves out has its default.
    ///
    /// - Parameters:
    ///   - file: the file's name, for errors.
    ///   - hostName: the device's id where the file gives none.
    /// - Throws: all that is wrong with the file, up to `ConfigurationErrors.maximumCount`.
    public static func read(
        _ node: ConfigurationNode, file: String? = nil, hostName: String
    ) throws(ConfigurationErrors) -> AgentConfiguration {
        var reader = ConfigurationReader(file: file, hostName: hostName)
        reader.readFile(node)
        reader.checkAcrossFields(rootLine: node.line)
        return try reader.result()
    }

    /// Whether a host is this machine, so that a plain link to it is on nobody's way.
    public static func isLoopback(_ host: String) -> Bool { TextRule.loopbackHost.accepts(host) }

    init(device: Device, control: Control) {
        self.device = device
        self.control = control
    }
}

extension AgentConfiguration {
    /// Who this board is.
    public struct Device: Sendable, Hashable {
        /// 1 to 64 of `a-z A-Z 0-9 . _ -`.
        public var id: String
        /// What selectors see. At most `labelsMax`.
        public var labels: [String: String] = [:]

        public static let labelsMax = 32
    }

    /// What the board remembers.
    public struct State: Sendable, Hashable {
        /// An absolute path.
        public var directory = "/var/lib/edge-agent"
        /// Bytes of log rows kept.
        public var logBytesMax = 64 << 20
        /// The age at which log rows are dropped.
        public var logAgeMax = Milliseconds.seconds(30 * 24 * 3600)
        /// How long an event may wait for its commit.
        public var commitEvent: Milliseconds = 200
        /// How long a measurement may wait for its commit.
        public var commitTelemetry: Milliseconds = 5000
    }

    /// The way to the hub.
    public struct Uplink: Sendable, Hashable {
        public var isEnabled = true
        public var link = LinkKind.mqtt
        /// A loopback address where the link is plain.
        public var host = "127.0.0.1"
        public var port = LinkKind.mqtt.plainPort
        /// Whether the file names them: a board that enrolled knows its hub's host, and TLS has
        /// another port.
        public var isHostNamed = false
        public var isPortNamed = false
        public var tls = UplinkTLS.automatic
        /// The link that is taken while the other does not come about; loaded then, not before.
        public var fallback: LinkKind?
        /// A loopback address where the link is plain.
        public var fallbackHost = "127.0.0.1"
        public var fallbackPort = LinkKind.coap.plainPort
        public var isFallbackHostNamed = false
        public var isFallbackPortNamed = false
        /// Without a connection for so long, the other link is taken.
        public var fallbackAfter = Milliseconds.seconds(60)
        public var keepalive = Milliseconds.seconds(60)
        /// Frames sent and not yet acknowledged by the hub.
        public var framesInFlightMax = 8
        /// Bytes of one frame.
        public var frameBytesMax = 32 << 10
        public var ackTimeout: Milliseconds = 10_000
        public var reconnectMin: Milliseconds = 500
        public var reconnectMax: Milliseconds = 60_000
        /// Bytes a day; 0 is unmetered.
        public var dailyBytesMax = 0

        /// `link` as the file has it.
        var linkName: String {
            get { link.rawValue }
            set { link = LinkKind(rawValue: newValue) ?? link }
        }

        /// `fallback` as the file has it.
        var fallbackName: String {
            get { fallback?.rawValue ?? Self.noFallback }
            set { fallback = LinkKind(rawValue: newValue) }
        }

        static let noFallback = "none"

        /// `tls` as the file has it.
        var tlsName: String {
            get { tls.rawValue }
            set { tls = UplinkTLS(rawValue: newValue) ?? tls }
        }
    }

    /// Whether the link to the hub is TLS, with the certificate that the board got when it enrolled.
    public enum UplinkTLS: String, Sendable, Hashable, CaseIterable {
        /// From the moment the board has enrolled.
        case automatic = "auto"
        /// There is no link before that.
        case on
        /// Never: a broker or a tunnel's end on this machine, for development.
        case off
    }

    /// The board's own MQTT broker, with the devices behind it.
    public struct LocalBroker: Sendable, Hashable {
        public var isEnabled = true
        /// A loopback address.
        public var host = "127.0.0.1"
        public var port = 1883
        /// Messages received and not yet acknowledged.
        public var window = 20
        /// Bytes of one message's payload.
        public var payloadBytesMax = 64 << 10
        public var devicesMax = 128
        public var zigbee2MQTTTopic = "zigbee2mqtt"
        public var homeAssistantTopic = "homeassistant"
        /// Whether the board announces itself there.
        public var announcesBoard = false
    }

    /// The board's own sensors.
    public struct Board: Sendable, Hashable {
        public var sampleInterval: Milliseconds = 30_000
        /// An unchanged reading is reported at least this often.
        public var reportInterval: Milliseconds = 600_000
    }

    /// Workloads from images. The agent runs them where it runs as root.
    public struct Containers: Sendable, Hashable {
        /// The image store, an absolute path.
        public var images = "/var/lib/edge-images"
        /// What containers are made of and their named volumes, an absolute path.
        public var directory = "/var/lib/edge-containers"
        /// crun, an absolute path.
        public var runtime = "/usr/bin/crun"
    }

    /// The way in for `edge-agent status` and `edge-agent twin`.
    public struct Control: Sendable, Hashable {
        /// An absolute path of at most `socketBytesMax` bytes.
        public var socket: String

        /// unix(7): `sun_path` holds 108 bytes, the last of them NUL.
        public static let socketBytesMax = 107

        static func socket(in directory: String) -> String { directory + "/agent.sock" }
    }
}
