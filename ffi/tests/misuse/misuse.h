/* Misuse of every function: a row for each way. What a row is refused for must have
 * been written nowhere. coverage.py compares the rows with the header. */
#ifndef MISUSE_H
#define MISUSE_H

#include "../check.h"

#define CALLBACK "https://erp.example/callback"

/* Good handles, of which each row spoils one argument. */
struct world {
    evg_env env;
    evg_company_binding binding;
    evg_provider_config *provider_config;
    evg_provider *provider;
    evg_client_config *client_config;
    evg_client *client;
    evg_authorize *authorize;
    evg_connection *connection;
    evg_owned *owned;
    evg_pacer *pacer;
    evg_registration *registration;
    evg_registration_faults *faults;
    /* Before the first output, at a swap, at another output, after the last. */
    evg_step *fresh, *swap, *notice, *done;
};
extern struct world w;

/* The places of what comes out. */
struct places {
    evg_provider_config *provider_config;
    evg_provider *provider;
    evg_client_config *client_config;
    evg_client *client;
    evg_authorize *authorize;
    evg_connection *connection;
    evg_owned *owned;
    evg_pacer *pacer;
    evg_registration *registration;
    evg_registration_faults *faults;
    evg_step *step;
    evg_text text, other_text;
    evg_bytes bytes;
    uint64_t number;
    bool flag;
    uint32_t limit;
    uint16_t attempt;
    size_t count;
    evg_result result;
    evg_status status;
    evg_method method;
    evg_activity activity;
    evg_output kind;
};
extern struct places out;

void clear_places(void);
void row(evg_result want, evg_result got, const char *function, const char *arguments);

#define ROW(want, function, ...) \
    (clear_places(), row(want, function(__VA_ARGS__), #function, #__VA_ARGS__))

/* The shapes that many functions have. */
#define SETS_TEXT(function, handle)                                    \
    do {                                                               \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, "x", 1);         \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, handle, NULL, 0);      \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, handle, NULL, 1);      \
        ROW(EVG_RESULT_INVALID_UTF8, function, handle, "\xff", 1);     \
        ROW(EVG_RESULT_LENGTH_INVALID, function, handle, "x", SIZE_MAX); \
    } while (0)

#define SETS_TAG(function, handle)                                     \
    do {                                                               \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, 1);              \
        ROW(EVG_RESULT_UNKNOWN_TAG, function, handle, 0);              \
        ROW(EVG_RESULT_UNKNOWN_TAG, function, handle, 99);             \
        ROW(EVG_RESULT_UNKNOWN_TAG, function, handle, UINT32_MAX);     \
    } while (0)

#define SETS_FLAG(function, handle) ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, true)

#define READS(function, handle, place)                                 \
    do {                                                               \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, NULL, place);          \
        ROW(EVG_RESULT_NULL_ARGUMENT, function, handle, NULL);         \
    } while (0)

/* A field of outputs of some kinds, which `other` is not of. */
#define READS_FIELD(function, other, place)                            \
    do {                                                               \
        READS(function, other, place);                                 \
        ROW(EVG_RESULT_WRONG_KIND, function, w.fresh, place);          \
        ROW(EVG_RESULT_WRONG_KIND, function, w.done, place);           \
        ROW(EVG_RESULT_WRONG_KIND, function, other, place);            \
    } while (0)

/* NULL is free to be freed. */
#define FREES(function) \
    (clear_places(), function(NULL), row(EVG_RESULT_OK, EVG_RESULT_OK, #function, "NULL"))

/* Names are told of any number. */
#define NAMES(function, unknown)                                       \
    do {                                                               \
        CHECK(strcmp(function(99999), unknown) == 0);                  \
        row(EVG_RESULT_OK, EVG_RESULT_OK, #function, "99999");         \
    } while (0)

void misuse_of_configurations(void);
void misuse_of_clients(void);
void misuse_of_connections(void);
void misuse_of_inputs(void);
void misuse_of_steps(void);
void misuse_of_the_rest(void);

#endif
