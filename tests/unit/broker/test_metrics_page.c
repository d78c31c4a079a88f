#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/metrics/metrics_page.h"

static char *text;
static size_t text_size;

static const char *page_of_two_shards(void)
{
    static const char *const names[] = {"Produce", "Fetch"};
    struct metrics_shard *shards[2] = {metrics_shard_create(2), metrics_shard_create(2)};
    metrics_add(shards[0], METRIC_CONNECTIONS, 3);
    metrics_add(shards[1], METRIC_CONNECTIONS, 4);
    metrics_add(shards[1], METRIC_REJECTED_TRUNCATED, 2);
    metrics_request(shards[0], 0, 40, 100, 10);
    metrics_request(shards[1], 0, 1000000, 100, 10);
    FILE *page = open_memstream(&text, &text_size);
    metrics_page_write_shards(page, (const struct metrics_shard *const *)shards, 2, names);
    fclose(page);
    metrics_shard_destroy(shards[0]);
    metrics_shard_destroy(shards[1]);
    return text;
}

static void free_text(void)
{
    free(text);
}

TestSuite(metrics_page, .fini = free_text);

Test(metrics_page, shards_are_summed)
{
    const char *page = page_of_two_shards();
    cr_expect_not_null(strstr(page, "\nrollway_connections 7\n"), "%s", page);
    cr_expect_not_null(strstr(page, "\nrollway_rejected_frames_total{reason=\"truncated\"} 2\n"));
    cr_expect_not_null(
        strstr(page, "\nkafka_network_requestmetrics_requests_total{request=\"Produce\"} 2\n"));
    cr_expect_not_null(
        strstr(page, "\nkafka_network_requestmetrics_requests_total{request=\"Fetch\"} 0\n"));
}

Test(metrics_page, histograms_are_cumulative_and_only_of_what_was_asked)
{
    static const char prefix[] = "rollway_request_duration_seconds";
    const char *page = page_of_two_shards();
    char line[128];
    snprintf(line, sizeof line, "\n%s_bucket{request=\"Produce\",le=\"3.2e-05\"} 0\n", prefix);
    cr_expect_not_null(strstr(page, line));
    snprintf(line, sizeof line, "\n%s_bucket{request=\"Produce\",le=\"6.4e-05\"} 1\n", prefix);
    cr_expect_not_null(strstr(page, line));
    snprintf(line, sizeof line, "\n%s_bucket{request=\"Produce\",le=\"+Inf\"} 2\n", prefix);
    cr_expect_not_null(strstr(page, line));
    snprintf(line, sizeof line, "\n%s_sum{request=\"Produce\"} 1.000040\n", prefix);
    cr_expect_not_null(strstr(page, line));
    snprintf(line, sizeof line, "%s_count{request=\"Fetch\"}", prefix);
    cr_expect_null(strstr(page, line));
}

Test(metrics_page, every_family_is_told_once_with_its_samples_behind_it)
{
    char *page = strdup(page_of_two_shards());
    char families[64][128];
    size_t families_count = 0;
    char *rest = page;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        char name[128];
        if (sscanf(line, "# TYPE %127s", name) == 1) {
            for (size_t i = 0; i < families_count; i++) {
                cr_expect_str_neq(families[i], name);
            }
            cr_assert_lt(families_count, 64);
            memcpy(families[families_count++], name, sizeof name);
        } else if (line[0] != '#' && line[0] != '\0') {
            const char *family = families[families_count - 1];
            cr_expect_eq(strncmp(line, family, strlen(family)), 0, "%s in %s", line, family);
        }
    }
    cr_expect_gt(families_count, 10);
    free(page);
}

Test(metrics_page, label_values_cannot_break_out)
{
    FILE *page = open_memstream(&text, &text_size);
    metrics_page_label_value(page, TEXT_LITERAL("a\"b\\c\nd"));
    fclose(page);
    cr_expect_str_eq(text, "a\\\"b\\\\c\\nd");
}
