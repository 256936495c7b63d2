package dev.evergrant.tests

import org.junit.jupiter.api.extension.AnnotatedElementContext
import org.junit.jupiter.api.extension.ExtensionContext
import org.junit.jupiter.api.io.TempDirFactory
import java.nio.file.Files
import java.nio.file.Path

/** Where the folders of tests are. */
class TargetFolder : TempDirFactory {
    override fun createTempDirectory(element: AnnotatedElementContext, extension: ExtensionContext): Path =
        Files.createTempDirectory(Files.createDirectories(Path.of("target", "folders")).toAbsolutePath(), "")
}
