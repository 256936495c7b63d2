package dev.evergrant.tests

import dev.evergrant.machine.Client
import dev.evergrant.machine.ClientConfig
import dev.evergrant.machine.Connection
import dev.evergrant.machine.Disconnect
import dev.evergrant.machine.Env
import dev.evergrant.machine.Input
import dev.evergrant.machine.IssPolicy
import dev.evergrant.machine.Provider
import dev.evergrant.machine.ProviderConfig
import dev.evergrant.machine.Sealing
import dev.evergrant.machine.Secret
import dev.evergrant.machine.SecretBytes
import dev.evergrant.machine.Stored
import dev.evergrant.machine.TokenEndpointAuthMethod
import dev.evergrant.machine.use
import kotlinx.coroutines.runBlocking

/** What a cached token and a step cost: `make bench-kotlin`. The best of ten runs counts. */
object Bench {
    @Volatile private var sink: Any? = null

    @JvmStatic
    fun main(arguments: Array<String>) =
        Authority.start().use { authority ->
            val world = World(authority)
            runBlocking { world.connect() }
            val connection = world.connection
            val blocking = connection.blocking
            report("System.currentTimeMillis(), which each token takes", CHEAP) { System.currentTimeMillis() }
            report("token(), valid, blocking", CHEAP) { blocking.token() }
            runBlocking { report("token(), valid, in a coroutine", CHEAP) { connection.token() } }
            report("authorization(url), valid", CHEAP) { blocking.authorization(world.url) }
            val record = checkNotNull(world.store.swap(connection.storeKey, null, null))
            val stored = Stored(record.revision, SecretBytes(record.record), null)
            val machine = Connection.restore(machineClient(world), TENANT, stored)
            val entropy = ByteArray(32) { it.toByte() }
            report("a step: a token is wanted, and there", DEAR) { turn ->
                entropy[turn and 31]++
                Env(world.clock.now().toULong(), null, null, entropy).use { env ->
                    machine.step(env, Input.TokenWanted(30_000uL)).use { it.servable }
                }
            }
        }

    private fun machineClient(world: World): Client {
        val base = world.authority.base
        val provider =
            ProviderConfig(
                environment = "loopback",
                iss = IssPolicy.IF_PRESENT,
                authorizationEndpoint = "$base/oauth/authorize",
                tokenEndpoint = "$base/oauth/token",
                disconnect = Disconnect.Forget,
                apiOrigin = base,
                tokenEndpointAuthMethod = TokenEndpointAuthMethod.CLIENT_SECRET_BASIC,
                loopbackHttp = true,
            )
        val client =
            ClientConfig(
                clientId = world.client.clientId,
                clientSecret = Secret(CLIENT_SECRET),
                redirectUris = listOf(CALLBACK),
                scopes = world.client.scopes,
                sealing = Sealing.plain(),
            )
        return Client(Provider(provider), client)
    }

    private inline fun report(name: String, times: Int, work: (Int) -> Any?) {
        var best = Long.MAX_VALUE
        repeat(10) {
            val begun = System.nanoTime()
            for (turn in 0 until times) sink = work(turn)
            best = minOf(best, System.nanoTime() - begun)
        }
        println("%-52s %,10.1f ns".format(name, best.toDouble() / times))
    }

    private const val CHEAP = 10_000_000
    private const val DEAR = 50_000
}
