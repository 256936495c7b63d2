package dev.evergrant.tests

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.nio.file.Path
import kotlin.io.path.writeText

/**
 * An app that was shrunk and renamed by the rules that the jar brings along: by ProGuard, which
 * reads the same rules as R8.
 */
class RulesTest {
    @TempDir lateinit var directory: Path

    @Test
    fun `a shrunk and renamed app connects and calls`() {
        val app = directory.resolve("app.jar")
        val rules = Transcript.workspace().resolve("bindings/kotlin/evergrant/src/main/resources/META-INF/proguard")
        val parts = System.getProperty("java.class.path").split(File.pathSeparator).filter(::isOfAnApp)
        assertEquals(8, parts.size, "$parts")
        val given = parts.joinToString("\n") { "-injars '$it'(!META-INF/**,!module-info.class)" }
        val modules =
            listOf("java.base", "java.logging", "jdk.httpserver").joinToString("\n") {
                "-libraryjars <java.home>/jmods/$it.jmod(!**.jar;!module-info.class)"
            }
        val configuration = directory.resolve("app.pro")
        configuration.writeText(
            """
            $given
            $modules
            -outjars '$app'
            -include '${rules.resolve("evergrant.pro")}'
            -keep class dev.evergrant.example.MainKt { public static void main(java.lang.String[]); }
            -printmapping '${directory.resolve("app.map")}'
            -dontoptimize
            -dontnote **
            -dontwarn org.jetbrains.annotations.**
            -dontwarn okhttp3.**
            -dontwarn okio.**
            -dontwarn kotlin.**
            -dontwarn kotlinx.**
            """.trimIndent(),
        )
        Child.start("proguard.ProGuard", "@$configuration").use { assertEquals(0, it.await()) }
        val renamed = Transcript.text(directory.resolve("app.map")).lines().filter {
            it.startsWith("dev.evergrant.Engine -> ")
        }
        assertTrue(renamed.isNotEmpty() && renamed.none { it.endsWith("-> dev.evergrant.Engine:") }, "$renamed")
        Authority.start().use { authority ->
            val environment = mapOf("AUTHORITY" to authority.base, "STORE" to "$directory/store")

            fun run(command: String) =
                Child.start("dev.evergrant.example.MainKt", command, environment = environment, path = "$app")
            run("connect").use {
                browser.get(browse(it.line().removePrefix("open: "))).close()
                assertEquals("connected: expenses:read users:read", it.line())
                assertEquals(0, it.await())
            }
            authority.control("revoke-access-tokens")
            run("expenses").use { assertTrue(it.line().startsWith("200 {")) }
            assertEquals(1, authority.stats()["refreshes_ok"])
        }
    }

    private fun isOfAnApp(path: String): Boolean {
        val ours =
            listOf("evergrant/target/classes", "evergrant-okhttp/target/classes", "examples/kotlin/target/classes")
        val others = listOf("jna", "okhttp-jvm", "okio-jvm", "kotlin-stdlib", "kotlinx-coroutines-core-jvm")
        val name = path.substringAfterLast('/')
        return ours.any { path.endsWith("/$it") } || others.any { name.matches(Regex("$it-[0-9.]+\\.jar")) }
    }
}
