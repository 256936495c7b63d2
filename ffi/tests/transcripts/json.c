/* Reads and writes the JSON of transcripts. */
#include "transcript.h"

json_object *parse(const char *line, size_t len) {
    json_tokener *tokener = json_tokener_new();
    CHECK(tokener != NULL);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    json_object *value = json_tokener_parse_ex(tokener, line, (int)len);
    CHECK(json_tokener_get_error(tokener) == json_tokener_success);
    json_tokener_free(tokener);
    return value;
}

/* JSON's null is NULL in json-c. */
json_object *member(json_object *object, const char *name) {
    json_object *value = NULL;
    if (!json_object_object_get_ex(object, name, &value)) {
        fprintf(stderr, "no member %s in %s\n", name, json_object_to_json_string(object));
        exit(1);
    }
    return value;
}

/* A member that nobody reads is a setting forgotten. */
void members(json_object *object, int count) {
    CHECK(json_object_object_length(object) == count);
}

const char *text_of(json_object *value, size_t *len) {
    CHECK(json_object_is_type(value, json_type_string));
    *len = (size_t)json_object_get_string_len(value);
    return json_object_get_string(value);
}

/* Null is no text. */
evg_text evg_text_of(json_object *value) {
    evg_text text = {NULL, 0};
    if (value != NULL) {
        text.data = text_of(value, &text.len);
    }
    return text;
}

bool is(json_object *value, const char *text) {
    return json_object_is_type(value, json_type_string) &&
           strcmp(json_object_get_string(value), text) == 0;
}

uint64_t number_or_none(json_object *value) {
    if (value == NULL) {
        return EVG_NONE;
    }
    CHECK(json_object_is_type(value, json_type_int));
    return json_object_get_uint64(value);
}

size_t unhex(json_object *value, uint8_t *bytes, size_t room) {
    size_t len;
    const char *text = text_of(value, &len);
    CHECK(len % 2 == 0 && len / 2 <= room);
    for (size_t at = 0; at < len / 2; at++) {
        const char digits[3] = {text[2 * at], text[2 * at + 1], 0};
        char *end;
        bytes[at] = (uint8_t)strtoul(digits, &end, 16);
        CHECK(end == digits + 2);
    }
    return len / 2;
}

static void append(struct buffer *buffer, const char *data, size_t len) {
    if (buffer->room - buffer->len <= len) {
        buffer->room = 2 * (buffer->len + len) + 64;
        buffer->data = realloc(buffer->data, buffer->room);
        CHECK(buffer->data != NULL);
    }
    memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    buffer->data[buffer->len] = 0;
}

void put(struct buffer *buffer, const char *text) {
    append(buffer, text, strlen(text));
}

void put_quoted(struct buffer *buffer, const char *data, size_t len) {
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    put(buffer, "\"");
    for (size_t at = 0; at < len; at++) {
        unsigned char byte = (unsigned char)data[at];
        const char *found = byte == 0 ? NULL : strchr(special, byte);
        char escaped[8];
        if (found != NULL) {
            snprintf(escaped, sizeof escaped, "\\%c", letters[found - special]);
            put(buffer, escaped);
        } else if (byte < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            put(buffer, escaped);
        } else {
            append(buffer, data + at, 1);
        }
    }
    put(buffer, "\"");
}

/* A comma, unless it is the first of its object; then the name. */
static void put_member(struct buffer *buffer, const char *name) {
    put(buffer, buffer->data[buffer->len - 1] == '{' ? "\"" : ",\"");
    put(buffer, name);
    put(buffer, "\":");
}

void put_text(struct buffer *buffer, const char *name, evg_text text) {
    put_member(buffer, name);
    if (text.data == NULL) {
        put(buffer, "null");
    } else {
        put_quoted(buffer, text.data, text.len);
    }
}

void put_bytes(struct buffer *buffer, const char *name, evg_bytes bytes) {
    put_text(buffer, name, (evg_text){(const char *)bytes.data, bytes.len});
}

void put_name(struct buffer *buffer, const char *name, const char *text) {
    put_text(buffer, name, (evg_text){text, strlen(text)});
}

void put_number(struct buffer *buffer, const char *name, uint64_t number) {
    char digits[24] = "null";
    if (number != EVG_NONE) {
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    }
    put_member(buffer, name);
    put(buffer, digits);
}
