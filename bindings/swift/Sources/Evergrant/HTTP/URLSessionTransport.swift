import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// HTTP by `URLSession`: what is used unless told otherwise. Each request has a session, and
/// so a connection, of its own: none is lost on one that the server had closed, and nothing
/// is sent twice. No cookies, no cache, no stored credentials; redirects are refused.
///
/// What happens is told as docs/swift.md says under "HTTP".
public struct URLSessionTransport: Transport {
    /// By the system's own settings, such as its proxies.
    public init() {}

    /// As ``Transport/send(_:)``.
    public func send(_ request: TransportRequest) async throws -> TransportAnswer {
        guard let url = URL(string: request.url) else { throw TransportFault.notSent }
        var asked = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        asked.httpMethod = request.method
        asked.httpShouldHandleCookies = false
        // The exchange's own clock decides, and runs through suspend.
        asked.timeoutInterval = 24 * 3_600
        for (name, value) in request.headers { asked.setValue(value, forHTTPHeaderField: name) }
        if !request.body.isEmpty { asked.httpBody = request.body }
        let exchange = Exchange(limit: request.answerLimit, hasBody: !request.body.isEmpty)
        return try await exchange.run(asked, sendWithin: request.timeToSend(), listenFor: request.listenFor)
    }
}

/// One request and its answer.
private final class Exchange: NSObject, URLSessionDataDelegate, Sendable {
    private struct State: Sendable {
        var head: (status: UInt16, headers: [(name: String, value: String)])?
        var body = Data()
        /// Whether some of the body has left.
        var hasSent = false
        /// Whether the time to send was over before that.
        var isLate = false
        /// Whether the system says that not even the head has left.
        var hasNotStarted = false
    }

    private let limit: Int
    private let hasBody: Bool
    private let state = Locked(State())
    private let answer = Waiter<TransportAnswer>()

    init(limit: Int, hasBody: Bool) {
        (self.limit, self.hasBody) = (limit, hasBody)
    }

    func run(_ request: URLRequest, sendWithin: UInt64, listenFor: UInt64) async throws -> TransportAnswer {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.timeoutIntervalForRequest = 24 * 3_600
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        let task = session.dataTask(with: request)
        let hasBody = hasBody
        let watch = Task {
            try await Task.sleep(for: .milliseconds(sendWithin))
            // Of a request without a body nobody can tell whether it has left.
            let isLate = state.with { state in
                state.isLate = hasBody && !state.hasSent && state.head == nil
                return state.isLate
            }
            if isLate { return task.cancel() }
            // Counted from the latest moment of the send. What has arrived meanwhile, as while
            // the device slept, goes before the deadline.
            try await Task.sleep(for: .milliseconds(listenFor + 250))
            task.cancel()
        }
        task.resume()
        session.finishTasksAndInvalidate()
        defer { watch.cancel() }
        return try await answer.value()
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
        newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _: URLSession, task: URLSessionTask, didReceive _: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        #if canImport(FoundationNetworking)
            // It asks when the whole answer is there, and with the default would wait for ever.
            task.response.map(keep)
            finish()
            completionHandler(.cancelAuthenticationChallenge, nil)
        #else
            // Certificates are looked at as always; to a 401 nothing is known to say.
            completionHandler(.performDefaultHandling, nil)
        #endif
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, didSendBodyData _: Int64, totalBytesSent _: Int64,
        totalBytesExpectedToSend _: Int64
    ) {
        state.with { $0.hasSent = true }
    }

    func urlSession(
        _: URLSession, dataTask _: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        keep(response)
        completionHandler(.allow)
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let limit = limit
        let isFull = state.with { state in
            state.body.append(data.prefix(limit + 1 - state.body.count))
            return state.body.count > limit
        }
        if isFull {
            finish()
            dataTask.cancel()
        }
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let error {
            answer.fail(fault(error))
        } else {
            // A redirect that was refused may come with nothing but this.
            task.response.map(keep)
            finish()
        }
    }

    #if !canImport(FoundationNetworking)
        func urlSession(_: URLSession, task _: URLSessionTask, didFinishCollecting metrics: URLSessionTaskMetrics) {
            let hasNotStarted = metrics.transactionMetrics.allSatisfy { $0.requestStartDate == nil }
            state.with { $0.hasNotStarted = hasNotStarted }
        }
    #endif

    private func keep(_ response: URLResponse) {
        guard let response = response as? HTTPURLResponse else { return }
        let headers = response.allHeaderFields.map { (name: "\($0.key)", value: "\($0.value)") }
        let status = UInt16(clamping: response.statusCode)
        state.with { $0.head = $0.head ?? (status, headers) }
    }

    private func finish() {
        let (head, body) = state.with { ($0.head, $0.body) }
        if let head {
            answer.give(TransportAnswer(status: head.status, headers: head.headers, body: body))
        } else {
            answer.fail(TransportFault.unknown("no answer"))
        }
    }

    private func fault(_ error: any Error) -> TransportFault {
        let state = state.with { $0 }
        let code = (error as? URLError)?.code
        let unknown = TransportFault.unknown("URLError \(code?.rawValue ?? 0)")
        guard state.head == nil, !state.hasSent else { return unknown }
        switch code {
        case .badURL, .unsupportedURL, .cannotFindHost, .dnsLookupFailed, .cannotConnectToHost, .notConnectedToInternet,
            .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
            .serverCertificateNotYetValid, .serverCertificateHasUnknownRoot,
            .appTransportSecurityRequiresSecureConnection:
            return .notSent
        case .cancelled where state.isLate && isCertainlyUnsent(state):
            return .tooLate
        default:
            return unknown
        }
    }

    /// Of a request that was given up before its time to send was over.
    private func isCertainlyUnsent(_ state: State) -> Bool {
        #if canImport(FoundationNetworking)
            // None of the body has been asked for, which is put into the first packet.
            !state.hasSent
        #else
            state.hasNotStarted
        #endif
    }
}
