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

    fun tell(line: String) {
        process.outputWriter().apply { write("$line\n") }.flush()
    }

    /** As `kill -9` does. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    /** As `kill` does. */
    fun terminate() = process.destroy()

    fun await(): Int = process.waitFor()

    override fun close() = kill()

    companion object {
        fun start(main: String, vararg arguments: String): Child {
            val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
            val command = listOf(java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), main)
            val process = ProcessBuilder(command + arguments).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            return Child(process)
        }
    }
}

fun openStore(kind: String, path: String): Store =
    when (kind) {
        "file" -> FileStore(Path.of(path))
        "sqlite" -> SqliteStore(Path.of(path), 60_000)
        else -> error("no store: $kind")
    }
