/* Any number of processes may use the file at once, but never over a network file
 * system or in a synchronised folder. */
#define _GNU_SOURCE
#include "host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char SCHEMA[] =
    /* An acknowledged write must survive a power cut, or a refresh token that the
     * server has already replaced would come back. */
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS record ("
    "    key TEXT PRIMARY KEY, rev INTEGER NOT NULL, bytes BLOB NOT NULL,"
    "    due_at INTEGER, purge_at INTEGER"
    ") STRICT, WITHOUT ROWID";

sqlite3 *store_open(const char *path) {
    sqlite3 *store = NULL;
    /* Made so that only its owner can read it. */
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        close(file);
    }
    if (sqlite3_open(path, &store) != SQLITE_OK ||
        /* Shorter than the time within which a refresh must leave: a store that is
         * busy for longer is as good as silent. */
        sqlite3_busy_timeout(store, 2000) != SQLITE_OK ||
        sqlite3_exec(store, SCHEMA, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "the store: %s\n", store ? sqlite3_errmsg(store) : "no memory");
        sqlite3_close(store);
        return NULL;
    }
    return store;
}

static void bind_text(sqlite3_stmt *statement, int at, evg_text text) {
    sqlite3_bind_text(statement, at, text.data, (int)text.len, SQLITE_STATIC);
}

static void bind_time(sqlite3_stmt *statement, int at, uint64_t time) {
    if (time == EVG_NONE) {
        sqlite3_bind_null(statement, at);
    } else {
        sqlite3_bind_int64(statement, at, time > INT64_MAX ? INT64_MAX : (sqlite3_int64)time);
    }
}

/* One statement, committed by itself: nothing can come between the comparison and the
 * write. */
static bool write_if_expected(sqlite3 *store, const evg_step *step, evg_text key,
                              evg_text expected, evg_bytes record) {
    const char *sql = expected.data != NULL
                          ? "UPDATE record SET rev = rev + 1, bytes = ?2, due_at = ?3, purge_at = ?4"
                            " WHERE key = ?1 AND CAST(rev AS TEXT) = ?5"
                          : "INSERT INTO record (key, rev, bytes, due_at, purge_at)"
                            " VALUES (?1, 1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING";
    uint64_t due_at, purge_at;
    sqlite3_stmt *statement;
    if (evg_step_swap_due_at(step, &due_at) != EVG_RESULT_OK ||
        evg_step_swap_purge_at(step, &purge_at) != EVG_RESULT_OK ||
        sqlite3_prepare_v2(store, sql, -1, &statement, NULL) != SQLITE_OK) {
        return false;
    }
    bind_text(statement, 1, key);
    sqlite3_bind_blob(statement, 2, record.data, (int)record.len, SQLITE_STATIC);
    bind_time(statement, 3, due_at);
    bind_time(statement, 4, purge_at);
    if (expected.data != NULL) {
        bind_text(statement, 5, expected);
    }
    int done = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return done == SQLITE_DONE;
}

bool store_swap(sqlite3 *store, const evg_step *step, struct stored *now) {
    evg_text key, expected;
    evg_bytes record;
    memset(now, 0, sizeof *now);
    return evg_step_swap_key(step, &key) == EVG_RESULT_OK &&
           evg_step_swap_expected(step, &expected) == EVG_RESULT_OK &&
           evg_step_swap_write(step, &record) == EVG_RESULT_OK &&
           /* Without a record it is a read. */
           (record.data == NULL || write_if_expected(store, step, key, expected, record)) &&
           store_read(store, key, now);
}

bool store_read(sqlite3 *store, evg_text key, struct stored *now) {
    sqlite3_stmt *statement;
    memset(now, 0, sizeof *now);
    if (sqlite3_prepare_v2(store, "SELECT CAST(rev AS TEXT), bytes FROM record WHERE key = ?1", -1,
                           &statement, NULL) != SQLITE_OK) {
        return false;
    }
    bind_text(statement, 1, key);
    int found = sqlite3_step(statement);
    if (found == SQLITE_ROW) {
        size_t len = (size_t)sqlite3_column_bytes(statement, 1);
        const void *record = sqlite3_column_blob(statement, 1);
        now->record = malloc(len ? len : 1);
        if (now->record != NULL) {
            memcpy(now->record, record, len);
            now->len = len;
            snprintf(now->revision, sizeof now->revision, "%s",
                     (const char *)sqlite3_column_text(statement, 0));
        }
    }
    sqlite3_finalize(statement);
    return found == SQLITE_DONE || (found == SQLITE_ROW && now->record != NULL);
}

void stored_free(struct stored *stored) {
    wipe(stored->record, stored->len);
    free(stored->record);
    memset(stored, 0, sizeof *stored);
}
