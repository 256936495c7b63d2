package dev.evergrant.sqlite

import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Stored
import dev.evergrant.Write
import org.sqlite.SQLiteConfig
import java.io.File
import java.io.IOException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.security.SecureRandom
import java.sql.Connection
import java.sql.PreparedStatement
import java.sql.SQLException
import java.sql.Types

/**
 * Records in a table of an SQLite file, which only its owner can read: for any number of threads
 * and processes of one machine. Python's `SqliteStore` has the same table.
 *
 * Every write is on the disk before it is answered (WAL, `synchronous=FULL`). Not for a network
 * file system or a folder that is synchronised with other machines. [busyMillis] is how long to
 * wait for another process's write.
 */
public class SqliteStore @JvmOverloads constructor(
    private val path: Path,
    private val busyMillis: Int = 2_000,
) : Store, AutoCloseable {
    private var connection: Connection? = null

    override fun swap(key: String, expected: String?, write: Write?): Stored? =
        opened { db ->
            val revision = write?.let { db.written(key, expected, it) }
            if (revision != null) Stored(revision.toString(), write.record) else db.read(key)
        }

    /** Deletes records whose time is over; answers how many. */
    public fun purge(): Int =
        opened { db ->
            db.prepareStatement("DELETE FROM evergrant_records WHERE purge_at <= ?").use {
                it.setLong(1, System.currentTimeMillis())
                it.executeUpdate()
            }
        }

    /** Closes the file; it is opened again when it is needed. */
    @Synchronized
    override fun close() {
        connection?.close()
        connection = null
    }

    override fun toString(): String = "SqliteStore($path)"

    // One connection, which one thread uses at a time: SQLite writes one after the other anyway.
    @Synchronized
    private fun <T> opened(work: (Connection) -> T): T =
        try {
            work(connection ?: connect().also { connection = it })
        } catch (error: SQLException) {
            throw StoreUnavailable("SQLite: ${error.message}", error)
        } catch (error: IOException) {
            throw StoreUnavailable(error.javaClass.simpleName, error)
        }

    private fun connect(): Connection {
        create()
        val config = SQLiteConfig()
        config.setBusyTimeout(busyMillis)
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL)
        val db = config.createConnection("jdbc:sqlite:${path.toAbsolutePath()}")
        try {
            switchToWal(db)
            db.createStatement().use { statement -> SCHEMA.forEach(statement::executeUpdate) }
        } catch (error: SQLException) {
            db.close()
            throw error
        }
        return db
    }

    private fun switchToWal(db: Connection) {
        // SQLite does not wait here by itself for others, who switch a new file too.
        val until = System.nanoTime() + busyMillis * 1_000_000L
        while (true) {
            try {
                db.createStatement().use { it.execute("PRAGMA journal_mode=WAL") }
                return
            } catch (error: SQLException) {
                if (error.errorCode and PRIMARY != BUSY || System.nanoTime() >= until) throw error
            }
            // Not in step with the others.
            Thread.sleep(1L + random.nextInt(10))
        }
    }

    // Only the owner may read what may hold tokens; SQLite gives the files beside it the same
    // rights. A file that is there is not opened: to close it would end this process's locks on it.
    private fun create() {
        synchronized(path.toAbsolutePath().normalize().toString().intern()) {
            try {
                if (File.separatorChar == '/') {
                    val owners = PosixFilePermissions.fromString("rw-------")
                    Files.createFile(path, PosixFilePermissions.asFileAttribute(owners))
                }
            } catch (_: FileAlreadyExistsException) {
                return
            }
        }
    }

    private companion object {
        const val BUSY = 5

        // Extended codes have the primary one in their lowest byte.
        const val PRIMARY = 0xff
        val random = SecureRandom()

        val SCHEMA =
            listOf(
                """
                CREATE TABLE IF NOT EXISTS evergrant_records (
                    key TEXT PRIMARY KEY NOT NULL,
                    revision INTEGER NOT NULL,
                    record BLOB NOT NULL,
                    due_at INTEGER,
                    purge_at INTEGER
                )
                """,
                "CREATE INDEX IF NOT EXISTS evergrant_due ON evergrant_records (due_at) WHERE due_at IS NOT NULL",
                "CREATE INDEX IF NOT EXISTS evergrant_purge ON evergrant_records (purge_at) WHERE purge_at IS NOT NULL",
            )

        /** The new revision, or null if another one was there. */
        fun Connection.written(key: String, expected: String?, write: Write): Long? {
            if (expected == null) {
                // Not from 1: a record that was deleted by hand does not come again.
                val revision = random.nextLong() ushr 16
                val insert = "INSERT INTO evergrant_records VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"
                return prepareStatement(insert).use {
                    it.setString(1, key)
                    it.setLong(2, revision)
                    it.setWrite(3, write)
                    revision.takeIf { _ -> it.executeUpdate() == 1 }
                }
            }
            // Else no revision of this store.
            val before = expected.toLongOrNull()?.takeIf { it.toString() == expected } ?: return null
            val update =
                "UPDATE evergrant_records SET revision = ?, record = ?, due_at = ?, purge_at = ?" +
                    " WHERE key = ? AND revision = ?"
            return prepareStatement(update).use {
                it.setLong(1, before + 1)
                it.setWrite(2, write)
                it.setString(5, key)
                it.setLong(6, before)
                (before + 1).takeIf { _ -> it.executeUpdate() == 1 }
            }
        }

        fun Connection.read(key: String): Stored? =
            prepareStatement("SELECT revision, record FROM evergrant_records WHERE key = ?").use {
                it.setString(1, key)
                val rows = it.executeQuery()
                if (rows.next()) Stored(rows.getLong(1).toString(), rows.getBytes(2)) else null
            }

        fun PreparedStatement.setWrite(at: Int, write: Write) {
            setBytes(at, write.record)
            setTime(at + 1, write.dueAt)
            setTime(at + 2, write.purgeAt)
        }

        fun PreparedStatement.setTime(at: Int, time: Long?) =
            if (time == null) setNull(at, Types.INTEGER) else setLong(at, time)
    }
}
