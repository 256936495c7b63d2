#if canImport(AuthenticationServices) && (os(iOS) || os(macOS) || os(visionOS))
    import AuthenticationServices
    import Foundation

    extension Connection {
        /// Lets the person connect, in the system's own browser sheet. `redirectURI` is a registered
        /// one: `https` (universal links, from iOS 17.4 and macOS 14.4 on) or of a private-use scheme.
        ///
        /// Throws `CancellationError` if the person closes the sheet, or what else the sheet has failed
        /// with; the authorization is given up then. A task that is cancelled waits until the sheet
        /// is closed. If the app dies meanwhile, a redirect that still comes is for the next process:
        /// ``Connections/callback(_:cookies:timeout:)``.
        @MainActor
        @discardableResult
        public func connect(
            redirectURI: String,
            scopes: [String] = [],
            company: String? = nil,
            prefersEphemeralWebBrowserSession: Bool = false,
            presenting provider: any ASWebAuthenticationPresentationContextProviding
        ) async throws -> Authorized {
            let begun = try await authorize(redirectURI: redirectURI, scopes: scopes, company: company)
            guard let url = URL(string: begun.url.expose()), let redirect = URLComponents(string: redirectURI) else {
                throw URLError(.badURL)
            }
            let came: URL
            do {
                came = try await WebAuthentication.run(
                    url, redirect, ephemeral: prefersEphemeralWebBrowserSession, provider)
            } catch {
                try await cancel(begun.id)
                let isClosed = (error as? ASWebAuthenticationSessionError)?.code == .canceledLogin
                throw isClosed ? CancellationError() : error
            }
            return try await callback(came)
        }
    }

    @MainActor
    private enum WebAuthentication {
        static func run(
            _ url: URL, _ redirect: URLComponents, ephemeral: Bool,
            _ provider: any ASWebAuthenticationPresentationContextProviding
        ) async throws -> URL {
            let answer = Waiter<URL>()
            let session = make(url, redirect) { url, error in
                if let url {
                    answer.give(url)
                } else {
                    answer.fail(error ?? URLError(.cancelled))
                }
            }
            session.prefersEphemeralWebBrowserSession = ephemeral
            session.presentationContextProvider = provider
            if !session.start() { answer.fail(URLError(.cannotLoadFromNetwork)) }
            // Kept until it has answered.
            defer { withExtendedLifetime(session) {} }
            return try await answer.value()
        }

        private static func make(
            _ url: URL, _ redirect: URLComponents, _ done: @escaping @Sendable (URL?, (any Error)?) -> Void
        ) -> ASWebAuthenticationSession {
            if redirect.scheme == "https", let host = redirect.host,
                #available(iOS 17.4, macOS 14.4, visionOS 1.1, *)
            {
                return ASWebAuthenticationSession(
                    url: url, callback: .https(host: host, path: redirect.path), completionHandler: done)
            }
            return ASWebAuthenticationSession(url: url, callbackURLScheme: redirect.scheme, completionHandler: done)
        }
    }
#endif
