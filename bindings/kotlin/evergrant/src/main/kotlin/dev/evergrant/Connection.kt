package dev.evergrant

import dev.evergrant.machine.ApiKeyKind
import dev.evergrant.machine.Binding
import dev.evergrant.machine.BrowserProof
import dev.evergrant.machine.Input
import dev.evergrant.machine.Output
import dev.evergrant.machine.Parameter
import dev.evergrant.machine.Secret
import dev.evergrant.machine.storeKey
import dev.evergrant.machine.use
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.emitAll
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import java.nio.charset.CharacterCodingException

/**
 * One customer's grant. To be kept and shared: it refreshes once for all who ask.
 *
 * Every method but [token], [authorization] and [apiAnswered] looks into the store. Whoever has
 * waited for the client's timeout gets [TryLater]; whoever is cancelled is gone. Either way what
 * was begun goes on. What goes wrong is thrown as an [EvergrantException].
 */
public class Connection(public val client: Client, private val store: Store, public val tenant: String) {
    /** Where the store has its record. */
    public val storeKey: String =
        try {
            refusing { storeKey(client.machine, tenant) }
        } catch (_: CharacterCodingException) {
            throw Misuse("misuse_tenant_invalid")
        }

    private val engine = Engine(client, store, tenant)
    private val driver = engine.driver
    private val clock = client.clock

    /** The same for callers without coroutines. */
    public val blocking: BlockingConnection = BlockingConnection(this)

    /**
     * A token that is valid for 30 seconds more, or for as long as half of its life, if that is
     * less; refreshed if need be. To be asked for before each request.
     */
    public suspend fun token(): Token = fresh() ?: token(Token.MIN_VALIDITY)

    /** The same, for [minValidity] milliseconds. Where less is left the machine is asked, which takes a step. */
    public suspend fun token(minValidity: Long): Token {
        natural(minValidity, "misuse_packed_invalid")
        return waited(engine.ask { wantToken(it, minValidity) })
    }

    /**
     * The `Authorization` header for a request to this URL: null where that is not the API's
     * origin, to which alone tokens go; then none is asked for.
     */
    public suspend fun authorization(url: String): String? = if (isApi(url)) token().expose() else null

    /** Whether the URL is the API's origin's: tokens go nowhere else. */
    public fun mayGoTo(url: String, token: Token): Boolean = isApi(url, token.origin)

    /**
     * To be told of each answer of the API from 400 on. Answers what it means: of a 401 null, if
     * the request is to be made once more with the next [token].
     */
    public suspend fun apiAnswered(
        token: Token,
        status: Int,
        headers: Map<String, List<String>> = emptyMap(),
    ): EvergrantException? {
        val code = statusOf(status)
        return waited(
            engine.ask {
                apiAnswered(it, Input.ApiAnswered(token.generation.toULong(), code, headerBlock(headers)))
            },
        )
    }

    /**
     * Begins an authorization: where to send the person's browser, and on a server the cookie to
     * set. Without [scopes] those of the last time are asked for, or else all.
     */
    public suspend fun authorize(
        /** A registered redirect URI. */
        redirectUri: String,
        /** Comes back with [callback]. */
        returnContext: String? = null,
        scopes: List<String> = emptyList(),
        /** The company that the grant must be for, where the provider has companies. */
        company: String? = null,
        /** Further parameters of the authorization request. */
        extra: Map<String, String> = emptyMap(),
        /** How the browser is known when it comes back: on a server by a cookie. */
        binding: Binding = if (client.host == Host.SERVER) Binding.COOKIE else Binding.SAME_PROCESS,
    ): Authorization {
        val parameters = extra.map { (name, value) -> Parameter(name, value) }
        val asked = Input.Authorize(redirectUri, scopes, parameters, binding, returnContext, company)
        val opened: Output.OpenUrl = waited(engine.ask { authorize(it, asked) })
        val expiresAt = opened.expiresAt.time()
        val left = maxOf(expiresAt - clock.now(), 0) / 1_000
        val cookie = opened.binding?.let { Cookie.of(opened.authorization, it, redirectUri, left) }
        return Authorization(opened.authorization, opened.url, cookie, expiresAt)
    }

    /**
     * Completes an authorization: [url] is the whole URL of the redirect. [cookies] are those
     * that came with it to a server; in an app the redirect itself came to whoever began.
     */
    public suspend fun callback(url: String, cookies: Map<String, String>? = null): Authorized {
        val redirect = secretOf(url)
        return callback(redirect, proofOf(client.host, redirect, cookies))
    }

    /** The same, where the proof is at hand. */
    public suspend fun callback(url: Secret, proof: BrowserProof): Authorized {
        // Copies, since what is told to the machine is wiped.
        val told = Input.Redirected(secretOf(url.expose()), proof.copied())
        return waited(engine.ask { redirected(it, told) })
    }

    /** A person has pasted an API key: it is tried, and kept if it is good. */
    public suspend fun enterKey(
        key: Secret,
        kind: ApiKeyKind = ApiKeyKind.INTEGRATED,
        company: String? = null,
        scopes: List<String> = emptyList(),
    ): KeyAccepted {
        val entered = Input.KeyEntered(Secret(key.expose()), kind, company, scopes)
        return waited(engine.ask { enterKey(it, entered) })
    }

