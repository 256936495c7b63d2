// What of the machine is part of this package's own interface. The machine itself is the
// module `EvergrantMachine`, for hosts of another kind.
import EvergrantMachine

/// A text that must not be shown: it prints `Secret(..)`, and is wiped when it is let go.
public typealias Secret = EvergrantMachine.Secret
/// Bytes that must not be shown.
public typealias SecretBytes = EvergrantMachine.SecretBytes

/// How records are protected in the store.
public typealias Sealing = EvergrantMachine.Sealing
/// A key that records are sealed with.
public typealias SealingKey = EvergrantMachine.SealingKey

/// How a grant is ended at the server.
public typealias Disconnect = EvergrantMachine.Disconnect
/// The methods that the lifecycle needs.
public typealias HTTPMethod = EvergrantMachine.Method
/// What the `iss` parameter of a redirect must do (RFC 9207).
public typealias IssPolicy = EvergrantMachine.IssPolicy
/// How a client proves itself at the token endpoint.
public typealias TokenEndpointAuthMethod = EvergrantMachine.TokenEndpointAuthMethod
/// Which redirect URIs a server registers, and how it compares them.
public typealias RedirectRules = EvergrantMachine.RedirectRules
/// How the company of a credential is learnt.
public typealias CompanyBinding = EvergrantMachine.CompanyBinding
/// What a refresh does at a provider, and how long things take.
public typealias RefreshPolicy = EvergrantMachine.RefreshPolicy
/// What becomes of a refresh token that was used.
public typealias Rotation = EvergrantMachine.Rotation
/// The timing row of the refresh protocol, in milliseconds.
public typealias Timing = EvergrantMachine.Timing
/// Where a server's token answers stray from the RFC, and are meant.
public typealias Quirks = EvergrantMachine.Quirks
/// A parameter of the authorization request.
public typealias Parameter = EvergrantMachine.Parameter
/// Which of Pleo's environments.
public typealias Pleo = EvergrantMachine.Pleo

/// Where a connection stands.
public typealias Status = EvergrantMachine.Status
/// Why a person has to connect again.
public typealias Cause = EvergrantMachine.Cause
/// The kinds of API key.
public typealias ApiKeyKind = EvergrantMachine.ApiKeyKind

extension EvergrantMachine.Secret {
    /// Takes a copy of the text.
    public convenience init(_ text: String) {
        self.init(text: text)
    }
}

extension EvergrantMachine.SecretBytes {
    /// Takes a copy of the bytes.
    public convenience init(_ bytes: some Sequence<UInt8>) {
        self.init(bytes: .init(bytes))
    }
}

/// What is known of a provider, as the machine wants it.
public typealias ProviderConfig = EvergrantMachine.ProviderConfig
/// Keeps requests to an API under a rate: asked before each, it answers "now" or "at".
public typealias Pacer = EvergrantMachine.Pacer
/// Whether a request may go out.
public typealias Pace = EvergrantMachine.Pace
/// A client as it is to be registered with Pleo, checked before it is handed in.
public typealias Registration = EvergrantMachine.Registration
/// One thing for which Pleo would send the form back.
public typealias RegistrationFault = EvergrantMachine.RegistrationFault
/// The size of a logo in pixels.
public typealias LogoSize = EvergrantMachine.LogoSize
