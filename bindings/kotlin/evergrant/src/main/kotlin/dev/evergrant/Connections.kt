package dev.evergrant

import dev.evergrant.machine.BrowserProof
import dev.evergrant.machine.Secret
import dev.evergrant.machine.SecretBytes
import dev.evergrant.machine.pendingKey
import dev.evergrant.machine.pendingTenant
import dev.evergrant.machine.use
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import java.lang.ref.ReferenceQueue
import java.lang.ref.WeakReference

/**
 * Connections by tenant, over one store and one callback URL.
 *
 * A tenant is a name of yours, of at most 256 bytes; an app has one. `connections["tenant-42"]`
 * is the same object each time, and costs nothing until it is used; the last [keep] of them stay
 * in memory, with their tokens, and are refreshed when that is due.
 */
public class Connections @JvmOverloads constructor(
    public val client: Client,
    private val store: Store,
    private val keep: Int = 1_000,
) {
    // Others live for as long as somebody has them.
    private val all = HashMap<String, Held>()
    private val gone = ReferenceQueue<Connection>()
    private val last = LinkedHashMap<String, Connection>(16, 0.75f, true)

    /** The same for callers without coroutines. */
    public val blocking: BlockingConnections = BlockingConnections(this)

    public operator fun get(tenant: String): Connection =
        synchronized(all) {
            forget()
            val connection =
                all[tenant]?.get()
                    ?: Connection(client, store, tenant).also { all[tenant] = Held(it, gone) }
            last[tenant] = connection
            if (last.size > keep) last.remove(last.keys.first())
            connection
        }

    /**
     * Completes an authorization: finds out whose it is by what the store says. [url] is the
     * whole URL of the redirect, [cookies] those that came with it to a server.
     */
    public suspend fun callback(url: String, cookies: Map<String, String>? = null): Authorized {
        val redirect = secretOf(url)
        return callback(redirect, proofOf(client.host, redirect, cookies))
    }

    /** The same, where the proof is at hand. */
    public suspend fun callback(url: Secret, proof: BrowserProof): Authorized =
        this[tenantOf(url)].callback(url, proof)

    override fun toString(): String = "Connections($client)"

    private suspend fun tenantOf(url: Secret): String {
        val key = refusing { pendingKey(url) }
        val current =
            withContext(Dispatchers.IO) { store.read(key) }
                ?: throw CallbackRefused(Told("callback_state_unknown", 404))
        return SecretBytes(current.record).use { refusing { pendingTenant(client.machine, url, it) } }
    }

    private fun forget() {
        while (true) {
            val held = gone.poll() as Held? ?: return
            all.remove(held.tenant, held)
        }
    }

    private class Held(connection: Connection, gone: ReferenceQueue<Connection>) :
        WeakReference<Connection>(connection, gone) {
        val tenant = connection.tenant
    }
}

/** [Connections] for callers without coroutines, such as Java. */
public class BlockingConnections internal constructor(private val connections: Connections) {
    /** See [Connections.get]. */
    public operator fun get(tenant: String): BlockingConnection = connections[tenant].blocking

    /** See [Connections.callback]. */
    @JvmOverloads
    public fun callback(url: String, cookies: Map<String, String>? = null): Authorized =
        runBlocking { connections.callback(url, cookies) }

    /** See [Connections.callback]. */
    public fun callback(url: Secret, proof: BrowserProof): Authorized =
        runBlocking { connections.callback(url, proof) }

    override fun toString(): String = connections.toString()
}
