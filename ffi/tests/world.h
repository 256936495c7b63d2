/* What the C programs of one file share: checks, time, entropy, and a store. */
#ifndef WORLD_H
#define WORLD_H

#include "check.h"

#define CALLBACK "https://erp.example/callback"

int checks;

/* The world: time stands still, and entropy is only good enough for a test. */
static const evg_env *world(void) {
    static evg_env env;
    static uint32_t seed = 1;
    env.now = 1700000000000u;
    env.uptime = EVG_NONE;
    env.boot_id = NULL;
    for (size_t at = 0; at < sizeof env.entropy; at++) {
        seed = seed * 1664525u + 1013904223u;
        env.entropy[at] = (uint8_t)(seed >> 24);
    }
    return &env;
}

/* The store: the one primitive over a few rows. */
struct row {
    char key[256];
    uint8_t record[4096];
    size_t len;
    unsigned revision;
};
static struct row rows[8];

static struct row *row_of(evg_text key) {
    for (size_t at = 0; at < sizeof rows / sizeof *rows; at++) {
        if (rows[at].key[0] == 0) {
            CHECK(key.len < sizeof rows[at].key);
            memcpy(rows[at].key, key.data, key.len);
        }
        if (strlen(rows[at].key) == key.len && memcmp(rows[at].key, key.data, key.len) == 0) {
            return &rows[at];
        }
    }
    CHECK(!"room in the store");
    return NULL;
}

static size_t revision_text(const struct row *row, char *text, size_t room) {
    return (size_t)snprintf(text, room, "r%u", row->revision);
}

static void swap(evg_connection *connection, const evg_step *step, evg_step **next) {
    uint64_t op;
    evg_text key, expected;
    evg_bytes write;
    OK(evg_step_op(step, &op));
    OK(evg_step_swap_key(step, &key));
    OK(evg_step_swap_expected(step, &expected));
    OK(evg_step_swap_write(step, &write));
    struct row *row = row_of(key);
    char now[16];
    size_t now_len = revision_text(row, now, sizeof now);
    int fits = row->revision == 0 ? expected.data == NULL
                                  : expected.len == now_len && !memcmp(expected.data, now, now_len);
    if (write.data != NULL && fits) {
        CHECK(write.len <= sizeof row->record);
        memcpy(row->record, write.data, write.len);
        row->len = write.len;
        row->revision++;
        now_len = revision_text(row, now, sizeof now);
    }
    if (row->revision == 0) {
        OK(evg_connection_step_swapped(connection, world(), op, NULL, 0, NULL, 0, EVG_NONE, next));
    } else {
        OK(evg_connection_step_swapped(connection, world(), op, now, now_len, row->record,
                                       row->len, EVG_NONE, next));
    }
}

#endif
