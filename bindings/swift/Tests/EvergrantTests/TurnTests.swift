import EvergrantMachine
import Foundation
import Testing

@testable import Evergrant

/// Whose an answer is, also after somebody has stopped waiting: the driver by hand, whose effects
/// are performed in whatever order a test wants.
@Suite struct TurnTests {
    private static let company = "urn:pleo:company:00000000-0000-8000-8000-00000000000c"
    private let hand: Hand

    init() throws {
        hand = try Hand()
    }

    @Test func anAuthorizationThatNobodyWaitsFor() async throws {
        let (abandoned, first) = try hand.authorize("1")
        abandoned.fail(CancellationError())
        let (other, none) = try hand.authorize("2")
        #expect(none.isEmpty)
        try await hand.perform(first)
        let (done, effects) = try hand.redirected(await other.value())
        try await hand.exchange(effects)
        #expect(try await done.value().returnContext == "2")
    }

    /// However many were begun before.
    @Test func anAuthorizationThatRunsOutWhileAnotherBegins() async throws {
        let old = try await hand.begun("0")
        for number in 0..<70 {
            let effects = try hand.driver.cancel(Waiter(), authorization: "unknown \(number)")
            try await hand.perform(effects)
        }
        hand.clock.move(by: 3_600)
        let expiring = try hand.driver.wake()
        let (beginning, effects) = try hand.authorize("1")
        try await hand.perform(expiring)
        let last = try #require(hand.notices.with { $0.last })
        #expect(last.code == "authorization_expired" && last.authorization == old.authorization)
        #expect(!beginning.isOver)
        try await hand.perform(effects)
        #expect(try await beginning.value().authorization != old.authorization)
    }

    @Test func anAuthorizationThatIsGivenUpBeforeItHasBegun() async throws {
        _ = try await hand.begun("0")
        let (beginning, effects) = try hand.authorize("1")
        let cancelling = try hand.driver.cancel(Waiter(), authorization: nil)
        #expect(await thrown { try await beginning.value() }?.code == "denied_superseded")
        let (next, more) = try hand.authorize("2")
        try await hand.perform(effects + cancelling + more)
        _ = try await next.value()
    }

    @Test func aRedirectThatNobodyWaitsForIsRefused() async throws {
        let (forged, right) = (try await hand.begun("0"), try await hand.begun("1"))
        let (abandoned, refused) = try hand.redirected(forged, Secret("guessed"))
        abandoned.fail(CancellationError())
        let (done, none) = try hand.redirected(right)
        #expect(none.isEmpty)
        try await hand.exchange(refused)
        #expect(try await done.value().returnContext == "1")
    }

    /// While the first one's code is exchanged others are judged; what comes of it is not said to
    /// one that comes with a guessed cookie.
    @Test func oneRedirectThatComesTwice() async throws {
        let (opened, other) = (try await hand.begun("0"), try await hand.begun("1"))
        let (first, effects) = try hand.redirected(opened)
        let exchange = try await hand.perform(effects)
        let (forged, judging) = try hand.redirected(opened, Secret("guessed"))
        let (waiting, none) = try hand.redirected(other, Secret("guessed"))
        #expect(!judging.isEmpty && none.isEmpty)
        try await hand.answer(exchange, Hand.tokens)
        #expect(try await first.value().returnContext == "0")
        #expect(!forged.isOver)
        try await hand.perform(judging)
        #expect(await thrown { try await forged.value() }?.code == "callback_state_used")
        #expect(await thrown { try await waiting.value() }?.code == "callback_binding_mismatch")
    }

    /// It makes room for the next one, which is not told of its end.
    @Test func aKeyThatNobodyWaitsFor() async throws {
        let (abandoned, effects) = try hand.enterKey("first")
        let asking = try await hand.perform(effects)
        abandoned.fail(CancellationError())
        let (other, more) = try hand.enterKey("second")
        let (third, none) = try hand.enterKey("third")
        #expect(none.isEmpty)
        let askedAgain = try await hand.perform(more)
        #expect(!other.isOver)
        #expect(try await hand.answer(asking, Hand.told(Self.company)).isEmpty)
        #expect(!other.isOver)
        let last = try await hand.answer(askedAgain, Hand.told(Self.company))
        #expect(try await other.value().company == Self.company)
        try await hand.answer(last, TransportAnswer(status: 401, headers: [], body: Data()))
        #expect(await thrown { try await third.value() }?.code == "denied_key_invalid")
    }

