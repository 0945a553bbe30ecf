import Synchronization

/// How many watchers of events there may be, as places that are taken and given back.
final class EventSlots: Sendable {
    private let limit: Int
    private let taken = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// One place. It is given back when the last reference goes: also on the ways where a
    /// response is made and then never written, which no handler gets to see.
    final class Slot: Sendable {
        private let slots: EventSlots

        fileprivate init(_ slots: EventSlots) { self.slots = slots }

        deinit { slots.taken.subtract(1, ordering: .relaxed) }
    }

    /// Nil where every place is taken.
    func take() -> Slot? {
        // Counting first and looking then lets two that come at once never both pass.
        let before = taken.add(1, ordering: .relaxed).oldValue
        let slot = Slot(self)
        return before < limit ? slot : nil
    }
}
