#include "tools/rollway/kafka_client.h"

#include <string.h>

#include "base/assert.h"

#define REASON_SIZE_MAX 200

/* Brokers' troubles are told when something fails; only -X debug= shows more. */
static void log_nothing(const rd_kafka_t *client, int level, const char *facility,
                        const char *sentence)
{
    (void)client;
    (void)level;
    (void)facility;
    (void)sentence;
}

static void note_trouble(rd_kafka_t *client, int code, const char *reason, void *context)
{
    struct kafka_trouble *trouble = context;
    (void)client;
    /* That all brokers are down says less than why one of them is. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || trouble->text[0] == '\0') {
        snprintf(trouble->text, sizeof trouble->text, "%s", reason);
    }
}

static enum status set_property(rd_kafka_conf_t *configuration, const char *name, const char *value,
                                struct error *error)
{
    char reason[REASON_SIZE_MAX];
    if (rd_kafka_conf_set(configuration, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
        return error_set(error, STATUS_INVALID, "%s=%s: %s", name, value, reason);
    }
    return STATUS_OK;
}

static enum status set_given(const struct command_line *command_line,
                             rd_kafka_conf_t *configuration, struct error *error)
{
    const char *text;
    enum status status = STATUS_OK;
    for (size_t i = 0;
         status == STATUS_OK && (text = option_text_at(command_line, "set", i)) != NULL; i++) {
        struct option_pair pair;
        char name[128];
        ASSERT(option_pair_split(text, &pair));
        if (pair.key.size >= sizeof name) {
            return error_set(error, STATUS_INVALID, "%.100s: no such property", text);
        }
        memcpy(name, pair.key.data, pair.key.size);
        name[pair.key.size] = '\0';
        if (strcmp(name, "debug") == 0) {
            rd_kafka_conf_set_log_cb(configuration, rd_kafka_log_print);
        }
        status = set_property(configuration, name, pair.value.data, error);
    }
    return status;
}

enum status kafka_client_create(const struct program *program, rd_kafka_type_t type,
                                const struct kafka_property *properties, size_t properties_count,
                                struct kafka_trouble *trouble,
                                void (*delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *),
                                rd_kafka_t **client, struct error *error)
{
    char reason[REASON_SIZE_MAX];
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    *trouble = (struct kafka_trouble){.text = ""};
    rd_kafka_conf_set_opaque(configuration, trouble);
    rd_kafka_conf_set_error_cb(configuration, note_trouble);
    rd_kafka_conf_set_log_cb(configuration, log_nothing);
    if (delivered != NULL) {
        rd_kafka_conf_set_dr_msg_cb(configuration, delivered);
    }
    enum status status = set_property(configuration, "bootstrap.servers",
                                      option_text(&program->command_line, "bootstrap"), error);
    if (status == STATUS_OK) {
        status = set_property(configuration, "client.id", "rollway", error);
    }
    for (size_t i = 0; status == STATUS_OK && i < properties_count; i++) {
        status = set_property(configuration, properties[i].name, properties[i].value, error);
    }
    if (status == STATUS_OK) {
        status = set_given(&program->command_line, configuration, error);
    }
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(configuration);
        return status;
    }
    rd_kafka_t *created = rd_kafka_new(type, configuration, reason, sizeof reason);
    if (created == NULL) {
        rd_kafka_conf_destroy(configuration);
        return error_set(error, STATUS_INVALID, "%s", reason);
    }
    *client = created;
    return STATUS_OK;
}

enum status kafka_client_error(rd_kafka_t *client, const struct kafka_trouble *trouble,
                               rd_kafka_resp_err_t code, const char *what, struct error *error)
{
    rd_kafka_poll(client, 0); /* Hands over what happened to brokers. */
    bool is_local = code < RD_KAFKA_RESP_ERR_NO_ERROR;
    bool has_trouble = is_local && trouble->text[0] != '\0';
    return error_set(error, STATUS_IO, "%s: %s%s%s", what, rd_kafka_err2str(code),
                     has_trouble ? ": " : "", has_trouble ? trouble->text : "");
}
