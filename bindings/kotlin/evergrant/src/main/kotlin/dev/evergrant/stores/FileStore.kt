package dev.evergrant.stores

import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Stored
import dev.evergrant.Write
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.StandardOpenOption.CREATE
import java.nio.file.StandardOpenOption.READ
import java.nio.file.StandardOpenOption.TRUNCATE_EXISTING
import java.nio.file.StandardOpenOption.WRITE
import java.nio.file.attribute.FileAttribute
import java.nio.file.attribute.PosixFilePermissions
import java.security.MessageDigest
import java.security.SecureRandom

/**
 * A file for each record, in a folder that only its owner can read: for an app or a command line,
 * in any number of processes of one machine. Not for a network file system.
 *
 * A write is made beside the file, brought to the disk, and then renamed over it, under the lock of
 * a file that is held for no longer than that. Records whose time is over are deleted when another
 * is made.
 */
public class FileStore(directory: Path) : Store {
    public constructor(directory: File) : this(directory.toPath())

    private val directory: Path = directory.toAbsolutePath()
    private var inProcess: Any? = null

    override fun swap(key: String, expected: String?, write: Write?): Stored? =
        try {
            val file = this.directory.resolve(nameOf(key))
            // A rename is whole or has not been: a reader needs no lock.
            if (write == null) read(file, key)?.stored() else locked { swapped(file, key, expected, write) }
        } catch (error: IOException) {
            throw StoreUnavailable(error.javaClass.simpleName, error)
        }

    override fun toString(): String = "FileStore($directory)"

    private fun swapped(file: Path, key: String, expected: String?, write: Write): Stored? {
        val there = read(file, key)
        if (there?.revision?.toString() != expected) return there?.stored()
        // Not from 1: a record that was deleted does not come again.
        val revision = there?.revision?.plus(1) ?: (random.nextLong() ushr 16)
        val kept = Kept(key, revision, write.purgeAt, write.record)
        replace(file, kept.bytes())
        if (there == null) purge()
        return kept.stored()
    }

    private fun read(file: Path, key: String): Kept? {
        val bytes =
            try {
                Files.readAllBytes(file)
            } catch (_: NoSuchFileException) {
                return null
            }
        return Kept.of(bytes)?.takeIf { it.key == key } ?: throw StoreUnavailable("a file that is no record of it")
    }

    private fun replace(file: Path, bytes: ByteArray) {
        val beside = directory.resolve("new")
        // One that a process left behind that was killed.
        Files.deleteIfExists(beside)
        Files.createFile(beside, *ownersFile)
        FileChannel.open(beside, WRITE, TRUNCATE_EXISTING).use {
            val buffer = ByteBuffer.wrap(bytes)
            while (buffer.hasRemaining()) it.write(buffer)
            it.force(true)
        }
        Files.move(beside, file, ATOMIC_MOVE, REPLACE_EXISTING)
        // The folder's own entry; Windows has no such thing.
        if (posix) FileChannel.open(directory, READ).use { it.force(true) }
    }

    private fun purge() {
        val now = System.currentTimeMillis()
        Files.newDirectoryStream(directory, "*$SUFFIX").use { files ->
            for (file in files) {
                val purgeAt = Kept.of(Files.readAllBytes(file))?.purgeAt ?: continue
                if (purgeAt <= now) Files.deleteIfExists(file)
            }
        }
    }

    private fun <T> locked(work: () -> T): T =
        synchronized(inProcess()) {
            FileChannel.open(directory.resolve("lock"), setOf(CREATE, WRITE), *ownersFile).use { channel ->
                channel.lock().use { work() }
            }
        }

    // A file lock is its process's, and lost when the process closes the file anywhere: one thread
    // at a time, of all stores of that folder. An interned text is one object in the whole JVM,
    // whichever class loader has brought this class.
    private fun inProcess(): Any =
        inProcess ?: run {
            Files.createDirectories(directory, *ownersFolder)
            "dev.evergrant.stores.FileStore ${directory.toRealPath()}".intern().also { inProcess = it }
        }

    private class Kept(val key: String, val revision: Long, val purgeAt: Long?, val record: ByteArray) {
        fun stored() = Stored(revision.toString(), record)

        fun bytes(): ByteArray = "$HEAD\n$key\n$revision\n${purgeAt ?: "-"}\n${record.size}\n".toByteArray() + record

        companion object {
            private const val HEAD = "evergrant 1"

            fun of(bytes: ByteArray): Kept? {
                val lines = mutableListOf<String>()
                var start = 0
                repeat(5) {
                    var end = start
                    while (end < bytes.size && bytes[end] != '\n'.code.toByte()) end += 1
                    if (end == bytes.size) return null
                    lines += String(bytes, start, end - start, Charsets.UTF_8)
                    start = end + 1
                }
                val (head, key, revision, purgeAt, size) = lines
                if (head != HEAD || size != (bytes.size - start).toString()) return null
                return Kept(
                    key,
                    revision.toLongOrNull() ?: return null,
                    if (purgeAt == "-") null else purgeAt.toLongOrNull() ?: return null,
                    bytes.copyOfRange(start, bytes.size),
                )
            }
        }
    }

    private companion object {
        const val SUFFIX = ".record"
        val random = SecureRandom()
        val posix = File.separatorChar == '/'
        val ownersFile = only("rw-------")
        val ownersFolder = only("rwx------")

        fun only(permissions: String): Array<FileAttribute<*>> =
            if (posix) {
                arrayOf(PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions)))
            } else {
                emptyArray()
            }

        // Keys are longer than names of files may be, and case may not count there.
        fun nameOf(key: String): String {
            val hash = MessageDigest.getInstance("SHA-256").digest(key.toByteArray())
            return hash.joinToString("") { "%02x".format(it) } + SUFFIX
        }
    }
}
