import Foundation

/// As `transcripts/README.md` wants it read and written: members in their order, numbers whole.
enum JSON: Decodable, Sendable {
    case null
    case bool(Bool)
    case number(UInt64)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let number = try? value.decode(UInt64.self) {
            self = .number(number)
        } else if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else {
            self = try .object(value.decode([String: JSON].self))
        }
    }

    static func parse(_ line: some StringProtocol) throws -> JSON {
        try JSONDecoder().decode(JSON.self, from: Data(line.utf8))
    }

    subscript(key: String) -> JSON {
        get throws {
            guard case .object(let members) = self, let member = members[key] else { throw TestFailure("no \(key)") }
            return member
        }
    }

    func has(_ key: String) -> Bool {
        if case .object(let members) = self { members[key] != nil } else { false }
    }

    var isNull: Bool { if case .null = self { true } else { false } }
    /// Nil where it is null.
    func optional<Value>(_ read: (JSON) throws -> Value) rethrows -> Value? { isNull ? nil : try read(self) }

    func text() throws -> String {
        guard case .text(let text) = self else { throw TestFailure("no text: \(self)") }
        return text
    }

    func number() throws -> UInt64 {
        guard case .number(let number) = self else { throw TestFailure("no number: \(self)") }
        return number
    }

    func bool() throws -> Bool {
        guard case .bool(let bool) = self else { throw TestFailure("no bool: \(self)") }
        return bool
    }

    func list() throws -> [JSON] {
        guard case .list(let list) = self else { throw TestFailure("no list: \(self)") }
        return list
    }

    func texts() throws -> [String] { try list().map { try $0.text() } }
    func hex() throws -> Data { try Data(hex: text()) }
}

/// Writes, in the order in which it is told.
struct Object {
    private var members: [String] = []

    var line: String { "{\(members.joined(separator: ","))}" }

    mutating func add(_ name: String, _ value: String?) { addRaw(name, value.map(quoted)) }
    mutating func add(_ name: String, _ value: UInt64?) { addRaw(name, value.map { "\($0)" }) }
    mutating func add(_ name: String, _ values: [String]) { addRaw(name, "[\(values.joined(separator: ","))]") }
    mutating func addRaw(_ name: String, _ value: String?) { members.append("\(quoted(name)):\(value ?? "null")") }
}

func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case "\n": quoted += "\\n"
        case "\r": quoted += "\\r"
        case "\t": quoted += "\\t"
        case "\u{8}": quoted += "\\b"
        case "\u{c}": quoted += "\\f"
        case "\0"..<" ":
            let digits = String(scalar.value, radix: 16)
            quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}

extension Data {
    init(hex: String) throws {
        let digits = Array(hex.utf8)
        self.init()
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) else {
                throw TestFailure("no hex")
            }
            append(byte)
        }
    }
}
