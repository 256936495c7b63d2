#include "fuzz.h"

struct world world;

void world_begin(void) {
    memset(&world, 0, sizeof world);
    world.env.now = 1700000000000u;
    world.env.uptime = 5000000;
    world.generation = EVG_NONE;
}

void world_end(void) {
    for (size_t at = 0; at < sizeof world.rows / sizeof *world.rows; at++) {
        free(world.rows[at].record);
    }
}

/* Entropy is a counter, so that an input does the same whenever it is run. */
const evg_env *env(void) {
    world.seed++;
    memcpy(world.env.entropy, &world.seed, sizeof world.seed);
    return &world.env;
}

evg_result sane(evg_result result) {
    MUST(result != EVG_RESULT_PANIC);
    MUST(strcmp(evg_result_name(result), "unknown_result") != 0);
    return result;
}

static struct row *row_of(evg_text key) {
    size_t count = sizeof world.rows / sizeof *world.rows;
    MUST(key.len > 0 && key.len < sizeof world.rows->key);
    for (size_t at = 0; at < count; at++) {
        struct row *row = &world.rows[at];
        if (row->key[0] == 0) {
            memcpy(row->key, key.data, key.len);
        }
        if (strlen(row->key) == key.len && memcmp(row->key, key.data, key.len) == 0) {
            return row;
        }
    }
    return &world.rows[count - 1]; /* a store that mixes its keys up */
}

/* Writes at once: what is answered, and when, is for the input to say. */
static struct row *write_to_store(const evg_step *step) {
    evg_text key, expected;
    evg_bytes record;
    char now[16];
    MUST(evg_step_swap_key(step, &key) == EVG_RESULT_OK);
    MUST(evg_step_swap_expected(step, &expected) == EVG_RESULT_OK);
    MUST(evg_step_swap_write(step, &record) == EVG_RESULT_OK);
    struct row *row = row_of(key);
    size_t len = (size_t)snprintf(now, sizeof now, "r%u", row->revision);
    bool fits = row->revision == 0 ? expected.data == NULL
                                   : expected.len == len && memcmp(expected.data, now, len) == 0;
    if (record.data != NULL && fits) {
        free(row->record);
        row->record = malloc(record.len ? record.len : 1);
        MUST(row->record != NULL);
        memcpy(row->record, record.data, record.len);
        row->len = record.len;
        row->revision++;
    }
    return row;
}

static void keep(char *place, size_t room, evg_text kept) {
    size_t len = kept.len < room ? kept.len : room - 1;
    if (kept.data != NULL) {
        memcpy(place, kept.data, len);
    }
    place[len] = 0;
}

/* Every byte that is lent must be readable. */
static void touch(const void *data, size_t len) {
    volatile uint8_t sum = 0;
    for (size_t at = 0; at < len; at++) {
        sum = (uint8_t)(sum + ((const uint8_t *)data)[at]);
    }
}

/* Either it is of this kind, and written, or it is not, and left alone. */
#define NUMBER(accessor, type)                                               \
    do {                                                                     \
        type value_ = (type)77;                                              \
        evg_result result_ = sane(accessor(step, &value_));                  \
        MUST(result_ == EVG_RESULT_OK || (result_ == EVG_RESULT_WRONG_KIND && value_ == 77)); \
    } while (0)
#define TEXT_OF(accessor)                                                    \
    do {                                                                     \
        evg_text value_ = {NULL, 77};                                        \
        evg_result result_ = sane(accessor(step, &value_));                  \
        MUST(result_ == EVG_RESULT_OK || (result_ == EVG_RESULT_WRONG_KIND && value_.len == 77)); \
        if (result_ == EVG_RESULT_OK) {                                      \
            touch(value_.data, value_.len);                                  \
        }                                                                    \
    } while (0)

