package dev.evergrant.testing

import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Stored
import dev.evergrant.Write
import java.util.concurrent.Callable
import java.util.concurrent.Executors

/**
 * What a store has to pass, for any test framework: each of [checks] has a name, and throws an
 * `AssertionError`. For JUnit 5:
 *
 * ```
 * @TestFactory
 * fun contract() = StoreContract({ fresh() }, { MyStore(nowhere) }).checks
 *     .map { (name, check) -> dynamicTest(name) { check.run() } }
 * ```
 */
public class StoreContract(
    /** A new, empty store: answers with what opens a handle on it, each time the same store. */
    private val fresh: () -> () -> Store,
    /** A store that nobody reaches. */
    private val unreachable: () -> Store,
) {
    public val checks: Map<String, Runnable> =
        mapOf(
            "nothing is there" to Runnable(::nothingIsThere),
            "a write is answered and read" to Runnable(::aWriteIsAnsweredAndRead),
            "a conflict writes nothing and tells what is there" to Runnable(::aConflictWritesNothing),
            "the same bytes are a new revision" to Runnable(::theSameBytesAreANewRevision),
            "keys are apart" to Runnable(::keysAreApart),
            "records are any bytes" to Runnable(::recordsAreAnyBytes),
            "nobody is overwritten" to Runnable(::nobodyIsOverwritten),
            "one of many creates" to Runnable(::oneOfManyCreates),
            "a store out of reach says so" to Runnable(::outOfReach),
        )

    private fun nothingIsThere() {
        val store = fresh()()
        check(store.swap(KEY, null, null) == null) { "a read of nothing" }
        for (revision in listOf("0", "1", "never given", "", "9".repeat(40))) {
            check(store.swap(KEY, revision, write("no")) == null) { "a swap that expects something there" }
        }
        check(store.swap(KEY, null, null) == null) { "nothing was written" }
    }

    private fun aWriteIsAnsweredAndRead() {
        val open = fresh()
        val store = open()
        val first = there(store.swap(KEY, null, write("1")), "1")
        for (handle in listOf(store, open())) {
            val read = there(handle.swap(KEY, null, null), "1")
            check(read.revision == first.revision) { "the same revision" }
            check((read.age ?: 0) >= 0) { "an age" }
        }
        val second = there(open().swap(KEY, first.revision, write("2")), "2")
        check(second.revision != first.revision) { "another revision" }
    }

    private fun aConflictWritesNothing() {
        val store = fresh()()
        val first = there(store.swap(KEY, null, write("1")), "1")
        val second = there(store.swap(KEY, first.revision, write("2")), "2")
        for (expected in listOf(null, first.revision, "never given", second.revision + "0")) {
            val now = there(store.swap(KEY, expected, write("no")), "2")
            check(now.revision == second.revision) { "what is there" }
        }
    }

    private fun theSameBytesAreANewRevision() {
        val store = fresh()()
        val revisions = mutableSetOf<String>()
        var expected: String? = null
        repeat(20) {
            expected = there(store.swap(KEY, expected, write("same")), "same").revision
            revisions += expected
        }
        check(revisions.size == 20) { "a revision is never used twice" }
    }

    private fun keysAreApart() {
        val store = fresh()()
        val keys =
            listOf(
                KEY,
                KEY.uppercase(),
                KEY.replace("%2B", "%2b"),
                "connection/%",
                "connection/_",
                "connection/" + "x".repeat(600),
            )
        for (key in keys) there(store.swap(key, null, write(key)), key)
        for (key in keys) there(store.swap(key, null, null), key)
    }

    private fun recordsAreAnyBytes() {
        val store = fresh()()
        var expected: String? = null
        val all = ByteArray(256) { it.toByte() }
        for (record in listOf(ByteArray(1), all, "\u0000'\"\\\r\n".toByteArray(), ByteArray(200_000) { 120 })) {
            val written = store.swap(KEY, expected, Write(record, 1, 1L shl 52))
            expected = written?.revision
            val read = store.swap(KEY, null, null)
            check(read != null && read.record.contentEquals(record)) { "${record.size} bytes as they were" }
        }
    }

    private fun nobodyIsOverwritten() {
        val open = fresh()
        open().swap(KEY, null, write(""))
        together { number ->
            val store = open()
            repeat(TURNS) { turn ->
                val line = "$number $turn\n"
                var now = store.swap(KEY, null, null) ?: throw AssertionError("it was there")
                while (line !in text(now)) {
                    now = store.swap(KEY, now.revision, write(text(now) + line)) ?: throw AssertionError("it was there")
                }
            }
        }
        val lines = text(open().swap(KEY, null, null) ?: throw AssertionError("it was there")).trim().lines()
        check(lines.size == WRITERS * TURNS && lines.toSet().size == lines.size) { "no line is lost, none is twice" }
    }

    private fun oneOfManyCreates() {
        val open = fresh()
        val told = together { number -> open().swap(KEY, null, write("$number"))?.let(::text) }
        check(null !in told && told.toSet().size == 1) { "each is told whose it is" }
    }

    private fun outOfReach() {
        val store = unreachable()
        for (write in listOf(null, write("hidden-record"))) {
            val error =
                try {
                    store.swap(KEY, null, write)
                    null
                } catch (error: StoreUnavailable) {
                    error
                }
            check(error != null) { "StoreUnavailable" }
            check("hidden-record" !in error.stackTraceToString()) { "an error that shows no record" }
        }
    }

    private companion object {
        const val KEY = "connection/prod/client%2B1/tenant-42"
        const val WRITERS = 8
        const val TURNS = 15

        fun write(record: String) = Write(record.toByteArray(), null, null)

        fun text(stored: Stored) = String(stored.record)

        fun there(stored: Stored?, record: String): Stored {
            check(stored != null && text(stored) == record) { "the record that was written" }
            return stored
        }

        @OptIn(kotlin.contracts.ExperimentalContracts::class)
        inline fun check(holds: Boolean, what: () -> String) {
            kotlin.contracts.contract { returns() implies holds }
            if (!holds) throw AssertionError("expected: ${what()}")
        }

        fun <T> together(work: (Int) -> T): List<T> {
            val threads = Executors.newFixedThreadPool(WRITERS)
            try {
                val tasks = (0 until WRITERS).map { Callable { work(it) } }
                return threads.invokeAll(tasks).map { it.get() }
            } finally {
                threads.shutdown()
            }
        }
    }
}
