import EvergrantMachine

/// An authorization server and its API, as data.
public struct Provider: Sendable, CustomStringConvertible {
    let machine: EvergrantMachine.Provider
    /// The name of the deployment.
    public let environment: String
    /// Scheme, host and port of the API; tokens go nowhere else.
    public let apiOrigin: String

    /// What is not named here is as the RFCs have it, and of refreshes the worst is thought.
    ///
    /// Throws ``EvergrantError`` with a `misuse_…` code that names the field at fault.
    public init(
        environment: String,
        authorizationEndpoint: String,
        tokenEndpoint: String,
        apiOrigin: String,
        issuer: String? = nil,
        iss: IssPolicy = .ifPresent,
        revocationEndpoint: String? = nil,
        introspectionEndpoint: String? = nil,
        disconnect: Disconnect? = nil,
        company: CompanyBinding? = nil,
        apiKeys: CompanyBinding? = nil,
        resource: String? = nil,
        authorizeParameters: [Parameter] = [],
        tokenEndpointAuthMethod: TokenEndpointAuthMethod = .clientSecretBasic,
        redirects: RedirectRules = .nativeApps,
        refresh: RefreshPolicy = RefreshPolicy(),
        quirks: Quirks = Quirks(),
        loopbackHTTP: Bool = false,
        releaseUnsaved: Bool = false,
        authorizationLifetime: Duration = .seconds(600),
        answerLimit: UInt32 = 65_536
    ) throws {
        try self.init(
            ProviderConfig(
                environment: environment,
                issuer: issuer,
                iss: iss,
                authorizationEndpoint: authorizationEndpoint,
                tokenEndpoint: tokenEndpoint,
                introspectionEndpoint: introspectionEndpoint,
                disconnect: disconnect ?? revocationEndpoint.map { .revocation(endpoint: $0) } ?? .forget,
                apiOrigin: apiOrigin,
                company: company,
                apiKeys: apiKeys,
                resource: resource,
                authorizeParameters: authorizeParameters,
                tokenEndpointAuthMethod: tokenEndpointAuthMethod,
                quirks: quirks,
                redirects: redirects,
                loopbackHttp: loopbackHTTP,
                refresh: refresh,
                releaseUnsaved: releaseUnsaved,
                authorizationLifetime: authorizationLifetime.milliseconds,
                answerLimit: answerLimit))
    }

    /// Pleo's staging or production environment. Its clients have a secret, which only a
    /// server can keep: ``Client/Host/server``.
    public static func pleo(_ environment: Pleo) throws -> Provider {
        try Provider(pleoConfig(environment: environment))
    }

    /// From the machine's own data, such as those of a preset that were changed.
    public init(_ config: ProviderConfig) throws {
        do {
            machine = try EvergrantMachine.Provider(config: config)
        } catch {
            throw EvergrantError(thrown: error)
        }
        (environment, apiOrigin) = (config.environment, config.apiOrigin)
    }

    /// Its name.
    public var description: String { "Provider(\(environment))" }
}

extension String {
    /// Whether it is a URL of this origin, as far as that can be seen at once: one that is written as
    /// the origin is, and in which there is nothing that other parsers strip or take for a slash.
    func isCertainly(of origin: String) -> Bool {
        let answer = origin.utf8.withContiguousStorageIfAvailable { origin in
            utf8.withContiguousStorageIfAvailable { url in
                guard url.count > origin.count, url[origin.count] == UInt8(ascii: "/"), url.starts(with: origin) else {
                    return false
                }
                return url[origin.count...].allSatisfy { byte in
                    byte > UInt8(ascii: " ") && byte < 0x7f && byte != UInt8(ascii: "\\")
                }
            }
        }
        return (answer ?? nil) ?? false
    }
}

extension Duration {
    var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(seconds, 0)) * 1_000 + UInt64(max(attoseconds, 0) / 1_000_000_000_000_000)
    }
}
