import EvergrantMachine
import Foundation

/// What went wrong, named by what to do about it. It holds no secret.
///
/// ```swift
/// do {
///     try await connection.token()
/// } catch let error as EvergrantError where error.verdict == .reauthenticationRequired {
///     showConnectButton()
/// }
/// ```
public struct EvergrantError: Error, Hashable, Sendable {
    /// What to do about it.
    public enum Verdict: String, CaseIterable, Sendable {
        /// The grant is over: ask the person to connect again. Nothing else is lost.
        case reauthenticationRequired
        /// Nothing is lost; try again at `retryAt`.
        case tryLater
        /// Somebody said no; tell the person.
        case denied
        /// A redirect was not believed, and nothing has changed: the true one may still come.
        case callbackRefused
        /// It may have been done, and nobody can know: begin a new authorization.
        case outcomeUnknown
        /// The new credential is not of the right company, and is not used.
        case companyMismatch
        /// Tell the operator: client id, secret or scopes are wrong.
        case misconfigured
        /// Mend the store, or what is in it.
        case hostFailed
        /// Tell the provider: its server broke the protocol.
        case serverMisbehaved
        /// A bug of the caller, to be mended by reading code.
        case misuse
    }

    /// What to do about it.
    public let verdict: Verdict
    /// The stable name, the same in every language.
    public let code: String
    /// The stable number, where the machine gave one.
    public internal(set) var number: UInt16?
    /// When another try makes sense, if time is all that it takes.
    public internal(set) var retryAt: Date?
    /// Whose connection it is.
    public internal(set) var tenant: String?
    /// What `authorize` was given, if this speaks of an authorization.
    public internal(set) var returnContext: String?
    /// Whose a credential is that is another's, where that is known.
    public internal(set) var company: String?
    /// The server's own OAuth error code, redacted.
    public internal(set) var serverError: String?
    /// An explanation for developers, redacted.
    public internal(set) var explanation: String?
    /// The id of the sealing key that is missing, if that is what is wrong.
    public internal(set) var sealingKey: String?

    init(_ verdict: Verdict, _ code: String, number: UInt16? = nil) {
        (self.verdict, self.code, self.number) = (verdict, code, number)
    }
}

extension EvergrantError: LocalizedError, CustomStringConvertible {
    /// The code.
    public var description: String { code }
    /// The code and, where there is one, the explanation: for developers, not for people.
    public var errorDescription: String? {
        explanation.map { "\(code): \($0)" } ?? code
    }
}

/// Thrown by stores: it cannot be told whether a swap has taken place.
public struct StoreUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why, for developers; never a record or a key.
    public let description: String

    /// For developers: why. It is shown and logged.
    public init(_ description: String) {
        self.description = description
    }
}

// MARK: - What the machine says

extension EvergrantError {
    init(_ failure: Failure, tenant: String, returnContext: String? = nil) {
        self.init(Verdict(failure.kind), failure.code, number: failure.number)
        retryAt = failure.retryAt.map(Date.init(milliseconds:))
        company = failure.company
        serverError = failure.error
        explanation = failure.description
        sealingKey = failure.sealingKey
        (self.tenant, self.returnContext) = (tenant, returnContext)
    }

    /// What a function of the machine has thrown.
    init(thrown error: any Error, tenant: String? = nil) {
        switch error {
        case let error as EvergrantError:
            self = error
        case Refusal.Misuse(let code), Refusal.PackedInvalid(let code), Refusal.Failed(let code):
            self.init(Verdict(prefixOf: code), code)
        case let error as StoreUnavailable:
            self.init(.hostFailed, "host_store_unanswered", number: 705)
            explanation = error.description
        default:
            // A panic. Its text is not known, and so not shown.
            self.init(.hostFailed, "panic")
        }
        self.tenant = self.tenant ?? tenant
    }

    /// As callers are told of it.
    static func told(_ error: any Error, tenant: String? = nil) -> any Error {
        error is CancellationError ? error : EvergrantError(thrown: error, tenant: tenant)
    }

    /// Whoever asked has waited long enough; what was begun goes on.
    static func busy(tenant: String, now: UInt64) -> EvergrantError {
        var error = EvergrantError(.tryLater, "try_later_busy", number: 205)
        error.retryAt = Date(milliseconds: now + 1_000)
        error.tenant = tenant
        return error
    }
}

extension EvergrantError.Verdict {
    fileprivate init(_ kind: FailureKind) {
        self =
            switch kind {
            case .reauthenticationRequired: .reauthenticationRequired
            case .tryLater: .tryLater
            case .outcomeUnknown: .outcomeUnknown
            case .denied: .denied
            case .callbackRefused: .callbackRefused
            case .misconfigured: .misconfigured
            case .companyMismatch: .companyMismatch
            case .serverMisbehaved: .serverMisbehaved
            case .hostFailed: .hostFailed
            }
    }

    /// A code begins with its verdict's name.
    fileprivate init(prefixOf code: String) {
        self =
            switch code.prefix(while: { $0 != "_" }) {
            case "reauthenticate": .reauthenticationRequired
            case "try": .tryLater
            case "outcome": .outcomeUnknown
            case "denied": .denied
            case "callback": .callbackRefused
            case "misconfigured": .misconfigured
            case "company": .companyMismatch
            case "server": .serverMisbehaved
            case "misuse": .misuse
            default: .hostFailed
            }
    }
}

extension Date {
    init(milliseconds: UInt64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}
