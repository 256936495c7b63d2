package dev.evergrant.tests

import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Stored
import dev.evergrant.Write
import dev.evergrant.sqlite.SqliteStore
import dev.evergrant.stores.EncryptedStore
import dev.evergrant.stores.FileStore
import dev.evergrant.stores.MemoryStore
import dev.evergrant.testing.StoreContract
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import javax.crypto.spec.SecretKeySpec
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes

class StoreTest {
    @TempDir lateinit var directory: Path

    @TestFactory
    fun `files`() =
        contract({ path -> { FileStore(path) } }) { FileStore(Files.createFile(path()).resolve("inside a file")) }

    @TestFactory
    fun `SQLite`() =
        contract({ path -> { SqliteStore(path) } }) { SqliteStore(path().resolve("no folder").resolve("store.db")) }

    @TestFactory
    fun `encrypted`() =
        contract({ path -> { EncryptedStore(FileStore(path)) { aesKey } } }) { EncryptedStore(nobody) { aesKey } }

    @Test
    fun `what is encrypted can be read with its key, in its place, and unchanged`() {
        val inner = MemoryStore()
        val store = EncryptedStore(inner) { aesKey }
        store.swap("key", null, write("canary"))
        store.swap("other", null, write("canary"))
        val (one, other) = listOf("key", "other").map { inner.swap(it, null, null)!! }
        assertFalse("canary" in String(one.record, Charsets.ISO_8859_1))
        assertFalse(one.record.contentEquals(other.record))
        val changed = one.record.clone().also { it[20] = (it[20] + 1).toByte() }
        for (record in listOf(other.record, changed, one.record.copyOf(27), ByteArray(0))) {
            val now = inner.swap("key", null, null)!!
            inner.swap("key", now.revision, Write(record, null, null))
            assertThrows<StoreUnavailable> { store.swap("key", null, null) }
        }
        val otherKey = EncryptedStore(inner) { SecretKeySpec(ByteArray(32) { 7 }, "AES") }
        assertThrows<StoreUnavailable> { otherKey.swap("other", null, null) }
        assertEquals("canary", String(store.swap("other", null, null)!!.record))
    }

    @TestFactory
    fun `memory`() =
        contract({ MemoryStore().let { store -> { store } } }) { nobody }

    @TestFactory
    fun `the contract finds what is wrong`(): List<DynamicTest> {
        val wrong =
            mapOf<String, () -> Store>(
                "a conflict writes nothing and tells what is there" to ::Overwriting,
                "nobody is overwritten" to ::Overwriting,
                "the same bytes are a new revision" to ::ByContent,
                "records are any bytes" to ::OfTexts,
                "keys are apart" to ::Caseless,
            )
        return wrong.map { (name, make) ->
            dynamicTest(name) {
                val contract = StoreContract({ make().let { store -> { store } } }, make)
                assertThrows<Throwable> { contract.checks.getValue(name).run() }
                assertThrows<AssertionError> { contract.checks.getValue("a store out of reach says so").run() }
            }
        }
    }

    @Test
    fun `several processes lose nothing, in files`() = severalProcesses("file", path())

    @Test
    fun `several processes lose nothing, in SQLite`() = severalProcesses("sqlite", path())

