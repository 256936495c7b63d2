/* The loop. This is all there is to driving the machine: make a step, do what it asks
 * for, and tell what came of it, which makes the next step. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A step whose outputs are still to be done. Its deadlines count from `stepped_at`. */
struct queued {
    evg_step *step;
    uint64_t stepped_at;
    struct queued *next;
};

const evg_env *host_env(struct host *host) {
    /* Taken before the step: deadlines count from the earlier moment. */
    host->stepped_at = world_ticks();
    return world_env(&host->env) ? &host->env : NULL;
}

/* Takes the step over, whatever comes of it. */
static evg_result push(struct host *host, evg_result made, evg_step *step) {
    wipe(host->env.entropy, sizeof host->env.entropy);
    if (made != EVG_RESULT_OK) {
        return made;
    }
    struct queued *queued = malloc(sizeof *queued);
    if (queued == NULL) {
        abort(); /* as the library does */
    }
    *queued = (struct queued){step, host->stepped_at, NULL};
    if (host->last != NULL) {
        host->last->next = queued;
    } else {
        host->first = queued;
    }
    host->last = queued;
    return evg_step_wake_at(step, &host->wake_at);
}

/* The request as it was asked for, and its answer as the next step. */
static evg_result send_http(struct host *host, const evg_step *step, uint64_t stepped_at,
                            evg_step **next) {
    struct http_request request = {0};
    struct http_answer answer;
    uint64_t op, send_within;
    size_t count = 0;
    evg_text name, value;
    evg_step_op(step, &op);
    evg_step_http_method(step, &request.method);
    evg_step_http_url(step, &request.url);
    evg_step_http_body(step, &request.body);
    evg_step_http_send_within(step, &send_within);
    evg_step_http_listen_for(step, &request.listen_for);
    evg_step_http_answer_limit(step, &request.answer_limit);
    evg_step_http_header_count(step, &count);
    for (size_t at = 0; at < count; at++) {
        if (evg_step_http_header(step, at, &name, &value) != EVG_RESULT_OK ||
            !http_header(&request, name, value)) {
            abort();
        }
    }
    request.send_by = stepped_at + send_within;
    uint32_t fault = http_send(&request, &answer);
    evg_result made =
        fault == 0 ? evg_connection_step_http_done(host->connection, host_env(host), op, answer.status,
                                                   answer.headers, answer.header_count, answer.body,
                                                   answer.body_len, next)
                   : evg_connection_step_http_failed(host->connection, host_env(host), op, fault, next);
    http_answer_free(&answer);
    return made;
}

static evg_result swap(struct host *host, const evg_step *step, evg_step **next) {
    struct stored now;
    uint64_t op;
    evg_step_op(step, &op);
    if (!store_swap(host->store, step, &now)) {
        stored_free(&now);
        return evg_connection_step_swap_unanswered(host->connection, host_env(host), op, next);
    }
    size_t len = strlen(now.revision);
    /* The file's clock is this machine's own, which the core compares better: no age. */
    evg_result made = evg_connection_step_swapped(host->connection, host_env(host), op,
                                                  len ? now.revision : NULL, len, now.record,
                                                  now.len, EVG_NONE, next);
    stored_free(&now);
    return made;
}

static void keep(char *place, size_t room, evg_text text) {
    size_t len = text.len < room ? text.len : room - 1;
    if (text.data != NULL) {
        memcpy(place, text.data, len);
    }
    place[len] = 0;
}

/* What is for the app. Kinds that a newer library may add are passed over. */
static void note(struct news *news, const evg_step *step, evg_output kind) {
    evg_activity activity;
    evg_text text;
    switch (kind) {
    case EVG_OUTPUT_OPEN_URL:
        if (evg_step_open_url(step, &text) == EVG_RESULT_OK) {
            keep(news->url, sizeof news->url, text);
        }
        if (evg_step_open_url_binding(step, &text) == EVG_RESULT_OK) {
            keep(news->binding, sizeof news->binding, text);
        }
        break;
    case EVG_OUTPUT_AUTHORIZED:
        news->authorized = true;
        if (evg_step_authorized_scope(step, &text) == EVG_RESULT_OK) {
            keep(news->scope, sizeof news->scope, text);
        }
        break;
    case EVG_OUTPUT_TOKEN_READY: news->token_ready = true; break;
    case EVG_OUTPUT_FAILED:
        if (evg_step_failed_activity(step, &activity) == EVG_RESULT_OK && activity < ACTIVITIES) {
            evg_step_failed_code(step, &news->failed[activity]);
        }
        break;
    default: break;
    }
}

