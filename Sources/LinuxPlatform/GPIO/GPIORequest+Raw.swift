import CGPIOD
import Platform

extension GPIORequest {
    /// As C takes it.
    func raw(_ offsets: [Int]) -> edge_gpio_request {
        var raw = edge_gpio_request()
        raw.count = UInt32(offsets.count)
        withUnsafeMutableBytes(of: &raw.offsets) { bytes in
            let numbers = bytes.bindMemory(to: UInt32.self)
            for (index, offset) in offsets.enumerated() { numbers[index] = UInt32(offset) }
        }
        withUnsafeMutableBytes(of: &raw.consumer) { bytes in
            bytes.copyBytes(from: consumer.utf8.prefix(Self.consumerBytesMaximum))
        }
        if case .output(let initial, _) = direction {
            raw.is_output = 1
            raw.values = initial.bits
        }
        raw.is_active_low = isActiveLow ? 1 : 0
        raw.debounce_us = debounceMicroseconds
        raw.buffer = UInt32(buffer)
        raw.bias = UInt8(bias.raw)
        raw.drive = UInt8(drive.raw)
        raw.edges = UInt8(edges.raw)
        return raw
    }
}

extension GPIORequest.Bias {
    fileprivate var raw: Int {
        switch self {
        case .asIs: EDGE_GPIO_BIAS_AS_IS
        case .disabled: EDGE_GPIO_BIAS_DISABLED
        case .pullUp: EDGE_GPIO_BIAS_UP
        case .pullDown: EDGE_GPIO_BIAS_DOWN
        }
    }
}

extension GPIORequest.Drive {
    fileprivate var raw: Int {
        switch self {
        case .pushPull: EDGE_GPIO_PUSH_PULL
        case .openDrain: EDGE_GPIO_OPEN_DRAIN
        case .openSource: EDGE_GPIO_OPEN_SOURCE
        }
    }
}

extension GPIORequest.Edges {
    fileprivate var raw: Int {
        switch self {
        case .none: EDGE_GPIO_NO_EDGES
        case .rising: EDGE_GPIO_RISING
        case .falling: EDGE_GPIO_FALLING
        case .both: EDGE_GPIO_BOTH_EDGES
        }
    }
}
