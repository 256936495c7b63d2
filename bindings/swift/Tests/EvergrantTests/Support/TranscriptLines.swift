import EvergrantMachine
import Foundation

// What comes out of a step, as `transcripts/README.md` wants it written.

func write(_ step: Step, to line: inout Object) {
    line.add("outputs", step.outputs.map(written))
    line.add("wake_at", step.wakeAt)
    line.add("status", step.status.code())
    line.add("servable", step.servable)
}

private func written(_ output: Output) -> String {
    var line = Object()
    switch output {
    case .sendHttp(let op, let method, let url, let headers, let body, let sendWithin, let listenFor, let answerLimit):
        line.add("type", "send_http")
        line.add("op", op)
        line.add("method", method)
        line.add("url", url)
        line.add(
            "headers",
            headers.expose().split(separator: "\n").map { header in
                let name = header.prefix(while: { $0 != ":" })
                return "[\(quoted(String(name))),\(quoted(String(header.dropFirst(name.count + 2))))]"
            })
        line.add("body", String(decoding: body.expose(), as: UTF8.self))
        line.add("send_within", sendWithin)
        line.add("listen_for", listenFor)
        line.add("answer_limit", UInt64(answerLimit))
    case .swap(let op, let key, let expected, let write):
        line.add("type", "swap")
        line.add("op", op)
        line.add("key", key)
        line.add("expected", expected)
        line.addRaw("write", write.map(written))
    case .openUrl(let authorization, let url, let binding, let expiresAt):
        line.add("type", "open_url")
        line.add("authorization", authorization)
        line.add("url", url.expose())
        line.add("binding", binding?.expose())
        line.add("expires_at", expiresAt)
    case .tokenReady(let generation, let origin, let header, let expiresAt):
        line.add("type", "token_ready")
        line.add("generation", generation)
        line.add("origin", origin)
        line.add("header", header.expose())
        line.add("expires_at", expiresAt)
    case .authorized(let authorization, let generation, let scope, let returnContext):
        line.add("type", "authorized")
        line.add("authorization", authorization)
        line.add("generation", generation)
        line.add("scope", scope)
        line.add("return_context", returnContext)
    case .keyAccepted(let generation, let company, let scope):
        line.add("type", "key_accepted")
        line.add("generation", generation)
        line.add("company", company)
        line.add("scope", scope)
    case .failed(let activity, let authorization, let returnContext, let failure):
        line.add("type", "failed")
        line.add("activity", snake("\(activity)"))
        line.add("authorization", authorization)
        line.add("return_context", returnContext)
        line.add("kind", snake("\(failure.kind)"))
        line.add("code", failure.code)
        line.add("number", UInt64(failure.number))
        line.add("retry_at", failure.retryAt)
        line.add("error", failure.error)
        line.add("company", failure.company)
        line.add("description", failure.description)
    case .notice(let code, let generation, let attempt, let authorization, let detail):
        line.add("type", "notice")
        line.add("code", code)
        line.add("generation", generation)
        line.add("attempt", attempt.map(UInt64.init))
        line.add("authorization", authorization)
        line.add("detail", detail)
    }
    return line.line
}

private func written(_ write: Write) -> String {
    var line = Object()
    line.add("record", String(decoding: write.record.expose(), as: UTF8.self))
    line.add("due_at", write.dueAt)
    line.add("purge_at", write.purgeAt)
    return line.line
}

private func snake(_ camel: String) -> String {
    camel.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
}
