package dev.evergrant.tests

import dev.evergrant.Connection
import dev.evergrant.HostFailed
import dev.evergrant.machine.Env
import dev.evergrant.machine.Input
import dev.evergrant.machine.InternalException
import dev.evergrant.machine.NoHandle
import dev.evergrant.machine.Step
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

/** A panic in the machine is told to who asked; the next one has another machine. */
class PanicTest {
    private val authority = Authority.start()

    @AfterEach fun end() = authority.close()

    @Test
    fun `a machine that fails`() {
        val world = World(authority)
        runBlocking { world.connect() }
        world.advance(900)
        world.connection.give(Panicking())
        val failed = assertThrows(HostFailed::class.java) { world.connection.blocking.token() }
        assertEquals("panic", failed.code)
        assertEquals(200, world.get())
        assertEquals(1, authority.stats()["refreshes_ok"])
    }

    /** Throws at every call, as one in which a step has panicked. */
    private class Panicking : dev.evergrant.machine.Connection(NoHandle) {
        override fun step(env: Env, input: Input): Step = throw InternalException("index out of bounds")

        override fun isUnsaved(): Boolean = throw InternalException("poisoned")
    }

    private fun Connection.give(machine: dev.evergrant.machine.Connection) {
        val engine = field(this, "engine")[this]
        val driver = engine.javaClass.getMethod("getDriver").invoke(engine)
        field(driver, "connection")[driver] = machine
    }

    private fun field(of: Any, name: String) = of.javaClass.getDeclaredField(name).apply { isAccessible = true }
}
