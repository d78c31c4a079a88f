#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/server/diagnostic_printer.h"
#include "tests/support/base/fake_clock.h"

static struct fake_clock fake;
static struct diagnostic_printer printer;
static int ends[2];

static void open_printer(void)
{
    unsetenv("JOURNAL_STREAM");
    fake_clock_init(&fake, 1700000000042);
    cr_assert_eq(pipe(ends), 0);
    diagnostic_printer_init(&printer, &fake.clock, ends[1]);
}

TestSuite(diagnostic_printer, .init = open_printer);

static const char *printed(void)
{
    static char text[2 * DIAGNOSTIC_LINE_SIZE_MAX];
    ssize_t size = read(ends[0], text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

Test(diagnostic_printer, logfmt_is_one_line_with_fields_behind_the_message)
{
    diagnose_with(&printer.sink, DIAGNOSTIC_WARNING, "server", "peer=10.0.0.1", "a %d \"b\"", 7);
    cr_expect_str_eq(printed(), "time=2023-11-14T22:13:20.042Z level=warning component=server "
                                "message=\"a 7 \\\"b\\\"\" peer=10.0.0.1\n");
}

Test(diagnostic_printer, json_has_the_fields_as_members)
{
    printer.format = DIAGNOSTIC_JSON;
    diagnose_with(&printer.sink, DIAGNOSTIC_ERROR, "server", "peer=10.0.0.1 why=\"a b\" n=3",
                  "back\\slash");
    cr_expect_str_eq(printed(),
                     "{\"time\":\"2023-11-14T22:13:20.042Z\",\"level\":\"error\",\"component\":"
                     "\"server\",\"message\":\"back\\\\slash\",\"peer\":\"10.0.0.1\","
                     "\"why\":\"a b\",\"n\":\"3\"}\n");
}

Test(diagnostic_printer, a_line_stays_a_line)
{
    diagnose(&printer.sink, DIAGNOSTIC_INFO, "server", "one\ntwo\x01");
    const char *line = printed();
    cr_expect_not_null(strstr(line, "one\\u000atwo\\u0001"));
    cr_expect_eq(strchr(line, '\n'), line + strlen(line) - 1);
}

Test(diagnostic_printer, what_is_too_long_is_cut)
{
    static char fields[2 * DIAGNOSTIC_LINE_SIZE_MAX];
    memset(fields, 'x', sizeof fields - 1);
    diagnose_with(&printer.sink, DIAGNOSTIC_INFO, "server", fields, "sentence");
    const char *line = printed();
    cr_expect_eq(strlen(line), DIAGNOSTIC_LINE_SIZE_MAX);
    cr_expect_eq(line[DIAGNOSTIC_LINE_SIZE_MAX - 1], '\n');
}

Test(diagnostic_printer, the_journal_is_told_the_priority)
{
    setenv("JOURNAL_STREAM", "8:1", 1);
    diagnostic_printer_init(&printer, &fake.clock, ends[1]);
    printer.sink.level_min = DIAGNOSTIC_DEBUG;
    static const char *const starts[] = {"<7>time", "<6>time", "<4>time", "<3>time"};
    for (int i = 0; i < 4; i++) {
        diagnose(&printer.sink, (enum diagnostic_level)i, "server", "x");
        cr_expect_eq(strncmp(printed(), starts[i], 7), 0);
    }
}

Test(diagnostic_printer, the_format_has_two_names)
{
    enum diagnostic_format format = DIAGNOSTIC_LOGFMT;
    cr_expect(diagnostic_format_parse(TEXT_LITERAL("json"), &format));
    cr_expect_eq(format, DIAGNOSTIC_JSON);
    cr_expect(diagnostic_format_parse(TEXT_LITERAL("logfmt"), &format));
    cr_expect_eq(format, DIAGNOSTIC_LOGFMT);
    cr_expect_not(diagnostic_format_parse(TEXT_LITERAL("xml"), &format));
}
