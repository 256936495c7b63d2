import Foundation
import Testing

@testable import Evergrant

@Suite struct ConnectionTests {
    private let world: World

    init() async throws {
        world = try await World(Authority.start())
    }

    @Test func deniedByThePerson() async throws {
        try await world.authority.control("deny-next")
        let denied = await thrown { try await world.connect() }
        #expect(denied?.code == "denied_access" && denied?.verdict == .denied)
        #expect(denied?.serverError == "access_denied")
        #expect(denied?.returnContext == "/settings" && denied?.tenant == "tenant 42/ü")
    }

    @Test func cancelled() async throws {
        let begun = try await world.connection.authorize(redirectURI: callback)
        let redirect = try await browse(begun.url)
        try await world.connection.cancel(begun.id)
        #expect(world.codes.contains("authorization_cancelled"))
        #expect(await thrown { try await world.connections.callback(redirect) }?.verdict == .callbackRefused)
    }

    @Test func onlySomeScopes() async throws {
        let begun = try await world.connection.authorize(redirectURI: callback, scopes: ["users:read"])
        #expect(try await world.connection.callback(browse(begun.url)).scope == "users:read")
        #expect(try await world.connection.missingScopes("users:read expenses:read") == ["expenses:read"])
        #expect(try await world.connection.company() == nil)
    }

    @Test func whatACallerDoesWrong() async throws {
        let connection = world.connection
        let wrong: [(String, @Sendable () async throws -> Void)] = [
            (
                "misuse_redirect_uri_not_registered",
                { _ = try await connection.authorize(redirectURI: "https://elsewhere.example/") }
            ),
            (
                "misuse_scope_not_registered",
                { _ = try await connection.authorize(redirectURI: callback, scopes: ["admin"]) }
            ),
            (
                "misuse_parameter_reserved",
                {
                    let extra = [Parameter(name: "state", value: "mine")]
                    _ = try await connection.authorize(redirectURI: callback, extra: extra)
                }
            ),
            ("misuse_api_keys_unsupported", { _ = try await connection.enterKey(Secret("key")) }),
        ]
        for (code, work) in wrong {
            let misuse = await thrown(work)
            #expect(misuse?.code == code && misuse?.verdict == .misuse)
        }
        #expect(await thrown { try world.connections[""] }?.code == "misuse_tenant_invalid")
        try await world.connect()  // And nothing is stuck.
    }

    /// An app cannot keep a secret; a server may.
    @Test func aSecretInAnApp() async throws {
        func client(_ host: Client.Host, secret: Secret? = nil, previous: Secret? = nil) throws -> Client {
            try Client(
                .pleo(.staging), clientID: "pleo-client", redirectURIs: ["https://client.example/callback"],
                scopes: ["expenses:read"], sealing: .plain(), host: host, clientSecret: secret,
                previousClientSecret: previous)
        }
        let secret = Secret("canary")
        #expect(try client(.server, secret: secret).clientID == "pleo-client")
        for (ours, before) in [(secret, nil), (nil, secret), (secret, secret)] as [(Secret?, Secret?)] {
            let refused = await thrown { try client(.app, secret: ours, previous: before) }
            #expect(refused?.code == "misuse_client_secret_in_app" && refused?.verdict == .misuse)
        }
    }

