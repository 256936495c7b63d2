/// Somebody who waits for one answer, and may stop to at any moment: the first end counts.
final class Waiter<Value: Sendable>: Sendable {
    private enum State: Sendable {
        case nobody
        case waiting(CheckedContinuation<Value, any Error>)
        case over(Result<Value, any Error>)
    }

    private let state = Locked(State.nobody)

    /// Whether there is nobody to be told any more.
    var isOver: Bool {
        state.with { if case .over = $0 { true } else { false } }
    }

    func give(_ value: Value) {
        end(.success(value))
    }

    func fail(_ error: any Error) {
        end(.failure(error))
    }

    /// Waits; to be called once. After `timeout` it throws what `late` says, and where the task is
    /// cancelled a `CancellationError`.
    func value(within timeout: Duration, late: @escaping @Sendable () -> any Error) async throws -> Value {
        let timer = Task {
            try await Task.sleep(for: timeout)
            fail(late())
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await value()
        } onCancel: {
            fail(CancellationError())
        }
    }

    /// Waits for as long as it takes, cancelled or not; to be called once.
    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let over: Result<Value, any Error>? = state.with {
                if case .over(let result) = $0 { return result }
                $0 = .waiting(continuation)
                return nil
            }
            if let over { continuation.resume(with: over) }
        }
    }

    private func end(_ result: Result<Value, any Error>) {
        let continuation: CheckedContinuation<Value, any Error>? = state.with {
            switch $0 {
            case .over: return nil
            case .nobody:
                $0 = .over(result)
                return nil
            case .waiting(let continuation):
                $0 = .over(result)
                return continuation
            }
        }
        continuation?.resume(with: result)
    }
}
