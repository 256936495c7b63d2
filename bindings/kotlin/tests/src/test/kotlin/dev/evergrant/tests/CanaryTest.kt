package dev.evergrant.tests

import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Transport
import dev.evergrant.machine.Connection
import dev.evergrant.machine.Secret
import dev.evergrant.machine.SecretBytes
import dev.evergrant.okhttp.OkHttpTransport
import dev.evergrant.stores.MemoryStore
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.assertThrows
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.NotSerializableException
import java.io.ObjectOutputStream
import java.io.Serializable
import java.lang.reflect.Modifier
import java.net.URLDecoder
import java.util.Collections
import java.util.IdentityHashMap
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.logging.Handler
import java.util.logging.Level
import java.util.logging.LogRecord
import java.util.logging.Logger
import java.util.logging.SimpleFormatter

/** No secret is ever shown, whatever is shown and however. */
class CanaryTest {
    @TestFactory
    fun `a life shows no secret`(): List<DynamicTest> =
        Transcript.files.map { file ->
            dynamicTest(file.fileName.toString()) {
                val text = Transcript.text(file)
                val secrets = secretsOf(text)
                assertTrue(secrets.size > 10, "there is something to find")
                val kinds = mutableSetOf<String>()
                val walked = Walked()
                for (line in Transcript.replay(text)) {
                    for (part in line.parts.flatMap { parts(it, walked) }) {
                        kinds += part.javaClass.simpleName
                        val seen = shown(part)
                        assertTrue(
                            secrets.none {
                                it in seen
                            },
                            "line ${line.number}: a ${part.javaClass} shows a secret",
                        )
                    }
                }
                assertTrue(kinds.containsAll(setOf("Secret", "SecretBytes", "Env", "Step", "Client", "Connection")))
            }
        }

    @Test
    fun `the hunt finds what is there`() {
        class Leak(val inside: List<String>)

        data class Showing(val header: String)
        val canary = "canary-0123456789-abcdefghij"
        assertTrue(shown(Showing(canary)).split(canary).size > 5)
        assertTrue(canary in shown(IllegalStateException(canary)) && canary in shown(canary))
        assertTrue(parts(Leak(listOf(canary)), Walked()).any { canary in shown(it) })
        val text = Transcript.text(Transcript.files.first())
        assertTrue(secretsOf(text).any { it.startsWith("canary-") && it in text })
    }

    @Test
    fun `values, failures and logs of a live connection show none`() = running {
        val hunt = Hunt()
        Authority.start().use { authority ->
            val logged = Logged()
            try {
                val world = World(authority, hunt.store)
                world.transport = hunt.transport
                world.restart { onNotice { hunt.sees(it) } }
                val begun = world.connection.authorize(CALLBACK)
                val cookie = begun.cookie!!
                hunt.secret(begun.url.expose(), cookie.value.expose(), CLIENT_SECRET)
                val redirect = browse(begun.url.expose())
                hunt.secret(redirect, redirect.substringAfter("code=").substringBefore('&'))
                hunt.failing { world.connections.callback(redirect, mapOf(cookie.name to "no")) }
                hunt.failing { world.connections.callback(redirect + "x") }
                world.connections.callback(redirect, mapOf(cookie.name to cookie.value.expose()))
                val token = world.connection.token()
                hunt.secret(token.expose(), token.expose().removePrefix("Bearer "))
                world.advance(900)
                hunt.sees(begun, cookie, token, world.connection.token(), world.connection.status(), world.client)
                hunt.sees(world.connection, world.connections, world.connection.blocking, world.connections.blocking)

                // Stores and transports that say too much.
                val told = checkNotNull(world.store.swap(world.connection.storeKey, null, null))
                hunt.failures = { IllegalStateException("it was ${String(told.record)}") }
                world.restart()
                hunt.failing { world.connection.token() }
                hunt.failing { world.connection.status() }
                hunt.failures = { StoreUnavailable("nobody is there") }
                hunt.failing { world.connection.token() }
                hunt.failures = null
                world.advance(900)
                world.transport = Transport { throw IOException("sent ${String(it.body)} ${it.headers}") }
                world.restart()
                hunt.failing { world.connection.token() }
            } finally {
                logged.close()
            }
            assertTrue(hunt.secrets.size > 10 && hunt.values.size > 20, "${hunt.secrets.size} ${hunt.values.size}")
            assertTrue(logged.lines.any { "the store threw IllegalStateException" in it } && logged.lines.size > 3)
            for (seen in hunt.values + logged.lines) {
                val found = hunt.secrets.filter { it in seen }
                assertTrue(found.isEmpty(), "a value or a line shows a secret: ${seen.substringBefore('(').take(40)}")
            }
        }
    }

    @Test
    fun `secrets are compared by what they hold, and show nothing`() {
        assertEquals(Secret("a"), Secret("a"))
        assertFalse(Secret("a") == Secret("b"))
        assertEquals("Secret(..) SecretBytes(3 bytes)", "${Secret("abc")} ${SecretBytes(ByteArray(3))}")
    }

    @Test
    fun `an error on the way in shows no secret`() {
        val canary = "canary-0123456789"
        val errors =
            listOf(
                assertThrows<Throwable> { Secret("$canary\ud800") },
                assertThrows<Throwable> { dev.evergrant.machine.pendingKey(Secret("?state=$canary&state=$canary")) },
                assertThrows<Throwable> { dev.evergrant.machine.Env(0uL, null, null, canary.toByteArray()) },
            )
        assertTrue(errors.none { canary in it.stackTraceToString() })
    }

    /** What a live connection holds, and what it shows. */
    private class Hunt {
        val secrets: MutableSet<String> = ConcurrentHashMap.newKeySet()
        val values = ConcurrentLinkedQueue<String>()

