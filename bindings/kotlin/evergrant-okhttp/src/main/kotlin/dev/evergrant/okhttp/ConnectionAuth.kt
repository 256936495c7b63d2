@file:JvmName("EvergrantOkHttp")

package dev.evergrant.okhttp

import dev.evergrant.Connection
import dev.evergrant.EvergrantException
import dev.evergrant.Token
import okhttp3.Authenticator
import okhttp3.HttpUrl
import okhttp3.HttpUrl.Companion.toHttpUrl
import okhttp3.Interceptor
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.Route
import java.io.IOException

/**
 * Gives this client's calls to the API the connection's token, and after a 401 makes them once
 * more with a new one. Other origins get none, whatever redirects.
 *
 * To be called last: what an interceptor after it changes, it does not see.
 */
@JvmName("install")
public fun OkHttpClient.Builder.evergrant(connection: Connection): OkHttpClient.Builder {
    val auth = ConnectionAuth(connection)
    return addInterceptor(auth).authenticator(auth).addNetworkInterceptor(auth.guard)
}

/** Why a call to the API has no token; [cause] says what to do. An [IOException], as OkHttp wants. */
public class NoToken internal constructor(override val cause: EvergrantException) : IOException(cause.code, cause)

/**
 * What [evergrant] installs, for clients that also authenticate to others: as interceptor,
 * authenticator and [guard]. A 401 that is not the API's goes to [otherwise].
 */
public class ConnectionAuth @JvmOverloads constructor(
    connection: Connection,
    private val otherwise: Authenticator = Authenticator.NONE,
) : Interceptor,
    Authenticator {
    private val connection = connection.blocking
    private val api = connection.client.provider.apiOrigin.toHttpUrl()

    /** A network interceptor: takes the token away where a request has come to another origin. */
    public val guard: Interceptor = Interceptor { it.proceed(guarded(it.request())) }

    override fun intercept(chain: Interceptor.Chain): Response {
        val request = chain.request()
        return chain.proceed(if (isApi(request.url)) request.carrying(token()) else request)
    }

    override fun authenticate(route: Route?, response: Response): Request? {
        val request = response.request
        val token = request.carried()
        if (token == null || !isApi(request.url)) return otherwise.authenticate(route, response)
        // Told even where the request is not made again: for the next one.
        val error = noToken { connection.apiAnswered(token, response.code, response.headers.toMultimap()) }
        if (error != null || wasRefusedBefore(response) || request.body?.isOneShot() == true) return null
        return request.carrying(token())
    }

    private fun guarded(request: Request): Request =
        if (request.carried() != null && !isApi(request.url)) {
            request.newBuilder().removeHeader(AUTHORIZATION).build()
        } else {
            request
        }

    private fun token(): Token = noToken { connection.token() }

    private fun isApi(url: HttpUrl) = url.scheme == api.scheme && url.host == api.host && url.port == api.port

    private companion object {
        const val AUTHORIZATION = "Authorization"

        fun Request.carrying(token: Token): Request =
            newBuilder().header(AUTHORIZATION, token.expose()).tag(Token::class.java, token).build()

        /** The token that it carries, if it is one of ours. */
        fun Request.carried(): Token? = tag(Token::class.java)?.takeIf { header(AUTHORIZATION) == it.expose() }

        fun wasRefusedBefore(response: Response): Boolean =
            generateSequence(response.priorResponse) { it.priorResponse }
                .any { it.code == response.code && it.request.carried() != null }

        inline fun <T> noToken(work: () -> T): T =
            try {
                work()
            } catch (error: EvergrantException) {
                throw NoToken(error)
            }
    }
}
