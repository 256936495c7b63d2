package dev.evergrant.stores

import dev.evergrant.Store
import dev.evergrant.StoreUnavailable
import dev.evergrant.Stored
import dev.evergrant.Write
import java.security.GeneralSecurityException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Another store's records under AES-GCM, each for its own key: for a key that never leaves
 * hardware, such as one of Android's Keystore. Where keys are at hand as bytes, the client's own
 * `sealed` does without it.
 *
 * A nonce is drawn by the cipher for each write: at most 2^32 writes under one key (NIST SP
 * 800-38D §8.3), which no app comes near.
 */
public class EncryptedStore(private val inner: Store, private val key: () -> SecretKey) : Store {
    override fun swap(key: String, expected: String?, write: Write?): Stored? =
        try {
            val sealed = write?.let { Write(encrypted(key, it.record), it.dueAt, it.purgeAt) }
            inner.swap(key, expected, sealed)?.let { Stored(it.revision, decrypted(key, it.record), it.age) }
        } catch (error: GeneralSecurityException) {
            throw StoreUnavailable("encryption: ${error.javaClass.simpleName}", error)
        }

    override fun toString(): String = "EncryptedStore($inner)"

    private fun encrypted(storeKey: String, record: ByteArray): ByteArray {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, key())
        cipher.updateAAD(storeKey.toByteArray())
        return cipher.iv + cipher.doFinal(record)
    }

    private fun decrypted(storeKey: String, record: ByteArray): ByteArray {
        if (record.size < NONCE + TAG) throw StoreUnavailable("a record that is too short")
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, key(), GCMParameterSpec(TAG * Byte.SIZE_BITS, record, 0, NONCE))
        cipher.updateAAD(storeKey.toByteArray())
        return cipher.doFinal(record, NONCE, record.size - NONCE)
    }

    private companion object {
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val NONCE = 12
        const val TAG = 16
    }
}