    @Test
    fun `only the owner reads`() {
        val folder = path()
        FileStore(folder).swap("key", null, write("1"))
        SqliteStore(folder.resolve("store.db")).use { it.swap("key", null, write("1")) }
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
        for (file in folder.listDirectoryEntries()) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)), file.name)
        }
    }

    @Test
    fun `a file that is cut, or another's, is not believed`() {
        val folder = path()
        val store = FileStore(folder)
        store.swap("key", null, write("1"))
        store.swap("other", null, write("2"))
        val (one, other) = folder.listDirectoryEntries("*.record").sortedBy { "other" in String(it.readBytes()) }
        val whole = one.readBytes()
        for (length in whole.indices) {
            one.writeBytes(whole.copyOf(length))
            assertThrows<StoreUnavailable>("$length bytes") { store.swap("key", null, null) }
        }
        one.writeBytes(other.readBytes())
        assertThrows<StoreUnavailable> { store.swap("key", null, null) }
        one.writeBytes(whole)
        assertArrayEquals("1".toByteArray(), store.swap("key", null, null)!!.record)
    }

    @Test
    fun `what a killed process left beside a file is no record`() {
        val folder = path()
        val store = FileStore(folder)
        val first = store.swap("key", null, write("1"))!!
        folder.resolve("new").writeBytes(ByteArray(1_000_000))
        assertArrayEquals("1".toByteArray(), store.swap("key", null, null)!!.record)
        assertArrayEquals("2".toByteArray(), store.swap("key", first.revision, write("2"))!!.record)
        assertEquals(
            setOf("lock"),
            folder.listDirectoryEntries().map {
                it.name
            }.filterNot { it.endsWith(".record") }.toSet(),
        )
    }

    @Test
    fun `records whose time is over are deleted, and do not come again`() {
        val now = System.currentTimeMillis()
        val files = FileStore(path())
        val rows = SqliteStore(path())
        for (store in listOf(files, rows)) {
            val gone = store.swap("over", null, Write(ByteArray(1), null, now - 1))!!
            store.swap("kept", null, Write(ByteArray(1), null, now + 3_600_000))
            store.swap("for ever", null, Write(ByteArray(1), null, null))
            if (store is SqliteStore) assertEquals(1, store.purge())
            assertNull(store.swap("over", null, null))
            assertNull(store.swap("over", gone.revision, write("no")))
            assertNotEquals(gone.revision, store.swap("over", null, write("new"))!!.revision)
            assertTrue(store.swap("kept", null, null) != null && store.swap("for ever", null, null) != null)
        }
        rows.close()
    }

    @Test
    fun `neither text nor trace of a value shows a record`() {
        val values =
            listOf(write("canary"), Stored("1", "canary".toByteArray()), Stored("1", "canary".toByteArray(), 7))
        assertTrue(values.none { "canary" in "$it" })
        assertEquals("Stored(revision=1, 6 bytes)", "${values[1]}")
    }

    private fun contract(fresh: (Path) -> () -> Store, unreachable: () -> Store): List<DynamicTest> =
        StoreContract({ fresh(path()) }, unreachable).checks.map { (name, check) -> dynamicTest(name) { check.run() } }

    private fun severalProcesses(kind: String, path: Path) {
        openStore(kind, path.toString()).swap("counter", null, write("0"))
        val adders = List(4) { Child.start("dev.evergrant.tests.Adding", kind, path.toString(), "60") }
        adders.forEach { assertEquals(0, it.await()) }
        assertEquals(240, Adding.sumOf(openStore(kind, path.toString()).swap("counter", null, null)!!))
    }

    private val nobody = Store { _, _, _ -> throw StoreUnavailable("nobody is there") }
    private val aesKey = SecretKeySpec(ByteArray(32) { it.toByte() }, "AES")

    private fun path(): Path = Files.createTempDirectory(directory, "").resolve("store")

    private open class Overwriting : Store {
        private val records = ConcurrentHashMap<String, Stored>()
        private val revisions = AtomicInteger()

        override fun swap(key: String, expected: String?, write: Write?): Stored? {
            val there = write?.let { Stored("${revisions.incrementAndGet()}", it.record) } ?: return records[key]
            // Slow enough that others write meanwhile.
            Thread.sleep(1)
            return there.also { records[key] = it }
        }
    }

    private class ByContent : Store {
        private val inner = MemoryStore()

        override fun swap(key: String, expected: String?, write: Write?): Stored? {
            val there = inner.swap(key, null, null)
            val matches = there?.let { "${it.record.contentHashCode()}" } == expected
            val now = if (write != null && matches) inner.swap(key, there?.revision, write) else there
            return now?.let { Stored("${it.record.contentHashCode()}", it.record) }
        }
    }

    private class OfTexts : Overwriting() {
        override fun swap(key: String, expected: String?, write: Write?): Stored? =
            super.swap(key, expected, write?.let { Write(String(it.record).toByteArray(), null, null) })
    }

    private class Caseless : Overwriting() {
        override fun swap(key: String, expected: String?, write: Write?) = super.swap(key.lowercase(), expected, write)
    }
}

private fun write(record: String) = Write(record.toByteArray(), null, null)
