#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/server/response_queue.h"

enum { CALLS = 4, SLICES = 4 };

static struct response_queue queue;
static struct api_call calls[CALLS];
static struct slice items[CALLS][SLICES];
static struct counted owner;
static int released_count;

static void owner_gone(struct counted *counted)
{
    (void)counted;
    released_count++;
}

static void open_queue(void)
{
    response_queue_init(&queue);
    released_count = 0;
    for (int i = 0; i < CALLS; i++) {
        calls[i] = (struct api_call){0};
        calls[i].outgoing = (struct slices){.items = items[i], .capacity = SLICES};
        response_queue_add(&queue, &calls[i]);
    }
}

TestSuite(response_queue, .init = open_queue);

static void add_text(int call, const char *text)
{
    slices_add(
        &calls[call].outgoing,
        (struct slice){.data = (const uint8_t *)text, .file_descriptor = -1, .size = strlen(text)});
}

static void add_file(int call, size_t size)
{
    slices_add(&calls[call].outgoing,
               (struct slice){.file_descriptor = 5, .file_position = 100, .size = size});
}

static void ready(int call)
{
    response_queue_settle(&queue, &calls[call], RESPONSE_READY);
}

/* What would be sent next, as text; a file is shown as <position+size>. */
static const char *gathered(unsigned vectors_max)
{
    static char text[256];
    struct iovec vectors[16];
    struct response_chunk chunk = response_queue_gather(&queue, vectors, vectors_max);
    size_t size = 0;
    for (unsigned i = 0; i < chunk.vectors_count; i++) {
        memcpy(text + size, vectors[i].iov_base, vectors[i].iov_len);
        size += vectors[i].iov_len;
    }
    cr_expect_eq(size, chunk.vectors_size);
    text[size] = '\0';
    if (chunk.file != NULL) {
        snprintf(text + size, sizeof text - size, "<%d+%d>", (int)chunk.file->file_position,
                 (int)chunk.file->size);
    }
    return text;
}

Test(response_queue, nothing_leaves_before_the_first)
{
    add_text(1, "second");
    ready(1);
    cr_expect_str_eq(gathered(16), "");
    cr_expect_null(response_queue_take_done(&queue));
    add_text(0, "first ");
    ready(0);
    cr_expect_str_eq(gathered(16), "first second");
    cr_expect_eq(queue.ready_bytes, 12);
}

Test(response_queue, goes_on_where_sending_stopped)
{
    add_text(0, "abc");
    add_text(0, "def");
    add_text(1, "ghi");
    ready(0);
    ready(1);
    response_queue_sent(&queue, 4);
    cr_expect_str_eq(gathered(16), "efghi");
    cr_expect_null(response_queue_take_done(&queue));
    response_queue_sent(&queue, 3);
    cr_expect_eq(response_queue_take_done(&queue), &calls[0]);
    cr_expect_null(response_queue_take_done(&queue));
    cr_expect_str_eq(gathered(16), "hi");
    response_queue_sent(&queue, 2);
    cr_expect_eq(response_queue_take_done(&queue), &calls[1]);
    cr_expect_eq(queue.ready_bytes, 0);
    cr_expect_eq(queue.calls_count, 2);
}

Test(response_queue, memory_in_front_of_a_file_leaves_first_and_then_the_file)
{
    add_text(0, "head");
    add_file(0, 50);
    add_text(0, "tail");
    ready(0);
    cr_expect_str_eq(gathered(16), "head<100+50>");
    response_queue_sent(&queue, 4);
    cr_expect_str_eq(gathered(16), "<100+50>");
    response_queue_sent(&queue, 20);
    cr_expect_str_eq(gathered(16), "<120+30>");
    response_queue_sent(&queue, 30);
    cr_expect_str_eq(gathered(16), "tail");
}

Test(response_queue, no_more_vectors_than_there_is_room_for)
{
    add_text(0, "a");
    add_text(0, "b");
    add_text(0, "c");
    ready(0);
    cr_expect_str_eq(gathered(2), "ab");
}

Test(response_queue, empty_slices_are_passed_over)
{
    add_text(0, "");
    add_text(0, "x");
    ready(0);
    cr_expect_str_eq(gathered(16), "x");
    response_queue_sent(&queue, 1);
    cr_expect_eq(response_queue_take_done(&queue), &calls[0]);
}

Test(response_queue, silent_calls_are_done_without_sending)
{
    response_queue_settle(&queue, &calls[0], RESPONSE_SILENT);
    add_text(1, "x");
    ready(1);
    response_queue_settle(&queue, &calls[2], RESPONSE_SILENT);
    cr_expect_str_eq(gathered(16), "x");
    cr_expect_eq(response_queue_take_done(&queue), &calls[0]);
    cr_expect_null(response_queue_take_done(&queue));
    response_queue_sent(&queue, 1);
    cr_expect_eq(response_queue_take_done(&queue), &calls[1]);
    cr_expect_eq(response_queue_take_done(&queue), &calls[2]);
    cr_expect_null(response_queue_take_done(&queue), "the last is still awaited");
}

Test(response_queue, a_rejected_call_holds_back_what_is_behind_it)
{
    add_text(0, "a");
    ready(0);
    response_queue_settle(&queue, &calls[1], RESPONSE_REJECTED);
    add_text(2, "c");
    ready(2);
    cr_expect_str_eq(gathered(16), "a");
    cr_expect_not(response_queue_is_rejected(&queue));
    response_queue_sent(&queue, 1);
    response_queue_take_done(&queue);
    cr_expect(response_queue_is_rejected(&queue));
    cr_expect_str_eq(gathered(16), "");
}

Test(response_queue, references_end_with_the_last_byte)
{
    counted_init(&owner, owner_gone);
    slices_add(&calls[0].outgoing, (struct slice){.data = (const uint8_t *)"abc",
                                                  .file_descriptor = -1,
                                                  .size = 3,
                                                  .owner = &owner});
    ready(0);
    response_queue_sent(&queue, 2);
    cr_expect_eq(released_count, 0);
    response_queue_sent(&queue, 1);
    cr_expect_eq(released_count, 1);
    cr_expect_eq(response_queue_take_done(&queue), &calls[0]);
    cr_expect_eq(released_count, 1);
}

Test(response_queue, removing_releases_what_was_not_sent)
{
    counted_init(&owner, owner_gone);
    slices_add(&calls[1].outgoing, (struct slice){.data = (const uint8_t *)"abc",
                                                  .file_descriptor = -1,
                                                  .size = 3,
                                                  .owner = &owner});
    ready(1);
    response_queue_remove(&queue, &calls[1]);
    cr_expect_eq(released_count, 1);
    cr_expect_eq(queue.ready_bytes, 0);
    cr_expect_eq(queue.calls_count, 3);
}
