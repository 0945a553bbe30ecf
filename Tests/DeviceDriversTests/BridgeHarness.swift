import DeviceDrivers
import Foundation
import Platform

/// A report in a form that tests can compare.
struct SeenReport: Equatable, CustomStringConvertible {
    var device: String
    var properties: [String: Value]
    var priority: MessagePriority

    var description: String { "\(device) \(priority) \(properties.sorted { $0.key < $1.key })" }
}

extension MQTTDeviceBridge {
    /// Feeds a text payload.
    ///
    /// What is only for the registry and the presence is left out; those tests have their own.
    mutating func receive(_ topic: String, _ payload: String) -> [DeviceDirective] {
        let directives = receive(
            BusMessage(topic: topic, payload: Array(payload.utf8), isRetained: false))
        let rest = directives.filter { directive in
            switch directive {
            case .remember, .presence: false
            default: true
            }
        }
        return rest.isEmpty ? [.ignored] : rest
    }

    /// Feeds a text payload and keeps the reports.
    mutating func reports(_ topic: String, _ payload: String) -> [SeenReport] {
        receive(topic, payload).reports
    }
}

extension [DeviceDirective] {
    var reports: [SeenReport] {
        compactMap { directive in
            guard case .report(let report) = directive else { return nil }
            let pairs = report.properties.map { ($0.name, $0.value) }
            return SeenReport(
                device: report.device,
                properties: Dictionary(pairs) { _, last in last }, priority: report.priority)
        }
    }

    var unreadable: [UnreadablePayload] {
        compactMap { if case .unreadable(let payload) = $0 { payload } else { nil } }
    }

    var subscribed: [String] {
        flatMap { directive -> [String] in
            if case .subscribe(let topics) = directive { topics } else { [] }
        }
    }

    var refusals: [String] {
        compactMap { directive in
            guard case .refused(let device, let reason) = directive else { return nil }
            return "\(device): \(reason)"
        }
    }

    var areIgnored: Bool {
        if count == 1, case .ignored = self[0] { true } else { false }
    }
}
