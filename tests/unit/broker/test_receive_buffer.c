#include <criterion/criterion.h>
#include <string.h>

#include "broker/server/receive_buffer.h"
#include "tests/support/base/allocations.h"

static struct receive_pool pool;

static void open_pool(void)
{
    receive_pool_init(&pool, (size_t)64 * 1024 * 1024);
}

static void close_pool(void)
{
    cr_expect_eq(pool.borrowed_bytes, 0);
    receive_pool_clear(&pool);
}

TestSuite(receive_buffer, .init = open_pool, .fini = close_pool);

static void receive(struct receive_buffer *buffer, size_t size, int start)
{
    cr_assert_leq(size, buffer->capacity - buffer->end);
    for (size_t i = 0; i < size; i++) {
        buffer->data[buffer->end++] = (uint8_t)(start + (int)i * 7);
    }
}

static void expect_content(const struct receive_buffer *buffer, size_t size, int start)
{
    cr_assert_eq(buffer->end - buffer->start, size);
    for (size_t i = 0; i < size; i++) {
        cr_assert_eq(buffer->data[buffer->start + i], (uint8_t)(start + (int)i * 7));
    }
}

Test(receive_buffer, is_used_again)
{
    struct receive_buffer *first = receive_buffer_borrow(&pool);
    cr_assert_not_null(first);
    cr_expect_eq(pool.borrowed_bytes, RECEIVE_BUFFER_SIZE);
    receive(first, 100, 1);
    receive_buffer_release(first);
    cr_expect_eq(pool.borrowed_bytes, 0);
    struct receive_buffer *second = receive_buffer_borrow(&pool);
    cr_expect_eq(second, first);
    cr_expect_eq(second->end, 0);
    receive_buffer_release(second);
}

Test(receive_buffer, comes_back_with_its_last_reference)
{
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    receive_buffer_retain(buffer);
    receive_buffer_release(buffer);
    cr_expect_eq(pool.free_count, 0);
    receive_buffer_release(buffer);
    cr_expect_eq(pool.free_count, 1);
}

Test(receive_buffer, is_not_lent_above_the_limit)
{
    receive_pool_init(&pool, RECEIVE_BUFFER_SIZE + 100);
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    cr_assert_not_null(buffer);
    cr_expect_null(receive_buffer_borrow(&pool));
    receive_buffer_release(buffer);
    buffer = receive_buffer_borrow(&pool);
    cr_expect_not_null(buffer);
    receive_buffer_release(buffer);
}

Test(receive_buffer, what_nobody_needs_goes_back_to_the_system)
{
    struct receive_buffer *buffers[3];
    for (int i = 0; i < 3; i++) {
        buffers[i] = receive_buffer_borrow(&pool);
    }
    for (int i = 0; i < 3; i++) {
        receive_buffer_release(buffers[i]);
    }
    cr_expect(receive_pool_trim(&pool), "they were just needed");
    cr_expect_eq(pool.free_count, 3);
    receive_buffer_release(receive_buffer_borrow(&pool));
    cr_expect(receive_pool_trim(&pool));
    cr_expect_eq(pool.free_count, 1, "one was needed meanwhile");
    cr_expect_not(receive_pool_trim(&pool));
    cr_expect_eq(pool.free_count, 0);
}

Test(receive_buffer, alone_in_it_a_frame_moves_to_the_front)
{
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    receive(buffer, 5000, 0);
    buffer->start = 1000;
    struct receive_buffer *roomy = receive_buffer_make_room(buffer, 100000);
    cr_expect_eq(roomy, buffer);
    cr_expect_eq(roomy->start, 0);
    expect_content(roomy, 4000, 1000 * 7);
    receive_buffer_release(roomy);
}

Test(receive_buffer, with_other_frames_in_it_the_frame_moves_to_another)
{
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    receive(buffer, 5000, 0);
    buffer->start = 1000;
    receive_buffer_retain(buffer);
    struct receive_buffer *roomy = receive_buffer_make_room(buffer, 100000);
    cr_assert_not_null(roomy);
    cr_expect_neq(roomy, buffer);
    expect_content(roomy, 4000, 1000 * 7);
    cr_expect_eq(buffer->references, 1, "the other frame's");
    cr_expect_eq(buffer->data[999], (uint8_t)(999 * 7), "which stays");
    receive_buffer_release(buffer);
    receive_buffer_release(roomy);
}

Test(receive_buffer, a_large_frame_grows_with_what_arrives)
{
    enum { FRAME = 5000000 };
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    size_t arrived = 0;
    while (arrived < FRAME) {
        size_t room = buffer->capacity - buffer->end;
        if (room == 0) {
            buffer = receive_buffer_make_room(buffer, FRAME);
            cr_assert_not_null(buffer);
            cr_assert_leq(pool.borrowed_bytes, 4 * arrived + 3 * (size_t)RECEIVE_BUFFER_SIZE);
            room = buffer->capacity - buffer->end;
            cr_assert_gt(room, 0);
        }
        size_t part = room < FRAME - arrived ? room : FRAME - arrived;
        part = part < 50000 ? part : 50000;
        receive(buffer, part, (int)(arrived * 7));
        arrived += part;
    }
    expect_content(buffer, FRAME, 0);
    cr_expect_eq(buffer->capacity, FRAME, "not more than it takes");
    receive_buffer_release(buffer);
    cr_expect_eq(pool.free_count, 1, "only the pooled one is kept");
}

Test(receive_buffer, at_the_limit_growing_changes_nothing)
{
    receive_pool_init(&pool, 2 * (size_t)RECEIVE_BUFFER_SIZE + 5000);
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    receive(buffer, buffer->capacity, 0);
    size_t begun = buffer->end;
    cr_expect_null(receive_buffer_make_room(buffer, 10000000));
    expect_content(buffer, begun, 0);
    receive_buffer_release(buffer);
}

Test(receive_buffer, a_small_piece_waits_in_a_small_block)
{
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    receive(buffer, RECEIVE_REMAINDER_SIZE_MAX + 10, 0);
    buffer->start = 10;
    struct receive_remainder *remainder = receive_remainder_take(buffer);
    cr_assert_not_null(remainder);
    cr_expect_eq(remainder->size, RECEIVE_REMAINDER_SIZE_MAX);
    cr_expect_eq(remainder->data[0], 70);
    receive_remainder_release(&pool, remainder);
    size_t before = allocations_count();
    cr_expect_eq(receive_remainder_take(buffer), remainder, "recycled");
    cr_expect_eq(allocations_count(), before);
    receive_remainder_release(&pool, remainder);
    receive_remainder_release(&pool, NULL);
    receive_buffer_release(buffer);
}

Test(receive_buffer, without_memory_for_the_block_there_is_none)
{
    struct receive_buffer *buffer = receive_buffer_borrow(&pool);
    receive(buffer, 10, 0);
    allocations_refuse_after(0);
    struct receive_remainder *remainder = receive_remainder_take(buffer);
    allocations_allow();
    cr_expect_null(remainder);
    receive_buffer_release(buffer);
}
