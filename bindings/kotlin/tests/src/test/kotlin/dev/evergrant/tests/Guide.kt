package dev.evergrant.tests

import dev.evergrant.Client
import dev.evergrant.Connections
import dev.evergrant.Host
import dev.evergrant.Provider
import dev.evergrant.Store
import dev.evergrant.machine.Secret
import dev.evergrant.okhttp.OkHttpTransport
import dev.evergrant.okhttp.evergrant
import dev.evergrant.stores.FileStore
import okhttp3.OkHttpClient
import java.io.File

// What docs/kotlin.md and README.md show, compiled: GuideTest finds each line of theirs here.

class GuideOfApps(store: Store) {
    val provider =
        Provider.Builder(
            environment = "production",
            authorizationEndpoint = "https://auth.example/oauth/authorize",
            tokenEndpoint = "https://auth.example/oauth/token",
            apiOrigin = "https://api.example",
        ).issuer("https://auth.example").revocationEndpoint("https://auth.example/oauth/revoke").build()
    val client =
        Client.Builder(provider, clientId = "an app", OkHttpTransport())
            .redirectUri("com.example.app:/callback")
            .scopes("expenses:read", "users:read")
            .plain() // where the store is encrypted; else sealed(...)
            .build()
    val connection = Connections(client, store)["me"]

    suspend fun connect() = connection.authorize("com.example.app:/callback").url.expose() // for the browser

    suspend fun cameBack(redirect: String) = connection.callback(redirect)

    val api = OkHttpClient.Builder().evergrant(connection).build()

    val ofOnesOwn =
        Store { key, expected, write -> TODO("write if the revision is the expected one; answer what is there now") }
}

class GuideOfServers(private val connections: Connections, private val callback: String) {
    fun builder(clientId: String, secret: Secret) =
        Client.Builder(Provider.pleoProduction(), clientId, OkHttpTransport()).host(Host.SERVER).clientSecret(secret)

    suspend fun connect(tenant: String): Pair<String, String> {
        val begun = connections[tenant].authorize(callback, returnContext = "/settings")
        return begun.url.expose() to begun.cookie!!.expose() // Location and Set-Cookie
    }

    suspend fun cameBack(url: String, cookies: Map<String, String>) = connections.callback(url, cookies).returnContext
}

suspend fun readme(provider: Provider, folder: File, redirect: String): OkHttpClient {
    val client =
        Client.Builder(provider, clientId = "an app", OkHttpTransport())
            .redirectUri("com.example.app:/callback").scopes("expenses:read")
            .plain() // where the store is encrypted; else sealed(...)
            .build()
    val connection = Connections(client, FileStore(folder))["me"]
    val begun = connection.authorize("com.example.app:/callback") // send the browser to begun.url
    connection.callback(redirect) // it came back, to this process or to another
    val api = OkHttpClient.Builder().evergrant(connection).build() // calls carry the token
    return api.also { check(begun.id.isNotEmpty()) }
}
