import EvergrantMachine

#if canImport(os)
    import os
#endif

/// A registered OAuth client at a provider; shared by all its connections.
public struct Client: Sendable, CustomStringConvertible {
    /// What kind of program this is.
    public enum Host: Sendable {
        /// An app or a command line, in people's hands: it cannot keep a client secret (RFC 8252
        /// §8.5), and the redirect comes to the device on which the authorization was begun.
        case app
        /// A server of yours: it may have a client secret, and recognises browsers by a cookie.
        case server
    }

    /// Where it is registered.
    public let provider: Provider
    /// The client identifier (RFC 6749 §2.2).
    public let clientID: String
    /// What kind of program this is.
    public let host: Host
    /// How long callers wait before they get `try_later_busy`.
    public let timeout: Duration

    let machine: EvergrantMachine.Client
    let transport: any Transport
    let clock: HostClock
    let keepAlive: any KeepAlive
    let notify: @Sendable (Notice) -> Void

    /// Checks the registration against the provider.
    ///
    /// `onNotice` is given each line of the audit log, and must not wait for anything; unless
    /// told otherwise they are logged where there is a unified log.
    ///
    /// Throws ``EvergrantError`` with a `misuse_…` code that names the field at fault:
    /// `misuse_client_secret_in_app` for a secret in the hands of an app.
    public init(
        _ provider: Provider,
        clientID: String,
        redirectURIs: [String],
        scopes: [String],
        sealing: Sealing,
        host: Host = .app,
        clientSecret: Secret? = nil,
        previousClientSecret: Secret? = nil,
        tokenEndpointAuthMethod: TokenEndpointAuthMethod? = nil,
        transport: any Transport = URLSessionTransport(),
        timeout: Duration = .seconds(10),
        onNotice: @escaping @Sendable (Notice) -> Void = { logNotice($0) }
    ) throws {
        try self.init(
            provider,
            config: ClientConfig(
                clientId: clientID, clientSecret: clientSecret, previousClientSecret: previousClientSecret,
                tokenEndpointAuthMethod: tokenEndpointAuthMethod, redirectUris: redirectURIs, scopes: scopes,
                sealing: sealing),
            host: host, transport: transport, timeout: timeout, notify: onNotice)
    }

    init(
        _ provider: Provider, config: ClientConfig, host: Host, transport: any Transport, timeout: Duration,
        clock: HostClock = HostClock(), keepAlive: any KeepAlive = SystemKeepAlive(),
        notify: @escaping @Sendable (Notice) -> Void
    ) throws {
        if host == .app, config.clientSecret != nil || config.previousClientSecret != nil {
            throw EvergrantError(.misuse, "misuse_client_secret_in_app")
        }
        do {
            machine = try EvergrantMachine.Client(provider: provider.machine, config: config)
        } catch {
            throw EvergrantError(thrown: error)
        }
        (self.provider, clientID, self.host, self.timeout) = (provider, config.clientId, host, timeout)
        (self.transport, self.clock, self.keepAlive, self.notify) = (transport, clock, keepAlive, notify)
    }

    /// Its id, and where.
    public var description: String { "Client(\(clientID), \(provider))" }

    func log(_ line: String) {
        #if canImport(os)
            Logger(subsystem: "dev.evergrant", category: "evergrant").error("\(line, privacy: .public)")
        #endif
    }
}

/// What is done with notices unless the client says otherwise: a line of the unified log, and
/// nothing where there is none.
public func logNotice(_ notice: Notice) {
    #if canImport(os)
        Logger(subsystem: "dev.evergrant", category: "notices").info(
            "\(notice.code, privacy: .public) tenant=\(notice.tenant) generation=\(notice.generation ?? 0)")
    #endif
}
