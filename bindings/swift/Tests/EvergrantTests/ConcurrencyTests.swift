import Foundation
import Testing

@testable import Evergrant

/// Many callers, and callers who go: one refresh for all, and none is lost.
@Suite struct ConcurrencyTests {
    private let folder: URL
    private let world: World
    private let first: UInt64

    init() async throws {
        folder = try temporaryFolder()
        world = try await World(Authority.start(), store: FileStore(folder.appendingPathComponent("records")))
        try await world.connect()
        first = try await world.connection.token().generation
    }

    @Test func manyCallersRefreshOnce() async throws {
        try await slowRefresh()
        let tokens = try await together(32) { _ in try await world.connection.token() }
        #expect(Set(tokens.map(ObjectIdentifier.init)).count == 1)
        try await hasRefreshedOnce()
    }

    /// A 401 for each of them, and one refresh for all.
    @Test func manyAreRefusedOnce() async throws {
        try await world.authority.control("revoke-access-tokens")
        let answers = try await together(32) { _ in try await world.get() }
        #expect(Set(answers) == [200])
        try await hasRefreshedOnce()
    }

    /// As eight processes have it: each with a machine of its own.
    @Test func manyWorkersOverOneStore() async throws {
        try await slowRefresh()
        let workers = try (0..<8).map { _ in try world.restarted().connection }
        let generations = try await together(8) { try await workers[$0].token().generation }
        #expect(Set(generations) == [first + 1])
        try await hasRefreshedOnce()
    }

    /// Each caller gets its own answer, and nobody another's.
    @Test func differentWishesAtOnce() async throws {
        let others = try (0..<4).map { try world.connections["tenant \($0)"] }
        let right = try await together(12) { number in
            let connection = others[number % 4]
            let begun = try await connection.authorize(redirectURI: callback, returnContext: "\(number)")
            let done = try await world.connections.callback(browse(begun.url))
            return done.tenant == connection.tenant && done.returnContext == "\(number)"
        }
        #expect(right.allSatisfy { $0 })
    }

    @Test func aCallerWhoWaitsNoLonger() async throws {
        try await slowRefresh()
        let busy = await thrown { try await world.connection.token(timeout: .milliseconds(10)) }
        #expect(busy?.code == "try_later_busy" && busy?.verdict == .tryLater && busy?.tenant == "tenant 42/ü")
        #expect(try #require(busy?.retryAt) > Date(milliseconds: world.clock.now()))
        try await world.connection.settled()
        try await hasRefreshedOnce()
    }

    /// Neither the one that began the refresh nor the last one to wait takes it along.
    @Test func tasksThatAreCancelled() async throws {
        try await slowRefresh()
        let tasks = (0..<3).map { _ in Task { try await world.connection.token() } }
        while !world.codes.contains("refresh_started") { try await Task.sleep(for: .milliseconds(5)) }
        #expect(world.keepAlive.held.with { $0.now } == 1)
        for task in tasks { task.cancel() }
        for task in tasks {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        try await world.connection.settled()
        #expect(world.keepAlive.held.with { $0.now } == 0)
        try await hasRefreshedOnce()
    }

    /// The last one who has the connection lets it go in mid-refresh.
    @Test func aConnectionThatIsForgotten() async throws {
        try await slowRefresh()
        let notices: Locked<[Notice]>
        do {
            let other = try world.restarted()
            notices = other.notices
            _ = await thrown { try await other.connection.token(timeout: .milliseconds(50)) }
        }
        while !notices.with({ $0.contains { $0.code == "refreshed" } }) { try await Task.sleep(for: .milliseconds(5)) }
        try await hasRefreshedOnce()
    }

    /// Whoever was answered late does not make others refresh again.
    @Test func aLate401OfAnOlderToken() async throws {
        let old = try await world.connection.token()
        try await world.advance(900)
        let new = try await world.connection.token()
        #expect(try await world.connection.apiAnswered(old, status: 401) == nil)
        #expect(try await world.connection.token().generation == new.generation)
        try await hasRefreshedOnce()
    }

    // MARK: - Tools

    /// The next refresh is due, and its answer takes a while.
    private func slowRefresh() async throws {
        try await world.advance(900)
        try await world.authority.refreshFault(#"{"kind":"delay_reply","ms":500}"#)
    }

    /// Whoever comes next has the next token, and the server saw nothing odd.
    private func hasRefreshedOnce() async throws {
        let next = try world.restarted()
        #expect(try await next.connection.token().generation == first + 1)
        #expect(try await next.get() == 200)
        let stats = try await world.authority.stats()
        #expect(stats.refreshesOk == 1 && stats.refreshesRefused == 0 && stats.replayedRefreshTokens == 0)
    }

    private func together<Value: Sendable>(
        _ count: Int, _ work: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: Value.self) { group in
            for number in 0..<count { group.addTask { try await work(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
