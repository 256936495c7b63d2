package dev.evergrant.okhttp

import okhttp3.Response
import okio.BufferedSource
import okio.GzipSource
import okio.InflaterSource
import okio.Source
import java.util.zip.Inflater

/**
 * The body as it was meant: some servers compress what they were asked not to. No more is unpacked
 * than is read, however much would come of it.
 */
internal fun Response.decompressed(): Source {
    val source = body.source()
    // One without a body may say so too.
    if (source.exhausted()) return source
    return when (header("Content-Encoding")?.trim()?.lowercase()) {
        "gzip", "x-gzip" -> GzipSource(source)
        "deflate" -> InflaterSource(source, Inflater(!source.isZlib()))
        else -> source
    }
}

/** Whether the frame of RFC 1950 is there, without which some send what is in it. */
private fun BufferedSource.isZlib(): Boolean {
    if (!request(2)) return false
    val head = buffer[0].toInt() and 0xff
    return head and 0xf == 8 && ((head shl 8) + (buffer[1].toInt() and 0xff)) % 31 == 0
}
