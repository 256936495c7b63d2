/* One command, one process: what happens between two of them is in the store alone. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "Usage: evergrant-host COMMAND\n\n"
    "  authorize    prints the URL for the browser, and the secret of its cookie\n"
    "  redirected   reads two lines: the URL that the browser came back to, and the\n"
    "               secret; prints the scopes that were granted\n"
    "  get URL      fetches it from the API; the status goes to stderr\n"
    "  disconnect   ends the grant, here and at the server\n"
    "  status       prints where the connection stands\n\n"
    "Settings come from the environment, see README.md. The exit code is 0, or 1 with the\n"
    "name of what stands in the way on stderr, or 2 if this is printed.\n";

static const char *status_name(evg_status status) {
    static const char *const names[] = {"disconnected", "authorizing", "exchanging",
                                        "authorized",   "refreshing",  "disconnecting",
                                        "reauthentication_required"};
    return status >= 1 && status <= 7 ? names[status - 1] : "unknown";
}

static bool read_line(char *line, size_t room) {
    if (fgets(line, (int)room, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = 0;
    return true;
}

static evg_result redirected(struct host *host) {
    /* On stdin, not as arguments: everybody can see those. */
    char url[16384], binding[256];
    if (!read_line(url, sizeof url) || !read_line(binding, sizeof binding)) {
        return EVG_RESULT_CALLBACK_UNREADABLE;
    }
    evg_result result = app_redirected(host, url, binding);
    if (result == EVG_RESULT_OK) {
        printf("%s\n", host->news.scope);
    }
    wipe(url, sizeof url);
    wipe(binding, sizeof binding);
    return result;
}

static evg_result get(struct host *host, const char *url) {
    struct http_answer answer;
    evg_result result = app_get(host, url, &answer);
    if (answer.status != 0) {
        fprintf(stderr, "%u\n", (unsigned)answer.status);
    }
    if (result == EVG_RESULT_OK) {
        fwrite(answer.body, 1, answer.body_len, stdout);
        putchar('\n');
    }
    http_answer_free(&answer);
    return result;
}

static evg_result run(struct host *host, const char *command, const char *url) {
    evg_status status;
    evg_result result = EVG_RESULT_OK;
    if (strcmp(command, "authorize") == 0) {
        result = app_authorize(host, setting("REDIRECT_URI", ""), setting("PROMPT", ""));
        if (result == EVG_RESULT_OK) {
            printf("%s\n%s\n", host->news.url, host->news.binding);
        }
    } else if (strcmp(command, "redirected") == 0) {
        result = redirected(host);
    } else if (strcmp(command, "get") == 0) {
        result = get(host, url);
    } else if (strcmp(command, "disconnect") == 0) {
        result = app_disconnect(host);
    } else {
        result = evg_connection_status(host->connection, world_now(), &status);
        if (result == EVG_RESULT_OK) {
            printf("%s\n", status_name(status));
        }
    }
    return result;
}

int main(int count, char **arguments) {
    static const char *const commands[] = {"authorize", "redirected", "get", "disconnect", "status"};
    const char *command = count > 1 ? arguments[1] : "";
    bool known = false;
    for (size_t at = 0; at < sizeof commands / sizeof *commands; at++) {
        known |= strcmp(command, commands[at]) == 0;
    }
    if (!known || count != (strcmp(command, "get") == 0 ? 3 : 2)) {
        fputs(HELP, stderr);
        return 2;
    }
    struct host host;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    evg_result result = host_open(&host);
    if (result == EVG_RESULT_OK) {
        result = run(&host, command, count > 2 ? arguments[2] : "");
    }
    host_close(&host);
    curl_global_cleanup();
    if (result != EVG_RESULT_OK) {
        fprintf(stderr, "%s\n", evg_result_name(result));
    }
    return result == EVG_RESULT_OK ? 0 : 1;
}
