import Foundation

/// Sends one request, once: it follows no redirect, repeats nothing, and adds no credential
/// or cookie of its own.
public protocol Transport: Sendable {
    /// Sends it, and answers with whatever comes back.
    ///
    /// Throws ``TransportFault/notSent`` only where certainly no byte left,
    /// ``TransportFault/tooLate`` if the time to send had passed, and anything else where the
    /// server may have got it. A task that is cancelled does not cancel what has been sent.
    func send(_ request: TransportRequest) async throws -> TransportAnswer
}

/// Why there is no answer.
public enum TransportFault: Error, Hashable, Sendable {
    /// Certainly no byte of the request left: DNS, connect or TLS failed.
    case notSent
    /// The time to send had passed before the first byte could leave; none left.
    case tooLate
    /// Anything else: the server may have handled the request. Names an error's code, and
    /// quotes nothing that was sent.
    case unknown(String)
}

/// What to send. It shows neither headers nor body.
public struct TransportRequest: Sendable {
    /// `GET`, `POST` or `DELETE`.
    public let method: String
    /// The absolute URL; no credential is ever in it.
    public let url: String
    /// Names and values.
    public let headers: [(name: String, value: String)]
    /// Empty for `GET` and `DELETE`.
    public let body: Data
    /// How long to listen for the answer, in milliseconds from the send.
    public let listenFor: UInt64
    /// The largest body to read, in bytes; of a larger one read a byte more.
    public let answerLimit: Int

    let sendBy: UInt64
    let clock: HostClock

    init(
        method: String, url: String, headers: [(name: String, value: String)], body: Data, sendBy: UInt64,
        listenFor: UInt64, answerLimit: Int, clock: HostClock
    ) {
        (self.method, self.url, self.headers, self.body) = (method, url, headers, body)
        (self.sendBy, self.listenFor, self.answerLimit, self.clock) = (sendBy, listenFor, answerLimit, clock)
    }

    /// The milliseconds that are left until the first byte must leave, on a clock that runs
    /// through suspend; throws ``TransportFault/tooLate`` where none is.
    public func timeToSend() throws -> UInt64 {
        let now = clock.uptime()
        guard now < sendBy else { throw TransportFault.tooLate }
        return sendBy - now
    }
}

/// What a server answered. It shows neither headers nor body.
public struct TransportAnswer: Sendable {
    /// The status.
    public let status: UInt16
    /// Names and values.
    public let headers: [(name: String, value: String)]
    /// As it was meant: without chunks, decompressed. May be cut after `answerLimit`.
    public let body: Data

    /// An answer.
    public init(status: UInt16, headers: [(name: String, value: String)], body: Data) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }
}

extension TransportRequest: CustomStringConvertible, CustomReflectable {
    /// Without headers and body.
    public var description: String { "TransportRequest(\(method) \(url))" }
    /// The same.
    public var customMirror: Mirror { Mirror(self, children: ["method": method, "url": url]) }
}

extension TransportAnswer: CustomStringConvertible, CustomReflectable {
    /// Without headers and body.
    public var description: String { "TransportAnswer(\(status), \(body.count) bytes)" }
    /// The same.
    public var customMirror: Mirror { Mirror(self, children: ["status": status]) }
}
