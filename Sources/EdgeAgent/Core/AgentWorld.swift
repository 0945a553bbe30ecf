public import Platform
public import PowerManager

/// Everything outside that an agent touches: the real board, or the simulated one.
public struct AgentWorld: Sendable {
    public var timekeeper: any Timekeeper
    public var entropy: any Entropy
    public var fileSystem: any FileSystem
    public var processes: any ProcessRunner
    public var timer: any WakeTimer
    public var control: any ControlListener
    /// The board's own broker; nil where none is configured.
    public var bus: (any MessageBus)?
    /// The board's own buses and sensors; nil where there are none.
    public var devices: (any DeviceAccess)?
    /// The board's pins; nil where there are none.
    public var gpio: (any GPIO)?
    /// The kernel's knobs; nil where there are none to turn.
    public var kernel: (any KernelFiles)?
    /// What containers run from; nil where this agent runs none.
    public var containers: (any ContainerRuntime)?
    /// What kind of board this is; nil where nobody said.
    public var profile: BoardProfile?
    /// The way to the hub; nil where none is configured.
    public var link: (any Link)?
    /// Runs the agent and all its SQL: one thread.
    public var executor: any SerialExecutor
    /// One line for the person who reads the agent's output.
    public var report: @Sendable (String) -> Void
    /// Gives start-up memory back, once the agent is ready.
    public var trimMemory: @Sendable () -> Void
    /// SQLite's VFS; nil for the platform's own.
    public var vfs: String?
    /// Shortens log frames; nil sends them as they are.
    public var compressor: (any Compressor)?

    public init(
        timekeeper: any Timekeeper, entropy: any Entropy, fileSystem: any FileSystem,
        processes: any ProcessRunner, timer: any WakeTimer, control: any ControlListener,
        bus: (any MessageBus)?, link: (any Link)?, executor: any SerialExecutor,
        report: @escaping @Sendable (String) -> Void,
        trimMemory: @escaping @Sendable () -> Void = {}, vfs: String? = nil,
        compressor: (any Compressor)? = nil, devices: (any DeviceAccess)? = nil,
        gpio: (any GPIO)? = nil, kernel: (any KernelFiles)? = nil, profile: BoardProfile? = nil,
        containers: (any ContainerRuntime)? = nil
    ) {
        self.timekeeper = timekeeper
        self.entropy = entropy
        self.fileSystem = fileSystem
        self.processes = processes
        self.timer = timer
        self.control = control
        self.bus = bus
        self.link = link
        self.executor = executor
        self.report = report
        self.trimMemory = trimMemory
        self.vfs = vfs
        self.compressor = compressor
        self.devices = devices
        self.gpio = gpio
        self.kernel = kernel
        self.profile = profile
        self.containers = containers
    }
}
