package dev.evergrant.tests

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** How long a token is good that is handed out. */
class TokenTest {
    @Test
    fun `half of a token's life is counted from when it was obtained, and not from when it was heard of`() = running {
        Authority.start("--access-token-lifetime", "500").use { authority ->
            val world = World(authority)
            world.connect()
            world.advance(200)
            world.restart()
            val first = world.connection.token().generation
            world.advance(65)
            // 235 seconds are left: less than are wanted, and than half of its life, which is 250.
            assertEquals(first, world.connection.token().generation)
            assertEquals(0, authority.stats()["refreshes_ok"])
            assertEquals(first + 1, world.connection.token(FOUR_MINUTES).generation)
            assertEquals(1, authority.stats()["refreshes_ok"])
        }
    }

    @Test
    fun `one that lives shortly is not refreshed for each who asks`() = running {
        Authority.start("--access-token-lifetime", "50").use { authority ->
            val world = World(authority)
            world.connect()
            val first = world.connection.token().generation
            repeat(3) { assertEquals(first, world.connection.token(FOUR_MINUTES).generation) }
            assertEquals(0, authority.stats()["refreshes_ok"])
            world.advance(26)
            assertEquals(first + 1, world.connection.token().generation)
        }
    }

    private companion object {
        const val FOUR_MINUTES = 240_000L
    }
}
