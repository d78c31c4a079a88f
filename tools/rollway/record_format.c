#include "tools/rollway/record_format.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "tools/rollway/time_text.h"

static const char DIRECTIVES[] = "vkhtpoTDSK%";

enum status record_format_check(struct text format, struct error *error)
{
    for (size_t i = 0; i < format.size; i++) {
        if (format.data[i] != '%') {
            continue;
        }
        char directive = i + 1 < format.size ? format.data[++i] : '\0';
        if (directive == '\0') {
            return error_set(error, STATUS_INVALID, "format ends in %%; known are %%%c to %%%c",
                             DIRECTIVES[0], DIRECTIVES[sizeof DIRECTIVES - 2]);
        }
        if (strchr(DIRECTIVES, directive) == NULL) {
            return error_set(error, STATUS_INVALID, "%%%c is not known in a format; known are %s",
                             directive, DIRECTIVES);
        }
    }
    return STATUS_OK;
}

static void print_bytes(FILE *out, struct bytes bytes, struct text null_text)
{
    if (bytes.data == NULL) {
        fwrite(null_text.data, 1, null_text.size, out);
    } else {
        fwrite(bytes.data, 1, bytes.size, out);
    }
}

static void print_headers(FILE *out, const struct client_record *record, struct text null_text)
{
    for (size_t i = 0; i < record->headers_count; i++) {
        fprintf(out, "%s%.*s=", i > 0 ? "," : "", TEXT_ARGUMENTS(record->headers[i].key));
        print_bytes(out, record->headers[i].value, null_text);
    }
}

static void print_size(FILE *out, struct bytes bytes)
{
    fprintf(out, "%" PRId64, bytes.data != NULL ? (int64_t)bytes.size : -1);
}

static void print_directive(FILE *out, char directive, const struct client_record *record,
                            struct text null_text)
{
    char time[TIME_TEXT_SIZE];
    switch (directive) {
    case 'v':
        print_bytes(out, record->value, null_text);
        break;
    case 'k':
        print_bytes(out, record->key, null_text);
        break;
    case 'h':
        print_headers(out, record, null_text);
        break;
    case 't':
        fprintf(out, "%.*s", TEXT_ARGUMENTS(record->topic));
        break;
    case 'p':
        fprintf(out, "%d", record->partition);
        break;
    case 'o':
        fprintf(out, "%" PRId64, record->offset);
        break;
    case 'T':
        fprintf(out, "%" PRId64, record->timestamp_ms);
        break;
    case 'D':
        fputs(record->timestamp_ms >= 0 ? format_time_ms(record->timestamp_ms, time) : "-", out);
        break;
    case 'S':
        print_size(out, record->value);
        break;
    case 'K':
        print_size(out, record->key);
        break;
    case '%':
        fputc('%', out);
        break;
    default:
        ASSERT(false);
    }
}

void record_format_print(FILE *out, struct text format, const struct client_record *record,
                         struct text null_text)
{
    for (size_t i = 0; i < format.size; i++) {
        if (format.data[i] == '%') {
            ASSERT(i + 1 < format.size);
            print_directive(out, format.data[++i], record, null_text);
        } else {
            fputc(format.data[i], out);
        }
    }
}

struct text record_format_plain(bool with_headers, struct text key_separator, struct arena *arena)
{
    static const char HEADERS[] = "%h\t";
    static const char KEY[] = "%k";
    static const char VALUE[] = "%v\n";
    char *format =
        arena_allocate(arena, sizeof HEADERS + sizeof KEY + sizeof VALUE + 2 * key_separator.size);
    size_t size = 0;
    if (format == NULL) {
        return TEXT_NULL;
    }
    if (with_headers) {
        memcpy(format, HEADERS, sizeof HEADERS - 1);
        size = sizeof HEADERS - 1;
    }
    if (key_separator.data != NULL) {
        memcpy(format + size, KEY, sizeof KEY - 1);
        size += sizeof KEY - 1;
        for (size_t i = 0; i < key_separator.size; i++) {
            if (key_separator.data[i] == '%') {
                format[size++] = '%';
            }
            format[size++] = key_separator.data[i];
        }
    }
    memcpy(format + size, VALUE, sizeof VALUE - 1);
    return (struct text){format, size + sizeof VALUE - 1};
}
