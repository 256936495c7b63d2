import EvergrantMachine
import Foundation

/// Reads and runs transcripts (`transcripts/README.md`), by the machine alone.
struct Transcript: Sendable, CustomStringConvertible {
    let name: String
    let text: String

    var description: String { name }

    static let all: [Transcript] = {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<6 { folder.deleteLastPathComponent() }
        folder.appendPathComponent("transcripts")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".jsonl") }.sorted().compactMap { name in
            (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8))
                .map { Transcript(name: name, text: $0) }
        }
    }()

    /// For each line that comes out: its number, the one that is expected, the one that came, and
    /// every value that took part.
    func replay(_ compare: (_ number: Int, _ expected: String, _ came: String, _ values: [Any]) throws -> Void) throws {
        // By bytes: to Swift two lines are equal that Unicode takes for the same text.
        var lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }[...]
        let config = try JSON.parse(lines.removeFirst())
        let configs = (try readProvider(config["provider"]), try readClient(config["client"]))
        let provider = try Provider(config: configs.0)
        let client = try Client(provider: provider, config: configs.1)
        let tenant = try config["tenant"].text()
        var connection = try Connection(client: client, tenant: tenant)
        var number = 1
        while let line = lines.popFirst() {
            number += 1
            let told = try JSON.parse(line)
            if told.has("restore") {
                connection = try Connection.restore(
                    client: client, tenant: tenant, current: told["restore"].optional(readStored))
                continue
            }
            let (env, input) = try (readEnv(told["env"]), readInput(told["input"]))
            var values: [Any] = [configs.0, configs.1, provider, client, connection, env, input]
            var came = Object()
            do {
                let step = try connection.step(env: env, input: input)
                write(step, to: &came)
                values.append(step)
            } catch Refusal.Misuse(let code) {
                came.add("misuse", code)
            }
            number += 1
            try compare(number, lines.popFirst() ?? "", came.line, values)
        }
    }
}

// MARK: - What goes in

private func readProvider(_ given: JSON) throws -> ProviderConfig {
    try ProviderConfig(
        environment: given["environment"].text(),
        issuer: given["issuer"].optional { try $0.text() },
        iss: named(given["iss"], ["required": .required, "if_present": .ifPresent, "ignored": .ignored]),
        authorizationEndpoint: given["authorization_endpoint"].text(),
        tokenEndpoint: given["token_endpoint"].text(),
        introspectionEndpoint: given["introspection_endpoint"].optional { try $0.text() },
        disconnect: readDisconnect(given["disconnect"]),
        apiOrigin: given["api_origin"].text(),
        company: given["company"].optional(readBinding),
        apiKeys: given["api_keys"].optional(readBinding),
        resource: given["resource"].optional { try $0.text() },
        authorizeParameters: readPairs(given["authorize_parameters"]),
        tokenEndpointAuthMethod: readMethod(given["token_endpoint_auth_method"]),
        quirks: readQuirks(given["quirks"]),
        redirects: named(
            given["redirects"],
            [
                "native_apps": .nativeApps, "native_apps_or_localhost": .nativeAppsOrLocalhost, "https": .https,
                "https_or_own_machine": .httpsOrOwnMachine,
            ]),
        loopbackHttp: given["loopback_http"].bool(),
        refresh: readRefresh(given["refresh"]),
        releaseUnsaved: given["release_unsaved"].bool(),
        authorizationLifetime: given["authorization_lifetime"].number(),
        answerLimit: UInt32(given["answer_limit"].number()))
}

private func readBinding(_ given: JSON) throws -> CompanyBinding {
    try CompanyBinding(
        url: given["url"].text(), subject: given["subject"].text(), scope: given["scope"].optional { try $0.text() },
        companyPrefix: given["company_prefix"].text(),
        organisationPrefix: given["organisation_prefix"].optional { try $0.text() })
}

private func readDisconnect(_ given: JSON) throws -> Disconnect {
    if given.has("revocation") { return try .revocation(endpoint: given["revocation"].text()) }
    if given.has("api_request") {
        let parts = try given["api_request"].list()
        return try .apiRequest(
            method: named(parts[0], ["GET": .get, "POST": .post, "DELETE": .delete]), url: parts[1].text(),
            sparesOthers: parts[2].bool())
    }
    return try named(given, ["forget": .forget])
}

private func readQuirks(_ given: JSON) throws -> Quirks {
    try Quirks(
        tokenTypeOptional: given["token_type_optional"].bool(),
        formEncodedAnswers: given["form_encoded_answers"].bool(),
        commaSeparatedScopes: given["comma_separated_scopes"].bool(),
        invalidGrantErrors: given["invalid_grant_errors"].texts())
}

