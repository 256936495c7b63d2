/* The library without std: its memory is ours, and its end is told. */
#define _POSIX_C_SOURCE 200809L
#include "world.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t blocks, bytes, most, refuse_over = SIZE_MAX;

static void *allocate(size_t size, size_t align) {
    void *memory = NULL;
    CHECK(size > 0 && align > 0 && (align & (align - 1)) == 0);
    if (size > refuse_over) {
        return NULL;
    }
    CHECK(posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, size) == 0);
    blocks++;
    bytes += size;
    most = bytes > most ? bytes : most;
    return memory;
}

static void release(void *memory, size_t size, size_t align) {
    CHECK(memory != NULL && (uintptr_t)memory % align == 0 && blocks > 0 && bytes >= size);
    blocks--;
    bytes -= size;
    free(memory);
}

/* Memory that was given back and whose size was not would show in the sums. */
static void use_it(void) {
    evg_client_config *config;
    evg_provider *provider;
    evg_client *client;
    evg_connection *connection;
    evg_step *step, *next;
    evg_output kind;
    OK(evg_provider_new_pleo(EVG_PLEO_STAGING, &provider));
    OK(evg_client_config_new(&config));
    OK(evg_client_config_set_client_id(config, TEXT("client-1")));
    OK(evg_client_config_set_client_secret(config, TEXT("canary-secret")));
    OK(evg_client_config_add_redirect_uri(config, TEXT(CALLBACK)));
    OK(evg_client_config_set_sealing(config, EVG_SEALING_PLAIN));
    OK(evg_client_new(provider, config, &client));
    OK(evg_connection_new(client, TEXT("tenant-42"), &connection));
    OK(evg_connection_step_token_wanted(connection, world(), 0, &step));
    OK(evg_step_next(step, &kind));
    CHECK(kind == EVG_OUTPUT_SWAP);
    swap(connection, step, &next);
    evg_step_free(next);
    evg_step_free(step);
    evg_connection_free(connection);
    evg_client_free(client);
    evg_client_config_free(config);
    evg_provider_free(provider);
}

static int told[2];

static void tell(evg_text file, uint32_t line) {
    char place[256];
    int len = snprintf(place, sizeof place, "%.*s:%u", (int)file.len, file.data, (unsigned)line);
    if (write(told[1], place, (size_t)len) != len) {
        _exit(3);
    }
}

/* Out of memory, which is the one bug that a caller can bring about. */
static void ends_the_process(void) {
    char place[256] = "";
    int status;
    CHECK(pipe(told) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        evg_provider_config *config;
        signal(SIGABRT, SIG_DFL);
        refuse_over = 0;
        evg_provider_config_new(&config);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    close(told[1]);
    CHECK(read(told[0], place, sizeof place - 1) > 0);
#ifdef PANIC_LOCATION
    CHECK(strstr(place, ".rs:") != NULL);
#else
    CHECK(strcmp(place, ":0") == 0);
#endif
    printf("  out of memory, told of %s\n", place);
}

int main(void) {
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_set_memory(allocate, NULL));
    WANT(EVG_RESULT_NULL_ARGUMENT, evg_set_memory(NULL, release));
    OK(evg_set_memory(allocate, release));
    evg_set_panic_hook(tell);
    use_it();
    CHECK(blocks == 0 && bytes == 0 && most > 0);
    WANT(EVG_RESULT_IN_USE, evg_set_memory(NULL, NULL));
    printf("  %zu bytes at most, all given back\n", most);
    ends_the_process();
    printf("  %d checks hold: memory and panics without std\n", checks);
    return 0;
}
