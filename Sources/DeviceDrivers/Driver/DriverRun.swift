public import Platform

/// Runs a driver against a bus at hand, for tools and tests that may wait.
public struct DriverRun<Driver: DeviceDriver>: Sendable {
    /// Steps of one reading at most. The longest of our drivers takes some hundred.
    public static var stepsMax: Int { 1000 }

    public var driver: Driver
    public let address: I2CAddress

    public init(_ driver: Driver, at address: I2CAddress) {
        self.driver = driver
        self.address = address
    }

    /// One reading.
    public mutating func read<Bus: I2CBus & ~Copyable>(
        _ bus: inout Bus, wait: (inout Bus, Milliseconds) -> Void
    ) throws(DriverRunFailure) -> [Reading] {
        try carry(&bus, wait) { driver throws(DriverFault) in try driver.begin() }
    }

    /// Sets one property.
    public mutating func set<Bus: I2CBus & ~Copyable>(
        _ property: String, _ value: Value, _ bus: inout Bus,
        wait: (inout Bus, Milliseconds) -> Void
    ) throws(DriverRunFailure) {
        _ = try carry(&bus, wait) { driver throws(DriverFault) in
            try driver.set(property, value)
        }
    }

    private mutating func carry<Bus: I2CBus & ~Copyable>(
        _ bus: inout Bus, _ wait: (inout Bus, Milliseconds) -> Void,
        _ first: (inout Driver) throws(DriverFault) -> DriverStep
    ) throws(DriverRunFailure) -> [Reading] {
        do {
            var step = try first(&driver)
            for _ in 0..<Self.stepsMax {
                switch step {
                case .done(let readings): return readings
                case .wait(let span):
                    wait(&bus, span)
                    step = try driver.resume(.waited)
                case .transfer(let messages):
                    let bytes = try bus.transfer(I2CTransfer(address, messages))
                    step = try driver.resume(.bytes(bytes))
                case .list, .read:
                    throw DriverFault(.badAnswer, "this driver reads files, not a bus")
                }
            }
            throw DriverFault(.notReady, "no reading after \(Self.stepsMax) steps")
        } catch let error as I2CError {
            driver.abandon()
            throw .bus(error)
        } catch let fault as DriverFault {
            driver.abandon()
            throw .driver(fault)
        } catch {
            driver.abandon()
            throw .driver(DriverFault(.badAnswer, "\(error)"))
        }
    }
}

/// Why a reading came to nothing.
public enum DriverRunFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case bus(I2CError)
    case driver(DriverFault)

    public var description: String {
        switch self {
        case .bus(let error): error.description
        case .driver(let fault): fault.description
        }
    }
}