        @Volatile var failures: (() -> RuntimeException)? = null
        private val inner = MemoryStore()
        private val http = OkHttpTransport()

        val store =
            Store { key, expected, write ->
                write?.let { sees(it).also { _ -> secret(String(write.record)) } }
                failures?.let { throw it() }
                inner.swap(key, expected, write)?.also { sees(it) }
            }

        val transport =
            Transport { request ->
                sees(request)
                secret(request.headers["authorization"].orEmpty())
                form(String(request.body)).filterKeys { it in SECRET_FIELDS }.values.forEach { secret(it) }
                http.send(request).also { answer ->
                    sees(answer)
                    val members = Json.parseToJsonElement(String(answer.body)) as? JsonObject
                    SECRET_FIELDS.forEach { name -> members?.get(name)?.let { secret(it.jsonPrimitive.content) } }
                }
            }

        fun secret(vararg texts: String) {
            secrets += texts.filter { it.length > 5 }
        }

        fun sees(vararg seen: Any) = seen.forEach { values += shown(it) }

        suspend fun failing(work: suspend () -> Any?) {
            val error = runCatching { work() }.exceptionOrNull()
            assertTrue(error is dev.evergrant.EvergrantException, "$error")
            sees(checkNotNull(error))
        }
    }

    /** All that is logged, by anybody, at any level. */
    private class Logged :
        Handler(),
        AutoCloseable {
        val lines: MutableList<String> = Collections.synchronizedList(mutableListOf())
        private val logger = Logger.getLogger("dev.evergrant")

        init {
            level = Level.ALL
            logger.level = Level.ALL
            logger.addHandler(this)
        }

        override fun publish(record: LogRecord) {
            lines += SimpleFormatter().format(record)
        }

        override fun flush() = Unit

        override fun close() = logger.removeHandler(this)
    }
}

private val SECRET_FIELDS = setOf("access_token", "refresh_token", "code", "code_verifier", "client_secret", "token")

/** All the ways in which a program comes to show a value. */
private fun shown(value: Any): String =
    // What others show of a text or a number is that.
    if (value is String || value is Number) "$value" else shownAsObject(value)

private fun shownAsObject(value: Any): String =
    listOf(
        "$value",
        String.format("%s", value),
        listOf(value).toString(),
        mapOf("value" to value).toString(),
        (value to value).toString(),
        IllegalStateException("it was $value").toString(),
        if (value is Throwable) value.stackTraceToString() else "",
        serialized(value),
    ).joinToString("\n")

private fun serialized(value: Any): String {
    if (value !is Serializable && value !is Iterable<*>) return ""
    val bytes = ByteArrayOutputStream()
    return try {
        ObjectOutputStream(bytes).use { it.writeObject(value) }
        bytes.toString(Charsets.ISO_8859_1)
    } catch (error: NotSerializableException) {
        "$error"
    }
}

/** What has been walked already: only a connection changes from step to step. */
private class Walked {
    private val objects: MutableSet<Any> = Collections.newSetFromMap(IdentityHashMap())
    private val texts = mutableSetOf<Any>()

    fun isNew(value: Any) =
        when (value) {
            is Connection -> true
            is String, is Number -> texts.add(value)
            else -> objects.add(value)
        }
}

/** The value and what it is made of, as a debugger walks it. */
private fun parts(value: Any?, walked: Walked, depth: Int = 4): List<Any> {
    if (value == null || !walked.isNew(value)) return emptyList()
    val inside: List<Any?> =
        when {
            depth == 0 -> {
                emptyList()
            }
            value is Iterable<*> -> {
                value.toList()
            }
            value is ByteArray -> {
                listOf(String(value, Charsets.ISO_8859_1))
            }
            value.javaClass.name.startsWith("dev.evergrant") && value !is Enum<*> -> {
                value.javaClass.declaredFields
                    .filter { !Modifier.isStatic(it.modifiers) }
                    .map { field -> field.also { it.isAccessible = true }.get(value) }
            }
            else -> {
                emptyList()
            }
        }
    return listOf(value) + inside.flatMap { parts(it, walked, depth - 1) }
}

/** The secrets of a transcript: those given to the machine, those that it drew, the server's. */
private fun secretsOf(text: String): Set<String> {
    val found = Regex("canary-[\\w-]+").findAll(text).map { it.value }.toMutableSet()
    for (line in text.trim().lines().map { Json.parseToJsonElement(it).jsonObject }) {
        line["env"]?.let { found += it.jsonObject.string("entropy") }
        for (output in line["outputs"]?.jsonArray.orEmpty().map { it.jsonObject }) {
            when (output.string("type")) {
                "open_url" -> {
                    found += listOfNotNull(output.string("url"), output.stringOrNull("binding"))
                    found += form(output.string("url").substringAfter('?')).getValue("state")
                }
                "send_http" -> {
                    val body = output.string("body")
                    found += form(body).filterKeys { it in SECRET_FIELDS }.values + body
                    val headers = output.getValue("headers").jsonArray.map {
                        it.jsonArray.map { part ->
                            part.jsonPrimitive.content
                        }
                    }
                    found += headers.filter { it.first() == "authorization" }.map { it.last() }
                }
                "token_ready" -> {
                    found += output.string("header")
                }
                "swap" -> {
                    output.getValue("write").takeIf { it !is JsonNull }?.let {
                        found +=
                            it.jsonObject.string("record")
                    }
                }
            }
        }
    }
    return found - ""
}

private fun form(text: String): Map<String, String> =
    text.split('&').filter { '=' in it }.associate {
        URLDecoder.decode(it.substringBefore('='), "UTF-8") to URLDecoder.decode(it.substringAfter('='), "UTF-8")
    }