    /** Gives up an authorization by its id, or all that were begun here. */
    public suspend fun cancel(authorization: String? = null) {
        waited(engine.ask { cancel(it, Input.Cancel(authorization)) })
        // After this one's turn all has been swapped that came of it.
        waited(engine.ask { waiter -> emptyList<Effect>().also { waiter.complete(Unit) } })
    }

    /**
     * Ends the grant, here and at the server; whether the server confirmed. From now on no token
     * is served. After [TryLater] the wish stays, and is tried again.
     */
    public suspend fun disconnect(): Boolean = waited(engine.ask(always = true) { revoke(it) })

    /** Where the connection stands, by what the store says now. */
    public suspend fun status(): Status =
        withContext(Dispatchers.IO) { engine.look { statusOf(store.read(storeKey)) } }

    /** Where the connection stands, first by what the store says, then as it changes in this process. */
    public val statuses: Flow<Status> =
        flow {
            emit(status())
            emitAll(engine.statuses)
        }.distinctUntilChanged()

    /** Which company it belongs to, by what the store says now. */
    public suspend fun company(): String? = read { it.company() }

    /** Which of these scopes the grant has not, as far as the server has told. */
    public suspend fun missingScopes(vararg needed: String): List<String> =
        read { it.missingScopes(needed.joinToString(" ")) }.split(' ').filter { it.isNotEmpty() }

    /**
     * Does what is due: refreshes, revokes, tells the server. For whoever looks after connections
     * that nobody uses. Answers when something is due again, UNIX milliseconds.
     */
    public suspend fun maintain(): Long? {
        waited(engine.ask { maintain(it) })
        settled()
        return driver.wakeAt
    }

    /** Comes when nothing is under way and nothing is due: before a process is frozen. */
    public suspend fun settled() {
        withTimeoutOrNull(client.timeout) {
            engine.settled()
            true
        } ?: throw tooLong()
    }

    /** Whether the URL is the API's: seen at once where it is written as its origin is. */
    internal fun isApi(url: String, origin: String = client.provider.apiOrigin): Boolean =
        (url.startsWith(origin) && isPlain(url, origin.length)) || client.provider.isApiUrl(url)

    /** The cached token, if it is good enough for most. */
    internal fun fresh(): Token? {
        val token = driver.token
        return if (token != null && clock.now() < token.freshUntil) token else null
    }

    override fun toString(): String = "Connection($tenant)"

    private fun statusOf(current: Stored?): Status {
        val status = restored(current).use { it.status(clock.now().toULong()) }.known()
        val here = driver.status
        return when {
            // What is under way here the record need not say.
            status.standing == Standing.AUTHORIZED && here?.standing == Standing.REFRESHING -> here
            status.standing in WITHOUT_GRANT && here?.standing == Standing.AUTHORIZING -> here
            else -> status
        }
    }

    private suspend fun <T> read(of: (dev.evergrant.machine.Connection) -> T): T =
        withContext(Dispatchers.IO) {
            val current = store.read(storeKey)
            refusing { restored(current).use(of) }
        }

    private fun restored(current: Stored?): dev.evergrant.machine.Connection =
        refusing { dev.evergrant.machine.Connection.restore(client.machine, tenant, current?.let(::told)) }

    private suspend fun <T> waited(asked: Waiter<T>): T {
        try {
            withTimeoutOrNull(client.timeout) { asked.join() }
        } catch (gone: CancellationException) {
            asked.cancel()
            throw gone
        }
        // Nobody is to be told any more, unless it has just been done; what is under way goes on.
        asked.completeExceptionally(tooLong())
        return asked.await()
    }

    private fun tooLong() =
        TryLater(Told("try_later_busy", 205, retryAt = clock.now() + 1_000, tenant = tenant))

    private companion object {
        /** Whether a path begins there, and nothing in it is read in several ways: blanks, `\`. */
        fun isPlain(url: String, at: Int): Boolean {
            if (at >= url.length || url[at] != '/') return false
            for (index in at until url.length) {
                val char = url[index]
                if (char <= ' ' || char == '\\' || char >= '\u007f') return false
            }
            return true
        }

        val WITHOUT_GRANT = setOf(Standing.DISCONNECTED, Standing.REAUTHENTICATION_REQUIRED)
    }
}

/** What ties a redirect to the browser in which it was begun. */
internal fun proofOf(host: Host, url: Secret, cookies: Map<String, String>?): BrowserProof {
    if (cookies == null) return if (host == Host.APP) BrowserProof.SameProcess else BrowserProof.Missing
    val value = authorizationOf(url)?.let { cookies[Cookie.nameOf(it)] }
    return if (value.isNullOrEmpty()) BrowserProof.Missing else BrowserProof.Binding(secretOf(value))
}

private fun BrowserProof.copied(): BrowserProof =
    if (this is BrowserProof.Binding) BrowserProof.Binding(Secret(secret.expose())) else this

// A redirect without one is refused anyway.
private fun authorizationOf(url: Secret): String? =
    try {
        dev.evergrant.machine.pendingKey(url).substringAfter('/')
    } catch (_: dev.evergrant.machine.Refusal) {
        null
    }
