import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What ``Connection/data(for:session:)`` sends calls to the API with: a `URLSession` whose
/// redirects never take a token out of the API's origin. To be made once, and kept.
public final class APISession: Sendable {
    /// By the system's own settings.
    public static let shared = APISession()

    private let calls: Calls
    private let session: URLSession

    /// By settings of yours; they are copied.
    public init(configuration: URLSessionConfiguration = .default) {
        // The delegate of a single task is not asked on Linux.
        calls = Calls()
        session = URLSession(configuration: configuration, delegate: calls, delegateQueue: nil)
    }

    deinit {
        session.finishTasksAndInvalidate()
    }

    func data(for request: URLRequest, with token: Token) async throws -> (Data, HTTPURLResponse) {
        var asked = request
        asked.setValue(token.expose(), forHTTPHeaderField: "Authorization")
        let task = session.dataTask(with: asked)
        let answer = calls.begin(task, token)
        return try await withTaskCancellationHandler {
            task.resume()
            return try await answer.value()
        } onCancel: {
            task.cancel()
        }
    }
}

private final class Calls: NSObject, URLSessionDataDelegate, Sendable {
    private struct Call: Sendable {
        let token: Token
        let answer: Waiter<(Data, HTTPURLResponse)>
        var data = Data()
    }

    private let calls = Locked<[Int: Call]>([:])

    func begin(_ task: URLSessionTask, _ token: Token) -> Waiter<(Data, HTTPURLResponse)> {
        let answer = Waiter<(Data, HTTPURLResponse)>()
        let identifier = task.taskIdentifier
        calls.with { $0[identifier] = Call(token: token, answer: answer) }
        return answer
    }

    /// Within the API's origin, and not out of it: then the redirect itself is the answer.
    func urlSession(
        _: URLSession, task: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        let identifier = task.taskIdentifier
        guard let token = calls.with({ $0[identifier]?.token }), let url = request.url?.absoluteString,
            url.isCertainly(of: token.origin)
        else { return completionHandler(nil) }
        var next = request
        next.setValue(token.expose(), forHTTPHeaderField: "Authorization")
        completionHandler(next)
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let identifier = dataTask.taskIdentifier
        calls.with { $0[identifier]?.data.append(data) }
    }

    #if canImport(FoundationNetworking)
        // It asks when the whole answer is there, and with the default would wait for ever.
        func urlSession(
            _: URLSession, task: URLSessionTask, didReceive _: URLAuthenticationChallenge,
            completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
        ) {
            finish(task, nil)
            completionHandler(.cancelAuthenticationChallenge, nil)
        }
    #endif

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        finish(task, error)
    }

    private func finish(_ task: URLSessionTask, _ error: (any Error)?) {
        let identifier = task.taskIdentifier
        guard let call = calls.with({ $0.removeValue(forKey: identifier) }) else { return }
        if let error {
            call.answer.fail((error as? URLError)?.code == .cancelled ? CancellationError() : error)
        } else if let response = task.response as? HTTPURLResponse {
            call.answer.give((call.data, response))
        } else {
            call.answer.fail(URLError(.badServerResponse))
        }
    }
}
