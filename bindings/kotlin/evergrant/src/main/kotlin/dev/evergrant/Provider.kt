package dev.evergrant

import dev.evergrant.machine.CompanyBinding
import dev.evergrant.machine.Disconnect
import dev.evergrant.machine.IssPolicy
import dev.evergrant.machine.Parameter
import dev.evergrant.machine.Pleo
import dev.evergrant.machine.ProviderConfig
import dev.evergrant.machine.Quirks
import dev.evergrant.machine.RedirectRules
import dev.evergrant.machine.RefreshPolicy
import dev.evergrant.machine.Rotation
import dev.evergrant.machine.Timing
import dev.evergrant.machine.TokenEndpointAuthMethod
import dev.evergrant.machine.pleoConfig
import java.nio.charset.CharacterCodingException

/**
 * An authorization server and its API, as data: [Builder], a preset, or the machine's own
 * [ProviderConfig]. Throws [Misuse] with a code that names the field at fault.
 */
public class Provider(internal val config: ProviderConfig) {
    /** Scheme, host and port of the API; access tokens go nowhere else. */
    public val apiOrigin: String get() = config.apiOrigin

    internal val machine: dev.evergrant.machine.Provider = refusing { dev.evergrant.machine.Provider(config) }

    /** Whether a token may go there, however it is written. */
    internal fun isApiUrl(url: String): Boolean =
        try {
            refusing { machine.isApiUrl(url) }
        } catch (_: CharacterCodingException) {
            false
        }

    override fun toString(): String = "Provider(${config.environment}, ${config.apiOrigin})"

