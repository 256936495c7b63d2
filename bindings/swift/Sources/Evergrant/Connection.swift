import EvergrantMachine
import Foundation

/// One customer's grant. To be kept and shared: it refreshes once for all who ask.
///
/// Whoever has waited for `timeout` (the client's, unless told) gets `try_later_busy`; what was
/// begun goes on, also if the caller's task is cancelled. Everything throws ``EvergrantError``.
public final class Connection: Sendable, CustomStringConvertible {
    /// The name that you have given it.
    public let tenant: String
    /// Who is connected.
    public let client: Client

    let engine: Engine
    private let store: any Store
    private let cache: Locked<Token?>
    private let clock: HostClock
    private let storeKey: String

    /// Costs nothing until it is used. Throws `misuse_tenant_invalid` if the tenant is empty or
    /// over 256 bytes.
    public init(_ client: Client, store: any Store, tenant: String) throws {
        (self.client, self.store, self.tenant) = (client, store, tenant)
        do {
            storeKey = try EvergrantMachine.storeKey(client: client.machine, tenant: tenant)
            engine = try Engine(client: client, store: store, tenant: tenant)
        } catch {
            throw EvergrantError.told(error, tenant: tenant)
        }
        (cache, clock) = (engine.cache, client.clock)
    }

    // MARK: - The token

    /// The token, if one is at hand that is good for 30 seconds more. It neither waits nor refreshes.
    /// One that lives no longer than that is never at hand: `token()` has it.
    public var current: Token? {
        let now = clock.roughly()
        return cache.with { token in
            guard let token, now < token.freshUntil else { return nil }
            return token
        }
    }

