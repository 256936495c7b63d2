package dev.evergrant.tests

import dev.evergrant.machine.Client
import dev.evergrant.machine.Connection
import dev.evergrant.machine.Provider
import dev.evergrant.machine.Refusal
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.put
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readText

/** The golden transcripts (`transcripts/README.md`), and running them. */
object Transcript {
    val files: List<Path> = workspace().resolve("transcripts").listDirectoryEntries("*.jsonl").sorted()

    /** A line that came out, beside the one that is expected, and every object that took part. */
    class Line(val number: Int, val expected: String, val came: String, val parts: List<Any?>)

    fun replay(text: String): Sequence<Line> =
        sequence {
            check(text.endsWith("\n"))
            val lines = text.removeSuffix("\n").lines()
            val config = Json.parseToJsonElement(lines.first()).jsonObject
            val tenant = config.string("tenant")
            val providerConfig = readProvider(config.getValue("provider").jsonObject)
            val clientConfig = readClient(config.getValue("client").jsonObject)
            val provider = Provider(providerConfig)
            val client = Client(provider, clientConfig)
            var connection = Connection(client, tenant)
            var at = 1
            while (at < lines.size) {
                val told = Json.parseToJsonElement(lines[at]).jsonObject
                at += 1
                if ("restore" in told) {
                    val record = told.getValue("restore").takeIf { it !is JsonNull }
                    connection = Connection.restore(client, tenant, record?.let { readStored(it.jsonObject) })
                    continue
                }
                val env = readEnv(told.getValue("env").jsonObject)
                val input = readInput(told.getValue("input").jsonObject)
                val came: Pair<Any, JsonElement> =
                    try {
                        val step = connection.step(env, input)
                        step to writeStep(step)
                    } catch (misuse: Refusal.Misuse) {
                        misuse to buildJsonObject { put("misuse", misuse.message) }
                    }
                val parts = listOf(providerConfig, clientConfig, provider, client, connection, env, input, came.first)
                yield(Line(at + 1, lines.getOrElse(at) { "" }, came.second.toString(), parts))
                at += 1
            }
        }

    /** The checkout that this runs in. */
    fun workspace(): Path =
        generateSequence(Path.of("").toAbsolutePath()) { it.parent }
            .first { Files.isDirectory(it.resolve("transcripts")) }

    fun text(file: Path): String = file.readText()
}
