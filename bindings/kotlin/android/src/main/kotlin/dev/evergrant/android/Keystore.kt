package dev.evergrant.android

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import dev.evergrant.Store
import dev.evergrant.stores.EncryptedStore
import dev.evergrant.stores.FileStore
import java.io.File
import java.security.KeyStore
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey

/**
 * Records in the app's private files, under an AES-GCM key that never leaves the Keystore.
 *
 * Not in what is backed up: a record that comes back from a backup speaks of tokens that the
 * server has long replaced. The key is usable while the screen is locked, or nothing could be
 * refreshed in the background. Several processes of one app may use it.
 */
public fun keystoreStore(context: Context, alias: String = "dev.evergrant"): Store =
    EncryptedStore(FileStore(File(context.noBackupFilesDir, "evergrant"))) { keystoreKey(alias) }

private fun keystoreKey(alias: String): SecretKey {
    val keystore = KeyStore.getInstance(PROVIDER).apply { load(null) }
    (keystore.getKey(alias, null) as SecretKey?)?.let { return it }
    // Once in a process; two processes at the very first start are the app's to order.
    return synchronized(PROVIDER) {
        keystore.getKey(alias, null) as SecretKey? ?: generated(alias)
    }
}

private fun generated(alias: String): SecretKey {
    val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
    val spec =
        KeyGenParameterSpec.Builder(alias, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(256)
            .build()
    return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).run {
        init(spec)
        generateKey()
    }
}

private const val PROVIDER = "AndroidKeyStore"
