#if canImport(Security)
    import EvergrantMachine
    import Foundation
    import Security

    /// One item of the Keychain with all records, for an app and its extensions: some dozens of
    /// connections. It can be read from the first unlock on, leaves neither the device nor its
    /// backups, and stays when the app is deleted.
    ///
    /// The Keychain itself compares nothing. Processes that share an access group need a lock file
    /// in the container of an app group (`lockedBy`); a single process has a lock of its own.
    public struct KeychainStore: Store {
        private let service: String
        private let accessGroup: String?
        private let lock: FileLock?
        private let queue: DispatchQueue

        /// One queue for each item, whoever makes the store.
        private static let queues = Locked<[String: DispatchQueue]>([:])

        /// - Parameters:
        ///   - service: names the item, such as the app's bundle identifier and "evergrant".
        ///   - accessGroup: shared by an app and its extensions. Without it the app's own.
        ///   - lockedBy: a file in a container that all of them can write, such as
        ///     `FileManager.default.containerURL(forSecurityApplicationGroupIdentifier:)` has. Needed
        ///     wherever another process uses the same item.
        public init(service: String, accessGroup: String? = nil, lockedBy: URL? = nil) {
            (self.service, self.accessGroup) = (service, accessGroup)
            lock = lockedBy.map { FileLock(path: $0.path) }
            let item = "\(accessGroup ?? "") \(service)"
            queue = Self.queues.with { queues in
                if let known = queues[item] { return known }
                let queue = DispatchQueue(label: "dev.evergrant.keychain")
                queues[item] = queue
                return queue
            }
        }

        /// As ``Store/swap(_:expected:write:)``.
        public func swap(_ key: String, expected: String?, write: Write?) async throws -> Stored? {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(
                        with: Result {
                            guard let lock else { return try swapNow(key, expected, write) }
                            return try lock.with { try swapNow(key, expected, write) }
                        })
                }
            }
        }

        private func swapNow(_ key: String, _ expected: String?, _ write: Write?) throws -> Stored? {
            let there = try read()
            var records = try there.map(Records.init(decoding:)) ?? Records()
            if let write, records.write(key, expected: expected, write, now: HostClock().now()) {
                try replace(with: records.encoded(), isNew: there == nil)
            }
            return records[key]
        }

        private func read() throws -> Data? {
            var query = item
            query[kSecReturnData] = true
            query[kSecMatchLimit] = kSecMatchLimitOne
            var found: CFTypeRef?
            switch SecItemCopyMatching(query as CFDictionary, &found) {
            case errSecSuccess:
                guard let data = found as? Data else { throw StoreUnavailable("the Keychain gave no data") }
                return data
            case errSecItemNotFound: return nil
            case let status: throw Self.unavailable(status)
            }
        }

        private func replace(with data: Data, isNew: Bool) throws {
            let status: OSStatus
            if isNew {
                var query = item
                query[kSecValueData] = data
                query[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
                status = SecItemAdd(query as CFDictionary, nil)
            } else {
                status = SecItemUpdate(item as CFDictionary, [kSecValueData: data] as CFDictionary)
            }
            guard status == errSecSuccess else { throw Self.unavailable(status) }
        }

        private var item: [CFString: Any] {
            var item: [CFString: Any] = [
                kSecClass: kSecClassGenericPassword,
                kSecAttrService: service,
                kSecAttrAccount: "records",
                kSecAttrSynchronizable: false,
                // On a Mac too, where there is an older Keychain.
                kSecUseDataProtectionKeychain: true,
            ]
            if let accessGroup { item[kSecAttrAccessGroup] = accessGroup }
            return item
        }

        /// Such as errSecInteractionNotAllowed (-25308): before the first unlock.
        private static func unavailable(_ status: OSStatus) -> StoreUnavailable {
            StoreUnavailable("the Keychain says \(status)")
        }
    }
#endif
