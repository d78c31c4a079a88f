/* A real server as a process of its own, on data of its own, for tests that use sockets.
 *
 * The program is $ROLLWAYD, else build/debug/rollwayd. It listens on 127.0.0.1 on a port that the
 * system chooses and without an admin listener, unless told otherwise. It ends with the test that
 * started it, whatever happens to that. */
#ifndef TESTS_SUPPORT_BROKER_SERVER_PROCESS_H
#define TESTS_SUPPORT_BROKER_SERVER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/support/storage/temporary_directory.h"

#define SERVER_OVERRIDES_MAX 32
#define SERVER_TEXT_SIZE     512
#define SERVER_PORTS_MAX     4

/* What starting, stopping and one answer may take at most, on a busy machine with sanitizers. */
#define SERVER_PATIENCE_MS 60000

struct server_process {
    pid_t pid; /* 0: not running. */
    struct temporary_directory directory;
    char data[SERVER_TEXT_SIZE];        /* Its log.dirs. */
    char diagnostics[SERVER_TEXT_SIZE]; /* File with what all its starts have printed. */
    char config_path[SERVER_TEXT_SIZE]; /* Empty: no --config. */
    char overrides[SERVER_OVERRIDES_MAX][SERVER_TEXT_SIZE];
    size_t overrides_count;
    bool is_bare;                     /* Without the overrides that every server gets. */
    uint16_t ports[SERVER_PORTS_MAX]; /* Of its listeners, as it said when ready. */
    size_t ports_count;
    char bootstrap[32]; /* "127.0.0.1:port" of the first. */
    int exit_code;      /* Of the last end; -signal. */
};

/* A server with an empty directory, not yet started. */
void server_process_init(struct server_process *server);

/* Stops it hard if it runs, and removes its directory. */
void server_process_clear(struct server_process *server);

/* One more -o key=value for the starts to come. */
void server_process_set(struct server_process *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Starts it and waits. True when it is ready; false when it ended instead: exit_code. */
bool server_process_start(struct server_process *server);

/* Waits for its end. Returns the exit code, -signal when a signal ended it. */
int server_process_wait(struct server_process *server);

/* SIGTERM, and waits as server_process_wait(). */
int server_process_stop(struct server_process *server);

/* SIGKILL, and waits. */
void server_process_kill(struct server_process *server);

/* Whether it printed `text`, in any of its starts. */
bool server_process_said(const struct server_process *server, const char *text);

/* Waits until it has printed `text`. False after SERVER_PATIENCE_MS. */
bool server_process_says(const struct server_process *server, const char *text);

/* Runs a shell command with $BOOTSTRAP, $DATA and $DIRECTORY set. Returns its exit code; its
 * output, cut to the size, is in `output`. */
int server_process_shell(const struct server_process *server, const char *command, char *output,
                         size_t output_size);

#endif /* TESTS_SUPPORT_BROKER_SERVER_PROCESS_H */