    /// A token that is valid for `minValidity` more (30 seconds unless told), or for as long as half of
    /// its life, if that is less; refreshed if need be. To be asked for before each request: what
    /// `current` has is there without a change of thread.
    public func token(
        minValidity: Duration? = nil, timeout: Duration? = nil, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Token {
        if minValidity == nil, let token = current { return token }
        let least = minValidity?.milliseconds ?? 30_000
        return try await ask(timeout) { try $0.wantToken($1, minValidity: least) }
    }

    /// The `Authorization` header for a request to this URL: nil where that is not the API's
    /// origin, to which alone tokens go; then none is asked for.
    public func authorization(
        for url: String, timeout: Duration? = nil, isolation: isolated (any Actor)? = #isolation
    ) async throws -> String? {
        guard try isAPI(url) else { return nil }
        return try await token(timeout: timeout).expose()
    }

    /// The same.
    public func authorization(
        for url: URL, timeout: Duration? = nil, isolation: isolated (any Actor)? = #isolation
    ) async throws -> String? {
        try await authorization(for: url.absoluteString, timeout: timeout)
    }

    /// To be told of each answer of the API from 400 on; returns what it means: of a 401
    /// nothing, if the request is to be made once more with the next `token()`.
    public func apiAnswered(
        _ token: Token, status: Int, headers: [(name: String, value: String)] = []
    ) async throws -> EvergrantError? {
        let input = Input.apiAnswered(
            generation: token.generation, status: UInt16(clamping: status), headers: Secret(headerBlock(headers)))
        return try await ask(nil) { try $0.apiAnswered($1, input) }
    }

    // MARK: - The person

    /// Begins an authorization: where to send the person's browser. Without `scopes` those of the
    /// last time are asked for, or else all. `returnContext` comes back with ``callback(_:cookies:timeout:)``.
    public func authorize(
        redirectURI: String,
        scopes: [String] = [],
        company: String? = nil,
        returnContext: String? = nil,
        extra: [Parameter] = [],
        timeout: Duration? = nil
    ) async throws -> Authorization {
        let input = Input.authorize(
            redirectUri: redirectURI, scopes: scopes, extra: extra,
            binding: client.host == .app ? .sameProcess : .cookie, returnContext: returnContext, company: company)
        let opened = try await ask(timeout) { try $0.authorize($1, input) }
        return Authorization(opened, redirectURI: redirectURI, now: client.clock.now())
    }

    /// Completes an authorization. `url` is the whole URL of the redirect; `cookies` are those that
    /// came with it, on a server.
    @discardableResult
    public func callback(
        _ url: Secret, cookies: [String: String] = [:], timeout: Duration? = nil
    ) async throws -> Authorized {
        let proof = proof(of: url, cookies)
        return try await ask(timeout) { try $0.redirected($1, url: url, proof: proof) }
    }

    /// The same.
    @discardableResult
    public func callback(_ url: URL, timeout: Duration? = nil) async throws -> Authorized {
        try await callback(Secret(url.absoluteString), timeout: timeout)
    }

    /// A person has pasted an API key: it is tried, and kept if it is good.
    public func enterKey(
        _ key: Secret, kind: ApiKeyKind = .integrated, company: String? = nil, scopes: [String] = [],
        timeout: Duration? = nil
    ) async throws -> KeyAccepted {
        let input = Input.keyEntered(key: key, kind: kind, company: company, scopes: scopes)
        return try await ask(timeout) { try $0.enterKey($1, input) }
    }

    /// Gives up an authorization by its id, or all that were begun here.
    public func cancel(_ authorization: String? = nil, timeout: Duration? = nil) async throws {
        try await ask(timeout) { try $0.cancel($1, authorization: authorization) }
        let saved = Waiter<Void>()
        await engine.save(saved)
        try await value(of: saved, timeout)
    }

    /// Ends the grant, here and at the server; whether the server confirmed. From now on no token is
    /// served. After `try_later_…` the wish stays, and is tried again.
    @discardableResult
    public func disconnect(timeout: Duration? = nil) async throws -> Bool {
        try await ask(timeout) { try $0.revoke($1) }
    }

    // MARK: - Where it stands

    /// Where the connection stands, by what the store says now.
    public func status() async throws -> Status {
        try await status(here: engine.status)
    }

    /// Where the connection stands, first by what the store says, then as it changes in this
    /// process. Who looks seldom sees the newest only. It ends when the connection is gone.
    public func statuses() async throws -> AsyncStream<Status> {
        let here = await engine.status
        return await engine.watch(from: try await status(here: here), seen: here)
    }

    private func status(here: Status?) async throws -> Status {
        let stored = try await restored().status(now: client.clock.now())
        switch (stored, here) {
        case (.authorized, .refreshing): return .refreshing
        case (.disconnected, .authorizing), (.reauthenticationRequired, .authorizing): return .authorizing
        default: return stored
        }
    }

    /// Which company it belongs to, by what the store says now.
    public func company() async throws -> String? {
        try await restored().company()
    }

    /// Which of these scopes (separated by spaces) the grant has not, as far as the server has told.
    public func missingScopes(_ needed: String) async throws -> [String] {
        try await restored().missingScopes(needed: needed).split(separator: " ").map(String.init)
    }

    /// Does what is due: refreshes, revokes, tells the server. For an app that was woken in the
    /// background, and for whoever looks after connections that nobody uses. Answers when something
    /// is due again.
    @discardableResult
    public func maintain(timeout: Duration? = nil) async throws -> Date? {
        _ = try await ask(timeout) { try $0.maintain($1) }
        try await settled(timeout: timeout)
        return await engine.wakeAt.map(Date.init(milliseconds:))
    }

    /// Comes when nothing is under way and nothing is due.
    public func settled(timeout: Duration? = nil) async throws {
        let waiter = Waiter<Void>()
        await engine.settle(waiter)
        try await value(of: waiter, timeout)
    }

    /// The tenant.
    public var description: String { "Connection(\(tenant))" }

    // MARK: - Within

    /// Whether a token may go there.
    func isAPI(_ url: String) throws -> Bool {
        if url.isCertainly(of: client.provider.apiOrigin) { return true }
        // Written otherwise, such as with a port.
        do {
            return try client.provider.machine.isApiUrl(url: url)
        } catch {
            throw EvergrantError.told(error, tenant: tenant)
        }
    }

    private func ask<Value: Sendable>(
        _ timeout: Duration?, _ wish: @escaping @Sendable (Driver, Waiter<Value>) throws -> [Effect]
    ) async throws -> Value {
        let waiter = Waiter<Value>()
        await engine.ask(waiter, wish)
        return try await value(of: waiter, timeout)
    }

    private func value<Value: Sendable>(of waiter: Waiter<Value>, _ timeout: Duration?) async throws -> Value {
        let (clock, tenant) = (clock, tenant)
        return try await waiter.value(within: timeout ?? client.timeout) {
            EvergrantError.busy(tenant: tenant, now: clock.now())
        }
    }

    private func restored() async throws -> EvergrantMachine.Connection {
        do {
            let current = try await store.read(storeKey)
            return try EvergrantMachine.Connection.restore(client: client.machine, tenant: tenant, current: current)
        } catch {
            throw EvergrantError.told(error, tenant: tenant)
        }
    }

    private func proof(of url: Secret, _ cookies: [String: String]) -> BrowserProof {
        guard client.host == .server else { return .sameProcess }
        guard let key = try? pendingKey(url: url), let value = cookies[Cookie.name(pendingKey: key)] else {
            return .missing
        }
        return .binding(secret: Secret(value))
    }
}

extension Authorization {
    fileprivate init(_ opened: Opened, redirectURI: String, now: UInt64) {
        (id, url) = (opened.authorization, opened.url)
        expiresAt = Date(milliseconds: opened.expiresAt)
        cookie = opened.binding.map { binding in
            let uri = URL(string: redirectURI)
            return Cookie(
                name: Cookie.name(authorization: opened.authorization), value: binding,
                path: uri.flatMap { $0.path.isEmpty ? nil : $0.path } ?? "/", isSecure: uri?.scheme == "https",
                maxAge: opened.expiresAt > now ? Int((opened.expiresAt - now) / 1_000) : 0)
        }
    }
}

extension Cookie {
    fileprivate static func name(authorization: String) -> String {
        "evergrant_\(authorization.prefix(16))"
    }

    fileprivate static func name(pendingKey: String) -> String {
        name(authorization: String(pendingKey.drop(while: { $0 != "/" }).dropFirst()))
    }
}
