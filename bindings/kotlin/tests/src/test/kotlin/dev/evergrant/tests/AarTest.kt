package dev.evergrant.tests

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import java.nio.file.Path
import java.util.zip.ZipEntry
import java.util.zip.ZipInputStream
import java.util.zip.ZipOutputStream
import kotlin.io.path.createDirectories
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes

/** The AAR that `bindings/kotlin/aar` makes of the jar and sample libraries. */
class AarTest {
    @TempDir lateinit var directory: Path
    private val kotlin = Transcript.workspace().resolve("bindings/kotlin")
    private val classes = kotlin.resolve("evergrant/target/classes")

    @BeforeEach
    fun libraries() {
        // Programs of no code, of which only the header counts.
        library("arm64-v8a", wide = true, machine = 183)
        library("armeabi-v7a", wide = false, machine = 40)
        library("x86_64", wide = true, machine = 62)
    }

    @Test
    fun `it has what an app needs, where it needs it`() {
        val (code, said) = make()
        assertEquals(0 to "sample.aar: arm64-v8a, armeabi-v7a, x86_64", code to said)
        val entries = entries(directory.resolve("sample.aar").readBytes())
        val rules = classes.resolve("META-INF/proguard/evergrant.pro").readBytes()
        assertArrayEquals(rules, entries.getValue("proguard.txt"))
        val inside = entries(entries.getValue("classes.jar")).keys
        assertTrue("dev/evergrant/Connection.class" in inside && inside.none { it.endsWith(".so") })
        assertArrayEquals(directory.resolve("jni/x86_64/$LIBRARY").readBytes(), entries.getValue("jni/x86_64/$LIBRARY"))
        assertTrue("package=\"dev.evergrant\"" in String(entries.getValue("AndroidManifest.xml")))
        // The same of the same.
        val first = directory.resolve("sample.aar").readBytes()
        make()
        assertArrayEquals(first, directory.resolve("sample.aar").readBytes())
    }

    @Test
    fun `a library for another machine is refused`() {
        library("x86_64", wide = true, machine = 183)
        assertEquals(1 to "aar: jni/x86_64/$LIBRARY is for another machine", make())
    }

    @Test
    fun `a library for small pages is refused`() {
        library("arm64-v8a", wide = true, machine = 183, align = 4_096)
        assertTrue("max-page-size=16384" in make().second)
    }

    @Test
    fun `what most phones need is not left out`() {
        Files.delete(directory.resolve("jni/arm64-v8a/$LIBRARY"))
        assertEquals(1 to "aar: no library for arm64-v8a", make())
    }

    @Test
    fun `what is no library is refused`() {
        directory.resolve("jni/x86_64/$LIBRARY").writeBytes("no library".toByteArray())
        assertEquals(1 to "aar: jni/x86_64/$LIBRARY is no ELF file", make())
        library("mips", wide = false, machine = 8)
        assertEquals(1, make().first)
    }

    private fun make(): Pair<Int, String> {
        val jar = directory.resolve("evergrant.jar")
        ZipOutputStream(Files.newOutputStream(jar)).use { zip ->
            Files.walk(classes).filter { Files.isRegularFile(it) && !it.toString().endsWith(".so") }.forEach {
                zip.putNextEntry(ZipEntry(classes.relativize(it).toString()))
                Files.copy(it, zip)
            }
            // That of the JVM, which an app does not want twice.
            zip.putNextEntry(ZipEntry("linux-x86-64/$LIBRARY"))
        }
        val arguments = listOf("make", "sample.aar", "evergrant.jar", "jni")
        val process =
            ProcessBuilder(listOf(kotlin.resolve("aar").toString()) + arguments)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start()
        val said = process.inputReader().readText().trim()
        return process.waitFor() to said
    }

    private fun library(abi: String, wide: Boolean, machine: Int, align: Long = 16_384) {
        val elf = ByteBuffer.allocate(64 + 56).order(ByteOrder.LITTLE_ENDIAN)
        elf.put(byteArrayOf(0x7f, 'E'.code.toByte(), 'L'.code.toByte(), 'F'.code.toByte(), if (wide) 2 else 1))
        elf.putShort(18, machine.toShort())
        // One loaded segment, after the header.
        elf.putLong(32, 64).putShort(54, 56).putShort(56, 1)
        elf.putInt(64, 1).putLong(64 + 48, align)
        directory.resolve("jni/$abi").createDirectories().resolve(LIBRARY).writeBytes(elf.array())
    }

    private fun entries(zip: ByteArray): Map<String, ByteArray> {
        val entries = mutableMapOf<String, ByteArray>()
        ZipInputStream(ByteArrayInputStream(zip)).use { input ->
            while (true) {
                val entry = input.nextEntry ?: return entries
                entries[entry.name] = ByteArrayOutputStream().also(input::transferTo).toByteArray()
            }
        }
    }

    private companion object {
        const val LIBRARY = "libevergrant_bindings.so"
    }
}
