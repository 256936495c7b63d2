package dev.evergrant

import dev.evergrant.machine.Input
import dev.evergrant.machine.Output
import dev.evergrant.machine.Secret
import dev.evergrant.machine.SecretBytes
import java.nio.charset.CharacterCodingException

// Between the machine's values and the package's own.

/** A request; its deadlines count from `steppedAt` on the clock's ticks. */
internal fun request(asked: Output.SendHttp, steppedAt: Long, clock: Clock): Request =
    Request(
        method = asked.method,
        url = asked.url,
        headers = asked.headers.expose().lineSequence().filter { it.isNotEmpty() }.associate(::header),
        body = asked.body.expose(),
        sendBy = steppedAt + asked.sendWithin.toLong(),
        listenFor = asked.listenFor.toLong(),
        answerLimit = asked.answerLimit.toInt(),
        clock = clock,
    )

internal fun httpDone(op: ULong, answer: Answer): Input.HttpDone =
    Input.HttpDone(op, statusOf(answer.status), headerBlock(answer.headers), SecretBytes(answer.body))

/** A line for each, so neither name nor value may hold a line break. */
internal fun headerBlock(headers: Map<String, List<String>>): Secret {
    val lines = headers.flatMap { (name, values) -> values.map { "$name: $it".replace(BREAKS, " ") } }
    return secretOf(lines.joinToString("\n"))
}

internal fun told(stored: Stored): dev.evergrant.machine.Stored =
    dev.evergrant.machine.Stored(
        stored.revision,
        SecretBytes(stored.record),
        stored.age?.let { natural(it, "misuse_packed_invalid") },
    )

internal fun dev.evergrant.machine.Write.own(): Write = Write(record.expose(), dueAt?.time(), purgeAt?.time())

internal fun Output.TokenReady.token(): Token =
    Token(generation.toLong(), origin, header.expose(), expiresAt?.time())

internal fun dev.evergrant.machine.Status.known(): Status =
    when (this) {
        is dev.evergrant.machine.Status.Disconnected -> Status(Standing.DISCONNECTED)
        is dev.evergrant.machine.Status.Authorizing -> Status(Standing.AUTHORIZING)
        is dev.evergrant.machine.Status.Exchanging -> Status(Standing.EXCHANGING)
        is dev.evergrant.machine.Status.Authorized -> Status(Standing.AUTHORIZED)
        is dev.evergrant.machine.Status.Refreshing -> Status(Standing.REFRESHING)
        is dev.evergrant.machine.Status.Disconnecting -> Status(Standing.DISCONNECTING)
        is dev.evergrant.machine.Status.ReauthenticationRequired ->
            Status(Standing.REAUTHENTICATION_REQUIRED, cause)
    }

/** A text that UTF-8 cannot hold is none that anybody gave out: it is refused as empty. */
internal fun secretOf(text: String): Secret =
    try {
        Secret(text)
    } catch (_: CharacterCodingException) {
        Secret("")
    }

internal fun statusOf(status: Int): UShort =
    if (status in 0..UShort.MAX_VALUE.toInt()) status.toUShort() else throw Misuse("misuse_packed_invalid")

internal fun natural(number: Long, code: String): ULong =
    if (number >= 0) number.toULong() else throw Misuse(code)

/** UNIX milliseconds. What a `Long` cannot hold is as good as never; negative, it would be long past. */
internal fun ULong.time(): Long = coerceAtMost(Long.MAX_VALUE.toULong()).toLong()

private val BREAKS = Regex("[\r\n]")

private fun header(line: String): Pair<String, String> = line.substringBefore(": ") to line.substringAfter(": ")
