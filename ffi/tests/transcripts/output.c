/* What a step came to, as a line of a transcript. */
#include "transcript.h"

/* A field of the current output. */
typedef evg_result text_field(const evg_step *, evg_text *);
typedef evg_result number_field(const evg_step *, uint64_t *);

static evg_text text(const evg_step *step, text_field *field) {
    evg_text text;
    OK(field(step, &text));
    return text;
}

static uint64_t number(const evg_step *step, number_field *field) {
    uint64_t number;
    OK(field(step, &number));
    return number;
}

static void write_http(const evg_step *step, struct buffer *line) {
    evg_method method;
    evg_bytes body;
    uint32_t limit;
    size_t count;
    OK(evg_step_http_method(step, &method));
    OK(evg_step_http_body(step, &body));
    OK(evg_step_http_answer_limit(step, &limit));
    OK(evg_step_http_header_count(step, &count));
    put_name(line, "type", "send_http");
    put_number(line, "op", number(step, evg_step_op));
    put_name(line, "method", evg_method_name(method));
    put_text(line, "url", text(step, evg_step_http_url));
    put(line, ",\"headers\":[");
    for (size_t at = 0; at < count; at++) {
        evg_text name, value;
        OK(evg_step_http_header(step, at, &name, &value));
        put(line, at == 0 ? "[" : ",[");
        put_quoted(line, name.data, name.len);
        put(line, ",");
        put_quoted(line, value.data, value.len);
        put(line, "]");
    }
    put(line, "]");
    put_bytes(line, "body", body);
    put_number(line, "send_within", number(step, evg_step_http_send_within));
    put_number(line, "listen_for", number(step, evg_step_http_listen_for));
    put_number(line, "answer_limit", limit);
}

static void write_swap(const evg_step *step, struct buffer *line) {
    evg_bytes record;
    uint64_t due_at = number(step, evg_step_swap_due_at);
    uint64_t purge_at = number(step, evg_step_swap_purge_at);
    OK(evg_step_swap_write(step, &record));
    put_name(line, "type", "swap");
    put_number(line, "op", number(step, evg_step_op));
    put_text(line, "key", text(step, evg_step_swap_key));
    put_text(line, "expected", text(step, evg_step_swap_expected));
    if (record.data == NULL) {
        CHECK(due_at == EVG_NONE && purge_at == EVG_NONE);
        put(line, ",\"write\":null");
    } else {
        put(line, ",\"write\":{");
        put_bytes(line, "record", record);
        put_number(line, "due_at", due_at);
        put_number(line, "purge_at", purge_at);
        put(line, "}");
    }
}

static void write_failed(const evg_step *step, struct buffer *line, struct life *life) {
    static text_field *const shown[] = {
        evg_step_failed_kind,    evg_step_failed_error,     evg_step_failed_description,
        evg_step_failed_company, evg_step_failed_sealing_key, evg_step_authorization_id,
    };
    evg_activity activity;
    evg_result code;
    OK(evg_step_failed_activity(step, &activity));
    OK(evg_step_failed_code(step, &code));
    put_name(line, "type", "failed");
    put_name(line, "activity", evg_activity_name(activity));
    put_text(line, "authorization", text(step, evg_step_authorization_id));
    put_text(line, "return_context", text(step, evg_step_return_context));
    put_text(line, "kind", text(step, evg_step_failed_kind));
    put_name(line, "code", evg_result_name(code));
    put_number(line, "number", code);
    put_number(line, "retry_at", number(step, evg_step_failed_retry_at));
    put_text(line, "error", text(step, evg_step_failed_error));
    put_text(line, "company", text(step, evg_step_failed_company));
    put_text(line, "description", text(step, evg_step_failed_description));
    keep(&life->shown, evg_activity_name(activity), strlen(evg_activity_name(activity)));
    keep(&life->shown, evg_result_name(code), strlen(evg_result_name(code)));
    for (size_t at = 0; at < sizeof shown / sizeof *shown; at++) {
        keep_text(&life->shown, text(step, shown[at]));
    }
}

