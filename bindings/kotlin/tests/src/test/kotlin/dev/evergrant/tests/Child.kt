package dev.evergrant.tests

import dev.evergrant.Store
import dev.evergrant.sqlite.SqliteStore
import dev.evergrant.stores.FileStore
import java.nio.file.Path

/** Another process, of the same classes. It is killed when it is closed. */
class Child private constructor(private val process: Process) : AutoCloseable {
    private val lines = process.inputReader()

    /** The next line that it prints. */
    fun line(): String = checkNotNull(lines.readLine()) { "the process has ended, by ${process.waitFor()}" }

    /** As `kill -9` does. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    /** As `kill` does; what it still prints can be read. */
    fun terminate() {
        process.toHandle().destroy()
    }

    /** How it ends. What else it prints is nobody's. */
    fun await(): Int {
        lines.forEachLine { }
        return process.waitFor()
    }

    override fun close() = kill()

    companion object {
        fun start(
            main: String,
            vararg arguments: String,
            environment: Map<String, String> = emptyMap(),
            path: String = System.getProperty("java.class.path"),
        ): Child {
            val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
            val command = listOf(java, "-XX:TieredStopAtLevel=1", "-cp", path, main)
            val builder = ProcessBuilder(command + arguments).redirectError(ProcessBuilder.Redirect.INHERIT)
            builder.environment() += environment
            return Child(builder.start())
        }
    }
}

fun openStore(kind: String, path: String): Store =
    when (kind) {
        "file" -> FileStore(Path.of(path))
        "sqlite" -> SqliteStore(Path.of(path), 60_000)
        else -> error("no store: $kind")
    }
