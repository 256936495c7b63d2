package dev.evergrant.tests

import dev.evergrant.machine.Output
import dev.evergrant.machine.Step
import dev.evergrant.machine.Write
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

fun writeStep(step: Step): JsonObject =
    members(
        "outputs" to JsonArray(step.outputs.map(::writeOutput)),
        "wake_at" to step.wakeAt.json(),
        "status" to step.status.code().json(),
        "servable" to step.servable.json(),
    )

private fun writeOutput(output: Output): JsonObject =
    when (output) {
        is Output.SendHttp ->
            members(
                "type" to "send_http".json(),
                "op" to output.op.json(),
                "method" to output.method.json(),
                "url" to output.url.json(),
                "headers" to JsonArray(output.headers.expose().lines().dropLast(1).map(::writeHeader)),
                "body" to String(output.body.expose()).json(),
                "send_within" to output.sendWithin.json(),
                "listen_for" to output.listenFor.json(),
                "answer_limit" to output.answerLimit.toULong().json(),
            )
        is Output.Swap ->
            members(
                "type" to "swap".json(),
                "op" to output.op.json(),
                "key" to output.key.json(),
                "expected" to output.expected.json(),
                "write" to (output.write?.let(::writeWrite) ?: JsonNull),
            )
        is Output.OpenUrl ->
            members(
                "type" to "open_url".json(),
                "authorization" to output.authorization.json(),
                "url" to output.url.expose().json(),
                "binding" to output.binding?.expose().json(),
                "expires_at" to output.expiresAt.json(),
            )
        is Output.TokenReady ->
            members(
                "type" to "token_ready".json(),
                "generation" to output.generation.json(),
                "origin" to output.origin.json(),
                "header" to output.header.expose().json(),
                "expires_at" to output.expiresAt.json(),
            )
        is Output.Authorized ->
            members(
                "type" to "authorized".json(),
                "authorization" to output.authorization.json(),
                "generation" to output.generation.json(),
                "scope" to output.scope.json(),
                "return_context" to output.returnContext.json(),
            )
        is Output.KeyAccepted ->
            members(
                "type" to "key_accepted".json(),
                "generation" to output.generation.json(),
                "company" to output.company.json(),
                "scope" to output.scope.json(),
            )
        is Output.Failed -> writeFailed(output)
        is Output.Notice ->
            members(
                "type" to "notice".json(),
                "code" to output.code.json(),
                "generation" to output.generation.json(),
                "attempt" to output.attempt?.toULong().json(),
                "authorization" to output.authorization.json(),
                "detail" to output.detail.json(),
            )
    }

private fun writeFailed(output: Output.Failed): JsonObject {
    val failure = output.failure
    return members(
        "type" to "failed".json(),
        "activity" to output.activity.name.lowercase().json(),
        "authorization" to output.authorization.json(),
        "return_context" to output.returnContext.json(),
        "kind" to failure.kind.name.lowercase().json(),
        "code" to failure.code.json(),
        "number" to failure.number.toULong().json(),
        "retry_at" to failure.retryAt.json(),
        "error" to failure.error.json(),
        "company" to failure.company.json(),
        "description" to failure.description.json(),
    )
}

private fun writeWrite(write: Write): JsonObject =
    members(
        "record" to String(write.record.expose()).json(),
        "due_at" to write.dueAt.json(),
        "purge_at" to write.purgeAt.json(),
    )

private fun writeHeader(line: String): JsonElement =
    JsonArray(listOf(line.substringBefore(": ").json(), line.substringAfter(": ").json()))

private fun members(vararg members: Pair<String, JsonElement>) = JsonObject(linkedMapOf(*members))

private fun String?.json(): JsonElement = JsonPrimitive(this)

@OptIn(kotlinx.serialization.ExperimentalSerializationApi::class)
private fun ULong?.json(): JsonElement = if (this == null) JsonNull else JsonPrimitive(this)
