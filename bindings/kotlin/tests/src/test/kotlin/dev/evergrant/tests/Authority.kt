package dev.evergrant.tests

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response
import java.util.concurrent.TimeUnit

/** A running `evergrant-authority` and its control endpoints. It ends with its standard input. */
class Authority private constructor(val base: String, private val process: Process?) : AutoCloseable {
    fun control(name: String, members: JsonObjectBuilder.() -> Unit = {}): JsonObject =
        post(name, buildJsonObject(members)).jsonObject

    /** The next requests for a token by refresh meet this. */
    fun faultOnRefresh(members: JsonObjectBuilder.() -> Unit) {
        fault("/oauth/token", "grant_type" to "refresh_token", members = members)
    }

    fun fault(path: String, vararg more: Pair<String, String>, times: Int = 1, members: JsonObjectBuilder.() -> Unit) {
        val rule =
            buildJsonObject {
                put("path", path)
                put("times", times)
                more.forEach { (name, value) -> put(name, value) }
                put("fault", buildJsonObject(members))
            }
        post("faults", buildJsonArray { add(rule) })
    }

    fun stats(): Map<String, Int> {
        val stats = browser.get("$base/control/stats").use { Json.parseToJsonElement(it.body.string()).jsonObject }
        return stats.mapNotNull { (name, value) ->
            (value as? kotlinx.serialization.json.JsonPrimitive)?.content?.toIntOrNull()?.let { name to it }
        }.toMap()
    }

    override fun close() {
        if (process == null) return
        process.outputStream.close()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    private fun post(name: String, body: JsonElement): JsonElement {
        val json = body.toString().toRequestBody("application/json".toMediaType())
        val request = Request.Builder().url("$base/control/$name").post(json).build()
        return browser.newCall(request).execute().use {
            val answer = it.body.string()
            check(it.code in 200..201) { "${it.code} $answer" }
            Json.parseToJsonElement(answer)
        }
    }

    companion object {
        fun start(vararg options: String): Authority {
            val program = checkNotNull(System.getenv("EVERGRANT_AUTHORITY")) { "EVERGRANT_AUTHORITY is not set" }
            val process = ProcessBuilder(program, *options).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            val line = process.inputReader().readLine().orEmpty()
            check(line.startsWith("listening on ")) { "the authority did not start: $line" }
            return Authority(line.removePrefix("listening on "), process)
        }

        /** One that another process has started. */
        fun at(base: String) = Authority(base, null)
    }
}

/** A plain client that follows nothing and adds nothing: the browser's, and the tests' own. */
val browser: OkHttpClient = OkHttpClient.Builder().followRedirects(false).build()

fun OkHttpClient.get(url: String): Response = newCall(Request.Builder().url(url).build()).execute()

/** The browser, and the person in it: comes back with the redirect. */
fun browse(url: String): String =
    browser.get(url).use {
        check(it.code in 302..303) { "${it.code} ${it.body.string()}" }
        checkNotNull(it.header("Location"))
    }