private func readRefresh(_ given: JSON) throws -> RefreshPolicy {
    let times = try given["timing"].list().map { try $0.number() }
    return try RefreshPolicy(
        rotation: named(
            given["rotation"],
            [
                "strict": .strict, "single_use": .singleUse, "same_successor": .sameSuccessor, "siblings": .siblings,
                "newest_wins": .newestWins, "none": Rotation.none,
            ]),
        familyPerUser: given["family_per_user"].bool(), accessDies: given["access_dies"].bool(),
        timing: Timing(
            sendWithin: times[0], listenFor: times[1], startWithin: times[2], saveWithin: times[3],
            takeoverAfter: times[4]))
}

private func readClient(_ given: JSON) throws -> ClientConfig {
    try ClientConfig(
        clientId: given["client_id"].text(),
        clientSecret: given["client_secret"].optional { try Secret(text: $0.text()) },
        previousClientSecret: given["previous_client_secret"].optional { try Secret(text: $0.text()) },
        tokenEndpointAuthMethod: given["token_endpoint_auth_method"].optional(readMethod),
        redirectUris: given["redirect_uris"].texts(), scopes: given["scopes"].texts(),
        sealing: readSealing(given["sealing"]))
}

private func readSealing(_ given: JSON) throws -> Sealing {
    guard given.has("active") else { return try named(given, ["plain": Sealing.plain()]) }
    func key(_ given: JSON) throws -> SealingKey {
        let parts = try given.list()
        return try SealingKey(id: parts[0].text(), key: SecretBytes(bytes: parts[1].hex()))
    }
    return try Sealing.sealed(active: key(given["active"]), older: given["older"].list().map(key))
}

private func readMethod(_ given: JSON) throws -> TokenEndpointAuthMethod {
    try named(
        given,
        [
            "client_secret_basic": .clientSecretBasic, "client_secret_post": .clientSecretPost,
            "none": TokenEndpointAuthMethod.none,
        ])
}

private func readEnv(_ given: JSON) throws -> Env {
    try Env(
        now: given["now"].number(), uptime: given["uptime"].optional { try $0.number() },
        bootId: given["boot_id"].optional { try $0.hex() }, entropy: given["entropy"].hex())
}

private func readStored(_ given: JSON) throws -> Stored {
    try Stored(
        revision: given["revision"].text(), record: SecretBytes(bytes: Data(given["record"].text().utf8)),
        age: given["age"].optional { try $0.number() })
}

private func readInput(_ given: JSON) throws -> Input {
    let kind = try given["type"].text()
    switch kind {
    case "authorize":
        return try .authorize(
            redirectUri: given["redirect_uri"].text(), scopes: given["scopes"].texts(),
            extra: readPairs(given["extra"]),
            binding: named(given["binding"], ["cookie": .cookie, "same_process": .sameProcess]),
            returnContext: given["return_context"].optional { try $0.text() },
            company: given["company"].optional { try $0.text() })
    case "redirected":
        let proof = try given["proof"]
        let url = try Secret(text: given["url"].text())
        if proof.has("binding") {
            return try .redirected(url: url, proof: .binding(secret: Secret(text: proof["binding"].text())))
        }
        return try .redirected(url: url, proof: named(proof, ["same_process": .sameProcess, "missing": .missing]))
    case "token_wanted": return try .tokenWanted(minValidity: given["min_validity"].number())
    case "api_answered":
        return try .apiAnswered(
            generation: given["generation"].number(), status: UInt16(given["status"].number()),
            headers: readHeaders(given["headers"]))
    case "key_entered":
        return try .keyEntered(
            key: Secret(text: given["key"].text()),
            kind: named(given["kind"], ["integrated": .integrated, "standalone": .standalone]),
            company: given["company"].optional { try $0.text() }, scopes: given["scopes"].texts())
    case "revoke": return .revoke
    case "cancel": return try .cancel(authorization: given["authorization"].optional { try $0.text() })
    case "http_done":
        let body = try given["body"]
        return try .httpDone(
            op: given["op"].number(), status: UInt16(given["status"].number()), headers: readHeaders(given["headers"]),
            body: SecretBytes(bytes: body.has("hex") ? body["hex"].hex() : Data(body.text().utf8)))
    case "http_failed":
        return try .httpFailed(
            op: given["op"].number(),
            why: named(given["why"], ["not_sent": .notSent, "too_late": .tooLate, "unknown": .unknown]))
    case "swapped": return try .swapped(op: given["op"].number(), current: given["current"].optional(readStored))
    case "swap_unanswered": return try .swapUnanswered(op: given["op"].number())
    case "peer_gone": return .peerGone
    case "wake": return .wake
    default: throw TestFailure("an unknown input: \(kind)")
    }
}

private func readPairs(_ given: JSON) throws -> [Parameter] {
    try given.list().map { pair in
        let parts = try pair.texts()
        return Parameter(name: parts[0], value: parts[1])
    }
}

private func readHeaders(_ given: JSON) throws -> Secret {
    try Secret(text: readPairs(given).map { "\($0.name): \($0.value)\n" }.joined())
}

private func named<Value>(_ given: JSON, _ values: [String: Value]) throws -> Value {
    guard let value = try values[given.text()] else { throw TestFailure("an unknown name: \(given)") }
    return value
}
