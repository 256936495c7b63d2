package dev.evergrant.stores

import dev.evergrant.Store
import dev.evergrant.Stored
import dev.evergrant.Write

/** A store that ends with its process: for tests. A grant that is kept nowhere else is lost with it. */
public class MemoryStore : Store {
    private val records = HashMap<String, Stored>()
    private var revisions = 0L

    @Synchronized
    override fun swap(key: String, expected: String?, write: Write?): Stored? {
        val there = records[key]
        if (write == null || there?.revision != expected) return there
        revisions += 1
        return Stored(revisions.toString(), write.record.clone()).also { records[key] = it }
    }

    override fun toString(): String = "MemoryStore"
}
