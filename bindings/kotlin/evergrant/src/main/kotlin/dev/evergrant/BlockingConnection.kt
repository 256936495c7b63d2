package dev.evergrant

import dev.evergrant.machine.ApiKeyKind
import dev.evergrant.machine.Binding
import dev.evergrant.machine.BrowserProof
import dev.evergrant.machine.Secret
import kotlinx.coroutines.runBlocking

/**
 * A [Connection] for callers without coroutines, such as Java: the same methods, which block the
 * calling thread for at most the client's timeout. Not for a main thread of Android.
 */
public class BlockingConnection internal constructor(
    /** The same for coroutines, and for what is built on it. */
    public val connection: Connection,
) {
    /** See [Connection.tenant]. */
    public val tenant: String get() = connection.tenant

    /** See [Connection.token]. */
    public fun token(): Token = connection.fresh() ?: runBlocking { connection.token() }

    /** See [Connection.token]. */
    public fun token(minValidity: Long): Token = runBlocking { connection.token(minValidity) }

    /** See [Connection.authorization]. */
    public fun authorization(url: String): String? = if (connection.isApi(url)) token().expose() else null

    /** See [Connection.mayGoTo]. */
    public fun mayGoTo(url: String, token: Token): Boolean = connection.mayGoTo(url, token)

    /** See [Connection.apiAnswered]. */
    @JvmOverloads
    public fun apiAnswered(
        token: Token,
        status: Int,
        headers: Map<String, List<String>> = emptyMap(),
    ): EvergrantException? = runBlocking { connection.apiAnswered(token, status, headers) }

    /** See [Connection.authorize]; without [binding] as the client's host has it. */
    @JvmOverloads
    public fun authorize(
        redirectUri: String,
        returnContext: String? = null,
        scopes: List<String> = emptyList(),
        company: String? = null,
        extra: Map<String, String> = emptyMap(),
        binding: Binding = if (connection.client.host == Host.SERVER) Binding.COOKIE else Binding.SAME_PROCESS,
    ): Authorization =
        runBlocking { connection.authorize(redirectUri, returnContext, scopes, company, extra, binding) }

    /** See [Connection.callback]. */
    @JvmOverloads
    public fun callback(url: String, cookies: Map<String, String>? = null): Authorized =
        runBlocking { connection.callback(url, cookies) }

    /** See [Connection.callback]. */
    public fun callback(url: Secret, proof: BrowserProof): Authorized =
        runBlocking { connection.callback(url, proof) }

    /** See [Connection.enterKey]. */
    @JvmOverloads
    public fun enterKey(
        key: Secret,
        kind: ApiKeyKind = ApiKeyKind.INTEGRATED,
        company: String? = null,
        scopes: List<String> = emptyList(),
    ): KeyAccepted = runBlocking { connection.enterKey(key, kind, company, scopes) }

    /** See [Connection.cancel]. */
    @JvmOverloads
    public fun cancel(authorization: String? = null): Unit = runBlocking { connection.cancel(authorization) }

    /** See [Connection.disconnect]. */
    public fun disconnect(): Boolean = runBlocking { connection.disconnect() }

    /** See [Connection.status]. */
    public fun status(): Status = runBlocking { connection.status() }

    /** See [Connection.company]. */
    public fun company(): String? = runBlocking { connection.company() }

    /** See [Connection.missingScopes]. */
    public fun missingScopes(vararg needed: String): List<String> =
        runBlocking { connection.missingScopes(*needed) }

    /** See [Connection.maintain]. */
    public fun maintain(): Long? = runBlocking { connection.maintain() }

    /** See [Connection.settled]. */
    public fun settled(): Unit = runBlocking { connection.settled() }

    override fun toString(): String = "BlockingConnection($tenant)"
}
