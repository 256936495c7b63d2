package dev.evergrant

/**
 * What a store has to do: one compare-and-swap, on which all safety rests. Called from several
 * threads at once, none of them the app's; it may block.
 *
 * `dev.evergrant.testing.StoreContract` has the tests that a store must pass.
 */
public fun interface Store {
    /**
     * Writes if the revision of [key] equals [expected]; null: nothing is there. Either way
     * answers with what is there now. Without [write] it is a read. Both look at the newest
     * record, never at a replica's. A swap takes place whole or not at all, and what has been
     * answered is on the disk.
     *
     * Throws [StoreUnavailable] if it cannot tell; it may have taken place.
     */
    public fun swap(key: String, expected: String?, write: Write?): Stored?
}

/** The store's answer, or [StoreUnavailable]: what it says of a bug of its own is not passed on. */
internal fun Store.asked(key: String, expected: String?, write: Write?): Stored? =
    try {
        swap(key, expected, write)
    } catch (error: StoreUnavailable) {
        log.warning("the store did not answer: ${error.description}")
        throw error
    } catch (error: Throwable) {
        val kind = error.javaClass.simpleName
        log.severe("the store threw $kind, not StoreUnavailable")
        throw StoreUnavailable(kind)
    }

/** What is there. */
internal fun Store.read(key: String): Stored? = asked(key, null, null)

/** What a store holds under a key. Its text does not show the record. */
public class Stored @JvmOverloads constructor(
    /** The store's own version of the record: never used twice for one key. */
    public val revision: String,
    /** The record, as it was written. */
    @Transient public val record: ByteArray,
    /**
     * How many milliseconds ago it was written, by the store's own clock; only where it has
     * one that does not jump.
     */
    public val age: Long? = null,
) {
    override fun toString(): String = "Stored(revision=$revision, ${record.size} bytes)"
}

/** What a store is to hold under a key. Its text does not show the record. */
public class Write(
    /** Opaque bytes. */
    @Transient public val record: ByteArray,
    /** When the connection wants to be looked after, UNIX milliseconds, for an index. */
    public val dueAt: Long?,
    /** From when the record may be deleted, UNIX milliseconds; null: never. */
    public val purgeAt: Long?,
) {
    override fun toString(): String = "Write(${record.size} bytes, dueAt=$dueAt, purgeAt=$purgeAt)"
}
