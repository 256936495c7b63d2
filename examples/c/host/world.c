#define _GNU_SOURCE
#include "host.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t id) {
    struct timespec time;
    if (clock_gettime(id, &time) != 0) {
        return 0;
    }
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint64_t world_now(void) { return read_clock(CLOCK_REALTIME); }

uint64_t world_ticks(void) { return read_clock(CLOCK_BOOTTIME); }

/* What the ticks count from: two processes may compare theirs if it is the same. */
static const uint8_t *boot_id(void) {
    static uint8_t id[16];
    static bool known;
    char text[37] = "";
    FILE *file = known ? NULL : fopen("/proc/sys/kernel/random/boot_id", "r");
    if (file != NULL) {
        size_t at = 0;
        if (fgets(text, sizeof text, file) != NULL) {
            for (const char *next = text; at < 16 && next[0] && next[1]; next += 2) {
                unsigned byte;
                next += *next == '-';
                if (sscanf(next, "%2x", &byte) != 1) {
                    break;
                }
                id[at++] = (uint8_t)byte;
            }
        }
        fclose(file);
        known = at == 16;
    }
    return known ? id : NULL;
}

bool world_env(evg_env *env) {
    env->now = world_now();
    env->uptime = world_ticks();
    env->boot_id = boot_id();
    return getentropy(env->entropy, sizeof env->entropy) == 0;
}

void wipe(void *memory, size_t len) {
    if (memory != NULL) {
        explicit_bzero(memory, len);
    }
}
