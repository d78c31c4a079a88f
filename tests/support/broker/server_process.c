#include "tests/support/broker/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"

#define ARGUMENTS_MAX        (2 * SERVER_OVERRIDES_MAX + 16)
#define LOOK_INTERVAL_MS     10
#define DIAGNOSTICS_SIZE_MAX ((size_t)16 * 1024 * 1024)

void server_process_init(struct server_process *server)
{
    *server = (struct server_process){0};
    temporary_directory_make(&server->directory);
    temporary_path(&server->directory, "data", server->data, sizeof server->data);
    temporary_path(&server->directory, "diagnostics", server->diagnostics,
                   sizeof server->diagnostics);
}

void server_process_clear(struct server_process *server)
{
    if (server->pid != 0) {
        server_process_kill(server);
    }
    temporary_directory_remove(&server->directory);
}

void server_process_set(struct server_process *server, const char *format, ...)
{
    ASSERT(server->overrides_count < SERVER_OVERRIDES_MAX);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(server->overrides[server->overrides_count++], SERVER_TEXT_SIZE, format, arguments);
    va_end(arguments);
}

static const char *program(void)
{
    const char *path = getenv("ROLLWAYD");
    return path != NULL ? path : "build/debug/rollwayd";
}

/* In the child, and never back. */
static void run_server(struct server_process *server, int output)
{
    char data[SERVER_TEXT_SIZE + 16];
    const char *arguments[ARGUMENTS_MAX] = {program()};
    size_t count = 1;
    snprintf(data, sizeof data, "log.dirs=%s", server->data);
    if (!server->is_bare) {
        const char *given[] = {
            "-o", data, "-o", "listeners=PLAINTEXT://127.0.0.1:0", "-o", "admin.listener="};
        memcpy(&arguments[count], given, sizeof given);
        count += sizeof given / sizeof given[0];
    }
    if (server->config_path[0] != '\0') {
        arguments[count++] = "--config";
        arguments[count++] = server->config_path;
    }
    for (size_t i = 0; i < server->overrides_count; i++) {
        arguments[count++] = "-o";
        arguments[count++] = server->overrides[i];
    }
    int errors = open(server->diagnostics, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (errors < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(errors, STDERR_FILENO) < 0) {
        _exit(127);
    }
    /* execv() takes the strings as they are and changes none. */
    execv(arguments[0], (char *const *)(uintptr_t)arguments);
    dprintf(STDERR_FILENO, "cannot run %s: %m\n", arguments[0]);
    _exit(127);
}

/* "rollwayd ready on HOST:PORT[, HOST:PORT]..." */
static void read_ports(struct server_process *server, const char *line)
{
    server->ports_count = 0;
    for (const char *colon = line; (colon = strchr(colon, ':')) != NULL;) {
        char *end;
        unsigned long port = strtoul(++colon, &end, 10);
        /* An IPv6 address has colons, too, but only a port stands before a blank, ',' or the end.
         */
        if (end == colon || strchr(" ,\n", *end) == NULL || port == 0 || port > UINT16_MAX) {
            continue;
        }
        ASSERT(server->ports_count < SERVER_PORTS_MAX);
        server->ports[server->ports_count++] = (uint16_t)port;
    }
    ASSERT(server->ports_count > 0);
    snprintf(server->bootstrap, sizeof server->bootstrap, "127.0.0.1:%u", server->ports[0]);
}

/* The ready line, or false at the end of the output. */
static bool read_line(int input, char *line, size_t size)
{
    size_t used = 0;
    while (used + 1 < size) {
        struct pollfd poll_entry = {.fd = input, .events = POLLIN};
        ASSERT(poll(&poll_entry, 1, SERVER_PATIENCE_MS) == 1);
        if (read(input, &line[used], 1) != 1) {
            return false;
        }
        if (line[used++] == '\n') {
            line[used] = '\0';
            return true;
        }
    }
    return false;
}

bool server_process_start(struct server_process *server)
{
    ASSERT(server->pid == 0);
    int ends[2];
    ASSERT(pipe2(ends, O_CLOEXEC) == 0);
    server->pid = fork();
    ASSERT(server->pid >= 0);
    if (server->pid == 0) {
        run_server(server, ends[1]);
    }
    close(ends[1]);
    char line[1024];
    bool is_ready = read_line(ends[0], line, sizeof line);
    close(ends[0]);
    if (!is_ready) {
        server_process_wait(server);
        return false;
    }
    ASSERT(strncmp(line, "rollwayd ready on ", strlen("rollwayd ready on ")) == 0);
    read_ports(server, line);
    return true;
}

int server_process_wait(struct server_process *server)
{
    ASSERT(server->pid != 0);
    int watch = pidfd_open(server->pid, 0);
    ASSERT(watch >= 0);
    struct pollfd poll_entry = {.fd = watch, .events = POLLIN};
    if (poll(&poll_entry, 1, SERVER_PATIENCE_MS) != 1) {
        /* With a core of what hangs. */
        kill(server->pid, SIGABRT);
    }
    close(watch);
    int status;
    ASSERT(waitpid(server->pid, &status, 0) == server->pid);
    server->pid = 0;
    server->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return server->exit_code;
}

int server_process_stop(struct server_process *server)
{
    ASSERT(server->pid != 0);
    kill(server->pid, SIGTERM);
    return server_process_wait(server);
}

void server_process_kill(struct server_process *server)
{
    ASSERT(server->pid != 0);
    kill(server->pid, SIGKILL);
    server_process_wait(server);
}

bool server_process_said(const struct server_process *server, const char *text)
{
    int file = open(server->diagnostics, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    char *content = calloc(1, DIAGNOSTICS_SIZE_MAX);
    ASSERT(content != NULL);
    size_t size = 0;
    ssize_t count;
    while ((count = read(file, content + size, DIAGNOSTICS_SIZE_MAX - 1 - size)) > 0) {
        size += (size_t)count;
    }
    close(file);
    bool is_there = strstr(content, text) != NULL;
    free(content);
    return is_there;
}

bool server_process_says(const struct server_process *server, const char *text)
{
    for (int waited_ms = 0; waited_ms < SERVER_PATIENCE_MS; waited_ms += LOOK_INTERVAL_MS) {
        if (server_process_said(server, text)) {
            return true;
        }
        poll(NULL, 0, LOOK_INTERVAL_MS);
    }
    return false;
}

int server_process_shell(const struct server_process *server, const char *command, char *output,
                         size_t output_size)
{
    setenv("BOOTSTRAP", server->bootstrap, 1);
    setenv("DATA", server->data, 1);
    setenv("DIRECTORY", server->directory.path, 1);
    FILE *stream = popen(command, "re");
    ASSERT(stream != NULL);
    size_t size = fread(output, 1, output_size - 1, stream);
    output[size] = '\0';
    char rest[4096];
    while (fread(rest, 1, sizeof rest, stream) > 0) {
    }
    int status = pclose(stream);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
