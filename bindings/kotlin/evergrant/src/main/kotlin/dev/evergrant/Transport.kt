package dev.evergrant

import java.io.IOException

/**
 * Sends one request, once: it follows no redirect, retries nothing, and adds no credential or
 * cookie of its own. Called from several threads at once, none of them the app's; it blocks.
 */
public fun interface Transport {
    /**
     * Sends it, and answers with whatever comes back.
     *
     * Throws [NotSent] only where certainly no byte left, [TooLate] if the time to send had
     * passed, and another exception where the server may have got it.
     */
    @Throws(IOException::class)
    public fun send(request: Request): Answer
}

/** Certainly no byte of the request left: DNS, connect or TLS failed. */
public class NotSent @JvmOverloads constructor(why: String, cause: Throwable? = null) : IOException(why, cause)

/** [Request.millisToSend] had run out before the first byte could leave; none left. */
public class TooLate : IOException("the time to send has passed")

/** What to send. Its text shows neither headers nor body. */
public class Request(
    /** `GET`, `POST` or `DELETE`. */
    public val method: String,
    /** The absolute URL. */
    public val url: String,
    /** Names in lower case, each once. */
    @Transient public val headers: Map<String, String>,
    /** Empty for `GET` and `DELETE`. */
    @Transient public val body: ByteArray,
    /** By when the first byte must leave, on [clock]'s ticks. */
    private val sendBy: Long,
    /** How long to listen for the answer after the send, in milliseconds. */
    public val listenFor: Long,
    /** The largest body to read, in bytes; of a larger one read a byte more. */
    public val answerLimit: Int,
    private val clock: Clock,
) {
    /**
     * Within how many milliseconds the first byte must leave, on a clock that runs through
     * suspend: to be asked before connecting, and again after.
     */
    @Throws(TooLate::class)
    public fun millisToSend(): Long {
        val left = sendBy - clock.ticks()
        if (left <= 0) throw TooLate()
        return left
    }

    override fun toString(): String = "Request($method $url)"
}

/** What a server answered. Its text shows neither headers nor body. */
public class Answer(
    public val status: Int,
    @Transient public val headers: Map<String, List<String>>,
    /** As it was meant: without chunks, decompressed. May be cut after [Request.answerLimit]. */
    @Transient public val body: ByteArray,
) {
    override fun toString(): String = "Answer($status, ${body.size} bytes)"
}
