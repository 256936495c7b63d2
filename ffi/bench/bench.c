/* The C path, to be held against bench.rs, which does the same without C between.
 *
 *   bench token|wanted|answered|life ITERATIONS     prints ns for each
 */
#define _POSIX_C_SOURCE 200809L
#include "evergrant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT(literal) literal, sizeof(literal) - 1
#define CALLBACK "https://client.example/callback"
#define API "https://api.example/v1/expenses"
#define START 1700000000000u

enum { ROUNDS = 7 };

static void must(evg_result result) {
    if (result != EVG_RESULT_OK) {
        fprintf(stderr, "%s\n", evg_result_name(result));
        exit(1);
    }
}

static const evg_client *client;
static evg_connection *connection;
static char answer[2048], redirect[512];
static size_t answer_len, redirect_len;
static uint64_t generation;

static const evg_env *world(void) {
    static evg_env env = {START, EVG_NONE, NULL, {7}};
    static uint64_t seed;
    seed++;
    memcpy(env.entropy, &seed, sizeof seed);
    return &env;
}

static struct row { char key[256]; size_t key_len, len; unsigned revision; uint8_t record[4096]; } rows[2];

static void swap(evg_step *step, evg_step **next) {
    uint64_t op;
    evg_text key, expected;
    evg_bytes record;
    char revision[16];
    must(evg_step_op(step, &op));
    must(evg_step_swap_key(step, &key));
    must(evg_step_swap_expected(step, &expected));
    must(evg_step_swap_write(step, &record));
    struct row *row = &rows[key.data[0] == 'p'];
    size_t len = (size_t)snprintf(revision, sizeof revision, "%u", row->revision);
    if (record.data && (expected.data ? expected.len == len && !memcmp(expected.data, revision, len) : !row->revision)) {
        memcpy(row->record, record.data, record.len);
        row->len = record.len;
        row->revision++;
        len = (size_t)snprintf(revision, sizeof revision, "%u", row->revision);
    }
    int there = row->revision != 0;
    must(evg_connection_step_swapped(connection, world(), op, there ? revision : NULL, there ? len : 0,
                                     there ? row->record : NULL, there ? row->len : 0, EVG_NONE, next));
}

static void perform(evg_step *step) {
    evg_output kind;
    evg_text text;
    uint64_t op;
    while (evg_step_next(step, &kind) == EVG_RESULT_OK && kind != EVG_OUTPUT_NONE) {
        evg_step *next = NULL;
        if (kind == EVG_OUTPUT_SWAP) {
            swap(step, &next);
        } else if (kind == EVG_OUTPUT_SEND_HTTP) {
            must(evg_step_op(step, &op));
            must(evg_connection_step_http_done(connection, world(), op, 200, NULL, 0,
                                               (const uint8_t *)answer, answer_len, &next));
        } else if (kind == EVG_OUTPUT_OPEN_URL) {
            must(evg_step_open_url(step, &text));
            const char *state = text.data;
            while (memcmp(state, "&state=", 7) != 0) state++;
            redirect_len = (size_t)snprintf(redirect, sizeof redirect, CALLBACK "?code=c-1%.*s", 50, state);
        } else if (kind == EVG_OUTPUT_TOKEN_READY) {
            must(evg_step_token_generation(step, &generation));
            must(evg_step_token_header(step, &text));
            must(evg_step_token_origin(step, &text));
        }
        if (next) perform(next);
    }
    evg_step_free(step);
}

static void make_client(void) {
    evg_provider_config *about;
    evg_client_config *config;
    evg_provider *provider;
    evg_client *made;
    must(evg_provider_config_new(&about));
    must(evg_provider_config_set_environment(about, TEXT("bench")));
    must(evg_provider_config_set_authorization_endpoint(about, TEXT("https://as.example/authorize")));
    must(evg_provider_config_set_token_endpoint(about, TEXT("https://as.example/token")));
    must(evg_provider_config_set_api_origin(about, TEXT("https://api.example")));
    must(evg_provider_new(about, &provider));
    must(evg_client_config_new(&config));
    must(evg_client_config_set_client_id(config, TEXT("client")));
    must(evg_client_config_set_client_secret(config, TEXT("secret")));
    must(evg_client_config_add_redirect_uri(config, TEXT(CALLBACK)));
    must(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    must(evg_client_new(provider, config, &made));
    evg_client_config_free(config);
    evg_provider_config_free(about);
    evg_provider_free(provider);
    client = made;
}

/* From nothing to a token. */
static void life(void) {
    evg_authorize *authorize;
    evg_step *step;
    memset(rows, 0, sizeof rows);
    evg_connection_free(connection);
    must(evg_connection_new(client, TEXT("tenant"), &connection));
    must(evg_authorize_new(TEXT(CALLBACK), EVG_BINDING_SAME_PROCESS, &authorize));
    must(evg_connection_step_authorize(connection, world(), authorize, &step));
    evg_authorize_free(authorize);
    perform(step);
    must(evg_connection_step_redirected(connection, world(), redirect, redirect_len, EVG_PROOF_SAME_PROCESS,
                                        NULL, 0, &step));
    perform(step);
}

static void token(void) {
    evg_text header;
    uint64_t of;
    must(evg_connection_authorization(connection, START, TEXT(API), 30000, &of, &header));
    if (header.data == NULL) {
        exit(1);
    }
}

static void wanted(void) {
    evg_step *step;
    must(evg_connection_step_token_wanted(connection, world(), 30000, &step));
    perform(step);
}

static void answered(void) {
    static const evg_header headers[] = {{{TEXT("date")}, {TEXT("Tue, 14 Nov 2023 22:13:20 GMT")}},
                                         {{TEXT("content-type")}, {TEXT("application/json; charset=utf-8")}},
                                         {{TEXT("content-length")}, {TEXT("1024")}},
                                         {{TEXT("cache-control")}, {TEXT("no-store")}},
                                         {{TEXT("x-request-id")}, {TEXT("2f9c1f7e-6a57-4b5d-8a0c-6f0a2f7f1a11")}}};
    evg_step *step;
    must(evg_connection_step_api_answered(connection, world(), generation, 200, headers, 5, &step));
    perform(step);
}

int main(int count, char **arguments) {
    static const struct { const char *name; void (*run)(void); } all[] = {
        {"token", token}, {"wanted", wanted}, {"answered", answered}, {"life", life}};
    char access[901] = "", refresh[181] = "";
    memset(access, 'a', 900);
    memset(refresh, 'r', 180);
    answer_len = (size_t)snprintf(answer, sizeof answer,
                                  "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":3600,"
                                  "\"refresh_token\":\"%s\"}", access, refresh);
    make_client();
    life();
    wanted();
    for (size_t at = 0; count == 3 && at < 4; at++) {
        if (strcmp(arguments[1], all[at].name) == 0) {
            long iterations = strtol(arguments[2], NULL, 10);
            double best = 1e30;
            for (int round = 0; round < ROUNDS; round++) {
                struct timespec begun, done;
                clock_gettime(CLOCK_MONOTONIC, &begun);
                for (long left = iterations; left > 0; left--) {
                    all[at].run();
                }
                clock_gettime(CLOCK_MONOTONIC, &done);
                double ns = (double)(done.tv_sec - begun.tv_sec) * 1e9 + (double)(done.tv_nsec - begun.tv_nsec);
                best = ns < best ? ns : best;
            }
            printf("%.2f\n", best / (double)iterations);
            return 0;
        }
    }
    fputs("usage: bench token|wanted|answered|life ITERATIONS\n", stderr);
    return 2;
}
