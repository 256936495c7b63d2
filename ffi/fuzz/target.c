/* A program of steps: each byte says what happens next, the ones after it how. */
#include "fuzz.h"

static evg_client *client;
static evg_connection *connection;

static const struct asked *pick(evg_output kind) {
    static const struct asked nothing;
    size_t count = world.asked_count < 8 ? world.asked_count : 8;
    uint8_t which = byte();
    if (which >= 0xF0 || count == 0) {
        return &nothing; /* an op that nobody asked for */
    }
    /* The latest of the kind, or one before it. */
    for (size_t back = 1 + (which >> 6); back <= count; back++) {
        const struct asked *asked = &world.asked[(world.asked_count - back) % 8];
        if (asked->kind == kind) {
            return asked;
        }
    }
    return &world.asked[which % count];
}

static void authorize(void) {
    evg_authorize *made = NULL;
    evg_step *step = NULL;
    evg_text uri = text("https://erp.example/callback");
    uint8_t how = byte();
    evg_result result = sane(evg_authorize_new(uri.data, uri.len, how & 3, &made));
    MUST((result == EVG_RESULT_OK) == (made != NULL));
    if (how & 4) {
        evg_text scope = text("users:read"), name = text("prompt"), value = text("consent");
        evg_text context = text("page=1"), company = text("urn:pleo:company:1");
        sane(evg_authorize_add_scope(made, scope.data, scope.len));
        sane(evg_authorize_add_parameter(made, name.data, name.len, value.data, value.len));
        sane(evg_authorize_set_return_context(made, context.data, context.len));
        sane(evg_authorize_set_company(made, company.data, company.len));
    }
    result = evg_connection_step_authorize(connection, env(), made, &step);
    evg_authorize_free(made);
    look_at(result, step);
}

static void redirected(void) {
    char url[8192];
    evg_step *step = NULL;
    uint8_t how = byte();
    const char *state = strstr(world.opened, "state=");
    snprintf(url, sizeof url, "https://erp.example/callback?%s%s&%.*s",
             how & 1 ? "error=access_denied" : "code=c-1",
             how & 2 ? "&iss=https%3A%2F%2Fas.example" : "",
             state != NULL ? (int)strcspn(state, "&#") : 0, state != NULL ? state : "");
    evg_text whole = how & 4 ? text(url) : (evg_text){url, strlen(url)};
    evg_text secret = how & 8 ? text(world.binding) : (evg_text){world.binding, strlen(world.binding)};
    uint32_t proof = how & 16 ? byte() : world.binding[0] ? EVG_PROOF_BINDING : EVG_PROOF_SAME_PROCESS;
    evg_result made = evg_connection_step_redirected(connection, env(), whole.data, whole.len, proof,
                                                     secret.data, secret.len, &step);
    look_at(made, step);
}

/* From what a good server says to noise. */
static void http_done(void) {
    static const char *const bodies[] = {
        "{\"access_token\":\"at\",\"refresh_token\":\"rt\",\"token_type\":\"Bearer\",\"expires_in\":3600}",
        "{\"access_token\":\"at\",\"token_type\":\"bearer\",\"expires_in\":\"60\",\"scope\":\"a\"}",
        "{\"error\":\"invalid_grant\",\"error_description\":\"no\"}",
        "{\"error\":\"invalid_client\"}",
        "{\"data\":{\"subjectURN\":\"urn:pleo:company:1\",\"scope\":\"users:read\"}}",
        "{\"data\":{\"subjectURN\":\"urn:pleo:organisation:1\"}}",
        "{\"active\":true,\"client_id\":\"client\",\"sub\":\"urn:pleo:company:2\"}",
        "{\"active\":false}",
        "access_token=at&refresh_token=rt&token_type=bearer",
        "{\"access_token\":\"a",
        "",
    };
    static const uint16_t statuses[] = {200, 400, 401, 403, 404, 429, 500, 503, 302, 204, 0, 1000};
    const struct asked *asked = pick(EVG_OUTPUT_SEND_HTTP);
    evg_step *step = NULL;
    uint8_t how = byte();
    size_t count;
    const evg_header *list = headers(&count);
    const char *body = bodies[(how >> 1) % 11];
    evg_bytes given = {(const uint8_t *)body, strlen(body)};
    if (how & 1) {
        given = bytes();
    }
    uint16_t status = statuses[byte() % 12];
    evg_result made = evg_connection_step_http_done(connection, env(), asked->op, status, list, count,
                                          given.data, given.len, &step);
    look_at(made, step);
}

