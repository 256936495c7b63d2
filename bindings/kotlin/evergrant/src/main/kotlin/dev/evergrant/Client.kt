package dev.evergrant

import dev.evergrant.machine.ClientConfig
import dev.evergrant.machine.Sealing
import dev.evergrant.machine.SealingKey
import dev.evergrant.machine.Secret
import dev.evergrant.machine.TokenEndpointAuthMethod
import java.util.logging.Logger

/** Where the program runs: what it can keep to itself, and how it knows a browser again. */
public enum class Host {
    /** On a person's device: a public client (RFC 8252 §8.5), whose redirects come to itself. */
    APP,

    /** On a server of yours: it may hold a client secret, and knows a browser by its cookie. */
    SERVER,
}

/** Keeps the device awake; called from worker threads. */
public fun interface Awake {
    /** From now until the answer is closed. */
    public fun hold(): AutoCloseable
}

/** A registered OAuth client; all its connections share it. */
public class Client private constructor(builder: Builder) {
    public val provider: Provider = builder.provider
    public val clientId: String = builder.clientId
    public val scopes: List<String> = builder.scopes.toList()
    public val host: Host = builder.host

    internal val transport: Transport = builder.transport
    internal val timeout: Long = builder.timeout
    internal val clock: Clock = builder.clock
    internal val awake: Awake? = builder.awake
    internal val machine: dev.evergrant.machine.Client = builder.machine()
    private val onNotice = builder.onNotice

    /** Passes a notice on; whoever gets it cannot stop a connection's work. */
    internal fun notify(notice: Notice) {
        try {
            onNotice.told(notice)
        } catch (error: Exception) {
            log.severe("onNotice threw ${error.javaClass.simpleName}")
        }
    }

    override fun toString(): String = "Client($provider, $clientId)"

    /** Whoever wants to know of each line of the audit log, in worker threads. */
    public fun interface NoticeListener {
        public fun told(notice: Notice)
    }

    /** `build` throws [Misuse] with a code that names the field at fault. */
    public class Builder(
        internal val provider: Provider,
        internal val clientId: String,
        internal val transport: Transport,
    ) {
        internal var host = Host.APP
        internal val redirectUris = mutableListOf<String>()
        internal val scopes = mutableListOf<String>()
        internal var sealing: Sealing? = null
        internal var secret: Secret? = null
        internal var previousSecret: Secret? = null
        internal var authMethod: TokenEndpointAuthMethod? = null
        internal var timeout = 10_000L
        internal var clock: Clock = SystemClock
        internal var awake: Awake? = null
        internal var onNotice = NoticeListener { log.info(lineOf(it)) }

        /** Says that this is a server: only there is a client secret one. */
        public fun host(host: Host): Builder = also { it.host = host }

        /** The registered redirect URIs. */
        public fun redirectUri(vararg uris: String): Builder = also { redirectUris += uris }

        /** The registered scopes, in the order in which they are asked for. */
        public fun scopes(vararg scopes: String): Builder = also { it.scopes += scopes }

        /** How records are protected in the store. */
        public fun sealing(sealing: Sealing): Builder = also { it.sealing = sealing }

        /** Records are sealed with `active`, and read with the older keys too. */
        public fun sealed(active: SealingKey, vararg older: SealingKey): Builder =
            sealing(refusing { Sealing.sealed(active, older.toList(), false) })

        /** Records are in clear: only where the store itself is encrypted and guarded. */
        public fun plain(): Builder = sealing(Sealing.plain())

        /** The client secret: for [Host.SERVER] only, since what an app holds is no secret. */
        public fun clientSecret(secret: Secret): Builder = also { it.secret = secret }

        /** The secret before, while both are good. */
        public fun previousClientSecret(secret: Secret): Builder = also { previousSecret = secret }

        /** How the client authenticates, if not as the provider has it. */
        public fun tokenEndpointAuthMethod(method: TokenEndpointAuthMethod): Builder = also { authMethod = method }

        /** How long callers wait before they get [TryLater]; it never ends what has been sent. */
        public fun timeoutMillis(timeout: Long): Builder = also { it.timeout = timeout }

        /** Other clocks, such as Android's. */
        public fun clock(clock: Clock): Builder = also { it.clock = clock }

        /** What keeps a phone awake while a token is being exchanged or refreshed. */
        public fun awake(awake: Awake): Builder = also { it.awake = awake }

        /** Who is given the audit log; unless told, the logger `dev.evergrant`. It must not end the process. */
        public fun onNotice(listener: NoticeListener): Builder = also { onNotice = listener }

        public fun build(): Client {
            if (host == Host.APP && (secret != null || previousSecret != null)) {
                throw Misuse("misuse_client_secret_in_app")
            }
            return Client(this)
        }

        internal fun machine(): dev.evergrant.machine.Client {
            val config =
                ClientConfig(
                    clientId = clientId,
                    clientSecret = secret,
                    previousClientSecret = previousSecret,
                    tokenEndpointAuthMethod = authMethod,
                    redirectUris = redirectUris.toList(),
                    scopes = scopes.toList(),
                    sealing = sealing ?: throw Misuse("misuse_sealing_missing"),
                )
            return refusing { dev.evergrant.machine.Client(provider.machine, config) }
        }

        private fun lineOf(notice: Notice): String {
            val fields =
                listOf(
                    "tenant" to notice.tenant,
                    "generation" to notice.generation,
                    "attempt" to notice.attempt,
                    "authorization" to notice.authorization,
                    "detail" to notice.detail,
                )
            val known = fields.filter { it.second != null }
            return notice.code + known.joinToString("") { (name, value) -> " $name=$value" }
        }
    }
}

internal val log: Logger = Logger.getLogger("dev.evergrant")
