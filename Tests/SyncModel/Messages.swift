/// HELLO: a device greets the hub.
struct Hello: Sendable {
    let request: Int
    let knowledge: Knowledge
    /// The newest commit of which the device joined a part.
    let heard: Reference?
    /// Unconfirmed intervals, sent on the chance that the hub can join them at once.
    let early: [Interval]
}

/// What a device says about itself with every question.
struct Knowledge: Sendable {
    /// The epoch that the device writes now.
    let epoch: Epoch
    let reference: Reference?
    /// The entries of its context that advanced last.
    let recent: Context
}

/// UP: a device's own writes beyond what was acknowledged, and the question for what it lacks.
struct Up: Sendable {
    let session: Epoch
    let question: Int
    let knowledge: Knowledge
    let place: Place
    let intervals: [Interval]
}

/// SEED: everything a device holds, for a hub that lost its memory.
struct Seed: Sendable {
    let session: Epoch
    let request: Int
    let epoch: Epoch
    let place: Place
    let intervals: [Interval]
}

/// Which part of a frame this is.
struct Place: Sendable {
    let part: Int
    let of: Int

    var isLast: Bool { part == of - 1 }
}

/// STATE, DOWN, and a DOWN that nobody asked for.
struct Answer: Sendable {
    enum Purpose: Sendable, Equatable {
        case state(request: Int)
        case down(question: Int)
        case push
    }

    let purpose: Purpose
    /// Its hub epoch is the session.
    let reference: Reference
    let place: Place
    let intervals: [Interval]
    /// The hub's context, for what was listed, asked and sent.
    let named: Context
    /// Cells of the UP that the hub does not hold.
    let dead: [Dot]
    /// The current cell of registers of the UP, where it is another.
    let winners: [Cell]
}

enum Message: Sendable {
    case hello(Hello)
    case up(Up)
    case seed(Seed)
    case rows(LogRows)
    case want(session: Epoch, request: Int)
    case answer(Answer)
    case reset(session: Epoch)
    case rowsTaken(session: Epoch, epoch: Epoch, upto: Int)
}

/// Faults of identity that the system noticed.
public struct Alarms: Sendable, Equatable {
    public var fork = false
    public var restore = false
    public var hubReset = false
}
