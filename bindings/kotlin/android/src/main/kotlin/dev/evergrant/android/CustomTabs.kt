package dev.evergrant.android

import android.app.Activity
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import androidx.browser.customtabs.CustomTabsIntent
import dev.evergrant.Authorization

/** Sends the person to the browser: a Custom Tab, never a WebView (RFC 8252 §8.12). */
public fun Authorization.open(context: Context) {
    CustomTabsIntent.Builder().build().launchUrl(context, Uri.parse(url.expose()))
}

/**
 * Where the browser comes back to. It passes the redirect to the app's own activity as the data of
 * an intent, also where the app was killed meanwhile, and is gone:
 *
 * ```
 * override fun onNewIntent(intent: Intent) {        // and in onCreate
 *     val redirect = intent.dataString ?: return
 *     intent.data = null                            // or a rotation hands it over again
 *     lifecycleScope.launch {
 *         try {
 *             connection.callback(redirect)
 *         } catch (error: CallbackRefused) {
 *             // Any page can send something here: the true one may still come.
 *         } catch (error: EvergrantException) {
 *             show(error.code)
 *         }
 *     }
 * }
 * ```
 */
public class RedirectActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        packageManager.getLaunchIntentForPackage(packageName)?.let { launch ->
            launch.data = intent.data
            launch.addFlags(Intent.FLAG_ACTIVITY_CLEAR_TOP or Intent.FLAG_ACTIVITY_SINGLE_TOP)
            startActivity(launch)
        }
        finish()
    }
}