static void look_at_output(evg_step *step) {
    evg_bytes body = {NULL, 0};
    evg_text name, value;
    size_t count = 0;
    NUMBER(evg_step_op, uint64_t);
    NUMBER(evg_step_http_method, evg_method);
    TEXT_OF(evg_step_http_url);
    NUMBER(evg_step_http_send_within, uint64_t);
    NUMBER(evg_step_http_listen_for, uint64_t);
    NUMBER(evg_step_http_answer_limit, uint32_t);
    TEXT_OF(evg_step_swap_key);
    TEXT_OF(evg_step_swap_expected);
    NUMBER(evg_step_swap_due_at, uint64_t);
    NUMBER(evg_step_swap_purge_at, uint64_t);
    TEXT_OF(evg_step_open_url);
    TEXT_OF(evg_step_open_url_binding);
    NUMBER(evg_step_open_url_expires_at, uint64_t);
    TEXT_OF(evg_step_authorization_id);
    TEXT_OF(evg_step_return_context);
    NUMBER(evg_step_token_generation, uint64_t);
    TEXT_OF(evg_step_token_origin);
    TEXT_OF(evg_step_token_header);
    NUMBER(evg_step_token_expires_at, uint64_t);
    NUMBER(evg_step_authorized_generation, uint64_t);
    TEXT_OF(evg_step_authorized_scope);
    NUMBER(evg_step_failed_activity, evg_activity);
    NUMBER(evg_step_failed_code, evg_result);
    TEXT_OF(evg_step_failed_kind);
    NUMBER(evg_step_failed_retry_at, uint64_t);
    TEXT_OF(evg_step_failed_error);
    TEXT_OF(evg_step_failed_description);
    TEXT_OF(evg_step_failed_sealing_key);
    TEXT_OF(evg_step_failed_company);
    TEXT_OF(evg_step_notice_code);
    NUMBER(evg_step_notice_generation, uint64_t);
    NUMBER(evg_step_notice_attempt, uint16_t);
    TEXT_OF(evg_step_notice_detail);
    NUMBER(evg_step_key_generation, uint64_t);
    TEXT_OF(evg_step_key_company);
    TEXT_OF(evg_step_key_scope);
    if (sane(evg_step_http_body(step, &body)) == EVG_RESULT_OK) {
        touch(body.data, body.len);
    }
    sane(evg_step_http_header_count(step, &count));
    for (size_t at = 0; at < count; at++) {
        MUST(evg_step_http_header(step, at, &name, &value) == EVG_RESULT_OK);
        touch(name.data, name.len);
        touch(value.data, value.len);
    }
    MUST(evg_step_http_header(step, count, &name, &value) != EVG_RESULT_OK);
}

static void remember(const evg_step *step, evg_output kind) {
    evg_text lent;
    if (kind == EVG_OUTPUT_SEND_HTTP || kind == EVG_OUTPUT_SWAP) {
        struct asked asked = {0, kind, NULL};
        MUST(evg_step_op(step, &asked.op) == EVG_RESULT_OK);
        asked.row = kind == EVG_OUTPUT_SWAP ? write_to_store(step) : NULL;
        world.asked[world.asked_count++ % 8] = asked;
    } else if (kind == EVG_OUTPUT_OPEN_URL) {
        MUST(evg_step_open_url(step, &lent) == EVG_RESULT_OK);
        keep(world.opened, sizeof world.opened, lent);
        MUST(evg_step_open_url_binding(step, &lent) == EVG_RESULT_OK);
        keep(world.binding, sizeof world.binding, lent);
    } else if (kind == EVG_OUTPUT_TOKEN_READY) {
        MUST(evg_step_token_generation(step, &world.generation) == EVG_RESULT_OK);
    }
}

void look_at(evg_result made, evg_step *step) {
    evg_output kind;
    uint64_t number_;
    evg_status status;
    evg_result cause;
    MUST((sane(made) == EVG_RESULT_OK) == (step != NULL));
    if (step == NULL) {
        return;
    }
    look_at_output(step); /* before the first there is none */
    MUST(evg_step_status(step, &status) == EVG_RESULT_OK && status >= 1 && status <= 7);
    MUST(evg_step_wake_at(step, &number_) == EVG_RESULT_OK);
    MUST(evg_step_servable(step, &number_) == EVG_RESULT_OK);
    MUST(evg_step_cause(step, &cause) == EVG_RESULT_OK);
    MUST((sane(cause) != EVG_RESULT_OK) == (status == EVG_STATUS_REAUTHENTICATION_REQUIRED));
    while (sane(evg_step_next(step, &kind)) == EVG_RESULT_OK && kind != EVG_OUTPUT_NONE) {
        look_at_output(step);
        remember(step, kind);
    }
    MUST(evg_step_next(step, &kind) == EVG_RESULT_OK && kind == EVG_OUTPUT_NONE);
    evg_step_free(step);
}
