import EvergrantMachine

/// Those who look on, each told of what is new to it.
struct Watchers: Sendable {
    private struct Watcher: Sendable {
        let continuation: AsyncStream<Status>.Continuation
        var last: Status
    }

    private var all: [Int: Watcher] = [:]
    private var added = 0

    /// One more, told of this status; `gone` when it looks no longer.
    mutating func add(
        _ status: Status, gone: @escaping @Sendable (Int) -> Void
    ) -> (id: Int, statuses: AsyncStream<Status>) {
        added += 1
        let id = added
        let (statuses, continuation) = AsyncStream.makeStream(of: Status.self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { _ in gone(id) }
        continuation.yield(status)
        all[id] = Watcher(continuation: continuation, last: status)
        return (id, statuses)
    }

    mutating func remove(_ id: Int) {
        all[id] = nil
    }

    mutating func tell(_ status: Status) {
        for id in all.keys { tell(status, to: id) }
    }

    mutating func tell(_ status: Status, to id: Int) {
        guard let watcher = all[id], watcher.last != status else { return }
        all[id]?.last = status
        watcher.continuation.yield(status)
    }

    func finish() {
        for watcher in all.values { watcher.continuation.finish() }
    }
}