static void write_notice(const evg_step *step, struct buffer *line, struct life *life) {
    uint16_t attempt;
    OK(evg_step_notice_attempt(step, &attempt));
    put_name(line, "type", "notice");
    put_text(line, "code", text(step, evg_step_notice_code));
    put_number(line, "generation", number(step, evg_step_notice_generation));
    put_number(line, "attempt", attempt == 0 ? EVG_NONE : attempt);
    put_text(line, "authorization", text(step, evg_step_authorization_id));
    put_text(line, "detail", text(step, evg_step_notice_detail));
    keep_text(&life->shown, text(step, evg_step_notice_code));
    keep_text(&life->shown, text(step, evg_step_notice_detail));
    keep_text(&life->shown, text(step, evg_step_authorization_id));
}

static void write_output(const evg_step *step, evg_output kind, struct buffer *line,
                         struct life *life) {
    switch (kind) {
    case EVG_OUTPUT_SEND_HTTP:
        write_http(step, line);
        break;
    case EVG_OUTPUT_SWAP:
        write_swap(step, line);
        break;
    case EVG_OUTPUT_OPEN_URL:
        put_name(line, "type", "open_url");
        put_text(line, "authorization", text(step, evg_step_authorization_id));
        put_text(line, "url", text(step, evg_step_open_url));
        put_text(line, "binding", text(step, evg_step_open_url_binding));
        put_number(line, "expires_at", number(step, evg_step_open_url_expires_at));
        break;
    case EVG_OUTPUT_TOKEN_READY:
        put_name(line, "type", "token_ready");
        put_number(line, "generation", number(step, evg_step_token_generation));
        put_text(line, "origin", text(step, evg_step_token_origin));
        put_text(line, "header", text(step, evg_step_token_header));
        put_number(line, "expires_at", number(step, evg_step_token_expires_at));
        break;
    case EVG_OUTPUT_AUTHORIZED:
        put_name(line, "type", "authorized");
        put_text(line, "authorization", text(step, evg_step_authorization_id));
        put_number(line, "generation", number(step, evg_step_authorized_generation));
        put_text(line, "scope", text(step, evg_step_authorized_scope));
        put_text(line, "return_context", text(step, evg_step_return_context));
        break;
    case EVG_OUTPUT_KEY_ACCEPTED:
        put_name(line, "type", "key_accepted");
        put_number(line, "generation", number(step, evg_step_key_generation));
        put_text(line, "company", text(step, evg_step_key_company));
        put_text(line, "scope", text(step, evg_step_key_scope));
        keep_text(&life->shown, text(step, evg_step_key_company));
        break;
    case EVG_OUTPUT_FAILED:
        write_failed(step, line, life);
        break;
    case EVG_OUTPUT_NOTICE:
        write_notice(step, line, life);
        break;
    default:
        CHECK(!"a known output");
    }
}

void write_step(evg_step *step, struct buffer *line, struct life *life) {
    evg_output kind;
    evg_status status;
    evg_result cause;
    OK(evg_step_status(step, &status));
    OK(evg_step_cause(step, &cause));
    CHECK((cause != EVG_RESULT_OK) == (status == EVG_STATUS_REAUTHENTICATION_REQUIRED));
    put(line, "{\"outputs\":[");
    for (bool first = true;; first = false) {
        OK(evg_step_next(step, &kind));
        if (kind == EVG_OUTPUT_NONE) {
            break;
        }
        put(line, first ? "{" : ",{");
        write_output(step, kind, line, life);
        put(line, "}");
    }
    put(line, "]");
    put_number(line, "wake_at", number(step, evg_step_wake_at));
    put_name(line, "status", evg_status_name(status));
    put_number(line, "servable", number(step, evg_step_servable));
    put(line, "}");
    keep(&life->shown, evg_status_name(status), strlen(evg_status_name(status)));
    keep(&life->shown, evg_result_name(cause), strlen(evg_result_name(cause)));
}
