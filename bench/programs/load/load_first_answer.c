#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/programs/load/client.h"
#include "bench/programs/load/latency.h"
#include "bench/programs/load/load_modes.h"

#define LINE_SIZE_MAX    1024
#define ADDRESS_SIZE_MAX 128
#define READY_MARK       "ready on "
#define IDLE_PAUSE_NS    500000000

/* Starts the command with its standard output in a pipe, whose end is *output. */
static enum status start(char **command, pid_t *process, FILE **output, struct error *error)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe(ends) < 0) {
        return error_set(error, STATUS_IO, "pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int cause = posix_spawnp(process, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *output = cause == 0 ? fdopen(ends[0], "r") : NULL;
    if (*output == NULL) {
        close(ends[0]);
        return error_set(error, STATUS_IO, "start %s: %s", command[0], strerror(cause));
    }
    return STATUS_OK;
}

static enum status wait_until_ready(FILE *output, char *address, struct error *error)
{
    char line[LINE_SIZE_MAX];
    while (fgets(line, sizeof line, output) != NULL) {
        const char *mark = strstr(line, READY_MARK);
        if (mark == NULL) {
            continue;
        }
        mark += strlen(READY_MARK);
        size_t size = strcspn(mark, " ,;\n");
        if (size < ADDRESS_SIZE_MAX) {
            memcpy(address, mark, size);
            address[size] = '\0';
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_NOT_FOUND, "the server ended without a line \"%s...\"",
                     READY_MARK);
}

/* Metadata version 1 of no topics. */
static enum status ask(const char *address, struct error *error)
{
    uint8_t memory[64];
    struct client client;
    struct byte_reader body;
    enum status status = client_open(&client, address, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct byte_writer writer = client_request_begin(memory, sizeof memory, KEY_METADATA, 1);
    write_i32(&writer, 0);
    status = client_call(&client, client_request_end(&writer), &body, error);
    client_close(&client);
    return status;
}

/* The value in KiB behind `name` in /proc/PID/status, 0 when it is not there. */
static long memory_kib(pid_t process, const char *name)
{
    char path[64];
    char line[LINE_SIZE_MAX];
    long value = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            value = strtol(line + strlen(name), NULL, 10);
        }
    }
    fclose(file);
    return value;
}

enum status load_first_answer(char **command, struct error *error)
{
    pid_t process = 0;
    FILE *output = NULL;
    char address[ADDRESS_SIZE_MAX];
    int64_t start_ns = now_ns();
    enum status status = start(command, &process, &output, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = wait_until_ready(output, address, error);
    int64_t ready_ns = now_ns();
    if (status == STATUS_OK) {
        status = ask(address, error);
    }
    int64_t answered_ns = now_ns();
    if (status == STATUS_OK) {
        nanosleep(&(struct timespec){.tv_nsec = IDLE_PAUSE_NS}, NULL);
        printf("ready_ms=%.2f first_answer_ms=%.2f idle_mb=%.2f\n",
               (double)(ready_ns - start_ns) / 1e6, (double)(answered_ns - start_ns) / 1e6,
               (double)memory_kib(process, "VmRSS:") / 1024);
    }
    kill(process, SIGTERM);
    waitpid(process, NULL, 0);
    fclose(output);
    return status;
}