static void swapped(void) {
    const struct asked *asked = pick(EVG_OUTPUT_SWAP);
    const struct row *row = asked->row;
    evg_step *step = NULL;
    char now[16] = "";
    uint8_t how = byte();
    evg_text revision = {NULL, 0};
    evg_bytes record = {NULL, 0};
    if (how < 0xC0 && row != NULL && row->revision > 0) {
        revision = (evg_text){now, (size_t)snprintf(now, sizeof now, "r%u", row->revision)};
        record = (evg_bytes){row->record, row->len};
    } else if (how >= 0xD0) {
        revision = text("r1");
        record = bytes();
    }
    uint64_t age = how & 1 ? number() : EVG_NONE;
    evg_result made = evg_connection_step_swapped(connection, env(), asked->op, revision.data, revision.len,
                                        record.data, record.len, age, &step);
    look_at(made, step);
}

/* Another process over the same store, or over one that somebody has written into. */
static void restore(void) {
    evg_connection *again = NULL;
    evg_text key, tenant = text("tenant"), revision = {NULL, 0};
    char now[16];
    uint8_t how = byte();
    evg_bytes record = {NULL, 0};
    if (evg_connection_store_key(connection, &key) == EVG_RESULT_OK) {
        for (size_t at = 0; at < sizeof world.rows / sizeof *world.rows; at++) {
            const struct row *row = &world.rows[at];
            if (row->revision > 0 && strlen(row->key) == key.len && !memcmp(row->key, key.data, key.len)) {
                revision = (evg_text){now, (size_t)snprintf(now, sizeof now, "r%u", row->revision)};
                record = (evg_bytes){row->record, row->len};
            }
        }
    }
    if (how & 1) {
        revision = text("r1");
        record = bytes();
    }
    evg_text id = {NULL, 0};
    sane(evg_sealing_key_id(record.data, record.len, &id));
    uint64_t age = how & 2 ? number() : EVG_NONE;
    evg_result made = sane(evg_connection_restore(client, tenant.data, tenant.len, revision.data,
                                                  revision.len, record.data, record.len, age, &again));
    MUST((made == EVG_RESULT_OK) == (again != NULL));
    if (again != NULL) {
        evg_connection_free(connection);
        connection = again;
    }
}

/* A thing that a function has made: read, and given back. */
static void look_at_owned(evg_result made, evg_owned *owned) {
    evg_text lent = {NULL, 0};
    evg_bytes raw = {NULL, 0};
    MUST(sane(made) == EVG_RESULT_OK || owned == NULL);
    sane(evg_owned_text(owned, &lent));
    sane(evg_owned_bytes(owned, &raw));
    evg_owned_free(owned);
}

