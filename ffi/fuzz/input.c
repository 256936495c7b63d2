#include "fuzz.h"

static const uint8_t *at;
static size_t left;

void input_begin(const uint8_t *data, size_t size) {
    at = data;
    left = size;
}

bool input_left(void) { return left > 0; }

uint8_t byte(void) {
    if (left == 0) {
        return 0;
    }
    left--;
    return *at++;
}

static const uint8_t *take(size_t len) {
    const uint8_t *taken = at;
    at += len;
    left -= len;
    return taken;
}

uint64_t number(void) {
    uint8_t how = byte();
    uint64_t value = 0;
    if (how < 0xC0) {
        return how;
    }
    switch (how & 7) {
    case 0: return EVG_NONE;
    case 1: return UINT64_MAX - 1;
    case 2: return world.env.now + 1000 * byte();
    case 3: return world.generation;
    case 4: return (uint64_t)1 << (byte() & 63);
    default:
        for (int bytes_left = 8; bytes_left > 0; bytes_left--) {
            value = value << 8 | byte();
        }
        return value;
    }
}

/* As a length over what is there would be read beyond, only lengths that no object can
 * have are made up. */
evg_text text(const char *good) {
    uint8_t how = byte();
    evg_text made = {good, strlen(good)};
    if (how < 0xA0) {
        return made;
    }
    if (how < 0xF0) {
        size_t len = how & 0x3F;
        made.len = len < left ? len : left;
        made.data = (const char *)take(made.len);
        return made;
    }
    switch (how & 7) {
    case 0: return (evg_text){NULL, 0};
    case 1: return (evg_text){NULL, 5};
    case 2: return (evg_text){good, SIZE_MAX};
    case 3: return (evg_text){good, (size_t)1 << 63};
    case 4: return (evg_text){"\xff\xfe", 2};
    case 5: return (evg_text){good, 0};
    default: return (evg_text){"a\0b", 3};
    }
}

evg_bytes bytes(void) {
    uint8_t how = byte();
    size_t len = how < 0xF0 ? how : (size_t)byte() << 4;
    switch (how) {
    case 0xFF: return (evg_bytes){NULL, 0};
    case 0xFE: return (evg_bytes){NULL, 7};
    case 0xFD: return (evg_bytes){(const uint8_t *)"x", SIZE_MAX};
    default: break;
    }
    len = len < left ? len : left;
    return (evg_bytes){take(len), len};
}

const evg_header *headers(size_t *count) {
    static const char *const names[] = {"retry-after", "WWW-Authenticate", "content-type", "date"};
    static const char *const values[] = {
        "7", "Bearer error=\"invalid_token\"", "application/json", "Tue, 14 Nov 2023 22:13:20 GMT",
        "Bearer error=\"insufficient_scope\", scope=\"a b\"", "application/x-www-form-urlencoded"};
    static evg_header made[3];
    uint8_t how = byte();
    *count = how & 3;
    if (how >= 0xF8) {
        *count = SIZE_MAX / (how & 1 ? 1 : 16);
        return how & 2 ? NULL : made;
    }
    for (size_t index = 0; index < *count; index++) {
        uint8_t which = byte();
        made[index].name = text(names[which & 3]);
        made[index].value = text(values[(which >> 2) % 6]);
    }
    return *count == 0 && how & 4 ? NULL : made;
}
