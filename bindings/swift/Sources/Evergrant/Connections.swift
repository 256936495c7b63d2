import EvergrantMachine
import Foundation

/// Connections by tenant, over one store and one redirect URI.
///
/// A tenant is a name of yours, of at most 256 bytes; an app with one account may call it "me".
/// The last `keep` connections stay in memory, with their tokens, and are refreshed when that is
/// due.
public final class Connections: Sendable {
    /// Who is connected.
    public let client: Client
    /// Where.
    public let store: any Store

    private let keep: Int
    private let kept = Locked(Kept())

    private struct Kept: Sendable {
        var all: [String: Weak] = [:]
        /// The last ones used, and when: by a counter.
        var last: [String: (connection: Connection, use: UInt64)] = [:]
        var uses: UInt64 = 0

        mutating func use(_ connection: Connection, keep: Int) -> Connection {
            uses += 1
            last[connection.tenant] = (connection, uses)
            if last.count > keep, let oldest = last.min(by: { $0.value.use < $1.value.use })?.key {
                last[oldest] = nil
                all = all.filter { $0.value.connection != nil }
            }
            return connection
        }
    }

    private struct Weak: Sendable {
        weak var connection: Connection?
    }

    /// To be made once in a process.
    public init(_ client: Client, store: any Store, keep: Int = 1_000) {
        (self.client, self.store, self.keep) = (client, store, max(keep, 1))
    }

    /// The tenant's: the same object each time, for as long as it is kept or somebody has it.
    ///
    /// Throws `misuse_tenant_invalid` for a name that is empty or over 256 bytes.
    public subscript(tenant: String) -> Connection {
        get throws {
            let keep = keep
            if let known = kept.with({ kept in
                kept.all[tenant]?.connection.map { kept.use($0, keep: keep) }
            }) {
                return known
            }
            let made = try Connection(client, store: store, tenant: tenant)
            return kept.with { kept in
                if let known = kept.all[tenant]?.connection { return kept.use(known, keep: keep) }
                kept.all[tenant] = Weak(connection: made)
                return kept.use(made, keep: keep)
            }
        }
    }

    /// Completes an authorization: finds out whose it is by what the store says. `url` is the
    /// whole URL of the redirect; `cookies` are those that came with it, on a server.
    @discardableResult
    public func callback(
        _ url: Secret, cookies: [String: String] = [:], timeout: Duration? = nil
    ) async throws -> Authorized {
        let tenant: String
        do {
            let pending = try await store.read(pendingKey(url: url))
            guard let pending else { throw EvergrantError(.callbackRefused, "callback_state_unknown", number: 404) }
            tenant = try pendingTenant(client: client.machine, url: url, record: pending.record)
        } catch {
            throw EvergrantError.told(error)
        }
        return try await self[tenant].callback(url, cookies: cookies, timeout: timeout)
    }

    /// The same, for what `onOpenURL` or a scene's delegate gives to an app.
    @discardableResult
    public func callback(_ url: URL, timeout: Duration? = nil) async throws -> Authorized {
        try await callback(Secret(url.absoluteString), timeout: timeout)
    }
}
