import EvergrantMachine
import Foundation

/// What makes a connection go: its driver, whose effects it performs in tasks of its own.
/// Whoever wants something waits for the answer; who stops waiting takes nothing along.
actor Engine {
    nonisolated let client: Client
    nonisolated let store: any Store
    /// The token that may be used now.
    nonisolated let cache = Locked<Token?>(nil)

    let driver: Driver
    private var effects: [Effect] = []
    private var isPerforming = false
    private var sent = 0
    private var timer: (at: UInt64, keeps: Bool, task: Task<Void, Never>)?
    private var saving: [Waiter<Void>] = []
    private var settling: [Waiter<Void>] = []
    private var letGo: (@Sendable () -> Void)?
    private var watchers = Watchers()

    init(client: Client, store: any Store, tenant: String) throws {
        (self.client, self.store) = (client, store)
        driver = try Driver(
            client: client.machine, tenant: tenant, clock: client.clock, cache: cache, notify: client.notify)
    }

    deinit {
        timer?.task.cancel()
        letGo?()
        watchers.finish()
    }

    /// When something is due again, UNIX milliseconds.
    var wakeAt: UInt64? { driver.wakeAt }
    /// Where the connection stood at the last step.
    var status: Status? { driver.status }

    /// Tells a wish; the waiter gets what comes of it.
    func ask<Value>(_ waiter: Waiter<Value>, _ wish: @Sendable (Driver, Waiter<Value>) throws -> [Effect]) {
        do {
            perform(try wish(driver, waiter))
        } catch {
            waiter.fail(EvergrantError(thrown: error, tenant: driver.tenant))
            // A refusal is of this wish alone: the machine is as it was.
            if !(error is Refusal) { driver.fail(error) }
            rest()
        }
    }

    /// Answered when the store has been told of all that came of what was asked for.
    func save(_ waiter: Waiter<Void>) {
        saving.append(waiter)
        rest()
    }

    /// Answered when nothing is under way, nothing is due, and the store has it all.
    func settle(_ waiter: Waiter<Void>) {
        settling.append(waiter)
        rest()
    }

    /// The machine's deadline may have come.
    func wakeUp() {
        timer = nil
        make { try $0.wake() }
    }

    // MARK: - Who looks on

    /// Where the connection stands from now on: first `status`, which was found when the machine
    /// stood at `seen`.
    func watch(from status: Status, seen: Status?) -> AsyncStream<Status> {
        let (id, statuses) = watchers.add(status) { [weak self] id in Task { await self?.unwatch(id) } }
        if let now = driver.status, now != seen { watchers.tell(now, to: id) }
        return statuses
    }

    private func unwatch(_ id: Int) {
        watchers.remove(id)
    }

    // MARK: - Effects

    private func make(_ step: (Driver) throws -> [Effect]) {
        do {
            perform(try step(driver))
        } catch {
            // A panic in the machine, or a bug here: nobody is left waiting for it.
            client.log("the machine of a connection has failed")
            driver.fail(error)
            rest()
        }
    }

    private func perform(_ more: [Effect]) {
        if let status = driver.status { watchers.tell(status) }
        effects += more
        guard !isPerforming else { return }
        guard !effects.isEmpty else { return rest() }
        isPerforming = true
        letGo = letGo ?? client.keepAlive.hold()
        Task { await performAll() }
    }

    /// Swaps one after the other; each request in a task of its own, so that nobody waits
    /// behind a server.
    private func performAll() async {
        while !effects.isEmpty {
            switch effects.removeFirst() {
            case .send(let op, let request):
                sent += 1
                Task { await send(op, request) }
            case .swap(let op, let key, let expected, let write):
                await swap(op, key, expected, write)
            }
        }
        isPerforming = false
        rest()
    }

    private func send(_ op: UInt64, _ request: TransportRequest) async {
        let outcome: Result<TransportAnswer, any Error>
        do {
            outcome = .success(try await client.transport.send(request))
        } catch {
            outcome = .failure(error)
        }
        sent -= 1
        make { driver in
            switch outcome {
            case .success(let answer): return try driver.answered(op: op, answer)
            case .failure(TransportFault.notSent): return try driver.unanswered(op: op, .notSent)
            case .failure(TransportFault.tooLate): return try driver.unanswered(op: op, .tooLate)
            case .failure: return try driver.unanswered(op: op, .unknown)
            }
        }
    }

    private func swap(_ op: UInt64, _ key: String, _ expected: String?, _ write: Write?) async {
        do {
            let current = try await store.swap(key, expected: expected, write: write)
            make { try $0.swapped(op: op, current) }
        } catch {
            let unavailable = StoreUnavailable(of: error)
            client.log("the store did not answer: \(unavailable)")
            make { try $0.unswapped(op: op, unavailable) }
        }
    }

    // MARK: - Rest

    /// What to wait for, where nothing is left to do but what has been sent.
    private func rest() {
        guard !isPerforming else { return }
        tell(&saving)
        // Of a machine that fails nothing is known.
        let isUnsaved = (try? driver.isUnsaved()) ?? false
        let nothingIsDue = setTimer(isUnsaved)
        guard sent == 0, !isUnsaved else { return }
        letGo?()
        letGo = nil
        if nothingIsDue { tell(&settling) }
    }

    private func tell(_ waiting: inout [Waiter<Void>]) {
        for waiter in waiting { waiter.give(()) }
        waiting = []
    }

    /// Sets the one timer, for the machine's one deadline. Whether that is to come.
    private func setTimer(_ isUnsaved: Bool) -> Bool {
        guard let wakeAt = driver.wakeAt else {
            timer?.task.cancel()
            timer = nil
            return true
        }
        let now = client.clock.now()
        // One that was set when nothing was to be lost keeps nobody, however soon it comes.
        if timer == nil || wakeAt < timer!.at || (isUnsaved && !timer!.keeps) {
            timer?.task.cancel()
            // Not at once, lest a machine that always wants to be woken takes a core; and not
            // for long, since a wall clock may be set.
            let left = min(max(wakeAt > now ? wakeAt - now : 0, 20), 60_000)
            // Nobody is kept alive for being asleep, but for an answer that the store has not
            // taken yet: it is nowhere else.
            let kept = isUnsaved ? self : nil
            let task = Task { [weak self] in
                guard (try? await Task.sleep(for: .milliseconds(left))) != nil else { return }
                await (kept ?? self)?.wakeUp()
            }
            timer = (wakeAt, isUnsaved, task)
        }
        return wakeAt > now
    }
}