    /// 403 and 429 are told by their kind, and no refresh comes of them.
    @Test func whatTheAPISays() async throws {
        try await world.connect()
        var token = try await world.connection.token()
        #expect(try await world.connection.apiAnswered(token, status: 404) == nil)
        let forbidden = try await world.connection.apiAnswered(
            token, status: 403, headers: [("WWW-Authenticate", #"Bearer error="insufficient_scope""#)])
        #expect(forbidden?.code == "denied_insufficient_scope")
        let later = try await world.connection.apiAnswered(token, status: 429, headers: [("Retry-After", "7")])
        #expect(later?.verdict == .tryLater)
        #expect(try #require(later?.retryAt) > Date(milliseconds: world.clock.now() + 5_000))
        // A token that has been refreshed for being refused is not refreshed once more.
        #expect(try await world.connection.apiAnswered(token, status: 401) == nil)
        token = try await world.connection.token()
        #expect(try await world.connection.apiAnswered(token, status: 401)?.verdict == .serverMisbehaved)
        #expect(try await world.authority.stats().refreshesOk == 1)
    }

    /// Half of a token's life is counted from when it was obtained, and not from when it was heard of.
    @Test func aTokenThatWasHeardOfLate() async throws {
        let world = try await World(Authority.start(["--access-token-lifetime", "500"]))
        try await world.connect()
        try await world.advance(200)
        let next = try world.restarted()
        let first = try await next.connection.token().generation
        try await next.advance(65)
        // 235 seconds are left: less than are wanted, and than half of its life, which is 250.
        #expect(try await next.connection.token().generation == first)
        #expect(try await world.authority.stats().refreshesOk == 0)
        #expect(try await next.connection.token(minValidity: .seconds(240)).generation == first + 1)
        #expect(try await world.authority.stats().refreshesOk == 1)
    }

    /// It is not refreshed for each who asks for more, nor at hand where less is left than most want.
    @Test func aTokenThatLivesShortly() async throws {
        let world = try await World(Authority.start(["--access-token-lifetime", "50"]))
        try await world.connect()
        let first = try await world.connection.token().generation
        for _ in 0..<3 {
            #expect(try await world.connection.token(minValidity: .seconds(240)).generation == first)
        }
        #expect(try await world.authority.stats().refreshesOk == 0)
        try await world.advance(26)
        #expect(world.connection.current == nil)
        #expect(try await world.connection.token().generation == first + 1)
    }

    /// The device's clock is set back or forward by hours: tokens go on, at the cost of a 401 or of
    /// a refresh, and nobody has to connect again.
    @Test func aWrongClock() async throws {
        try await world.connect()
        for hours in [-5, 5, 0] as [Int64] {
            world.clock.move(to: hours * 3_600)
            #expect(try await world.get() == 200)
        }
        try await world.authority.control("advance", #"{"seconds":900}"#)  // While the device's stands still.
        #expect(try await world.get() == 200)
        #expect(try await world.connection.status() == .authorized)
        #expect(try await world.authority.stats().replayedRefreshTokens == 0)
    }

    /// What nobody uses is kept fresh by whoever looks after it.
    @Test func maintained() async throws {
        #expect(try await world.connection.maintain() == nil)
        try await world.connect()
        let due = try #require(try await world.connection.maintain())
        #expect(try await world.authority.stats().refreshesOk == 0)
        let next = try world.restarted()
        try await next.advance(Int64(due.timeIntervalSince1970) - Int64(world.clock.now() / 1_000) + 1)
        let later = try #require(try await next.connection.maintain())
        #expect(later > due)
        #expect(try await world.authority.stats().refreshesOk == 1)
    }

    /// Nobody asks, and a token is renewed when it is due.
    @Test func theTimerRefreshes() async throws {
        try await world.connect()
        try await world.advance(890)
        await world.connection.engine.wakeUp()  // As the timer does, whose minute is not waited for.
        try await world.connection.settled()
        #expect(try await world.authority.stats().refreshesOk == 1)
    }

    @Test func aDisconnectThatTheServerDoesNotTake() async throws {
        try await world.connect()
        try await world.authority.control(
            "faults", #"[{"path":"/oauth/revoke","times":9,"fault":{"kind":"answer","status":400}}]"#)
        #expect(try await world.connection.disconnect() == false)
        #expect(try await world.connection.status() == .disconnected)
    }

    @Test func aWrongSecret() async throws {
        let world = try await World(Authority.start(), registered: World.basic)
        try await world.connect()
        try await world.advance(900)
        var wrong = World.basic
        wrong.secret = "not the one"
        let refused = await thrown { try await world.restarted(registered: wrong).connection.token() }
        #expect(refused?.code == "misconfigured_invalid_client" && refused?.verdict == .misconfigured)
        #expect(try await world.restarted(registered: World.basic).get() == 200)
    }

    @Test func aStoreOutOfReach() async throws {
        struct Bug: Error { let record = "hidden-record" }
        let store = BreakableStore()
        let world = try World(world.authority, store: store)
        try await world.connect()
        let token = try await world.connection.token()
        let errors: [(any Error, String)] = [(StoreUnavailable("nobody is there"), "nobody is there"), (Bug(), "Bug")]
        for (error, said) in errors {
            store.error.with { $0 = error }
            #expect(try await world.connection.token() === token)  // What is known goes on.
            let slow = await thrown { try await world.connection.authorize(redirectURI: callback) }
            #expect(slow?.code == "try_later_store_slow" && slow?.explanation == said)
            #expect(!"\(String(describing: slow)) \(slow?.localizedDescription ?? "")".contains("hidden-record"))
        }
        let looks: [@Sendable () async throws -> Void] = [
            { _ = try await world.connection.status() },
            { try await world.connections.callback(Secret("\(callback)?state=1&code=2")) },
        ]
        for (error, said) in errors {
            store.error.with { $0 = error }
            for look in looks {
                let failed = await thrown(look)
                #expect(failed?.code == "host_store_unanswered" && failed?.number == 705)
                #expect(failed?.explanation == said)
            }
        }
        store.error.with { $0 = nil }
        _ = try await world.connection.authorize(redirectURI: callback)
    }

    @Test func aRecordThatIsNone() async throws {
        try await world.connect()
        let key = "connection/loopback/demo-public/tenant%2042%2F%C3%BC"
        let store = world.connections.store
        let there = try #require(try await store.swap(key, expected: nil, write: nil))
        let write = Write(record: SecretBytes(Data("not a record".utf8)), dueAt: nil, purgeAt: nil)
        _ = try await store.swap(key, expected: there.revision, write: write)
        let next = try world.restarted().connection
        let asks: [@Sendable () async throws -> Void] = [
            { _ = try await next.token() }, { _ = try await next.status() }, { try await next.disconnect() },
        ]
        for ask in asks {
            let failed = await thrown(ask)
            #expect(failed?.code == "host_record_unreadable" && failed?.verdict == .hostFailed)
        }
    }

    @Test func oneObjectForEachTenant() throws {
        let connections = Connections(world.client, store: MemoryStore(), keep: 2)
        let held = try connections["1"]
        #expect(try connections["2"] === connections["2"])
        _ = (try connections["3"], try connections["4"])
        #expect(try connections["1"] === held)
        weak var forgotten = try connections["5"]
        _ = (try connections["6"], try connections["7"])
        #expect(forgotten == nil)
    }
}

/// A store that fails when a test says so.
final class BreakableStore: Store {
    let error = Locked<(any Error)?>(nil)
    private let inner = MemoryStore()

    func swap(_ key: String, expected: String?, write: Write?) async throws -> Stored? {
        if let error = error.with({ $0 }) { throw error }
        return await inner.swap(key, expected: expected, write: write)
    }
}