    /** What is not told is as the RFCs have it, and of refreshes the worst is thought. */
    public class Builder(
        /** A name for this deployment, part of every store key. */
        private val environment: String,
        private val authorizationEndpoint: String,
        private val tokenEndpoint: String,
        /** Scheme, host and port of the API; access tokens go nowhere else. */
        private val apiOrigin: String,
    ) {
        private var issuer: String? = null
        private var iss = IssPolicy.IF_PRESENT
        private var revocationEndpoint: String? = null
        private var introspectionEndpoint: String? = null
        private var disconnect: Disconnect? = null
        private var company: CompanyBinding? = null
        private var apiKeys: CompanyBinding? = null
        private var resource: String? = null
        private val authorizeParameters = mutableListOf<Parameter>()
        private var authMethod = TokenEndpointAuthMethod.CLIENT_SECRET_BASIC
        private var redirects = RedirectRules.NATIVE_APPS
        private var refresh = RefreshPolicy()
        private var quirks = Quirks()
        private var loopbackHttp = false
        private var releaseUnsaved = false
        private var authorizationLifetime = 600_000L
        private var answerLimit = 65_536

        /** The issuer identifier (RFC 8414 §2), and what an `iss` in the redirect must do (RFC 9207). */
        @JvmOverloads
        public fun issuer(issuer: String, iss: IssPolicy = IssPolicy.IF_PRESENT): Builder =
            also {
                it.issuer = issuer
                it.iss = iss
            }

        /** The revocation endpoint (RFC 7009): how a grant is ended, unless told otherwise. */
        public fun revocationEndpoint(url: String): Builder = also { revocationEndpoint = url }

        /** The introspection endpoint (RFC 7662). */
        public fun introspectionEndpoint(url: String): Builder = also { introspectionEndpoint = url }

        /** How a grant is ended at the server. */
        public fun disconnect(how: Disconnect): Builder = also { disconnect = how }

        /** How the company of a new grant is learnt. */
        public fun company(binding: CompanyBinding): Builder = also { company = binding }

        /** How the company of an API key is learnt, where there are such keys. */
        public fun apiKeys(binding: CompanyBinding): Builder = also { apiKeys = binding }

        /** The `resource` of RFC 8707. */
        public fun resource(uri: String): Builder = also { resource = uri }

        /** A parameter that this provider wants on every authorization request. */
        public fun authorizeParameter(name: String, value: String): Builder =
            also { authorizeParameters += Parameter(name, value) }

        /** How a client with a secret authenticates unless it says otherwise. */
        public fun tokenEndpointAuthMethod(method: TokenEndpointAuthMethod): Builder = also { authMethod = method }

        /** Which redirect URIs the server registers, and how it compares them. */
        public fun redirects(rules: RedirectRules): Builder = also { redirects = rules }

        /** What a refresh does to the tokens before it, and how long things take. */
        public fun refresh(policy: RefreshPolicy): Builder = also { refresh = policy }

        /** What becomes of the refresh token that was used (RFC 9700 §4.14.2). */
        public fun rotation(rotation: Rotation): Builder = also { refresh = refresh.copy(rotation = rotation) }

        /** Whether the access token before dies at once when a refresh succeeds. */
        public fun accessDies(dies: Boolean): Builder = also { refresh = refresh.copy(accessDies = dies) }

        /** Whether the server keeps one family of tokens for each user and client. */
        public fun familyPerUser(one: Boolean): Builder = also { refresh = refresh.copy(familyPerUser = one) }

        /** The timing row of the refresh protocol, in milliseconds: W, T, D, S and A. */
        public fun timing(
            sendWithin: Long,
            listenFor: Long,
            startWithin: Long,
            saveWithin: Long,
            takeoverAfter: Long,
        ): Builder {
            val row = listOf(sendWithin, listenFor, startWithin, saveWithin, takeoverAfter)
            val (w, t, d, s, a) = row.map { natural(it, "misuse_timing_invalid") }
            refresh = refresh.copy(timing = Timing(w, t, d, s, a))
            return this
        }

        /** Where this server's token answers stray from the RFC, and are meant. */
        public fun quirks(quirks: Quirks): Builder = also { it.quirks = quirks }

        /** Plain `http` to a literal loopback address is good enough: for tests only. */
        public fun loopbackHttp(allowed: Boolean): Builder = also { loopbackHttp = allowed }

        /** Whether a refreshed token may be served before the store has taken it. */
        public fun releaseUnsaved(allowed: Boolean): Builder = also { releaseUnsaved = allowed }

        /** How long a person may take to authorize, in milliseconds. */
        public fun authorizationLifetime(milliseconds: Long): Builder = also { authorizationLifetime = milliseconds }

        /** The largest answer that is read, in bytes; at least 1,024. */
        public fun answerLimit(bytes: Int): Builder = also { answerLimit = bytes }

        public fun build(): Provider =
            Provider(
                ProviderConfig(
                    environment = environment,
                    issuer = issuer,
                    iss = iss,
                    authorizationEndpoint = authorizationEndpoint,
                    tokenEndpoint = tokenEndpoint,
                    introspectionEndpoint = introspectionEndpoint,
                    disconnect = disconnect ?: revocationEndpoint?.let(Disconnect::Revocation) ?: Disconnect.Forget,
                    apiOrigin = apiOrigin,
                    company = company,
                    apiKeys = apiKeys,
                    resource = resource,
                    authorizeParameters = authorizeParameters.toList(),
                    tokenEndpointAuthMethod = authMethod,
                    quirks = quirks,
                    redirects = redirects,
                    loopbackHttp = loopbackHttp,
                    refresh = refresh,
                    releaseUnsaved = releaseUnsaved,
                    authorizationLifetime = natural(authorizationLifetime, "misuse_timing_invalid"),
                    answerLimit = natural(answerLimit.toLong(), "misuse_answer_limit_invalid").toUInt(),
                ),
            )
    }

    public companion object {
        /** Pleo's staging environment. */
        @JvmStatic
        public fun pleoStaging(): Provider = Provider(refusing { pleoConfig(Pleo.STAGING) })

        /** Pleo's production environment. */
        @JvmStatic
        public fun pleoProduction(): Provider = Provider(refusing { pleoConfig(Pleo.PRODUCTION) })
    }
}
