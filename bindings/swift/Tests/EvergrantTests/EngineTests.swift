import EvergrantMachine
import Foundation
import Testing

@testable import Evergrant

@Suite struct EngineTests {
    private let world: World

    init() async throws {
        world = try await World(Authority.start())
    }

    @Test func statusesAsTheyChange() async throws {
        var statuses = try await world.connection.statuses().makeAsyncIterator()
        #expect(await statuses.next() == .disconnected)
        let begun = try await world.connection.authorize(redirectURI: callback)
        #expect(await statuses.next() == .authorizing)
        try await world.connections.callback(browse(begun.url))
        var status = await statuses.next()
        while status == .exchanging { status = await statuses.next() }
        #expect(status == .authorized)
        // Who comes later is told where it stands, and nobody of what has not changed.
        var later = try await world.connection.statuses().makeAsyncIterator()
        #expect(await later.next() == .authorized)
        try await world.connection.disconnect()
        for iterator in [statuses, later] {
            var iterator = iterator
            var status = await iterator.next()
            while status == .disconnecting { status = await iterator.next() }
            #expect(status == .disconnected)
        }
    }

    @Test func statusesEndWithTheConnection() async throws {
        var connection: Evergrant.Connection? = try Evergrant.Connection(
            world.client, store: MemoryStore(), tenant: "another")
        let statuses = try await connection!.statuses()
        connection = nil
        var seen: [Status] = []
        for await status in statuses { seen.append(status) }
        #expect(seen == [.disconnected])
    }

    /// A refresh is due, for which nobody is kept; before that the store is silent over the person's
    /// wish, and whoever had the connection lets it go.
    @Test func aWishThatTheStoreHasNotTakenKeepsTheEngine() async throws {
        let store = BreakableStore()
        let notices: Locked<[Notice]>
        do {
            let other = try World(world.authority, store: store)
            notices = other.notices
            try await other.connect()
            try await other.connection.settled()
            let due = try #require(await other.connection.engine.wakeAt)
            other.clock.move(by: Int64((due - other.clock.now()) / 1_000) - 1)
            store.error.with { $0 = StoreUnavailable("nobody is there") }
            #expect(await thrown { try await other.connection.disconnect() }?.code == "try_later_store_slow")
            #expect(try #require(await other.connection.engine.wakeAt) > due)
            store.error.with { $0 = nil }
        }
        let end = ContinuousClock.now + .seconds(40)
        while ContinuousClock.now < end, !notices.with({ $0.contains { $0.code == "disconnected" } }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(notices.with { $0.contains { $0.code == "disconnected" } })
        #expect(try await world.authority.stats().revocations > 0)
    }

    /// A panic in it is told to who asked; the next one has another machine.
    @Test func aMachineThatFails() async throws {
        try await world.connect()
        try await world.advance(900)
        await world.connection.engine.fail()
        let failed = await thrown { try await world.connection.token() }
        #expect(failed?.code == "panic" && failed?.verdict == .hostFailed)
        #expect(failed?.tenant == "tenant 42/ü")
        #expect(try await world.get() == 200)
        #expect(try await world.authority.stats().refreshesOk == 1)
    }
}

extension Engine {
    /// From now on the machine is one in which a step has panicked.
    fileprivate func fail() {
        driver.machine = Panicking(noHandle: .init())
    }
}

/// Throws at every call.
private final class Panicking: EvergrantMachine.Connection, @unchecked Sendable {
    struct Panic: Error {}

    override func step(env: Env, input: Input) throws -> Step { throw Panic() }
    override func isUnsaved() throws -> Bool { throw Panic() }
}
