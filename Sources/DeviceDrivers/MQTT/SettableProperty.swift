import Platform

/// How one property of a device is set.
struct SettableProperty: Sendable, Hashable {
    let topic: String
    let form: SettableForm
    /// The member of a JSON object that carries the value; nil where the payload is the value.
    var member: String?
    /// The property that says what became of it; nil where none does.
    var state: String?

    /// The payload, and what the state is once the device has done it.
    func encode(
        _ value: Value, _ property: String
    ) throws(DeviceCommandError) -> (payload: [UInt8], state: Value?) {
        let (wire, expected) = try form.encode(value, property)
        let text =
            if let member {
                Value.object([(member, wire)]).json
            } else {
                wire.stringValue ?? wire.json
            }
        return (Array(text.utf8), state == nil ? nil : expected)
    }
}

// MARK: - In the registry

extension SettableProperty {
    var value: Value {
        .object(
            [("topic", .string(topic)), ("form", form.value)]
                + (member.map { [("member", .string($0))] } ?? [])
                + (state.map { [("state", .string($0))] } ?? []))
    }

    /// Nil for what this agent never kept.
    init?(_ value: Value) {
        guard let topic = value["topic"]?.stringValue, TopicPath.isPublishable(topic),
            let form = value["form"].flatMap(SettableForm.init)
        else { return nil }
        self.topic = topic
        self.form = form
        member = value["member"]?.stringValue
        state = value["state"]?.stringValue
    }
}
