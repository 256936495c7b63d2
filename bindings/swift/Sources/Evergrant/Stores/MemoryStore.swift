import EvergrantMachine

/// A store that ends with its process: for tests, and for trying things out.
public actor MemoryStore: Store {
    private var records = Records()

    /// An empty one.
    public init() {}

    /// As ``Store/swap(_:expected:write:)``.
    public func swap(_ key: String, expected: String?, write: Write?) -> Stored? {
        if let write { _ = records.write(key, expected: expected, write, now: HostClock().now()) }
        return records[key]
    }
}
