import EvergrantMachine
import Foundation

/// What is to be performed; the answer goes back by `answered`, `swapped` and their like.
enum Effect: Sendable {
    case send(op: UInt64, TransportRequest)
    case swap(op: UInt64, key: String, expected: String?, write: Write?)
}

/// One connection's machine and those who wait for it, without I/O. Used by one caller at a
/// time: each method tells the machine what is wanted or what has happened, and answers with
/// what is to be performed.
final class Driver {
    let tenant: String
    /// When to call `wake`, UNIX milliseconds.
    private(set) var wakeAt: UInt64?
    /// Where the connection stood at the last step.
    private(set) var status: Status?

    private let client: EvergrantMachine.Client
    private let clock: HostClock
    private let notify: @Sendable (Notice) -> Void
    private let cache: Locked<Token?>
    var machine: EvergrantMachine.Connection

    private var tokens: [Waiter<Token>] = []
    private var maintaining: [Waiter<Token?>] = []
    private var demand: UInt64?
    private var revokers: [Waiter<Bool>] = []
    private var turns = Turns()
    private var refused: EvergrantError?
    private var storeError: StoreUnavailable?

    init(
        client: EvergrantMachine.Client, tenant: String, clock: HostClock, cache: Locked<Token?>,
        notify: @escaping @Sendable (Notice) -> Void
    ) throws {
        (self.client, self.tenant, self.clock, self.cache) = (client, tenant, clock, cache)
        self.notify = notify
        machine = try EvergrantMachine.Connection(client: client, tenant: tenant)
    }

    // MARK: - What is wanted

    /// A token that is valid for so many milliseconds more.
    func wantToken(_ waiter: Waiter<Token>, minValidity: UInt64) throws -> [Effect] {
        if let token = cache.with({ $0 }), clock.now() < token.goodUntil(minValidity) {
            waiter.give(token)
            return []
        }
        let effects = try demandToken(minValidity) { self.tokens.append(waiter) }
        return effects
    }

    /// What is due; answered when that is known to be done, or by why it cannot be. Of a
    /// connection that has no grant to maintain the answer is nil.
    func maintain(_ waiter: Waiter<Token?>) throws -> [Effect] {
        // The machine refreshes what is due before it answers, and reads the record where it
        // does not know that there is a grant.
        try demandToken(0) { self.maintaining.append(waiter) }
    }

    /// A new authorization.
    func authorize(_ waiter: Waiter<Opened>, _ input: Input) throws -> [Effect] {
        try queue(Turn(.opened(waiter), input))
    }

    /// The browser came back.
    func redirected(_ waiter: Waiter<Authorized>, url: Secret, proof: BrowserProof) throws -> [Effect] {
        let authorization = try String(pendingKey(url: url).drop(while: { $0 != "/" }).dropFirst())
        let input = Input.redirected(url: url, proof: proof)
        return try queue(Turn(.authorized(waiter), input, authorization: authorization))
    }

    /// A person pasted a key.
    func enterKey(_ waiter: Waiter<KeyAccepted>, _ input: Input) throws -> [Effect] {
        try queue(Turn(.accepted(waiter), input))
    }

    /// The end; answered by whether the server confirmed.
    func revoke(_ waiter: Waiter<Bool>) throws -> [Effect] {
        revokers.append(waiter)
        return try step(.revoke)
    }

    /// The API answered; `waiter` gets what that means for the caller.
    func apiAnswered(_ waiter: Waiter<EvergrantError?>, _ input: Input) throws -> [Effect] {
        refused = nil
        let effects = try step(input)
        waiter.give(refused)
        return effects
    }

    /// Nobody is to come back; answered when that is told.
    func cancel(_ waiter: Waiter<Void>, authorization: String?) throws -> [Effect] {
        let effects = try step(.cancel(authorization: authorization))
        waiter.give(())
        return effects
    }

    /// The time of `wakeAt` may have come.
    func wake() throws -> [Effect] {
        guard let wakeAt, wakeAt <= clock.now() else { return [] }
        return try step(.wake)
    }

    /// Whether the machine has what the store has not taken, and nobody else has.
    func isUnsaved() throws -> Bool {
        try machine.isUnsaved()
    }

    // MARK: - What came of effects

    func answered(op: UInt64, _ answer: TransportAnswer) throws -> [Effect] {
        let headers = Secret(headerBlock(answer.headers))
        let body = SecretBytes(bytes: answer.body)
        return try step(.httpDone(op: op, status: answer.status, headers: headers, body: body))
    }

