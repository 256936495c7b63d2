package dev.evergrant.tests

import dev.evergrant.Stored
import dev.evergrant.Write

/** A process that adds to a counter in a store, so many times. */
object Adding {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (kind, path, times) = arguments
        val store = openStore(kind, path)
        var there = checkNotNull(store.swap("counter", null, null))
        repeat(times.toInt()) { turn ->
            do {
                // With a mark, by which one's own is known from another's of the same sum.
                val mine = "${sumOf(there) + 1} ${ProcessHandle.current().pid()}-$turn"
                there = checkNotNull(store.swap("counter", there.revision, Write(mine.toByteArray(), null, null)))
            } while (String(there.record) != mine)
        }
    }

    fun sumOf(stored: Stored): Int = String(stored.record).substringBefore(' ').toInt()
}
