import Foundation

/// An access token, as it is handed out. It shows nothing of itself: ask the connection for
/// it before each request, which costs next to nothing, and keep it nowhere.
public final class Token: Sendable {
    /// Which one it is of those that the grant has had.
    public let generation: UInt64
    /// The only origin to which it may be sent.
    public let origin: String
    /// When it expires, if the server said so.
    public var expiresAt: Date? { expiry.map(Date.init(milliseconds:)) }

    /// Until when it is good enough for most: UNIX milliseconds.
    let freshUntil: UInt64
    private let header: String
    private let expiry: UInt64?

    init(generation: UInt64, origin: String, header: String, expiry: UInt64?) {
        (self.generation, self.origin, self.header, self.expiry) = (generation, origin, header, expiry)
        freshUntil = Self.goodUntil(expiry, 30_000)
    }

    /// The value of the `Authorization` header.
    public func expose() -> String {
        header
    }

    /// Until when it is good for so many milliseconds more. Whether it is good enough all the same
    /// the machine knows, and nobody else.
    func goodUntil(_ minValidity: UInt64) -> UInt64 {
        Self.goodUntil(expiry, minValidity)
    }

    private static func goodUntil(_ expiry: UInt64?, _ minValidity: UInt64) -> UInt64 {
        guard let expiry else { return .max }
        return expiry - min(minValidity, expiry)
    }
}

extension Token: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the token itself.
    public var description: String {
        "Token(generation: \(generation), origin: \(origin))"
    }
    /// The same.
    public var debugDescription: String { description }
    /// The same: a debugger and `dump` look there.
    public var customMirror: Mirror {
        Mirror(self, children: ["generation": generation, "origin": origin])
    }
}