    func unanswered(op: UInt64, _ why: HttpFault) throws -> [Effect] {
        try step(.httpFailed(op: op, why: why))
    }

    func swapped(op: UInt64, _ current: Stored?) throws -> [Effect] {
        try step(.swapped(op: op, current: current))
    }

    /// `error` is what callers are told if it stays so.
    func unswapped(op: UInt64, _ error: StoreUnavailable) throws -> [Effect] {
        storeError = error
        return try step(.swapUnanswered(op: op))
    }

    /// The machine has failed, which is a bug in it: tells everybody who waits, and begins
    /// anew by what the store says.
    func fail(_ error: any Error) {
        let error = EvergrantError(thrown: error, tenant: tenant)
        let fails: [(any Error) -> Void] =
            tokens.map { $0.fail } + maintaining.map { $0.fail } + revokers.map { $0.fail } + turns.all.map { $0.fail }
        (tokens, maintaining, revokers, demand, turns) = ([], [], [], nil, Turns())
        (wakeAt, status, refused, storeError) = (nil, nil, nil, nil)
        cache.with { $0 = nil }
        // It threw nothing the first time.
        machine = (try? EvergrantMachine.Connection(client: client, tenant: tenant)) ?? machine
        for fail in fails { fail(error) }
    }

    // MARK: - Within

    private func demandToken(_ minValidity: UInt64, _ wait: () -> Void) throws -> [Effect] {
        if let demand, demand >= minValidity {
            wait()
            return []
        }
        let before = demand
        demand = minValidity
        wait()
        do {
            return try step(.tokenWanted(minValidity: minValidity))
        } catch {
            demand = before
            throw error
        }
    }

    private func step(_ input: Input) throws -> [Effect] {
        try stepOnce(input, turns.whose(input)) + takeTurns()
    }

    private func queue(_ turn: Turn) throws -> [Effect] {
        turns.add(turn)
        return try takeTurns()
    }

    private func takeTurns() throws -> [Effect] {
        var effects: [Effect] = []
        while let turn = turns.next() {
            do {
                effects += try stepOnce(turn.input, turn)
            } catch let error as Refusal {
                turns.over(turn)
                turn.fail(EvergrantError(thrown: error, tenant: tenant))
            }
        }
        return effects
    }

    private func stepOnce(_ input: Input, _ turn: Turn?) throws -> [Effect] {
        // Before the step: deadlines count from the earlier moment.
        let stepped = clock.uptime()
        let env = try Env(
            now: clock.now(), uptime: stepped, bootId: clock.bootID, entropy: entropy())
        let step = try machine.step(env: env, input: input)
        (wakeAt, status) = (step.wakeAt, step.status)
        var effects: [Effect] = []
        for output in step.outputs {
            switch output {
            case .sendHttp(let op, let method, let url, let headers, let body, let sendWithin, let listenFor, let limit):
                let request = TransportRequest(
                    method: method, url: url, headers: headerPairs(headers.expose()), body: body.expose(),
                    sendBy: stepped + sendWithin, listenFor: listenFor, answerLimit: Int(limit), clock: clock)
                effects.append(.send(op: op, request))
            case .swap(let op, let key, let expected, let write):
                effects.append(.swap(op: op, key: key, expected: expected, write: write))
            default:
                news(output, input, turn)
            }
        }
        let servable = step.servable
        cache.with { if $0?.generation != servable { $0 = nil } }
        turns.stepped(input, turn, step.outputs)
        return effects
    }

    /// What is for the app: given to whoever waits for it. It came of what happened, which belongs
    /// to a turn or to none.
    private func news(_ output: Output, _ happened: Input, _ turn: Turn?) {
        switch output {
        case .sendHttp, .swap: break
        case .tokenReady(let generation, let origin, let header, let expiresAt):
            let token = Token(generation: generation, origin: origin, header: header.expose(), expiry: expiresAt)
            cache.with { $0 = token }
            tellTokens({ $0.give(token) }, { $0.give(token) })
        case .openUrl(let authorization, let url, let binding, let expiresAt):
            guard let turn, case .opened(let waiter) = turn.waiting else { break }
            turns.over(turn)
            waiter.give(Opened(authorization: authorization, url: url, binding: binding, expiresAt: expiresAt))
        case .authorized(let authorization, _, let scope, let returnContext):
            guard case .authorized(let waiter) = turns.named(authorization)?.waiting else { break }
            waiter.give(Authorized(tenant: tenant, scope: scope, returnContext: returnContext))
        case .keyAccepted(_, let company, let scope):
            guard let key = turns.told(.key), case .accepted(let waiter) = key.waiting else { break }
            turns.over(key)
            waiter.give(KeyAccepted(company: company, scope: scope))
        case .failed(let activity, let authorization, let returnContext, let failure):
            failed(activity, authorization, error(failure, returnContext), turn)
        case .notice(let code, let generation, let attempt, let authorization, let detail):
            let notice = Notice(
                tenant: tenant, code: code, generation: generation, attempt: attempt, authorization: authorization,
                detail: detail)
            noticed(notice, happened, turn)
        }
    }

