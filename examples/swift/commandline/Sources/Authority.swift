import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The embedded authorization server, as a process that ends with this one.
struct Authority {
    let base: String
    private let input: FileHandle

    init(program: String) throws {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        var line = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), byte != Data("\n".utf8) { line += byte }
        base = String(String(decoding: line, as: UTF8.self).dropFirst("listening on ".count))
        self.input = input.fileHandleForWriting
    }

    func stop() {
        try? input.close()
    }

    func control(_ name: String) async throws {
        var request = URLRequest(url: URL(string: "\(base)/control/\(name)")!)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = Data("{}".utf8)
        _ = try await Plain.send(request)
    }

    func stat(_ name: String) async throws -> Int {
        let data = try await Plain.send(URLRequest(url: URL(string: "\(base)/control/stats")!)).0
        return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?[name] as? Int ?? -1
    }
}

/// Requests that have nothing to do with the package, and follow no redirect.
enum Plain {
    private static let session = URLSession(configuration: .ephemeral, delegate: Stay(), delegateQueue: nil)

    static func send(_ request: URLRequest) async throws -> (Data, HTTPURLResponse) {
        let (data, response) = try await session.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        return (data, response)
    }

    private final class Stay: NSObject, URLSessionTaskDelegate, Sendable {
        func urlSession(
            _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
            newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }
    }
}
