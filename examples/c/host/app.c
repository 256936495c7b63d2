/* What an app calls: the lifecycle as four verbs over the loop. Each answers
 * EVG_RESULT_OK, or the code of what stands in the way, which says what to do. */
#include "host.h"

#include <string.h>

/* How long a token must be good for to be worth sending, in ms. */
enum { MIN_VALIDITY = 30000 };

/* How long a caller waits for a token, in ms. The refresh itself is never given up:
 * whoever comes next finds what became of it. */
enum { PATIENCE = 10000 };

/* How long an API request may take to leave, and its answer to come, in ms; and the
 * largest answer, in bytes. The host's own choice. */
enum { API_SEND_WITHIN = 10000, API_LISTEN_FOR = 30000, API_LIMIT = 1 << 20 };

evg_result app_authorize(struct host *host, const char *redirect_uri, const char *prompt) {
    evg_authorize *authorize;
    evg_step *step = NULL;
    /* The redirect may come to another process: the browser is known by a cookie. */
    evg_result result = evg_authorize_new(redirect_uri, strlen(redirect_uri), EVG_BINDING_COOKIE,
                                          &authorize);
    if (result != EVG_RESULT_OK) {
        return result;
    }
    if (prompt[0] != 0) {
        result = evg_authorize_add_parameter(authorize, "prompt", 6, prompt, strlen(prompt));
    }
    if (result == EVG_RESULT_OK) {
        result = evg_connection_step_authorize(host->connection, host_env(host), authorize, &step);
        result = host_run(host, result, step);
    }
    evg_authorize_free(authorize);
    if (result == EVG_RESULT_OK && host->news.url[0] == 0) {
        evg_result failed = host->news.failed[EVG_ACTIVITY_AUTHORIZATION];
        result = failed ? failed : EVG_RESULT_TRY_LATER_BUSY;
    }
    return result;
}

evg_result app_redirected(struct host *host, const char *url, const char *binding) {
    evg_step *step = NULL;
    uint64_t give_up = world_ticks() + PATIENCE;
    evg_result result = evg_connection_step_redirected(host->connection, host_env(host), url,
                                                       strlen(url), EVG_PROOF_BINDING, binding,
                                                       strlen(binding), &step);
    result = host_run(host, result, step);
    while (result == EVG_RESULT_OK && !host->news.authorized) {
        if (host->news.failed[EVG_ACTIVITY_REDIRECT]) {
            return host->news.failed[EVG_ACTIVITY_REDIRECT];
        }
        if (host->news.failed[EVG_ACTIVITY_AUTHORIZATION]) {
            return host->news.failed[EVG_ACTIVITY_AUTHORIZATION];
        }
        if (world_ticks() >= give_up) {
            return EVG_RESULT_TRY_LATER_BUSY;
        }
        result = host_wait(host, give_up);
    }
    return result;
}

/* The token for this URL, waited for if need be. It is borrowed until the next step. */
static evg_result token(struct host *host, const char *url, uint64_t *generation, evg_text *header) {
    uint64_t give_up = world_ticks() + PATIENCE;
    size_t len = strlen(url);
    evg_step *step = NULL;
    evg_result result = evg_connection_authorization(host->connection, world_now(), url, len,
                                                     MIN_VALIDITY, generation, header);
    if (result != EVG_RESULT_OK || header->data != NULL) {
        return result;
    }
    result = evg_connection_step_token_wanted(host->connection, host_env(host), MIN_VALIDITY, &step);
    result = host_run(host, result, step);
    while (result == EVG_RESULT_OK && !host->news.token_ready) {
        if (host->news.failed[EVG_ACTIVITY_TOKEN]) {
            return host->news.failed[EVG_ACTIVITY_TOKEN];
        }
        if (world_ticks() >= give_up) {
            return EVG_RESULT_TRY_LATER_BUSY;
        }
        result = host_wait(host, give_up);
    }
    if (result == EVG_RESULT_OK) {
        /* It may be good for less than was asked for: it is the best there is. */
        result = evg_connection_authorization(host->connection, world_now(), url, len, 0, generation,
                                              header);
    }
    /* Still none: the URL is not one of the API, and gets no token. */
    return result == EVG_RESULT_OK && header->data == NULL ? EVG_RESULT_MISUSE_ENDPOINT_INVALID : result;
}

evg_result app_get(struct host *host, const char *url, struct http_answer *answer) {
    static const evg_text AUTHORIZATION = {"authorization", 13};
    bool replayed = false;
    memset(answer, 0, sizeof *answer);
    for (;;) {
        struct http_request request = {.method = EVG_METHOD_GET, .url = {url, strlen(url)}};
        uint64_t generation;
        evg_text header;
        evg_step *step = NULL;
        evg_result result = token(host, url, &generation, &header);
        if (result != EVG_RESULT_OK) {
            return result;
        }
        request.send_by = world_ticks() + API_SEND_WITHIN;
        request.listen_for = API_LISTEN_FOR;
        request.answer_limit = API_LIMIT;
        if (!http_header(&request, AUTHORIZATION, header) || http_send(&request, answer) != 0) {
            return EVG_RESULT_TRY_LATER_UNAVAILABLE;
        }
        /* The machine wants to know: a refused token is replaced, once. */
        result = evg_connection_step_api_answered(host->connection, host_env(host), generation,
                                                  answer->status, answer->headers,
                                                  answer->header_count, &step);
        result = host_run(host, result, step);
        if (result == EVG_RESULT_OK) {
            result = host->news.failed[EVG_ACTIVITY_API_CALL];
        }
        if (result != EVG_RESULT_OK || answer->status != 401 || replayed) {
            return result;
        }
        replayed = true;
        http_answer_free(answer);
    }
}

evg_result app_disconnect(struct host *host) {
    evg_step *step = NULL;
    evg_status status;
    uint64_t give_up = world_ticks() + PATIENCE;
    evg_result result = evg_connection_step_revoke(host->connection, host_env(host), &step);
    result = host_run(host, result, step);
    while (result == EVG_RESULT_OK && !host->news.failed[EVG_ACTIVITY_REVOKE]) {
        result = evg_connection_status(host->connection, world_now(), &status);
        if (result != EVG_RESULT_OK || status != EVG_STATUS_DISCONNECTING) {
            return result;
        }
        if (world_ticks() >= give_up) {
            return EVG_RESULT_TRY_LATER_UNAVAILABLE; /* the wish is kept: say it again later */
        }
        result = host_wait(host, give_up);
    }
    return result == EVG_RESULT_OK ? host->news.failed[EVG_ACTIVITY_REVOKE] : result;
}
