#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/diagnostic.h"
#include "tests/support/base/recorded_diagnostics.h"

static struct recorded_diagnostics recorded;

Test(diagnostic, an_event_has_level_component_sentence_and_fields)
{
    recorded_diagnostics_init(&recorded, DIAGNOSTIC_DEBUG);
    diagnose(&recorded.sink, DIAGNOSTIC_INFO, "broker", "%d partitions are open", 3);
    diagnose_with(&recorded.sink, DIAGNOSTIC_ERROR, "storage", "partition=orders-3 bytes=13",
                  "cut behind offset %d", 7);
    cr_expect_str_eq(recorded.text, "info broker: 3 partitions are open\n"
                                    "error storage: cut behind offset 7 "
                                    "(partition=orders-3 bytes=13)\n");
    cr_expect_eq(recorded.count, 2);
}

Test(diagnostic, lower_levels_are_left_out)
{
    recorded_diagnostics_init(&recorded, DIAGNOSTIC_WARNING);
    diagnose(&recorded.sink, DIAGNOSTIC_DEBUG, "broker", "a");
    diagnose(&recorded.sink, DIAGNOSTIC_INFO, "broker", "b");
    diagnose(&recorded.sink, DIAGNOSTIC_WARNING, "broker", "c");
    diagnose(&recorded.sink, DIAGNOSTIC_ERROR, "broker", "d");
    cr_expect_str_eq(recorded.text, "warning broker: c\nerror broker: d\n");
}

Test(diagnostic, without_a_sink_nothing_happens)
{
    diagnose(NULL, DIAGNOSTIC_ERROR, "broker", "nobody listens");
    diagnose_with(NULL, DIAGNOSTIC_ERROR, "broker", "a=1", "nobody listens");
}

Test(diagnostic, a_long_sentence_loses_its_end)
{
    char sentence[3000];
    memset(sentence, 'x', sizeof sentence - 1);
    sentence[sizeof sentence - 1] = '\0';
    recorded_diagnostics_init(&recorded, DIAGNOSTIC_DEBUG);
    diagnose(&recorded.sink, DIAGNOSTIC_INFO, "a", "%s", sentence);
    cr_expect_eq(recorded.size, strlen("info a: \n") + DIAGNOSTIC_SENTENCE_SIZE_MAX - 1);
}

Test(diagnostic, what_does_not_fit_the_recording_is_counted_only)
{
    recorded_diagnostics_init(&recorded, DIAGNOSTIC_DEBUG);
    for (unsigned i = 0; i < 2000; i++) {
        diagnose(&recorded.sink, DIAGNOSTIC_INFO, "a", "a sentence of some length");
    }
    cr_expect_eq(recorded.count, 2000);
    cr_expect_eq(strlen(recorded.text), recorded.size);
    cr_expect_eq(recorded.text[recorded.size - 1], '\n');
}

Test(diagnostic, levels_have_names)
{
    cr_expect_str_eq(diagnostic_level_text(DIAGNOSTIC_DEBUG), "debug");
    cr_expect_str_eq(diagnostic_level_text(DIAGNOSTIC_INFO), "info");
    cr_expect_str_eq(diagnostic_level_text(DIAGNOSTIC_WARNING), "warning");
    cr_expect_str_eq(diagnostic_level_text(DIAGNOSTIC_ERROR), "error");
}

Test(diagnostic, a_level_beyond_the_list_is_a_programming_error, .signal = SIGABRT)
{
    diagnostic_level_text(DIAGNOSTIC_ERROR + 1);
}
