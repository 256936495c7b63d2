import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension Connection {
    /// A call to the API: with the token, and after a 401 once more with a new one. Whoever else
    /// gets a 401 at the same time takes part in the one refresh.
    ///
    /// The token goes to the API's origin and nowhere else: for any other URL this throws
    /// `URLError(.unsupportedURL)` before a token is asked for or anything sent, and a redirect that
    /// leaves the origin is handed back as it is. A body that is a stream is not sent twice: then the
    /// 401 is handed back, and the next request has a new token. A grant that is over is thrown as
    /// ``EvergrantError``; every other answer is handed back. If the task is cancelled, so is the
    /// call, but never a refresh.
    public func data(for request: URLRequest, session: APISession = .shared) async throws -> (Data, HTTPURLResponse) {
        guard let url = request.url?.absoluteString, try isAPI(url) else { throw URLError(.unsupportedURL) }
        let first = try await token()
        let answer = try await session.data(for: request, with: first)
        guard answer.1.statusCode == 401 else { return answer }
        let headers = answer.1.allHeaderFields.map { (name: "\($0.key)", value: "\($0.value)") }
        if let error = try await apiAnswered(first, status: 401, headers: headers) { throw error }
        guard request.httpBodyStream == nil else { return answer }
        return try await session.data(for: request, with: token())
    }

    /// The request with the `Authorization` header, for clients of your own: nil where its URL is
    /// not the API's. After a 401 tell ``apiAnswered(_:status:headers:)``.
    public func authorized(
        _ request: URLRequest, isolation: isolated (any Actor)? = #isolation
    ) async throws -> URLRequest? {
        guard let url = request.url, let header = try await authorization(for: url) else { return nil }
        var authorized = request
        authorized.setValue(header, forHTTPHeaderField: "Authorization")
        return authorized
    }
}