/* Every output of one step, each once and in its order. */
static evg_result perform(struct host *host, struct queued *queued) {
    evg_result result = EVG_RESULT_OK;
    evg_output kind;
    while (result == EVG_RESULT_OK && evg_step_next(queued->step, &kind) == EVG_RESULT_OK &&
           kind != EVG_OUTPUT_NONE) {
        evg_step *next = NULL;
        if (kind == EVG_OUTPUT_SEND_HTTP) {
            evg_result made = send_http(host, queued->step, queued->stepped_at, &next);
            result = push(host, made, next);
        } else if (kind == EVG_OUTPUT_SWAP) {
            evg_result made = swap(host, queued->step, &next);
            result = push(host, made, next);
        } else {
            note(&host->news, queued->step, kind);
        }
    }
    return result;
}

evg_result host_run(struct host *host, evg_result made, evg_step *step) {
    memset(&host->news, 0, sizeof host->news);
    evg_result result = push(host, made, step);
    while (host->first != NULL) {
        struct queued *queued = host->first;
        host->first = queued->next;
        if (host->first == NULL) {
            host->last = NULL;
        }
        if (result == EVG_RESULT_OK) {
            result = perform(host, queued);
        }
        evg_step_free(queued->step);
        free(queued);
    }
    return result;
}

evg_result host_wait(struct host *host, uint64_t give_up) {
    uint64_t now = world_now(), ticks = world_ticks();
    uint64_t left = give_up > ticks ? give_up - ticks : 0;
    uint64_t until = host->wake_at == EVG_NONE ? left : host->wake_at > now ? host->wake_at - now : 0;
    uint64_t sleep = until < left ? until : left;
    struct timespec time = {(time_t)(sleep / 1000), (long)(sleep % 1000) * 1000000};
    evg_step *step = NULL;
    nanosleep(&time, NULL);
    evg_result made = evg_connection_step_wake(host->connection, host_env(host), &step);
    return host_run(host, made, step);
}

/* Where the store keeps a connection only a connection knows: a first one is asked. */
static evg_result restore(struct host *host, const char *tenant) {
    struct stored now;
    evg_connection *fresh;
    evg_text key;
    size_t len = strlen(tenant);
    evg_result result = evg_connection_new(host->client, tenant, len, &fresh);
    if (result != EVG_RESULT_OK) {
        return result;
    }
    evg_connection_store_key(fresh, &key);
    if (!store_read(host->store, key, &now)) {
        result = EVG_RESULT_HOST_STORE_UNANSWERED;
    } else if (now.revision[0] != 0) {
        result = evg_connection_restore(host->client, tenant, len, now.revision,
                                        strlen(now.revision), now.record, now.len, EVG_NONE,
                                        &host->connection);
    } else {
        host->connection = fresh;
        fresh = NULL;
    }
    evg_connection_free(fresh);
    stored_free(&now);
    return result;
}

evg_result host_open(struct host *host) {
    memset(host, 0, sizeof *host);
    host->wake_at = EVG_NONE;
    host->client = settings_client();
    host->store = store_open(setting("STORE", "connections.db"));
    if (host->client == NULL || host->store == NULL) {
        return EVG_RESULT_SETTING_MISSING;
    }
    evg_result result = restore(host, setting("TENANT", "tenant-1"));
    /* What was under way when the last process ended may be due by now. */
    return result != EVG_RESULT_OK
               ? result
               : evg_connection_wake_at(host->connection, world_now(), &host->wake_at);
}

void host_close(struct host *host) {
    evg_connection_free(host->connection);
    evg_client_free(host->client);
    sqlite3_close(host->store);
    wipe(&host->news, sizeof host->news);
}
