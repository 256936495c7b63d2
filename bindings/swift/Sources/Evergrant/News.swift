import Foundation

/// A line for an audit log; it never holds a secret.
public struct Notice: Hashable, Sendable {
    /// Whose connection it is.
    public let tenant: String
    /// What happened: the same name in every language.
    public let code: String
    /// The generation that it speaks of.
    public let generation: UInt64?
    /// Which attempt at a refresh.
    public let attempt: UInt16?
    /// The authorization that it speaks of.
    public let authorization: String?
    /// A code or a list of scopes that says more.
    public let detail: String?
}

/// A browser is to be sent to `url.expose()`.
public struct Authorization: Sendable {
    /// Names it, in notices and for `cancel`.
    public let id: String
    /// It carries the `state`: neither logged nor stored.
    public let url: Secret
    /// To be set by the answer that sends the browser there; only on a server.
    public let cookie: Cookie?
    /// Until when it can be completed.
    public let expiresAt: Date
}

/// What recognises the browser when it comes back to a server.
public struct Cookie: Sendable {
    /// One for each authorization: a browser may have begun several.
    public let name: String
    /// Never shown.
    public let value: Secret
    /// The redirect URI's.
    public let path: String
    /// Whether it goes over https only. It is `HttpOnly` and `SameSite=Lax` in any case.
    public let isSecure: Bool
    /// In seconds.
    public let maxAge: Int
}

/// A grant is there.
public struct Authorized: Hashable, Sendable {
    /// Whose it is.
    public let tenant: String
    /// The scopes that were granted, separated by spaces.
    public let scope: String
    /// What `authorize` was given.
    public let returnContext: String?
}

/// A key is there.
public struct KeyAccepted: Hashable, Sendable {
    /// Whose it is: to be shown to the person.
    public let company: String
    /// The scopes that the API tells of, separated by spaces.
    public let scope: String
}
