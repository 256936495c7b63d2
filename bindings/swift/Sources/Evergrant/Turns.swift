import EvergrantMachine

/// A wish that the machine is told of when its turn has come.
final class Turn {
    enum Kind {
        case authorization, redirect, key
    }

    /// Who waits for the answer.
    enum Waiting {
        case opened(Waiter<Opened>)
        case authorized(Waiter<Authorized>)
        case accepted(Waiter<KeyAccepted>)
    }

    let waiting: Waiting
    let input: Input
    /// Of a redirect: which.
    let authorization: String?

    init(_ waiting: Waiting, _ input: Input, authorization: String? = nil) {
        (self.waiting, self.input, self.authorization) = (waiting, input, authorization)
    }

    var kind: Kind {
        switch waiting {
        case .opened: .authorization
        case .authorized: .redirect
        case .accepted: .key
        }
    }

    /// Whether nobody waits any more.
    var isOver: Bool {
        switch waiting {
        case .opened(let waiter): waiter.isOver
        case .authorized(let waiter): waiter.isOver
        case .accepted(let waiter): waiter.isOver
        }
    }

    func fail(_ error: any Error) {
        switch waiting {
        case .opened(let waiter): waiter.fail(error)
        case .authorized(let waiter): waiter.fail(error)
        case .accepted(let waiter): waiter.fail(error)
        }
    }
}

/// Whose an answer of the machine is, where it does not always name the wish.
///
/// Of each kind the machine is told one wish at a time. The next one's turn comes when the
/// answer has come, or when later answers name what they are to; whether anybody still waits
/// for it is of no matter.
struct Turns {
    private var waiting: [Turn] = []
    private var told: [Turn.Kind: Turn] = [:]
    /// Redirects that were believed: what is said of them now names them.
    private var believed: [Turn] = []
    /// Answers to these are answers to what a turn's input led to.
    private var ops: [UInt64: Turn] = [:]

    /// All of them.
    var all: [Turn] { waiting + told.values + believed }

    /// Leaves a wish.
    mutating func add(_ turn: Turn) {
        waiting.append(turn)
    }

    /// A wish whose turn has come; the machine is to be told of it.
    mutating func next() -> Turn? {
        waiting.removeAll(where: \.isOver)
        // A key takes the place of the one before, if nobody waits for that.
        let index = waiting.firstIndex { turn in
            guard let before = told[turn.kind] else { return true }
            return turn.kind == .key && before.isOver
        }
        guard let index else { return nil }
        let turn = waiting.remove(at: index)
        told[turn.kind] = turn
        return turn
    }

    /// Which turn a step belongs to that this leads to.
    func whose(_ happened: Input) -> Turn? {
        op(of: happened).flatMap { ops[$0] }
    }

    /// A step was made: what it led to goes on with the turn.
    mutating func stepped(_ happened: Input, _ turn: Turn?, _ came: [Output]) {
        if let op = op(of: happened) { ops[op] = nil }
        guard let turn, told[turn.kind] === turn else { return }
        // What the machine does of its own comes after what it does for the input.
        for case .swap(let op, _, _, _) in came {
            ops[op] = turn
            break
        }
    }

    /// Its answer has come.
    mutating func over(_ turn: Turn) {
        if told[turn.kind] === turn { told[turn.kind] = nil }
    }

    /// The one that the machine was told last, and has not answered.
    func told(_ kind: Turn.Kind) -> Turn? {
        told[kind]
    }

    /// From now on it is named: the next one need not wait.
    mutating func believe(_ turn: Turn) {
        over(turn)
        believed.removeAll(where: \.isOver)
        believed.append(turn)
    }

    /// The redirect of this authorization that was believed; its answer has come.
    mutating func named(_ authorization: String?) -> Turn? {
        believed.firstIndex { $0.authorization == authorization }.map { believed.remove(at: $0) }
    }

    private func op(of input: Input) -> UInt64? {
        switch input {
        case .httpDone(let op, _, _, _), .httpFailed(let op, _), .swapped(let op, _), .swapUnanswered(let op): op
        case .authorize, .redirected, .tokenWanted, .apiAnswered, .keyEntered, .revoke, .cancel, .peerGone, .wake: nil
        }
    }
}
