import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension Connection {
    /// A call to the API: with the token, and after a 401 once more with a new one. Whoever else
    /// gets a 401 at the same time takes part in the one refresh.
    ///
    /// The token goes to the API's origin and nowhere else: for any other URL this throws
    /// `URLError(.unsupportedURL)` before anything is sent, and a redirect that leaves the origin
    /// is handed back as it is. A body that is a stream is not sent twice: then the 401 is handed
    /// back, and the next request has a new token. Answers from 400 on that say what is to be
    /// done about the connection, such as a grant that is over, are thrown as ``EvergrantError``;
    /// all others are handed back.
    public func data(for request: URLRequest, session: URLSession = .shared) async throws -> (Data, HTTPURLResponse) {
        guard let url = request.url?.absoluteString else { throw URLError(.unsupportedURL) }
        let first = try await token()
        guard try await mayGo(first, to: url) else { throw URLError(.unsupportedURL) }
        let answer = try await send(request, with: first, by: session)
        guard answer.1.statusCode == 401 else { return answer }
        let headers = answer.1.allHeaderFields.map { (name: "\($0.key)", value: "\($0.value)") }
        if let error = try await apiAnswered(first, status: 401, headers: headers) { throw error }
        guard request.httpBodyStream == nil else { return answer }
        return try await send(request, with: token(), by: session)
    }

    /// The request with the `Authorization` header, for clients of your own: nil where its URL is
    /// not the API's. After a 401 tell ``apiAnswered(_:status:headers:)``.
    public func authorized(_ request: URLRequest) async throws -> URLRequest? {
        guard let url = request.url, let header = try await authorization(for: url) else { return nil }
        var authorized = request
        authorized.setValue(header, forHTTPHeaderField: "Authorization")
        return authorized
    }

    private func send(_ request: URLRequest, with token: Token, by session: URLSession) async throws -> (
        Data, HTTPURLResponse
    ) {
        var asked = request
        asked.setValue(token.expose(), forHTTPHeaderField: "Authorization")
        let (data, response) = try await session.data(for: asked, delegate: WithinOrigin(token))
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        return (data, response)
    }
}

/// Follows a redirect within the API's origin, and no other.
private final class WithinOrigin: NSObject, URLSessionTaskDelegate, Sendable {
    private let token: Token

    init(_ token: Token) {
        self.token = token
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        guard let url = request.url?.absoluteString, token.mayGo(to: url) == true else { return completionHandler(nil) }
        var next = request
        next.setValue(token.expose(), forHTTPHeaderField: "Authorization")
        completionHandler(next)
    }
}
