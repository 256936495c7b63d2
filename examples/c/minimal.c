/* The whole loop, and nothing around it: a store of a few rows, a server that says
 * yes to everything, and a clock that stands still. Replace those three.
 *
 *   cc minimal.c $(pkg-config --cflags --libs evergrant) && ./a.out
 */
#include <evergrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) literal, sizeof(literal) - 1
#define CALLBACK "https://app.example/callback"
#define API "https://api.example/v1/expenses"

/* A bug of ours: every code from 1 to 99, and from 9001. Nothing to recover from. */
static void must(evg_result result) {
    if (result != EVG_RESULT_OK) {
        fprintf(stderr, "evergrant answers %s\n", evg_result_name(result));
        exit(1);
    }
}

/* Made fresh for every step. A real program takes the entropy from getrandom(). */
static const evg_env *world(void) {
    static evg_env env = {1700000000000u, EVG_NONE, NULL, {0}};
    env.entropy[0]++;
    return &env;
}

/* The store. Its one primitive: if the revision is the expected one, write; either
 * way say what is there now. The revision here is a single letter. */
static struct row { char key[192], revision; size_t len; uint8_t record[2048]; } rows[2];

static void swap(evg_connection *connection, evg_step *step, evg_step **next) {
    uint64_t op;
    evg_text key, expected;
    evg_bytes record;
    struct row *row = rows;
    must(evg_step_op(step, &op));
    must(evg_step_swap_key(step, &key));
    must(evg_step_swap_expected(step, &expected));
    must(evg_step_swap_write(step, &record));
    while (row->revision && (strncmp(row->key, key.data, key.len) || row->key[key.len])) {
        if (++row == rows + 2) exit(1); /* a real store has room */
    }
    int as_expected = expected.data ? row->revision == *expected.data : !row->revision;
    if (record.data && as_expected && record.len <= sizeof row->record) {
        memcpy(row->key, key.data, key.len);
        memcpy(row->record, record.data, record.len);
        row->len = record.len;
        row->revision = row->revision ? row->revision + 1 : 'a';
    }
    must(evg_connection_step_swapped(connection, world(), op, row->revision ? &row->revision : NULL,
                                     row->revision ? 1 : 0, row->revision ? row->record : NULL,
                                     row->len, EVG_NONE, next));
}

/* The server. A real program sends the request once, within evg_step_http_send_within(). */
static void send_http(evg_connection *connection, evg_step *step, evg_step **next) {
    static const char answer[] = "{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\","
                                 "\"token_type\":\"Bearer\",\"expires_in\":3600}";
    uint64_t op;
    evg_text url;
    must(evg_step_op(step, &op));
    must(evg_step_http_url(step, &url));
    printf("send %.*s\n", (int)url.len, url.data);
    must(evg_connection_step_http_done(connection, world(), op, 200, NULL, 0,
                                       (const uint8_t *)answer, sizeof answer - 1, next));
}

static char opened[2048];

/* The loop: perform every output, and tell the answer, which makes the next step. */
static void perform(evg_connection *connection, evg_step *step) {
    evg_output kind;
    evg_result code;
    evg_text text;
    while (evg_step_next(step, &kind) == EVG_RESULT_OK && kind != EVG_OUTPUT_NONE) {
        evg_step *next = NULL;
        if (kind == EVG_OUTPUT_SWAP) {
            swap(connection, step, &next);
        } else if (kind == EVG_OUTPUT_SEND_HTTP) {
            send_http(connection, step, &next);
        } else if (kind == EVG_OUTPUT_OPEN_URL) {
            must(evg_step_open_url(step, &text));
            snprintf(opened, sizeof opened, "%.*s", (int)text.len, text.data);
        } else if (kind == EVG_OUTPUT_FAILED) {
            must(evg_step_failed_code(step, &code));
            printf("failed: %s\n", evg_result_name(code));
        }
        if (next) perform(connection, next);
    }
    evg_step_free(step);
}

static evg_client *make_client(void) {
    evg_provider_config *about;
    evg_client_config *config;
    evg_provider *provider;
    evg_client *client;
    must(evg_provider_config_new(&about));
    must(evg_provider_config_set_environment(about, TEXT("example")));
    must(evg_provider_config_set_authorization_endpoint(about, TEXT("https://as.example/authorize")));
    must(evg_provider_config_set_token_endpoint(about, TEXT("https://as.example/token")));
    must(evg_provider_config_set_api_origin(about, TEXT("https://api.example")));
    must(evg_provider_new(about, &provider));
    must(evg_client_config_new(&config));
    must(evg_client_config_set_client_id(config, TEXT("client-1")));
    must(evg_client_config_set_client_secret(config, TEXT("from your vault")));
    must(evg_client_config_add_redirect_uri(config, TEXT(CALLBACK)));
    must(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    must(evg_client_new(provider, config, &client));
    evg_client_config_free(config);
    evg_provider_config_free(about);
    evg_provider_free(provider);
    return client;
}

int main(void) {
    evg_connection *connection;
    evg_authorize *authorize;
    evg_step *step;
    evg_text header;
    uint64_t generation;
    char redirect[256];
    evg_client *client = make_client();
    must(evg_connection_new(client, TEXT("tenant-42"), &connection));

    must(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_SAME_PROCESS, &authorize));
    must(evg_connection_step_authorize(connection, world(), authorize, &step));
    perform(connection, step);

    /* The person has said yes, and the browser comes back with our state and a code. */
    char *state = strstr(opened, "state=");
    int len = snprintf(redirect, sizeof redirect, CALLBACK "?code=c-1&%.*s",
                       state ? (int)strcspn(state, "&") : 0, state ? state : "");
    must(evg_connection_step_redirected(connection, world(), redirect, (size_t)len,
                                        EVG_PROOF_SAME_PROCESS, NULL, 0, &step));
    perform(connection, step);

    must(evg_connection_authorization(connection, world()->now, TEXT(API), 30000, &generation, &header));
    printf("header for " API ": %s\n", header.data ? "Bearer ..." : "none");
    int connected = header.data != NULL;
    evg_authorize_free(authorize);
    evg_connection_free(connection);
    evg_client_free(client);
    return connected ? 0 : 1;
}