/* What is asked of a client about records that anybody may have written. */
static void ask_client(void) {
    evg_owned *owned = NULL;
    evg_text tenant = text("tenant"), company = text("urn:pleo:company:1"), scope = text("users:read b");
    evg_text url = text("https://erp.example/callback?code=c-1&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    struct row *row = &world.rows[byte() % 6];
    evg_bytes record = {row->record, row->len};
    if (byte() & 1) {
        record = bytes();
    }
    evg_result made = evg_pending_key(url.data, url.len, &owned);
    look_at_owned(made, owned);
    owned = NULL;
    made = evg_client_pending_tenant(client, url.data, url.len, record.data, record.len, &owned);
    look_at_owned(made, owned);
    owned = NULL;
    made = evg_client_company_tenant(client, company.data, company.len, record.data, record.len, &owned);
    look_at_owned(made, owned);
    owned = NULL;
    made = evg_client_reserve_company(client, company.data, company.len, tenant.data, tenant.len, &owned);
    look_at_owned(made, owned);
    owned = NULL;
    made = evg_connection_missing_scopes(connection, scope.data, scope.len, &owned);
    look_at_owned(made, owned);
}

static void ask(void) {
    uint64_t generation = 77;
    evg_text header = {NULL, 77}, url = text("https://api.example/v1/me"), company = {NULL, 0};
    evg_status status;
    evg_result cause;
    uint64_t validity = number();
    evg_result asked = sane(evg_connection_authorization(connection, world.env.now, url.data, url.len,
                                                         validity, &generation, &header));
    if (asked == EVG_RESULT_OK) {
        MUST((header.data == NULL) == (generation == EVG_NONE));
    } else {
        MUST(generation == 77 && header.len == 77);
    }
    sane(evg_connection_status(connection, number(), &status));
    sane(evg_connection_cause(connection, number(), &cause));
    sane(evg_connection_wake_at(connection, number(), &generation));
    sane(evg_connection_company(connection, &company));
}

static void key_entered(void) {
    evg_step *step = NULL;
    evg_text key = text("key-1"), company = text("urn:pleo:company:1");
    evg_text scopes[2] = {{"users:read", 10}, text("a")};
    uint8_t how = byte();
    evg_result made = evg_connection_step_key_entered(connection, env(), key, how & 3, company.data, company.len,
                                            how & 4 ? NULL : scopes, (how >> 3) % 3, &step);
    look_at(made, step);
}

static void one_step(uint8_t what) {
    evg_step *step = NULL;
    evg_result made = EVG_RESULT_OK;
    evg_text id;
    uint64_t value;
    uint16_t status;
    uint8_t why;
    size_t count;
    const evg_header *list;
    const struct asked *asked;
    switch (what % 16) {
    case 0: authorize(); return;
    case 1: redirected(); return;
    case 2: http_done(); return;
    case 3:
    case 4: swapped(); return;
    case 5: restore(); return;
    case 6: ask(); return;
    case 7: key_entered(); return;
    case 8:
        value = number();
        made = evg_connection_step_token_wanted(connection, env(), value, &step);
        break;
    case 9:
        list = headers(&count);
        value = number();
        status = byte() & 1 ? 401 : (uint16_t)number();
        made = evg_connection_step_api_answered(connection, env(), value, status, list, count, &step);
        break;
    case 10: made = evg_connection_step_revoke(connection, env(), &step); break;
    case 11:
        id = text("");
        made = evg_connection_step_cancel(connection, env(), id.data, id.len, &step);
        break;
    case 12:
        asked = pick(EVG_OUTPUT_SEND_HTTP);
        why = byte() & 3;
        made = evg_connection_step_http_failed(connection, env(), asked->op, why, &step);
        break;
    case 13:
        asked = pick(EVG_OUTPUT_SWAP);
        made = evg_connection_step_swap_unanswered(connection, env(), asked->op, &step);
        break;
    case 14: ask_client(); return;
    default:
        world.env.now += byte() & 1 ? number() % (1u << 28) : 1000;
        world.env.uptime = byte() & 1 ? EVG_NONE : world.env.uptime + number() % (1u << 28);
        world.env.boot_id = byte() & 2 ? (const uint8_t *)"0123456789abcdef" : NULL;
        made = what & 16 ? evg_connection_step_wake(connection, env(), &step)
                         : evg_connection_step_peer_gone(connection, env(), &step);
    }
    look_at(made, step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input_begin(data, size);
    world_begin();
    client = make_client();
    evg_text tenant = text("tenant");
    connection = NULL;
    evg_result made = sane(evg_connection_new(client, tenant.data, tenant.len, &connection));
    MUST((made == EVG_RESULT_OK) == (connection != NULL));
    /* Without a connection every function still has to say so. */
    for (int steps = connection != NULL ? 64 : 4; steps > 0 && input_left(); steps--) {
        one_step(byte());
    }
    evg_connection_free(connection);
    evg_client_free(client);
    world_end();
    return 0;
}