    @Test func aKeyThatCanBeNoneAfterOneThatNobodyWaitsFor() async throws {
        let (abandoned, effects) = try hand.enterKey("first")
        let asking = try await hand.perform(effects)
        abandoned.fail(CancellationError())
        let (malformed, _) = try hand.enterKey("no key: this")
        #expect(await thrown { try await malformed.value() }?.code == "denied_key_malformed")
        // The first one is still being tried, and what comes of it is nobody's.
        try await hand.answer(asking, Hand.told(Self.company))
        let (third, more) = try hand.enterKey("third")
        try await hand.answer(hand.perform(more), Hand.told(Self.company))
        #expect(try await third.value().company == Self.company)
    }
}

/// Performs what the driver wants, except what is kept on its way.
private final class Hand: @unchecked Sendable {
    let driver: Driver
    let clock = MovedClock()
    let notices = Locked<[Notice]>([])
    private let store = MemoryStore()
    private static let base = "http://127.0.0.1:1"

    init() throws {
        let binding = CompanyBinding(
            url: "\(Self.base)/v1/introspect", subject: "/data/subjectURN", scope: "/data/scope",
            companyPrefix: "urn:pleo:company:", organisationPrefix: "urn:pleo:organisation:")
        let provider = try Evergrant.Provider(
            environment: "loopback", authorizationEndpoint: "\(Self.base)/oauth/authorize",
            tokenEndpoint: "\(Self.base)/oauth/token", apiOrigin: Self.base, issuer: Self.base, iss: .required,
            apiKeys: binding, loopbackHTTP: true)
        let client = try Evergrant.Client(
            provider, clientID: "client", redirectURIs: ["http://127.0.0.1/callback"],
            scopes: ["expenses:read", "users:read"], sealing: .plain(), host: .server, clientSecret: Secret("secret"))
        driver = try Driver(
            client: client.machine, tenant: "t", clock: clock.clock, cache: Locked(nil),
            notify: { [notices] notice in notices.with { $0.append(notice) } })
    }

    func authorize(_ context: String) throws -> (Waiter<Opened>, [Effect]) {
        let waiter = Waiter<Opened>()
        let input = Input.authorize(
            redirectUri: callback, scopes: [], extra: [], binding: .cookie, returnContext: context, company: nil)
        return (waiter, try driver.authorize(waiter, input))
    }

    func begun(_ context: String) async throws -> Opened {
        let (waiter, effects) = try authorize(context)
        try await perform(effects)
        return try await waiter.value()
    }

    func redirected(_ opened: Opened, _ proof: Secret? = nil) throws -> (Waiter<Authorized>, [Effect]) {
        let query = URLComponents(string: opened.url.expose())?.queryItems ?? []
        let state = query.first { $0.name == "state" }?.value ?? ""
        let waiter = Waiter<Authorized>()
        let url = Secret("\(callback)?code=c&state=\(state)&iss=\(Self.base)")
        guard let secret = proof ?? opened.binding else { throw TestFailure("no cookie") }
        return (waiter, try driver.redirected(waiter, url: url, proof: .binding(secret: secret)))
    }

    func enterKey(_ key: String) throws -> (Waiter<KeyAccepted>, [Effect]) {
        let waiter = Waiter<KeyAccepted>()
        let input = Input.keyEntered(key: Secret(key), kind: .integrated, company: nil, scopes: [])
        return (waiter, try driver.enterKey(waiter, input))
    }

    /// All swaps; what is to be sent is handed back.
    @discardableResult
    func perform(_ effects: [Effect]) async throws -> [UInt64] {
        var (left, sends) = (effects, [UInt64]())
        while !left.isEmpty {
            switch left.removeFirst() {
            case .send(let op, _): sends.append(op)
            case .swap(let op, let key, let expected, let write):
                let there = await store.swap(key, expected: expected, write: write)
                left += try driver.swapped(op: op, there)
            }
        }
        return sends
    }

    /// What is sent then is handed back.
    @discardableResult
    func answer(_ ops: [UInt64], _ answer: TransportAnswer) async throws -> [UInt64] {
        #expect(ops.count == 1)
        return try await perform(driver.answered(op: ops[0], answer))
    }

    func exchange(_ effects: [Effect]) async throws {
        try await answer(perform(effects), Self.tokens)
    }

    static let tokens = json(#"{"access_token":"a","token_type":"bearer","refresh_token":"r","expires_in":900}"#)

    static func told(_ company: String) -> TransportAnswer {
        json(#"{"data":{"subjectURN":"\#(company)","scope":"users:read"}}"#)
    }

    private static func json(_ text: String) -> TransportAnswer {
        TransportAnswer(status: 200, headers: [("content-type", "application/json")], body: Data(text.utf8))
    }
}
