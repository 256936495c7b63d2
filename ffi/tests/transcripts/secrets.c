/* The secrets of a transcript: those given to the machine, those that it drew, and
 * those of the server. None may be in what a host's log would show. */
#include "transcript.h"

#include <ctype.h>

void keep(struct texts *texts, const char *data, size_t len) {
    if (texts->count == texts->room) {
        texts->room = 2 * texts->room + 64;
        texts->items = realloc(texts->items, texts->room * sizeof *texts->items);
        CHECK(texts->items != NULL);
    }
    char *text = calloc(len + 1, 1);
    CHECK(text != NULL);
    memcpy(text, data, len);
    texts->items[texts->count++] = text;
}

void keep_text(struct texts *texts, evg_text text) {
    if (text.data != NULL) {
        keep(texts, text.data, text.len);
    }
}

void free_texts(struct texts *texts) {
    for (size_t at = 0; at < texts->count; at++) {
        free(texts->items[at]);
    }
    free(texts->items);
    *texts = (struct texts){NULL, 0, 0};
}

/* The values of a query or form under this name, which hide in no other name. */
static void keep_values(struct texts *secrets, const char *form, const char *name) {
    size_t len = strlen(name);
    for (const char *at = form; (at = strstr(at, name)) != NULL; at += len) {
        bool begins = at == form || at[-1] == '&' || at[-1] == '?';
        if (begins && at[len] == '=') {
            const char *value = at + len + 1;
            keep(secrets, value, strcspn(value, "&#"));
        }
    }
}

static void secrets_of_output(json_object *output, struct texts *secrets) {
    static const char *const names[] = {"code", "code_verifier", "refresh_token", "token",
                                        "client_secret"};
    json_object *type = member(output, "type"), *write;
    if (is(type, "open_url")) {
        evg_text url = evg_text_of(member(output, "url"));
        keep_text(secrets, url);
        keep_text(secrets, evg_text_of(member(output, "binding")));
        keep_values(secrets, url.data, "state");
    } else if (is(type, "token_ready")) {
        keep_text(secrets, evg_text_of(member(output, "header")));
    } else if (is(type, "swap") && (write = member(output, "write")) != NULL) {
        keep_text(secrets, evg_text_of(member(write, "record")));
    } else if (is(type, "send_http")) {
        json_object *headers = member(output, "headers");
        evg_text body = evg_text_of(member(output, "body"));
        for (size_t at = 0; at < sizeof names / sizeof *names; at++) {
            keep_values(secrets, body.data, names[at]);
        }
        if (body.len > 0) {
            keep_text(secrets, body);
        }
        for (size_t at = 0; at < json_object_array_length(headers); at++) {
            json_object *pair = json_object_array_get_idx(headers, at);
            if (is(json_object_array_get_idx(pair, 0), "authorization")) {
                keep_text(secrets, evg_text_of(json_object_array_get_idx(pair, 1)));
            }
        }
    }
}

void secrets_of_line(const char *line, json_object *told, struct texts *secrets) {
    json_object *found;
    for (const char *at = line; (at = strstr(at, "canary-")) != NULL;) {
        size_t len = strlen("canary-");
        while (isalnum((unsigned char)at[len]) || at[len] == '_' || at[len] == '-') {
            len++;
        }
        keep(secrets, at, len);
        at += len;
    }
    if (json_object_object_get_ex(told, "env", &found)) {
        keep_text(secrets, evg_text_of(member(found, "entropy")));
    }
    if (json_object_object_get_ex(told, "outputs", &found)) {
        for (size_t at = 0; at < json_object_array_length(found); at++) {
            secrets_of_output(json_object_array_get_idx(found, at), secrets);
        }
    }
}

const char *secret_in(const char *text, const struct texts *secrets) {
    for (size_t at = 0; at < secrets->count; at++) {
        if (secrets->items[at][0] != 0 && strstr(text, secrets->items[at]) != NULL) {
            return secrets->items[at];
        }
    }
    return NULL;
}
