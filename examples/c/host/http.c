/* Each request once, on a connection of its own, and an answer or the truth about why
 * there is none. Most clients blur the one thing that a refresh hangs on: whether the
 * request may have reached the server. libcurl calls before_sending() between connecting
 * and sending, and where that stands tells:
 *
 *   DNS, connect, TLS, an unusable URL           EVG_HTTP_FAULT_NOT_SENT
 *   connected, but send_within had passed        EVG_HTTP_FAULT_TOO_LATE
 *   anything after that: reset, timeout, ...     EVG_HTTP_FAULT_UNKNOWN
 */
#include "host.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_LIMIT = 65536 };

enum gate { CLOSED, LATE, OPEN };

struct buffer {
    char *data;
    size_t len, room;
};

struct transfer {
    uint64_t send_by;
    enum gate gate;
    struct buffer head, body;
    size_t body_limit;
    bool over; /* the body is longer than anybody wants */
};

/* Grown into a new block, so that the old one can be wiped. */
static bool append(struct buffer *buffer, const char *data, size_t len) {
    if (buffer->room - buffer->len < len) {
        size_t room = (buffer->len + len) * 2;
        char *grown = malloc(room);
        if (grown == NULL) {
            return false;
        }
        if (buffer->len > 0) {
            memcpy(grown, buffer->data, buffer->len);
        }
        wipe(buffer->data, buffer->len);
        free(buffer->data);
        buffer->data = grown;
        buffer->room = room;
    }
    if (len > 0) {
        memcpy(buffer->data + buffer->len, data, len);
    }
    buffer->len += len;
    return true;
}

/* A laptop may have slept while connecting. */
static int before_sending(void *of, char *to_ip, char *from_ip, int to_port, int from_port) {
    struct transfer *transfer = of;
    (void)to_ip, (void)from_ip, (void)to_port, (void)from_port;
    transfer->gate = world_ticks() > transfer->send_by ? LATE : OPEN;
    return transfer->gate == OPEN ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t take_head(char *line, size_t one, size_t len, void *of) {
    struct transfer *transfer = of;
    len *= one;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        transfer->head.len = 0; /* what came before was a 100 Continue */
        return len;
    }
    return transfer->head.len + len <= HEAD_LIMIT && append(&transfer->head, line, len) ? len : 0;
}

static size_t take_body(char *data, size_t one, size_t len, void *of) {
    struct transfer *transfer = of;
    size_t left = transfer->body_limit + 1 - transfer->body.len;
    len *= one;
    transfer->over = len >= left;
    if (!append(&transfer->body, data, transfer->over ? left : len)) {
        transfer->over = false;
        return 0;
    }
    /* One byte over the limit is enough to refuse it: the rest is not waited for. */
    return transfer->over ? 0 : len;
}

bool http_header(struct http_request *request, evg_text name, evg_text value) {
    size_t room = name.len + value.len + 3;
    char *line = malloc(room);
    if (line == NULL) {
        return false;
    }
    /* In libcurl's way of writing it, a semicolon stands for an empty value. */
    snprintf(line, room, value.len ? "%.*s: %.*s" : "%.*s;%.*s", (int)name.len, name.data,
             (int)value.len, value.data);
    struct curl_slist *longer = curl_slist_append(request->headers, line);
    wipe(line, room);
    free(line);
    if (longer != NULL) {
        request->headers = longer;
    }
    return longer != NULL;
}

