package dev.evergrant.okhttp

import dev.evergrant.NotSent
import dev.evergrant.Request
import dev.evergrant.TooLate
import okhttp3.Call
import okhttp3.Headers
import okhttp3.Interceptor
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response
import java.io.IOException
import java.util.concurrent.ScheduledFuture
import java.util.concurrent.ScheduledThreadPoolExecutor
import java.util.concurrent.TimeUnit.MILLISECONDS
import java.util.concurrent.atomic.AtomicReference

/** One request on its way, and whether a byte of it may have left. */
internal class Attempt(val request: Request) {
    private val stage = AtomicReference(Stage.CONNECTING)

    /** What was answered, as it came. */
    @Volatile var headers: Headers = Headers.headersOf()
        private set

    fun asked(): okhttp3.Request {
        val body = if (request.method == "POST") request.body.toRequestBody() else null
        val builder = okhttp3.Request.Builder().url(request.url).method(request.method, body)
        // OkHttp then leaves to us what comes compressed all the same, and adds nothing of its own.
        builder.header("accept-encoding", "identity")
        request.headers.forEach { (name, value) -> builder.header(name, value) }
        return builder.tag(Attempt::class.java, this).build()
    }

    /** The time to send has passed. What has been sent is listened out. */
    fun giveUp(call: Call) {
        if (stage.compareAndSet(Stage.CONNECTING, Stage.TOO_LATE)) call.cancel()
    }

    fun judged(error: IOException): IOException =
        when (stage.get()) {
            Stage.CONNECTING -> NotSent(error.javaClass.simpleName, error)
            Stage.TOO_LATE -> TooLate()
            else -> error
        }

    private enum class Stage { CONNECTING, TOO_LATE, SENT }

    companion object {
        /** OkHttp's own limits, each of ten seconds, are not the machine's. */
        fun connect(chain: Interceptor.Chain): Response {
            val longest = chain.attempt().request.listenFor.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
            return chain
                .withConnectTimeout(longest, MILLISECONDS)
                .withWriteTimeout(longest, MILLISECONDS)
                .withReadTimeout(longest, MILLISECONDS)
                .proceed(chain.request())
        }

        /** Connected, and no byte of the request has left: the last moment. */
        fun send(chain: Interceptor.Chain): Response {
            val attempt = chain.attempt()
            try {
                attempt.request.millisToSend()
            } catch (late: TooLate) {
                attempt.stage.compareAndSet(Stage.CONNECTING, Stage.TOO_LATE)
                throw late
            }
            if (!attempt.stage.compareAndSet(Stage.CONNECTING, Stage.SENT)) throw IOException("not once more")
            val response = chain.proceed(chain.request())
            attempt.headers = response.headers
            // OkHttp would repeat a request whose answer says "Retry-After: 0".
            return response.newBuilder().removeHeader("Retry-After").build()
        }

        private fun Interceptor.Chain.attempt(): Attempt = checkNotNull(request().tag(Attempt::class.java))
    }
}

/** Ends what takes too long, in one thread for all. */
internal object Watchdog {
    private val thread =
        ScheduledThreadPoolExecutor(1) { Thread(it, "evergrant-watchdog").apply { isDaemon = true } }
            .apply { removeOnCancelPolicy = true }

    fun after(milliseconds: Long, work: () -> Unit): ScheduledFuture<*> =
        thread.schedule(work, milliseconds, MILLISECONDS)
}
