#include "storage/log/log_file_name.h"

#include <criterion/criterion.h>

Test(log_file_name, paths_are_kafka_s)
{
    struct log_path path;
    log_path_of_offset(&path, "/d/t-0", 1234, LOG_SUFFIX_SEGMENT);
    cr_expect_str_eq(path.text, "/d/t-0/00000000000000001234.log");
    log_path_of_offset(&path, "/d/t-0", INT64_MAX, LOG_SUFFIX_TIME_INDEX);
    cr_expect_str_eq(path.text, "/d/t-0/09223372036854775807.timeindex");
    log_path_of_name(&path, "/d/t-0", LOG_FILE_LEADER_EPOCHS);
    cr_expect_str_eq(path.text, "/d/t-0/leader-epoch-checkpoint");
}

Test(log_file_name, names_are_parsed_and_what_is_none_is_refused)
{
    static const struct {
        const char *name;
        int64_t offset;
        const char *suffix;
    } good[] = {{"00000000000000000000.log", 0, ".log"},
                {"00000000000000001234.index.deleted", 1234, ".index.deleted"},
                {"09223372036854775807", INT64_MAX, ""}};
    static const char *const bad[] = {"",
                                      "123.log",
                                      "0000000000000000000x.log",
                                      "09223372036854775808.log",
                                      "99999999999999999999.log",
                                      "-0000000000000000001.log"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t offset = -1;
        const char *suffix = NULL;
        cr_assert(log_file_name_parse(good[i].name, &offset, &suffix), "%s", good[i].name);
        cr_expect_eq(offset, good[i].offset);
        cr_expect_str_eq(suffix, good[i].suffix);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t offset = -1;
        const char *suffix = NULL;
        cr_expect_not(log_file_name_parse(bad[i], &offset, &suffix), "%s", bad[i]);
        cr_expect_eq(offset, -1);
    }
}

Test(log_file_name, suffixes_are_told_from_names_that_are_shorter)
{
    cr_expect(log_file_name_has_suffix("a.log.deleted", LOG_SUFFIX_DELETED));
    cr_expect_not(log_file_name_has_suffix("a.log", LOG_SUFFIX_DELETED));
    cr_expect_not(log_file_name_has_suffix("d", LOG_SUFFIX_DELETED));
}