static bool set_up(CURL *curl, const char *url, const struct http_request *request,
                   struct transfer *transfer) {
    uint64_t now = world_ticks();
    uint64_t left = request->send_by > now ? request->send_by - now : 0;
    long methods[] = {CURLOPT_HTTPGET, CURLOPT_POST};
    bool set = true;
    transfer->send_by = request->send_by;
    transfer->body_limit = request->answer_limit;
#define SET(option, value) set = set && curl_easy_setopt(curl, option, value) == CURLE_OK
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTPHEADER, request->headers);
    SET(CURLOPT_PREREQFUNCTION, before_sending);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, take_head);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "evergrant-example-c");
    /* Never anywhere else, and never again: libcurl repeats a request by itself where a
     * connection that was kept turns out to be dead, and in HTTP/2 where a stream was
     * refused. Proxies repeat requests, too. */
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROXY, "");
    /* 0 would mean: for ever. */
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(left ? left : 1));
    SET(CURLOPT_TIMEOUT_MS, (long)(left + request->listen_for));
    SET((CURLoption)methods[request->method == EVG_METHOD_POST], 1L);
    if (request->method == EVG_METHOD_POST) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_POSTFIELDS, request->body.data ? (const char *)request->body.data : "");
    } else if (request->method == EVG_METHOD_DELETE) {
        SET(CURLOPT_CUSTOMREQUEST, "DELETE");
    }
#undef SET
    return set;
}

/* The lines of the head as names and values. */
static bool split_head(struct http_answer *answer, size_t len) {
    size_t lines = 1; /* the last one may have no end */
    for (size_t at = 0; at < len; at++) {
        lines += answer->head[at] == '\n';
    }
    answer->headers = calloc(lines, sizeof *answer->headers);
    if (answer->headers == NULL) {
        return false;
    }
    for (char *line = answer->head, *past = line + len; line < past;) {
        char *end = memchr(line, '\n', (size_t)(past - line));
        end = end ? end : past;
        char *colon = memchr(line, ':', (size_t)(end - line));
        if (colon != NULL) {
            char *value = colon + 1, *stop = end;
            while (value < stop && (*value == ' ' || *value == '\t')) value++;
            while (stop > value && strchr(" \t\r", stop[-1])) stop--;
            evg_header *header = &answer->headers[answer->header_count++];
            header->name = (evg_text){line, (size_t)(colon - line)};
            header->value = (evg_text){value, (size_t)(stop - value)};
        }
        line = end + 1;
    }
    return true;
}

uint32_t http_send(struct http_request *request, struct http_answer *answer) {
    struct transfer transfer = {0};
    uint32_t fault = EVG_HTTP_FAULT_NOT_SENT;
    long status = 0;
    CURL *curl = curl_easy_init();
    char *url = malloc(request->url.len + 1);
    memset(answer, 0, sizeof *answer);
    /* curl would add it to large bodies, and wait. */
    struct curl_slist *headers = curl_slist_append(request->headers, "Expect:");
    if (curl != NULL && url != NULL && headers != NULL) {
        request->headers = headers;
        memcpy(url, request->url.data, request->url.len);
        url[request->url.len] = 0;
        if (set_up(curl, url, request, &transfer)) {
            CURLcode done = curl_easy_perform(curl);
            bool whole = done == CURLE_OK || (done == CURLE_WRITE_ERROR && transfer.over);
            curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
            fault = whole && status > 0            ? 0
                    : transfer.gate == CLOSED      ? EVG_HTTP_FAULT_NOT_SENT
                    : transfer.gate == LATE        ? EVG_HTTP_FAULT_TOO_LATE
                                                   : EVG_HTTP_FAULT_UNKNOWN;
        }
    }
    answer->status = (uint16_t)status;
    answer->head = transfer.head.data;
    answer->body = (uint8_t *)transfer.body.data;
    answer->body_len = transfer.body.len;
    if (fault == 0 && !split_head(answer, transfer.head.len)) {
        fault = EVG_HTTP_FAULT_UNKNOWN;
    }
    for (struct curl_slist *line = request->headers; line != NULL; line = line->next) {
        wipe(line->data, strlen(line->data));
    }
    curl_slist_free_all(request->headers);
    request->headers = NULL;
    free(url);
    curl_easy_cleanup(curl);
    return fault;
}

void http_answer_free(struct http_answer *answer) {
    wipe(answer->body, answer->body_len);
    free(answer->body);
    free(answer->head);
    free(answer->headers);
    memset(answer, 0, sizeof *answer);
}
