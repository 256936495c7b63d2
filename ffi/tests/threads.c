/* Several threads, each with a connection of its own, over one provider and one client;
 * and one connection that goes from thread to thread. */
#define _POSIX_C_SOURCE 200809L
#include "evergrant.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) literal, sizeof(literal) - 1
#define CALLBACK "https://app.example/callback"
#define WANT(condition)                                                            \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                               \
        }                                                                          \
        life->checks++;                                                            \
    } while (0)
#define OK(call) WANT((call) == EVG_RESULT_OK)

/* Not counted: what a thread counts is its own. */
#define MUST(condition) \
    if (!(condition)) abort()

enum { THREADS = 2, LIVES = 20 };

struct row {
    char key[192], revision;
    size_t len;
    uint8_t record[2048];
};

struct life {
    const evg_client *client;
    evg_connection *connection;
    evg_env env;
    struct row rows[2];
    char opened[2048];
    int checks;
};

static const evg_env *world(struct life *life) {
    life->env.now = 1700000000000u;
    life->env.uptime = EVG_NONE;
    for (size_t at = 0; at < sizeof life->env.entropy && ++life->env.entropy[at] == 0; at++) {
    }
    return &life->env;
}

static void swap(struct life *life, evg_step *step, evg_step **next) {
    uint64_t op;
    evg_text key, expected;
    evg_bytes record;
    struct row *row = life->rows;
    OK(evg_step_op(step, &op));
    OK(evg_step_swap_key(step, &key));
    OK(evg_step_swap_expected(step, &expected));
    OK(evg_step_swap_write(step, &record));
    while (row->revision && strncmp(row->key, key.data, key.len) != 0) row++;
    if (record.data && (expected.data ? row->revision == *expected.data : !row->revision)) {
        WANT(key.len < sizeof row->key && record.len <= sizeof row->record);
        memcpy(row->key, key.data, key.len);
        memcpy(row->record, record.data, record.len);
        row->len = record.len;
        row->revision = row->revision ? row->revision + 1 : 'a';
    }
    int there = row->revision != 0;
    OK(evg_connection_step_swapped(life->connection, world(life), op, there ? &row->revision : NULL,
                                   (size_t)there, there ? row->record : NULL, row->len, EVG_NONE, next));
}

static void perform(struct life *life, evg_step *step) {
    static const char answer[] = "{\"access_token\":\"at-1\",\"refresh_token\":\"rt-1\","
                                 "\"token_type\":\"Bearer\",\"expires_in\":3600}";
    evg_output kind;
    evg_text url;
    uint64_t op;
    while (evg_step_next(step, &kind) == EVG_RESULT_OK && kind != EVG_OUTPUT_NONE) {
        evg_step *next = NULL;
        if (kind == EVG_OUTPUT_SWAP) {
            swap(life, step, &next);
        } else if (kind == EVG_OUTPUT_SEND_HTTP) {
            OK(evg_step_op(step, &op));
            OK(evg_connection_step_http_done(life->connection, world(life), op, 200, NULL, 0,
                                             (const uint8_t *)answer, sizeof answer - 1, &next));
        } else if (kind == EVG_OUTPUT_OPEN_URL) {
            OK(evg_step_open_url(step, &url));
            snprintf(life->opened, sizeof life->opened, "%.*s", (int)url.len, url.data);
        }
        if (next) perform(life, next);
    }
    evg_step_free(step);
}

static void connect(struct life *life) {
    evg_authorize *authorize;
    evg_step *step;
    char redirect[256];
    OK(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_SAME_PROCESS, &authorize));
    OK(evg_connection_step_authorize(life->connection, world(life), authorize, &step));
    evg_authorize_free(authorize);
    perform(life, step);
    char *state = strstr(life->opened, "state=");
    WANT(state != NULL);
    int len = snprintf(redirect, sizeof redirect, CALLBACK "?code=c-1&%.*s", (int)strcspn(state, "&"), state);
    OK(evg_connection_step_redirected(life->connection, world(life), redirect, (size_t)len,
                                      EVG_PROOF_SAME_PROCESS, NULL, 0, &step));
    perform(life, step);
}

static void *use(void *of) {
    struct life *life = of;
    evg_text header;
    uint64_t generation;
    OK(evg_connection_authorization(life->connection, life->env.now, TEXT("https://api.example/v1"), 30000,
                                    &generation, &header));
    WANT(header.len == 11 && memcmp(header.data, "Bearer at-1", 11) == 0);
    return NULL;
}

static void *live(void *of) {
    struct life *life = of;
    for (int lives = 0; lives < LIVES; lives++) {
        memset(life->rows, 0, sizeof life->rows);
        OK(evg_connection_new(life->client, TEXT("tenant-42"), &life->connection));
        connect(life);
        use(life);
        evg_connection_free(life->connection);
    }
    return NULL;
}

static evg_client *make_client(struct life *life) {
    evg_client_config *config;
    evg_provider_config *about;
    evg_provider *provider;
    evg_client *client;
    OK(evg_provider_config_new(&about));
    OK(evg_provider_config_set_environment(about, TEXT("threads")));
    OK(evg_provider_config_set_authorization_endpoint(about, TEXT("https://as.example/a")));
    OK(evg_provider_config_set_token_endpoint(about, TEXT("https://as.example/t")));
    OK(evg_provider_config_set_api_origin(about, TEXT("https://api.example")));
    OK(evg_provider_new(about, &provider));
    OK(evg_client_config_new(&config));
    OK(evg_client_config_set_client_id(config, TEXT("client-1")));
    OK(evg_client_config_add_redirect_uri(config, TEXT(CALLBACK)));
    OK(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    OK(evg_client_new(provider, config, &client));
    evg_client_config_free(config);
    evg_provider_config_free(about);
    evg_provider_free(provider);
    return client;
}

int main(void) {
    static struct life lives[THREADS], moved;
    struct life *life = &moved;
    pthread_t threads[THREADS], other;
    evg_client *client = make_client(life);
    /* The first of all finds out what the processor can do, and notes it in an atomic
     * byte, relaxed, which the tools below cannot tell from a race. */
    OK(evg_connection_new(client, TEXT("tenant-7"), &moved.connection));
    connect(&moved);
    for (int at = 0; at < THREADS; at++) {
        lives[at].client = client;
        MUST(pthread_create(&threads[at], NULL, live, &lives[at]) == 0);
    }
    /* Meanwhile: made here, used there, and freed here again. */
    MUST(pthread_create(&other, NULL, use, &moved) == 0);
    MUST(pthread_join(other, NULL) == 0);
    evg_connection_free(moved.connection);
    int checks = moved.checks;
    for (int at = 0; at < THREADS; at++) {
        MUST(pthread_join(threads[at], NULL) == 0);
        checks += lives[at].checks;
    }
    evg_client_free(client);
    printf("  %d checks hold: threads\n", checks);
    return 0;
}