    private func failed(_ activity: Activity, _ authorization: String?, _ error: EvergrantError, _ turn: Turn?) {
        switch activity {
        case .token:
            if error.code == "denied_not_connected" {
                let none = maintaining
                maintaining = []
                for waiter in none { waiter.give(nil) }
            }
            tellTokens({ $0.fail(error) }, { $0.fail(error) })
        case .apiCall:
            refused = error
        case .revoke:
            // The tombstone comes all the same, and says so: unconfirmed.
            if error.verdict != .serverMisbehaved { tellRevokers { $0.fail(error) } }
        case .authorization, .redirect, .key:
            guard let failed = whose(activity, authorization, error, turn) else { break }
            turns.over(failed)
            failed.fail(error)
        }
    }

    /// Whose failure it is: perhaps nobody's who waits.
    private func whose(
        _ activity: Activity, _ authorization: String?, _ error: EvergrantError, _ turn: Turn?
    ) -> Turn? {
        if activity == .key {
            guard let turn, turn.kind == .key else { return turns.told(.key) }
            // Told together with a key: of the one before, if it takes its place.
            return error.code == "denied_superseded" ? nil : turn
        }
        if activity == .authorization {
            if let named = turns.named(authorization) { return named }
            if let turn, turn.kind == .redirect { return turn.authorization == authorization ? turn : nil }
        }
        return turn
    }

    private func noticed(_ notice: Notice, _ happened: Input, _ turn: Turn?) {
        if notice.code == "authorization_cancelled", happened.endsAuthorizations, let begun = turns.told(.authorization)
        {
            // Nobody has seen its URL, and no failure is told.
            var superseded = EvergrantError(.denied, "denied_superseded", number: 304)
            superseded.tenant = tenant
            turns.over(begun)
            begun.fail(superseded)
        }
        if notice.code == "redirect_accepted", let turn { turns.believe(turn) }
        if notice.code == "disconnected" {
            tellRevokers { $0.give(notice.detail == "confirmed") }
        }
        notify(notice)
    }

    private func error(_ failure: Failure, _ returnContext: String?) -> EvergrantError {
        var error = EvergrantError(failure, tenant: tenant, returnContext: returnContext)
        if let storeError, ["try_later_store_slow", "host_store_unanswered"].contains(error.code) {
            error.explanation = storeError.description
        }
        return error
    }

    private func tellTokens(_ tell: (Waiter<Token>) -> Void, _ tellMaintaining: (Waiter<Token?>) -> Void) {
        let waiting = (tokens, maintaining)
        (tokens, maintaining, demand) = ([], [], nil)
        waiting.0.forEach(tell)
        waiting.1.forEach(tellMaintaining)
    }

    private func tellRevokers(_ tell: (Waiter<Bool>) -> Void) {
        let waiting = revokers
        revokers = []
        waiting.forEach(tell)
    }
}

/// What the machine says of a new authorization.
struct Opened: Sendable {
    let authorization: String
    let url: Secret
    let binding: Secret?
    let expiresAt: UInt64
}

extension Input {
    fileprivate var endsAuthorizations: Bool {
        switch self {
        case .cancel, .revoke: true
        default: false
        }
    }
}

// MARK: - Headers and entropy

/// A line for each, so neither name nor value may hold a line break.
func headerBlock(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { pair in
        "\(pair.name): \(pair.value)".split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .joined(separator: " ")
    }.joined(separator: "\n")
}

private func headerPairs(_ block: String) -> [(name: String, value: String)] {
    block.split(separator: "\n").map { line in
        let name = line.prefix(while: { $0 != ":" })
        return (String(name), String(line.dropFirst(name.count + 2)))
    }
}

/// 32 bytes from the system's generator.
private func entropy() -> Data {
    var generator = SystemRandomNumberGenerator()
    let words = (0..<4).map { _ in generator.next() as UInt64 }
    return words.withUnsafeBytes { Data($0) }
}
