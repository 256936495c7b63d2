/* A whole host for evergrant in C: libcurl, SQLite and a loop.
 *
 *   settings.c  the client and the provider, from the environment
 *   world.c     clocks and entropy
 *   store.c     the one primitive over SQLite
 *   http.c      each request once, and the truth about why there is no answer
 *   loop.c      steps, and what they ask for
 *   app.c       what an app calls: authorize, redirected, get, disconnect
 *   main.c      the commands
 */
#ifndef HOST_H
#define HOST_H

#include <evergrant.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* world.c */

uint64_t world_now(void);   /* UNIX time in ms: it may jump */
uint64_t world_ticks(void); /* ms on a clock that runs through suspend, and never jumps */

/* The world as it is now; false if the system gives no entropy. To be wiped. */
bool world_env(evg_env *env);
void wipe(void *memory, size_t len);

/* settings.c */

/* NULL if something is missing or wrong, which was said on stderr. */
evg_client *settings_client(void);
const char *setting(const char *name, const char *otherwise);

/* store.c */

struct stored {
    char revision[24]; /* "" if nothing is there */
    uint8_t *record;   /* freed by stored_free() */
    size_t len;
};

sqlite3 *store_open(const char *path);

/* What is there under the key now, after `record` was written if `expected` was the
 * revision. False if the store does not say: the write may have taken place. */
bool store_swap(sqlite3 *store, const evg_step *step, struct stored *now);
bool store_read(sqlite3 *store, evg_text key, struct stored *now);
void stored_free(struct stored *stored);

/* http.c */

struct http_request {
    evg_method method;
    evg_text url;
    struct curl_slist *headers; /* by http_header(); freed by http_send() */
    evg_bytes body;
    uint64_t send_by; /* as of world_ticks() */
    uint64_t listen_for;
    uint32_t answer_limit;
};

struct http_answer {
    uint16_t status;
    evg_header *headers;
    size_t header_count;
    char *head; /* what `headers` point into */
    uint8_t *body;
    size_t body_len;
};

bool http_header(struct http_request *request, evg_text name, evg_text value);

/* 0, or an evg_http_fault. The answer is freed by http_answer_free() in any case. */
uint32_t http_send(struct http_request *request, struct http_answer *answer);
void http_answer_free(struct http_answer *answer);

/* loop.c */

enum { ACTIVITIES = EVG_ACTIVITY_KEY + 1 };

/* What came of a run that is for the app. Texts are "" where there is none. */
struct news {
    char url[4096], binding[128]; /* EVG_OUTPUT_OPEN_URL */
    char scope[1024];             /* EVG_OUTPUT_AUTHORIZED */
    bool authorized, token_ready;
    evg_result failed[ACTIVITIES]; /* EVG_RESULT_OK where nothing did */
};

struct host {
    evg_client *client;
    evg_connection *connection;
    sqlite3 *store;
    evg_env env; /* of the step that is made next */
    uint64_t stepped_at, wake_at;
    struct queued *first, *last;
    struct news news;
};

/* Takes the connection up where the store last saw it. */
evg_result host_open(struct host *host);
void host_close(struct host *host);

/* To be called for every step; NULL if there is no entropy. */
const evg_env *host_env(struct host *host);

/* Takes what the making of a step has answered, and the step: does all that it asks
 * for, and what comes of that. */
evg_result host_run(struct host *host, evg_result made, evg_step *step);

/* Sleeps until the machine wants a step, at most until `give_up`, and runs it. */
evg_result host_wait(struct host *host, uint64_t give_up);

/* app.c */

evg_result app_authorize(struct host *host, const char *redirect_uri, const char *prompt);
evg_result app_redirected(struct host *host, const char *url, const char *binding);
evg_result app_get(struct host *host, const char *url, struct http_answer *answer);
evg_result app_disconnect(struct host *host);

#endif
